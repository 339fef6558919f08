"""The venue over a real socket: spoiled answers, slow readers, lock-step candles, the command line."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest

from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.venue.faults import Fault, Rule, Script
from genesis.adapters.venue.markets.candles import CandleDriver
from genesis.adapters.venue.shell import serving
from genesis.adapters.venue.venue import DEMO_KEYS, Venue
from genesis.domain.candle import Candles
from genesis.domain.instrument import spot_instrument
from genesis.domain.simulation.margin_position import MarginTerms
from genesis.domain.units import Mts, Symbol, atoms
from genesis.ports.secrets import Secret
from tests.e2e.calling import call
from tests.e2e.venue_house import quiet_venue

Json = Any  # tests look into answers of all shapes
SUBMIT = "auth/w/order/submit"
ORDER = {"type": "EXCHANGE LIMIT", "symbol": "tBTCUSD", "amount": "1", "price": "90"}
BTC = Symbol("tBTCUSD")


class User:
    """A client made of nothing but aiohttp."""

    def __init__(self, http: aiohttp.ClientSession, port: int) -> None:
        self.http = http
        self.base = f"http://127.0.0.1:{port}"
        self.socket_url = f"ws://127.0.0.1:{port}/ws/2"
        self.signer = Signer(Secret(DEMO_KEYS[0].key), Secret(DEMO_KEYS[0].secret))
        self.nonce = 1

    async def post(self, path: str, **fields: Json) -> Json:
        body = json.dumps(fields).encode()
        self.nonce += 1
        headers = self.signer.rest_headers(path, self.nonce, body)
        async with self.http.post(f"{self.base}/v2/{path}", data=body, headers=headers) as response:
            return json.loads(await response.read())

    async def control(self, name: str, **fields: Json) -> Json:
        async with self.http.post(f"{self.base}/sim/{name}", json=fields) as response:
            return await response.json()


@asynccontextmanager
async def user_of(venue: Venue, timeout_s: float = 10.0) -> AsyncIterator[User]:
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    async with serving(venue) as port, aiohttp.ClientSession(timeout=timeout) as http:
        yield User(http, port)


@pytest.mark.parametrize("rule", [Rule("r", Fault.RESET, SUBMIT, value=at, times=1) for at in (0, 1, 150)])
async def test_a_reset_inside_the_answer_leaves_the_order_on_the_exchange(rule: Rule) -> None:
    async with user_of(quiet_venue(Script((rule,)))) as user:
        with pytest.raises(aiohttp.ClientError):
            await user.post(SUBMIT, **ORDER)
        assert len(await user.post("auth/r/orders")) == 1


@pytest.mark.parametrize(("kind", "orders"), [(Fault.REFUSE, 0), (Fault.DROP_ACK, 1)])
async def test_a_connection_that_breaks_proves_nothing_by_itself(kind: Fault, orders: int) -> None:
    async with user_of(quiet_venue(Script((Rule("r", kind, SUBMIT, times=1),)))) as user:
        with pytest.raises(aiohttp.ClientError):
            await user.post(SUBMIT, **ORDER)
        assert len(await user.post("auth/r/orders")) == orders


@pytest.mark.parametrize(("kind", "orders"), [(Fault.STALL, 0), (Fault.LATE_ACK, 1), (Fault.DRIP, 1)])
async def test_an_answer_that_does_not_come_ends_at_the_clients_deadline(kind: Fault, orders: int) -> None:
    rule = Rule("r", kind, SUBMIT, times=1, value=60_000)
    async with user_of(quiet_venue(Script((rule,))), timeout_s=0.5) as user:
        with pytest.raises(TimeoutError):
            await user.post(SUBMIT, **ORDER)
        assert len(await user.post("auth/r/orders")) == orders


async def test_a_socket_that_is_cut_closes_without_a_word() -> None:
    venue = quiet_venue(Script((Rule("r", Fault.DISCONNECT, "event", nth=2),)))
    async with user_of(venue) as user, user.http.ws_connect(user.socket_url) as socket:
        assert (await socket.receive_json())["version"] == 2
        await socket.send_json({"event": "ping"})
        seen = [message.type async for message in socket]
        assert seen in ([], [aiohttp.WSMsgType.TEXT])
        assert socket.close_code == 1006
    assert venue.sockets.sessions == {}


async def test_a_restart_closes_sockets_with_its_code() -> None:
    async with user_of(quiet_venue()) as user, user.http.ws_connect(user.socket_url) as socket:
        await socket.receive_json()
        await user.control("restart")
        assert (await socket.receive_json())["code"] == 20051
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        assert socket.close_code == 1012


async def test_candles_in_lock_step_come_over_the_wire_as_they_are() -> None:
    start, count = 1_700_000_040_000, 60
    rng = np.random.default_rng(1)
    close = np.round(100 + np.cumsum(rng.normal(0, 0.2, count)), 2)
    opened = np.round(close + rng.normal(0, 0.1, count), 2)
    high = np.round(np.maximum(opened, close) + rng.random(count), 2)
    low = np.round(np.minimum(opened, close) - rng.random(count), 2)
    volume = np.round(rng.random(count) * 10 + 0.1, 8)
    mts = start + 60_000 * np.arange(count, dtype=np.int64)
    venue = Venue(Mts(start), limited=False)
    instrument = spot_instrument(BTC, atoms("0.0001"))
    venue.list_instrument(instrument, MarginTerms())
    venue.add_demo_users()
    venue.add_driver(CandleDriver(instrument, Candles(mts, opened, high, low, close, volume)))
    seen: dict[int, Json] = {}
    async with user_of(venue) as user, user.http.ws_connect(user.socket_url) as socket:
        await socket.send_json({"event": "subscribe", "channel": "candles", "key": "trade:1m:tBTCUSD"})
        for end in (*mts[1:].tolist(), start + 60_000 * count):
            await user.control("advance", to=end)
            await user.post(SUBMIT, type="EXCHANGE MARKET", symbol="tBTCUSD", amount="0.1")
        while int(mts[-1]) not in seen or seen[int(mts[-1])][2] != close[-1]:
            frame = await socket.receive_json()
            rows = frame[1] if isinstance(frame, list) and isinstance(frame[1], list) else []
            for row in rows if rows and isinstance(rows[0], list) else [rows] if rows else []:
                seen[row[0]] = row
    expected = zip(mts.tolist(), opened, close, high, low, volume, strict=True)
    assert [seen[at] for at in sorted(seen)] == [list(row) for row in expected]


async def test_the_command_prints_its_keys_and_serves(tmp_path: Path) -> None:
    faults = tmp_path / "drill.toml"
    faults.write_text('[[fault]]\nid = "a"\nkind = "html"\nat = "tickers"\n')
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from genesis.app.cli import main; main()",
        *("venue", "--port", "0", "--market", "synthetic:3", "--faults", str(faults), "--speed", "0", "--json"),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        said = json.loads(await asyncio.wait_for(process.stdout.readline(), 60))
        async with aiohttp.ClientSession() as http:
            async with http.get(f"{said['rest']}/ticker/tBTCUSD") as response:
                assert len(await response.json()) == 10
            async with http.get(f"{said['rest']}/tickers?symbols=ALL") as response:
                assert response.status == 502
            async with http.get(f"{said['control']}/state") as response:
                assert abs((await response.json())["now"] - time.time() * 1000) < 120_000
        assert said["keys"][0]["key"] == DEMO_KEYS[0].key
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.parametrize("command", ["venue", "run"])
@pytest.mark.parametrize("port", ["99999", "65536", "-1", "9" * 30])
def test_a_port_that_is_none_is_one_sentence(command: str, port: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = f"genesis: --port {port!r}: give a number from 0 to 65535; 0 takes any free one\n"
    assert call(capsys, command, f"--port={port}") == (2, "", said)


@pytest.mark.parametrize("text", ["nan", "inf", "-1", "1e400", "1e300"])
@pytest.mark.parametrize(("words", "option"), [(("venue", "--port=0"), "speed"), (("record", "tickers"), "seconds")])
def test_a_number_that_no_clock_follows_is_one_sentence(
    words: tuple[str, ...], option: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, said = call(capsys, *words, f"--{option}={text}")
    assert (code, out) == (2, "")
    assert said.startswith(f"genesis: --{option} {float(text):g}: give 0 to ")
    assert said.count("\n") == 1


@pytest.mark.parametrize("seed", ["x", "²", "-1", "9" * 5_000])
def test_a_seed_that_is_none_is_one_sentence(seed: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, said = call(capsys, "venue", "--port=0", f"--market=synthetic:{seed}")
    assert (code, out, said.count("\n")) == (2, "", 1)
    assert "the seed is a whole number" in said

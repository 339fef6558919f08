"""Whatever the exchange echoes, no log call of the adapter at any level shows key, secret or signature."""

import asyncio
import io
import logging
import re
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiohttp import web

from genesis.adapters.bitfinex.rest_settings import RestSettings
from genesis.adapters.memory.clock import START
from genesis.app import logs
from genesis.app.log_lines import TextLine
from genesis.domain.order import Cid, OrderRequest, OrderType, Side
from genesis.domain.units import Mts, atoms
from genesis.ports.errors import ExchangeError
from tests.fakes import bitfinex_server
from tests.fakes.bitfinex_server import BitfinexServer, Json, hang_up
from tests.fakes.rest import SYMBOL, Desk, approved, desk
from tests.property.secret_scanner import leaks

KEY, SECRET = "Qm7Zx2Kc9Vb4Nw8Lt5Hj3Gf6Ds1Ra0Pe", "Yt4Ui8Op1As5Df9Gh2Jk6Lz0Xc3Vb7Nm"
ADAPTER = Path(logs.__file__).parents[1] / "adapters" / "bitfinex"
EVENTS = re.compile(r'\blog\(\s*(?:logging\.[A-Z]+|level), "([a-z.]+)"')
ORDER = approved(OrderRequest(Cid(7), SYMBOL, Side.BUY, OrderType.MARKET, atoms("0.5"), Mts(1)))

Ask = Callable[[Desk], Awaitable[object]]


class Echoes:
    """A server that writes what it was sent, and the secret itself, into whatever it answers."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def words(self, request: web.Request) -> str:
        signature = request.headers.get("bfx-signature", "none")
        self.seen.append(signature)
        return f"bad {KEY} {SECRET} {signature} {dict(request.headers)} hex {SECRET.encode().hex()}"

    def answering(self, status: int, make: Callable[[str], Json]) -> bitfinex_server.Fault:
        async def fault(request: web.Request, _raw: bytes) -> web.StreamResponse:
            return web.json_response(make(self.words(request)), status=status)

        return fault


@contextmanager
def standard_error() -> Iterator[io.BytesIO]:
    """Give standard error as bytes; the test runner puts its own there after any fixture, so this is none."""
    sink, level, before = io.BytesIO(), logging.getLogger().level, sys.stderr
    sys.stderr = replaced = io.TextIOWrapper(sink, encoding="utf-8", write_through=True)
    try:
        logs.start_logging("DEBUG")
        yield sink
    finally:
        sys.stderr = before
        replaced.detach()
        logs.start_logging("WARNING")
        logging.getLogger().setLevel(level)


async def every_log_call(monkeypatch: pytest.MonkeyPatch) -> Echoes:
    """Bring the client into each state that it tells of; every error is also logged with its traceback."""
    monkeypatch.setattr(bitfinex_server, "KEY", KEY)
    monkeypatch.setattr(bitfinex_server, "SECRET", SECRET)
    echoes = Echoes()
    wallets, submit = "auth/r/wallets", "auth/w/order/submit"

    def error(code: int) -> Callable[[str], Json]:
        return lambda words: ["error", code, words]

    def row(words: str) -> Json:
        return [["exchange", "USD", words, 0, None, words, {words: words}]]

    drills: list[tuple[str, int, Callable[[str], Json], int, Ask]] = [
        (wallets, 200, row, 1, lambda ours: ours.account.wallets()),
        (wallets, 200, lambda words: [[1, words * 9]], 1, lambda ours: ours.account.wallets()),
        (wallets, 502, lambda words: {"odd": words}, 20, lambda ours: ours.account.wallets()),
        (wallets, 500, error(10020), 1, lambda ours: ours.account.wallets()),
        (wallets, 429, error(11010), 1, lambda ours: ours.account.wallets()),
        (submit, 500, error(10000), 1, lambda ours: ours.orders.submit(ORDER)),
        (submit, 500, error(11000), 1, lambda ours: ours.orders.submit(ORDER)),
        (submit, 200, lambda words: [1, "on-req", None, None, [[words]], None, "SUCCESS", words], 1,
         lambda ours: ours.orders.submit(ORDER)),
        (submit, 500, error(10114), 2, lambda ours: ours.orders.submit(ORDER)),
        (wallets, 500, error(10112), 1, lambda ours: ours.account.wallets()),
    ]  # fmt: skip
    settings = RestSettings(total_timeout_s=0.3)
    async with BitfinexServer() as server:
        server.answers[wallets] = []
        for path, status, make, count, ask in drills:
            async with desk(server.url, key=KEY, secret=SECRET, settings=settings) as ours:
                server.last_nonce = START * 1000 - 1
                server.next(path, *[echoes.answering(status, make)] * count)
                try:
                    await ask(ours)
                except ExchangeError:
                    logging.getLogger("tests").exception("caught %r with %s", ours, (KEY, SECRET))
                server._faults.clear()
        async with desk(server.url, key=KEY, secret=SECRET, settings=settings) as ours:

            async def stall(request: web.Request, raw: bytes) -> web.StreamResponse:
                echoes.words(request)
                waiting.cancel()
                await asyncio.wait([waiting])
                return await hang_up(request, raw)

            server.last_nonce = 0
            server.next(submit, stall)
            waiting = asyncio.create_task(_swallow(ours.orders.submit(ORDER)))
            await asyncio.wait([waiting])
        async with desk(server.url, key=KEY, secret=SECRET, settings=settings) as ours:
            for _ in range(3):  # until the breaker opens
                server.next(wallets, *[echoes.answering(503, lambda words: {"odd": words})] * 9)
                await _swallow(ours.account.wallets())
    return echoes


async def _swallow(asking: Awaitable[object]) -> None:
    try:
        await asking
    except ExchangeError:
        logging.getLogger("tests").exception("caught")


async def test_no_log_call_of_the_adapter_shows_key_secret_or_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    """I39."""
    monkeypatch.setenv("BITFINEX_API_KEY", KEY)
    monkeypatch.setenv("BITFINEX_API_SECRET", SECRET)
    monkeypatch.setenv("GENESIS_LOG", "DEBUG")
    with standard_error() as errors:
        logs.guarded_keys(Path("no.env"))
        echoes = await every_log_call(monkeypatch)
        assert isinstance(sys.stderr, logs.GuardedErrors)
        print(f"a person sees {SECRET}, {KEY.encode().hex()} and {echoes.seen[0]}", file=sys.stderr)
        sys.stderr.flush()
        output = errors.getvalue()
    assert len(echoes.seen) > 20
    # Lines repeat, and the scanner undoes every encoding of each: it reads every different line once.
    lines = b"\n".join(sorted(set(output.splitlines())))
    assert [leaks(lines, value) for value in (KEY, SECRET)] == [[], []]
    assert not [seen for seen in echoes.seen if seen.encode() in output]
    assert b"Traceback" in output
    assert b"a person sees ***" in output
    assert events_in_code() <= {name.decode() for name in re.findall(rb"Z [A-Z]+ ([a-z.]+)", output)}


async def test_the_same_drills_without_a_redactor_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    with standard_error() as errors:
        for handler in logging.getLogger().handlers:
            if isinstance(handler, logs._ErrorsHandler):
                handler.filters.clear()
                handler.setFormatter(TextLine())
        await every_log_call(monkeypatch)
        output = errors.getvalue()
    assert SECRET.encode() in output
    assert leaks(output[: output.index(SECRET.encode()) + 1000], SECRET)
    assert leaks(output[: output.index(KEY.encode()) + 1000], KEY)


def events_in_code() -> set[str]:
    """Return the names of all events of the adapter's REST half, read from its code."""
    return {name for path in ADAPTER.glob("*.py") for name in EVENTS.findall(path.read_text())}


def test_the_code_is_searched_for_the_right_thing() -> None:
    assert {"rest.request", "order.unknown", "nonce.bump", "breaker.turned"} <= events_in_code()

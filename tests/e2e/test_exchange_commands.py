"""`auth.headers`, `auth.check`, `data.download` and the examples, as a person calls them, against a loopback server."""

import asyncio
import hashlib
import hmac
import json
import os
import runpy
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from genesis.app.cli import CommandLine
from genesis.app.commands import namespace
from tests.fakes.bitfinex_server import KEY, SECRET, BitfinexServer, answering, error
from tests.property.secret_scanner import leaks

EXAMPLES = Path(__file__).parents[2] / "examples"
TRADING = [["account", 1, 0], ["orders", 1, 1], ["wallets", 1, 0], ["withdraw", 1, 0]]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GENESIS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BITFINEX_API_KEY", KEY)
    monkeypatch.setenv("BITFINEX_API_SECRET", SECRET)
    return tmp_path


def call(*words: str) -> object:
    """Run a command as the program does and return its exit code."""
    with pytest.raises(SystemExit) as end:
        CommandLine("genesis", namespace()).main(["genesis", *words])
    return end.value.code


def test_signed_headers_are_masked_unless_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("auth.headers", "auth/r/wallets", "--new-key") == 0
    out = capsys.readouterr().out
    assert "bfx-signature: ***" in out
    assert KEY not in out
    assert call("auth.headers", "auth/r/wallets", "--reveal", "--json") == 0
    shown = capsys.readouterr().out
    found = json.loads(shown)
    payload = f"/api/v2/auth/r/wallets{found['bfx-nonce']}{{}}".encode()
    assert found["bfx-signature"] == hmac.new(SECRET.encode(), payload, hashlib.sha384).hexdigest()
    assert SECRET not in shown


def test_a_key_that_was_never_used_here_has_to_be_said_to_be_new(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("auth.headers", "auth/r/wallets") == 2
    assert "there is no nonce store for this key" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [[], ["wallets"], ["auth/r/wallets", "auth/r/orders"], ["https://x/v2/auth/r/wallets"]]
)
def test_headers_are_for_one_signed_path(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert call("auth.headers", *words) == 2
    assert "name one signed path" in capsys.readouterr().err


def test_without_a_key_it_says_where_to_put_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("BITFINEX_API_SECRET")
    assert call("auth.check") == 2
    assert "BITFINEX_API_SECRET" in capsys.readouterr().err


async def test_a_key_that_can_trade_and_no_more_is_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    async with BitfinexServer() as server:
        server.answers["auth/r/permissions"] = TRADING
        assert await asyncio.to_thread(call, "auth.check", "--new-key", "--url", server.url) == 0
        assert capsys.readouterr().out.splitlines()[-1] == "accepted"
        assert await asyncio.to_thread(call, "auth.check", "--read-only", "--url", server.url) == 1


async def test_a_key_that_can_withdraw_is_refused_unless_allowed(capsys: pytest.CaptureFixture[str]) -> None:
    """D30."""
    async with BitfinexServer() as server:
        server.answers["auth/r/permissions"] = [*TRADING[:-1], ["withdraw", 1, 1]]
        assert await asyncio.to_thread(call, "auth.check", "--new-key", "--url", server.url, "--json") == 1
        found = json.loads(capsys.readouterr().out)
        assert (found["is_accepted"], found["refusals"]) == (False, ["can withdraw"])
        assert await asyncio.to_thread(call, "auth.check", "--url", server.url, "--allow", "withdraw") == 0


async def test_rights_that_cannot_be_read_refuse_the_key(capsys: pytest.CaptureFixture[str]) -> None:
    async with BitfinexServer() as server:
        server.answers["auth/r/permissions"] = [["orders", 1, 2]]
        assert await asyncio.to_thread(call, "auth.check", "--new-key", "--url", server.url) == 2
    assert "auth/r/permissions" in capsys.readouterr().err


async def test_an_exchange_that_repeats_the_key_is_not_believed_on_the_screen(folder: Path) -> None:
    """I39: a process of its own, at DEBUG, down to the traceback of an error that nobody foresaw."""
    code = """
import sys
from genesis.app import cli, logs
from genesis.app.commands import namespace
try:
    cli.CommandLine("genesis", namespace()).main(["genesis", "auth.check", "--new-key", "--url", sys.argv[1]])
except SystemExit as end:
    keys = logs.load_keys()
    raise RuntimeError(f"unforeseen, with {keys.api_secret.reveal()} and {end.code}") from None
"""
    async with BitfinexServer() as server:
        server.next("auth/r/permissions", answering(lambda: error(10020, f"no {KEY} {SECRET} here")))
        environment = {**os.environ, "GENESIS_LOG": "debug", "PYTHONPATH": os.pathsep.join(sys.path)}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", code, server.url), env=environment, stdout=PIPE, stderr=PIPE, cwd=folder
        )
        out, err = await process.communicate()
    assert process.returncode == 1
    assert b"genesis: auth/r/permissions: no *** *** here (code 10020)" in err
    assert b"rest.failed" in err
    assert b"RuntimeError: unforeseen, with *** and 2" in err
    lines = b"\n".join(sorted({*out.splitlines(), *err.splitlines()}))
    assert [leaks(lines, KEY), leaks(lines, SECRET)] == [[], []]


def test_a_level_that_does_not_exist_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GENESIS_LOG", "loud")
    assert call("auth.check") == 2
    assert "GENESIS_LOG is LOUD: it must be one of DEBUG" in capsys.readouterr().err


def test_a_secret_that_cannot_be_masked_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BITFINEX_API_SECRET", "short")
    assert call("auth.check") == 2
    assert "cannot be masked" in capsys.readouterr().err


async def test_candles_are_downloaded_and_a_second_call_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    start = 1_514_764_800_000
    async with BitfinexServer() as server:
        server.candles = [[start + 60_000 * minute, 100.5, 101, 102, 99.25, 1.5] for minute in range(0, 120, 2)]
        words = ["data.download", "tBTCUSD", "1m", "--from", "2018-01-01", "--url", server.url, "--json"]
        assert await asyncio.to_thread(call, *words, "--to", "2018-01-01T01:00") == 0
        assert json.loads(capsys.readouterr().out)["added"] == 30
        assert await asyncio.to_thread(call, *words, "--to", "2018-01-01T02:00") == 0
        found = json.loads(capsys.readouterr().out)
        assert (found["added"], found["identical"]) == (30, 0)
        assert await asyncio.to_thread(call, *words, "--to", "2018-01-01T02:00") == 0
        assert json.loads(capsys.readouterr().out)["spans"] == []
    assert call("data.list", "--json") == 0
    assert json.loads(capsys.readouterr().out)["series"][0]["rows"] == 60


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "SYMBOL TIMEFRAME"),
        (["tBTCUSD"], "SYMBOL TIMEFRAME"),
        (["tBTCUSD", "4h"], "not a time frame"),
        (["bitcoin", "1m"], "bitcoin"),
        (["tBTCUSD", "1m"], "say --from"),
        (["tBTCUSD", "1m", "--from", "2018-01-02", "--to", "2018-01-01"], "must be before"),
        (["tBTCUSD", "1m", "--from", "2018-01-01", "--url", "http://127.0.0.1:9"], "/v2/"),
    ],
)
def test_a_mistake_is_one_sentence(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("data.download", *words) == 2
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err


async def test_the_public_example_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    async with BitfinexServer() as server:
        server.answers |= {
            "ticker/tBTCUSD": [100.5, 12.5, 101, 8.25, -1.5, -0.0147, 100.7, 5321.5, 103.2, 99.1],
            "book/tBTCUSD/P0": [[100.5, 2, 1.25], [101, 1, -0.75]],
        }
        server.candles = [[1_514_764_800_000, 100.5, 101, 102, 99.25, 1.5]]
        monkeypatch.setattr(sys, "argv", ["rest_public.py", server.url])
        await asyncio.to_thread(runpy.run_path, str(EXAMPLES / "rest_public.py"), run_name="__main__")
    assert "tBTCUSD" in capsys.readouterr().out


async def test_the_private_example_places_and_cancels(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with BitfinexServer() as server:
        server.answers |= {
            "auth/r/wallets": [["exchange", "USD", 949.75, 0, 949.75, None, None]],
            "conf/pub:info:pair": [
                [["BTCUSD", [None, None, None, "0.00006", "2000.0", None, None, None, 0.1, 0.05, None, None]]]
            ],
        }
        monkeypatch.setattr(sys, "argv", ["rest_private.py", server.url, "--new-key"])
        await asyncio.to_thread(runpy.run_path, str(EXAMPLES / "rest_private.py"), run_name="__main__")
    assert [path for path, _, _ in server.requests if path.startswith("auth/w")] == [
        *["auth/w/order/submit", "auth/w/order/cancel"]
    ]
    out = capsys.readouterr().out
    assert "949.75" in out
    assert SECRET not in out

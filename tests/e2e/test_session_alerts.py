"""A session tells people over a real webhook, and `alerts.test` whether that works."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from tests.fakes.alert_server import AlertServer, answering

CODE = "from genesis.app.cli import main; main()"


def environment(home: Path, server: AlertServer) -> dict[str, str]:
    return {
        **os.environ,
        "GENESIS_HOME": str(home),
        "GENESIS_PORT": "0",
        "GENESIS_ALERT_WEBHOOK": f"{server.base}/a-path-that-nobody-guesses",
        "GENESIS_ALERT_HOSTS": "127.0.0.0/8",
        "PYTHONUNBUFFERED": "1",
    }


async def test_e18_a_killed_session_tells_people_before_it_ends_and_that_they_were_not_reached(tmp_path: Path) -> None:
    async with AlertServer() as server:
        server.planned = [answering(503)]  # and then it takes what comes
        words = ("run", "--speed", "600", "--json")
        session = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CODE, *words, env=environment(tmp_path, server), stdout=PIPE, stderr=PIPE
        )
        assert session.stderr is not None
        while b"journal:" not in await session.stderr.readline():
            pass
        (tmp_path / "kill.latch").write_text("enough")
        _, errors = await session.communicate()
        assert session.returncode == 2
        assert b"risk.killed" in errors
        assert b"system.alerts_undelivered channel=webhook reason=" in errors
        assert b"nobody-guesses" not in errors
        killed = [body for _, body in server.seen if body["event"] == "risk.killed"]
        assert killed
        assert not [body for _, body in server.seen if body["event"] in {"system.failed", "system.not_begun"}]
        assert killed[-1]["severity"] == "error"
        assert "enough" in killed[-1]["text"]
        assert killed[-1]["source"] == "ema_cross on tBTCUSD, paper"


async def test_alerts_test_says_what_arrives_and_what_does_not(tmp_path: Path) -> None:
    async with AlertServer() as server:
        server.planned = [answering(200), answering(403)]
        for code, is_taken in ((0, True), (1, False)):
            done = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", CODE, "alerts.test", "--json"), env=environment(tmp_path, server), stdout=PIPE
            )
            out, _ = await done.communicate()
            assert done.returncode == code
            (channel,) = json.loads(out)["channels"]
            assert channel["is_taken"] is is_taken
            assert b"nobody-guesses" not in out
        assert [body["event"] for _, body in server.seen] == ["system.alert_test"] * 2


async def refused(home: Path, server: AlertServer, code: str, *words: str, **more: str) -> tuple[int | None, str]:
    """Run a command that does not begin; return its exit code and what it wrote to standard error."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code, *words), env={**environment(home, server), **more}, stdout=PIPE, stderr=PIPE
    )
    _, errors = await process.communicate()
    return process.returncode, errors.decode()


async def test_a_live_run_that_the_latch_keeps_from_beginning_tells_people_once(tmp_path: Path) -> None:
    (tmp_path / "kill.latch").write_text("too wild")
    async with AlertServer() as server:
        server.planned = [answering(503)]  # and then it takes what comes
        strategy = ("--strategy", "ema_cross", "--symbol", "tBTCUSD", "--timeframe", "1m")
        code, errors = await refused(tmp_path, server, CODE, "run", "--mode", "live", *strategy)
        assert code == 2
        assert "genesis: the kill latch is set (too wild)" in errors
        assert "nobody-guesses" not in errors
        (_, failed), (_, told) = server.seen
        assert failed == told
        assert (told["event"], told["severity"]) == ("system.not_begun", "error")
        assert "too wild" in told["text"]
        assert told["source"] == f"run --mode live of {tmp_path.resolve()}"


@pytest.mark.parametrize(
    ("words", "more", "said"),
    [
        (("--config", "gone.json"), {}, "gone.json"),
        ((), {"GENESIS_PORT": "eight"}, "GENESIS_"),
        # What is wrong with one channel is told over the other one.
        (
            (),
            {"GENESIS_ALERT_TELEGRAM_TOKEN": "env:NOPE", "GENESIS_ALERT_TELEGRAM_CHAT": "7"},
            "TOKEN cannot be used: env:NOPE",
        ),
        ((), {"GENESIS_ALERT_TELEGRAM_CHAT": "7"}, "GENESIS_ALERT_TELEGRAM_TOKEN and"),
        ((), {"GENESIS_ALERT_LEVEL": "loud"}, "GENESIS_ALERT_LEVEL is loud"),
    ],
)
async def test_what_cannot_be_used_tells_people_that_nothing_runs(
    words: tuple[str, ...], more: dict[str, str], said: str, tmp_path: Path
) -> None:
    async with AlertServer() as server:
        code, _ = await refused(tmp_path, server, CODE, "run", *words, **more)
        (told,) = [body for _, body in server.seen]
        assert (code, told["event"]) == (2, "system.not_begun")
        assert said in told["text"]
        assert told["source"] == f"run --mode paper of {tmp_path.resolve()}"
        await refused(tmp_path, server, CODE, "run", *words, **more)  # as a container starts it again
        assert len(server.seen) == 1


async def test_a_crash_before_the_session_tells_people_too(tmp_path: Path) -> None:
    crash = "import genesis.app.paper_session as it\ndef broken(*_): raise ValueError('a wire')\n"
    async with AlertServer() as server:
        code, errors = await refused(tmp_path, server, crash + "it.build_session = broken\n" + CODE, "run")
        (told,) = [body for _, body in server.seen]
        assert (code, told["event"]) == (1, "system.not_begun")
        assert "ValueError: a wire" in told["text"]
        assert "Traceback" in errors


async def test_a_dead_name_server_does_not_keep_a_refused_run_from_ending(tmp_path: Path) -> None:
    hang = "import socket, threading\nsocket.getaddrinfo = lambda *_, **__: threading.Event().wait()\n"
    (tmp_path / "kill.latch").write_text("too wild")
    async with AlertServer() as server:
        code, errors = await refused(tmp_path, server, hang + CODE, "run")
        assert (code, server.seen) == (2, [])
        assert "too wild" in errors
        assert "genesis: this alert did not arrive (webhook: no answer came in time): alerts.test" in errors

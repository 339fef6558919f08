"""A session tells people over a real webhook, and `alerts.test` whether that works."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

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


async def test_e18_a_killed_session_tells_people_before_it_ends(tmp_path: Path) -> None:
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
        assert b"nobody-guesses" not in errors
        killed = [body for _, body in server.seen if body["event"] == "risk.killed"]
        assert killed
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

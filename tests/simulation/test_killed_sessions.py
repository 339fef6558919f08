"""A1-A4, I1-I4, I24, I25: a session killed anywhere loses no order, doubles none, and replays as it decided."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("killed_sessions.py")
KILLS = 150
SEED = 20241122

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGXFSZ, which Windows lacks")


def killed(folder: Path, count: int, bug: str = "") -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, str(PROGRAM), str(folder), str(count), str(SEED), bug]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_a1_a4_i1_i25_a_killed_session_recovers_to_what_the_exchange_has(tmp_path: Path) -> None:
    done = killed(tmp_path, KILLS)
    assert done.returncode == 0, done.stderr
    kills = [json.loads(line) for line in done.stdout.splitlines()]
    dead = [kill for kill in kills if kill["signal"]]
    assert len(dead) >= 100
    assert {kill["signal"] for kill in dead} == {signal.SIGKILL, signal.SIGXFSZ, signal.SIGALRM}
    # The kills met every window: before anything, between intent and sending (A2), and in flight (A3, A4).
    assert any(kill["rows"] == 0 for kill in dead)
    assert any(kill.get("intent_only") for kill in dead)
    assert any(kill.get("in_doubt") for kill in dead)


@pytest.mark.parametrize(
    ("bug", "said"),
    [
        ("skip_commits", "I1: order"),
        ("forget_sending", "A2: order"),
        ("send_twice", "an order was sent twice"),
        ("decide_by_chance", "I24: the replay decides otherwise"),
    ],
)
def test_r15_a_seeded_bug_is_found(tmp_path: Path, bug: str, said: str) -> None:
    done = killed(tmp_path, 40, bug)
    assert done.returncode == 1
    assert said in done.stderr

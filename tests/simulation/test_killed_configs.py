"""A8, I27, I28: a change of the configuration that is killed anywhere is made or not made, and the log says which."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("killed_configs.py")
KILLS = 120
SEED = 20241122

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGXFSZ, which Windows lacks")


def killed(folder: Path, count: int, bug: str = "") -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, str(PROGRAM), str(folder), str(count), str(SEED), bug]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_a8_i27_i28_a_killed_change_is_made_or_not_made_and_the_log_says_which(tmp_path: Path) -> None:
    done = killed(tmp_path, KILLS)
    assert done.returncode == 0, done.stderr
    kills = [json.loads(line) for line in done.stdout.splitlines()]
    dead = [kill for kill in kills if kill["signal"]]
    assert len(dead) >= 80
    assert {kill["signal"] for kill in dead} == {signal.SIGKILL, signal.SIGXFSZ, signal.SIGALRM}
    # The kills met every window: nothing yet, a torn line, an entry whose effect nobody saw, one not acknowledged.
    assert any(kill["version"] == 0 for kill in dead)
    assert any(kill["torn"] for kill in dead)
    assert any(kill["without_effect"] for kill in dead)
    assert any(kill["version"] > kill["acknowledged"] for kill in dead)


@pytest.mark.parametrize(
    ("bug", "said"),
    [
        ("tell_too_early", "I27: effect of version"),
        ("forget_the_file", "A8: the file is behind"),
        ("lose_lines", "were witnessed; put the rest back"),
    ],
)
def test_r15_a_seeded_bug_is_found(tmp_path: Path, bug: str, said: str) -> None:
    done = killed(tmp_path, 40, bug)
    assert done.returncode == 1
    assert said in done.stderr

"""A1-A5, R4, I1-I3, I16-I18, I25: the real process, killed anywhere while it trades over real sockets, is made whole by
the next one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("killed_traders.py")
KILLS = 300
SEED = 20250301

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL, which Windows lacks")


def test_a1_a5_a_trader_killed_anywhere_leaves_one_order_an_intent_and_books_each_trade_once(tmp_path: Path) -> None:
    path = os.pathsep.join(filter(None, [*sys.path, str(PROGRAM.parents[2])]))
    command = [sys.executable, str(PROGRAM), str(tmp_path), str(KILLS), str(SEED)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, f"{len(done.stdout.splitlines())} drills passed, then:\n{done.stderr[-8000:]}"
    drills = [json.loads(line) for line in done.stdout.splitlines()]
    assert sum(drill["killed"] for drill in drills) >= KILLS
    # The kills met every window: nothing sent, never arrived, arrived and unanswered, and during recovery itself.
    assert any(drill["gone"].get("nothing_left") for drill in drills)
    assert any(drill["gone"].get("proven_absent") for drill in drills)
    for plan in ("twap", "iceberg"):
        assert sum(drill["parts"] for drill in drills if drill["manner"] == plan) > KILLS / 4
    for guard in ("guarded", "pair"):  # whatever was held when somebody looked was guarded, and once
        assert any(drill["guards"] for drill in drills if drill["manner"] == guard)
    assert sum(drill["orders"] for drill in drills) >= KILLS / 3
    assert sum(drill["killed"] == 2 for drill in drills) >= KILLS / 20

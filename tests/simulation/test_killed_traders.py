"""A1-A5, R4, I1-I3, I16-I18, I25: the real process, killed anywhere while it trades over real sockets, is made whole by
the next one."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.simulation.killed_traders import Count, Passed

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


HASTY = """
import sys
from pathlib import Path
from tests.simulation import killed_traders
killed_traders._is_guarded = lambda core: any(desk.position for desk in core.desks.values())
numbers = (n for n in range(500) if killed_traders.MANNERS[n // 5 % 5] in killed_traders.HALVES)
print(*killed_traders.run(Path(sys.argv[1]), 1, numbers, lambda passed: None))
"""


def test_r15_a_position_that_nothing_guards_is_found(tmp_path: Path) -> None:
    path = os.pathsep.join(filter(None, [*sys.path, str(PROGRAM.parents[2])]))
    command = [sys.executable, "-c", HASTY, str(tmp_path)]  # its processes go before what they hold is guarded
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True)
    assert "I37" in done.stdout
    assert "guarded by nothing" in done.stdout


def test_a_campaign_of_kills_goes_on_where_it_was() -> None:
    count = Count(5, killed=3, done={0, 2})
    numbers = count.numbers()
    assert [next(numbers), next(numbers)] == [1, 3]
    one = Passed(1, "market", ["after send 1"], 1, 0, 9, 1, {}, 2, 0)
    count.take(one)
    assert next(numbers) == 4  # others of its time are still under way
    count.take(one)
    assert list(numbers) == []


def test_what_the_ledger_of_kills_has_is_not_done_again(tmp_path: Path) -> None:
    first = _drilled(tmp_path, 1)
    ledger = tmp_path / "simulation" / "kills.jsonl"
    before = ledger.read_text()
    again = _drilled(tmp_path, first["killed"])
    assert (again, ledger.read_text()) == (first, before)
    assert (first["found"], len(before.splitlines())) == ([], first["drills"])


def _drilled(home: Path, kills: int) -> dict[str, Any]:  # Any: JSON
    path = os.pathsep.join(filter(None, [*sys.path, str(PROGRAM.parents[2])]))
    command = [sys.executable, "-m", "tests.simulation.drill", str(kills), "7", "--json"]
    environment = {**os.environ, "PYTHONPATH": path, "GENESIS_HOME": str(home)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told

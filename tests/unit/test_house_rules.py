"""Rules that no type checks: each is a look at the source of everything that is shipped."""

import ast
from functools import cache
from pathlib import Path

from genesis.domain.risk.refusal import RefusalCode

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "genesis"

OF_ITS_OWN = {"adapters/http/stream.py", "adapters/http/websocket_protocol.py"}
"""Tasks that no group holds: of the HTTP side, which has a thread of its own and touches no order."""

CLOCKS = {
    "adapters/budget_files.py",
    "adapters/clock_system.py",
    "adapters/nonce_file/mapped.py",
    "adapters/venue/shell.py",
    "app/commands/venue.py",
    "app/kill_program.py",
    "app/progress.py",
}
"""Who asks the system for the time: the clock, the wait for a file's lock, and programs of their own."""

MAKES_DATES = {"datetime.now", "datetime.fromtimestamp", "date.today", "date.fromtimestamp", "datetime.utcnow"}


@cache
def calls() -> tuple[tuple[str, ast.Call, str], ...]:
    """Return every call: the file it is in, itself, and what is called as text."""
    return tuple(
        (path.relative_to(SOURCE).as_posix(), node, ast.unparse(node.func))
        for path in sorted(SOURCE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    )


def test_a28_no_lock_is_one_that_closing_another_file_would_drop() -> None:
    assert [file for file, _, name in calls() if name.split(".")[-1] == "lockf"] == []


def test_a31_every_task_belongs_to_a_group() -> None:
    loose = {file for file, _, name in calls() if name in {"asyncio.create_task", "loop.create_task"}}
    loose |= {
        file for file, _, name in calls() if name.endswith("loop().create_task") or name == "self._loop.create_task"
    }
    assert loose == OF_ITS_OWN


def test_i33_who_measures_a_duration_asks_a_clock_that_nobody_sets() -> None:
    asked = {file for file, _, name in calls() if name in {"time.time", "time.time_ns", "time.monotonic", "time.sleep"}}
    assert asked <= CLOCKS


def test_b7_every_date_is_utc_whatever_the_time_zone_of_the_machine() -> None:
    made = [(file, ast.unparse(call)) for file, call, name in calls() if name in MAKES_DATES]
    assert made
    assert [(file, text) for file, text in made if "UTC" not in text] == []


def test_i41_every_refusal_has_a_code_that_is_explained() -> None:
    page = (ROOT / "docs" / "live.md").read_text(encoding="utf-8")
    assert [code.value for code in RefusalCode if f"`{code.value}`" not in page] == []
    ours = {path.name for path in SOURCE.rglob("*.py") if "unknown error" in path.read_text(encoding="utf-8").lower()}
    assert ours == {"rest.py", "sockets.py"}  # of the local venue, which says what the exchange says

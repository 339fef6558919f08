"""Kill processes that change the configuration at many moments and check what is left; print one JSON line a kill.

Each process applies versions and writes down what it was told, in files of its own that no store touches: that a
version was in force (an effect), and that the call came back (an acknowledgement).
"""

import asyncio
import json
import os
import random
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from genesis.adapters.audit_log import file, reading
from genesis.adapters.audit_log.file import AuditFile
from genesis.adapters.audit_log.reading import read_entries, verify_file
from genesis.adapters.audit_witness import WitnessFile
from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.monitor import MemoryMonitor
from genesis.app.config_authority import Applied, ConfigAuthority
from genesis.app.config_file import ConfigFile, drift_of
from genesis.domain.audit import ChainHead
from genesis.domain.config_change import Apply, Decision, Wish, decide
from genesis.domain.config_history import History
from genesis.domain.json_value import JsonObject
from tests.simulation.deaths import around, die_after, die_at_byte, die_when, in_child, moment, patch

VERSIONS: Final = 8
PADDING: Final = "x" * 300


def authority_in(folder: Path, log: AuditFile | None = None) -> ConfigAuthority:
    clock = ManualClock()
    monitor = MemoryMonitor(clock, MemoryMetrics(), version="0", mode="paper")
    log = log or AuditFile(folder / "logs" / "a.log", clock, monitor, WitnessFile(folder / "audit" / "witness"))
    found = ConfigAuthority(log, ConfigFile(folder / "config" / "current.json"), clock, monitor)
    found.open()
    return found


async def change_often(folder: Path) -> None:
    told = os.open(folder / "told", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def tell(word: str, applied: Applied) -> None:
        os.write(told, f"{word} {applied.version.number} {applied.version.hash}\n".encode())

    authority = authority_in(folder)
    authority.subscribe(lambda applied: tell("effect", applied))
    for _ in range(VERSIONS):
        now = authority.current()
        seen = now.document.get("x-count", 0)
        assert isinstance(seen, int)
        document: JsonObject = {"dry_run": True, "x-count": seen + 1, "x-padding": PADDING}
        moment("applying")
        result = await authority.apply(document, now.number, who="t", reason="up")
        assert isinstance(result, Applied)
        tell("acknowledged", result)
        moment("acknowledged")


def die_at(name: str, count: int) -> None:
    die_when(name, count)
    around(os, "fsync", "fsync")
    around(WitnessFile, "note", "witness")
    around(ConfigFile, "write", "file")
    around(Path, "replace", "replace")
    around(AuditFile, "_write", "line")


def changed(prepare: Callable[[], None], folder: Path) -> None:
    """Change the configuration, to be killed on the way."""
    prepare()
    asyncio.run(change_often(folder))


def check(folder: Path) -> dict[str, object]:
    """Open the directory as a restart would, twice, and hold what is there against what the process was told."""
    told = (folder / "told").read_text().splitlines() if (folder / "told").exists() else []
    seen = {word: [line.split()[1:] for line in told if line.startswith(word)] for word in ("effect", "acknowledged")}
    log, config = folder / "logs" / "a.log", folder / "config" / "current.json"
    torn = log.exists() and not log.read_bytes().endswith(b"\n") and log.stat().st_size > 0
    before = config.read_bytes() if config.exists() else b""
    assert not before or json.loads(before), "A8: the file is neither the old nor the new version"
    opened = [authority_in(folder) for _ in range(2)]
    assert opened[0].history() == opened[1].history(), "recovery is not idempotent"
    history = {str(version.number): version.hash for version in opened[0].history()}
    for word, versions in seen.items():
        for number, found in versions:
            assert history.get(number) == found, f"I27: {word} of version {number} without an entry"
    current = opened[0].current()
    assert current.number - len(seen["acknowledged"]) in (0, 1), "I28: an acknowledged version is gone"
    counts = [version.document.get("x-count", 0) for version in opened[0].history()]
    assert counts == list(range(len(counts))), "a version was lost or made twice"
    assert drift_of(config, History(tuple(opened[0].history()))) is None or not current.number, "A8: the file is behind"
    witnesses = WitnessFile(folder / "audit" / "witness").heads() or ()
    assert isinstance(verify_file(log, witnesses), ChainHead), "the log does not verify"
    assert len(read_entries(log)) == current.number
    asyncio.run(_one_more(opened[0]))
    return {
        "version": current.number,
        "acknowledged": len(seen["acknowledged"]),
        "without_effect": current.number - len(seen["effect"]),
        "torn": torn,
    }


async def _one_more(authority: ConfigAuthority) -> None:
    """Show that the directory takes another change."""
    number = authority.current().number
    result = await authority.apply({"dry_run": True, "x-last": number}, number, who="t", reason="after")
    assert isinstance(result, Applied)


def plans(count: int, seed: int) -> list[tuple[str, Callable[[], None]]]:
    """Return *count* ways to die: at moments of the stores, at bytes of their files, and at any time at all."""
    chance = random.Random(seed)
    whats = ("fsync", "witness", "line", "file", "replace")
    names = [f"{when} {what}" for what in whats for when in ("before", "after")] + ["applying", "acknowledged"]
    found: list[tuple[str, Callable[[], None]]] = []
    for at in range(count):
        if at % 3 == 0:
            name = names[at // 3 % len(names)]
            nth = 1 + chance.randrange(5 * VERSIONS if name.endswith("fsync") else VERSIONS)
            found.append((f"{name} {nth}", partial(die_at, name, nth)))
        elif at % 3 == 1:
            limit = chance.randrange(1_030, 7_000)
            found.append((f"byte {limit}", partial(die_at_byte, limit)))
        else:
            seconds = chance.uniform(0.001, 0.15)
            found.append((f"{seconds:.4f} s", partial(die_after, seconds)))
    return found


def tell_too_early() -> None:
    """Break I27: let a version count before its line is written."""
    real = ConfigAuthority._decide

    def hasty(authority: ConfigAuthority, wish: Wish) -> Decision:
        decision = decide(authority._history, wish, authority._clock.now())
        assert isinstance(decision, Apply)
        for hook in authority._hooks:
            hook(authority._applied(authority.current(), decision.version))
        return real(authority, wish)

    patch(ConfigAuthority, "_decide", hasty)


def forget_the_file() -> None:
    """Break A8: leave the file as it is when a version is there that it does not have."""
    patch(ConfigFile, "write", lambda *_: None)


def lose_lines() -> None:
    """Break E4: read a log without its last lines."""
    real = reading.read_range

    def read(fd: int, start: int, end: int) -> bytes:
        raw = real(fd, start, end)
        lines = raw.splitlines(keepends=True)
        return raw if len(lines) < 3 else b"".join(lines[:-2])

    for reader in (reading, file):
        patch(reader, "read_range", read)


BUGS: Final[dict[str, Callable[[], None]]] = {
    "": lambda: None,
    "tell_too_early": tell_too_early,
    "forget_the_file": forget_the_file,
    "lose_lines": lose_lines,
}
IN_ALL: Final = frozenset({"forget_the_file", "lose_lines"})
"""Bugs of the recovery: they are in the process that checks as well."""


def main(folder: Path, count: int, seed: int, bug: str) -> None:
    def buggy(prepare: Callable[[], None]) -> None:
        if bug not in IN_ALL:
            BUGS[bug]()
        prepare()

    if bug in IN_ALL:
        BUGS[bug]()
    for number, (name, prepare) in enumerate(plans(count, seed)):
        place = folder / str(number)
        place.mkdir()
        killed = in_child(partial(changed, partial(buggy, prepare), place))
        try:
            found = check(place)
        except Exception as error:
            raise AssertionError(f"kill {number} ({name}), seed {seed}: {error}; files in {place}") from error
        print(json.dumps({"moment": name, "signal": killed, **found}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])

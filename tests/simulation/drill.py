"""`./inv drill`: kill the real process as often as is asked for, with a ledger: what was done is not done again.

A line of the ledger is a drill that passed: one or two processes killed where its number says, and held against the
exchange. The ledger is GENESIS_HOME/simulation/kills.jsonl.
"""

import argparse
import hashlib
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from attrs import asdict, frozen

import genesis
from genesis.app.code_version import code_sha256
from genesis.app.home import home
from genesis.app.json_output import JsonDocument, print_json
from genesis.app.progress import progress
from genesis.app.simulation.ledger import LineLedger
from tests.simulation import killed_traders
from tests.simulation.killed_traders import Count, Passed, run

FILE: Final = "kills.jsonl"


@frozen
class KillLine(Passed):
    """What is kept of one drill: what came of it, of which seed, and with which code."""

    seed: int
    code: str
    version: str


def digest() -> str:
    """Return a hash over what a result belongs to: the package, and the drill itself."""
    program = Path(killed_traders.__file__).read_bytes()
    return hashlib.sha256(code_sha256().encode() + program).hexdigest()[:16]


def campaign(kills: int, seed: int, ledger: LineLedger[KillLine]) -> tuple[list[KillLine], list[str]]:
    """Run drills of *seed* until so many were killed, those of the ledger included; return them and what was found."""
    code = digest()
    lines = [line for line in ledger.lines() if (line.seed, line.code) == (seed, code)]
    count = Count(kills, sum(line.killed for line in lines), {line.number for line in lines})
    with progress("killing") as show:

        def tell(passed: Passed) -> None:
            count.take(passed)
            show(count.killed, kills)
            line = KillLine(**asdict(passed), seed=seed, code=code, version=genesis.__version__)
            ledger.add(line)
            lines.append(line)

        show(count.killed, kills)
        return lines, _run(seed, count.numbers(), tell)


def one(number: int, seed: int) -> tuple[list[Passed], list[str]]:
    """Run one drill, whatever any ledger has."""
    passed: list[Passed] = []
    return passed, _run(seed, iter([number]), passed.append)


def _run(seed: int, numbers: Iterator[int], tell: Callable[[Passed], None]) -> list[str]:
    """Run drills in a folder that stays only where something was found."""
    files = Path(tempfile.mkdtemp(prefix="drill-"))
    found: list[str] = []
    try:
        found = run(files, seed, numbers, tell)
    finally:
        if not found:
            shutil.rmtree(files)
    return found


def tally(lines: Sequence[Passed]) -> JsonDocument:
    """Return what the drills came to."""
    gone: Counter[str] = Counter()
    for line in lines:
        gone.update(line.gone)
    return {
        "drills": len(lines),
        "killed": sum(line.killed for line in lines),
        "killed_in_recovery": sum(line.killed > 1 for line in lines),
        "orders": sum(line.orders for line in lines),
        "never_arrived": dict(sorted(gone.items())),
        "guards_looked_at": sum(line.guards for line in lines),
        "manners": dict(sorted(Counter(line.manner for line in lines).items())),
    }


def main() -> None:
    """Run the campaign, and say what it came to."""
    parser = argparse.ArgumentParser(prog="./inv drill", description=__doc__)
    parser.add_argument("kills", type=int)
    parser.add_argument("seed", type=int)
    parser.add_argument("--only", type=int)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    lines: Sequence[Passed]
    try:
        if options.only is None:
            ledger = LineLedger(home() / "simulation" / FILE, lambda told: KillLine(**told))
            lines, found = campaign(options.kills, options.seed, ledger)
        else:
            lines, found = one(options.only, options.seed)
    except KeyboardInterrupt:
        print("stopped: the same command goes on where it was", file=sys.stderr)
        sys.exit(130)
    document = {**tally(lines), "found": found}
    if options.json:
        print_json(document)
    else:
        print("\n".join(f"{name}: {value}" for name, value in document.items()))
    if found:
        sys.exit(1)


if __name__ == "__main__":
    main()

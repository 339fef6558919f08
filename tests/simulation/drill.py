"""`./inv drill`: kill the real process as often as is asked for, with a ledger: what was done is not done again.

A line of the ledger is a drill that passed: one or two processes killed where its number says, and held against the
exchange. The ledger is GENESIS_HOME/simulation/kills.jsonl.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from attrs import frozen

import genesis
from genesis.app.home import home
from genesis.app.json_output import JsonDocument, print_json
from genesis.app.progress import progress
from genesis.app.simulation.ledger import LineLedger, code_digest
from tests.simulation.killed_traders import Count, Told, run

FILE: Final = "kills.jsonl"


@frozen
class KillLine:
    """What is kept of one drill: see `killed_traders.drill` for what came of it."""

    seed: int
    number: int
    code: str
    version: str
    manner: str
    places: Sequence[str]
    killed: int
    guards: int
    rows: int
    orders: int
    sessions: int
    parts: int
    gone: Mapping[str, int]


def campaign(kills: int, seed: int, folder: Path, only: int | None) -> tuple[list[KillLine], list[str]]:
    """Run drills of *seed* until so many were killed, those of the ledger included; return them and what was found."""
    ledger = LineLedger(folder / FILE, lambda told: KillLine(**told))
    code = code_digest()
    lines = [line for line in ledger.lines() if (line.seed, line.code) == (seed, code)]
    count = Count(kills, sum(line.killed for line in lines), {line.number for line in lines})
    numbers: Iterator[int] = count.numbers() if only is None else iter([only])
    with progress("killing") as show:

        def tell(told: Told) -> None:
            count.take(told)
            show(count.killed, kills)
            line = KillLine(seed=seed, code=code, version=genesis.__version__, **told)  # type: ignore[arg-type]  # by name
            if only is None:
                ledger.add(line)
            lines.append(line)

        show(count.killed, kills)
        files = Path(tempfile.mkdtemp(prefix="drill-"))
        if not (found := run(files, seed, numbers, tell)):
            files.rmdir()
        return lines, found


def tally(lines: Sequence[KillLine]) -> JsonDocument:
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
    if options.kills < 1:
        parser.error(f"--kills {options.kills}: give 1 or more")
    try:
        lines, found = campaign(options.kills, options.seed, home() / "simulation", options.only)
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

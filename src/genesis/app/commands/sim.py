"""`sim`: whole sessions in virtual time, with faults by seed, and a checker outside of them."""

import re
from typing import Final

from genesis.app.commands import command
from genesis.app.invoking import Context, Exit
from genesis.ports.errors import InputError

RANGE: Final = re.compile(r"(\d{1,9})(?:\.\.(\d{1,9}))?")


@command(
    "sim",
    help={
        "seeds": "The worlds to live through: A..B, both ends included, or one.",
        "hours": "How long everything may go wrong in each of them, in simulated hours.",
        "workers": "Processes; 0 is one for each core.",
        "log": "Write every line of the trace of the one seed to this file.",
        "no_ledger": "Run every seed, whatever the ledger has, and write nothing down.",
        "json": "Print one JSON object.",
    },
)
def sim(
    _: Context,
    seeds: str = "1..20",
    hours: float = 1.0,
    workers: int = 0,
    log: str = "",
    no_ledger: bool = False,
    json: bool = False,
) -> None:
    """Run Genesis against a venue in virtual time, with a random half of all faults in each world, then heal it.

    Everything is held against the invariants from outside. Seeds that were done with this code are in
    GENESIS_HOME/simulation and are not run again. Exits 1 where an invariant was violated, with the command to see why.
    """
    from genesis.app.home import home
    from genesis.app.json_output import print_json
    from genesis.app.progress import progress
    from genesis.app.simulation.campaign import campaign, print_tally
    from genesis.app.simulation.ledger import SeedLedger

    wanted = seeds_option(seeds)
    if not 0 < hours <= 1000:
        raise InputError(f"--hours {hours:g}: give more than 0 and at most 1000 simulated hours")
    if log:
        if len(wanted) != 1:
            raise InputError(f"--log {log}: a trace is of one seed, --seeds {seeds} has {len(wanted)}")
        _write_trace(wanted[0], hours, log)
    ledger = None if no_ledger else SeedLedger(home() / "simulation")
    with progress("simulating") as show:
        tally = campaign(wanted, hours, processes(workers), ledger, show)
    if json:
        print_json(tally.document())
    else:
        print_tally(tally)
    if tally.failed:
        raise Exit(code=1)


def processes(workers: int) -> int:
    """Return how many processes `--workers` asks for; raises `InputError`."""
    import os

    if not 0 <= workers <= 256:
        raise InputError(f"--workers {workers}: give 1 to 256, or 0 for one a core")
    return workers or os.cpu_count() or 1


def seeds_option(text: str) -> range:
    """Return the seeds of `A..B` or `A`; raises `InputError`."""
    match = RANGE.fullmatch(text)
    if match is None:
        raise InputError(f"--seeds {text!r}: give A..B with both ends included, such as 1..500")
    first, last = int(match[1]), int(match[2] or match[1])
    if last < first:
        raise InputError(f"--seeds {text}: the last one is before the first one")
    return range(first, last + 1)


def _write_trace(seed: int, hours: float, path: str) -> None:
    from pathlib import Path

    from genesis.app.simulation.options import options_of
    from genesis.app.simulation.production import Production
    from genesis.app.simulation.world import live_through

    with Path(path).open("w", encoding="utf-8") as file:
        live_through(options_of(seed, hours), Production(), lambda line: _ignore(file.write(line)))


def _ignore(_: object) -> None:
    pass

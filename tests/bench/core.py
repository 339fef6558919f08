"""The trading core alone, on what it heard in simulated worlds: events a second, with nothing around it."""

from collections.abc import Mapping, Sequence
from statistics import median
from time import perf_counter
from typing import Final

from genesis.app.simulation.options import WorldOptions, options_of
from genesis.app.simulation.production import EVENTS, SESSION, Production, new_core, settings_of
from genesis.app.simulation.world import live_through
from genesis.domain.journal.chain import Row
from genesis.domain.journal.encoding import decode
from genesis.domain.saved import Saved, restore
from tests.bench._turns import report

SEEDS: Final = range(1, 9)
ROUNDS: Final = 5


class Listening(Production):
    """A program that keeps the rows of its sessions."""

    def __init__(self) -> None:
        super().__init__()
        self.sessions: list[tuple[WorldOptions, Sequence[Row]]] = []

    def difference(self, rows: Sequence[Row], options: WorldOptions) -> str:
        """Keep the session that is compared with its replay as it ends."""
        first = next(at for at in reversed(range(len(rows))) if rows[at].kind == SESSION)
        self.sessions.append((options, tuple(rows[first:])))
        return super().difference(rows, options)


def hear(options: WorldOptions, rows: Sequence[Row]) -> tuple[int, float]:
    """Let a core hear what a session did; return how many events that were, and the seconds that they took."""
    entries = [decode(row.kind, row.payload) for row in rows]
    core = new_core(settings_of(options))
    if begun := next((each for each in entries if isinstance(each, Saved)), None):
        restore(core, begun)
    events = [each for each in entries if isinstance(each, EVENTS)]
    begin = perf_counter()
    for event in events:
        core.handle(event)
    return len(events), perf_counter() - begin


def measure() -> Mapping[str, Mapping[str, object]]:
    """Return the figures."""
    program = Listening()
    for seed in SEEDS:
        live_through(options_of(seed), program)
    count, speeds = 0, []
    for _ in range(ROUNDS):
        heard = [hear(options, rows) for options, rows in program.sessions]
        count = sum(events for events, _ in heard)
        speeds.append(count / sum(seconds for _, seconds in heard))
    return {"core": {"worlds": len(SEEDS), "events": count, "events_s_median": round(median(speeds))}}


def main() -> None:
    """Print the figures."""
    report("core", measure)


if __name__ == "__main__":
    main()

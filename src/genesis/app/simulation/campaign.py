"""Many worlds, one after the other or side by side: what a range of seeds came to."""

import gc
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread
from typing import Final

from attrs import field, frozen

import genesis
from genesis.adapters.memory.virtual_time import NothingHappens, TimeStandsStill
from genesis.app.code_version import code_sha256
from genesis.app.json_output import JsonDocument
from genesis.app.simulation.ledger import Line, SeedLedger
from genesis.app.simulation.options import options_of
from genesis.app.simulation.world import live_through

HOUR_S: Final = 3600.0


def simulate(seed: int, hours: float, code: str) -> Line:
    """Live through the world of *seed* and return what came of it."""
    from genesis.app.simulation.production import Production

    begun_s = time.process_time()
    try:
        outcome = live_through(options_of(seed, hours), Production())
    except (NothingHappens, TimeStandsStill) as error:
        return _without_end(seed, hours, code, time.process_time() - begun_s, error)
    return Line(
        seed=seed,
        hours=hours,
        code=code,
        version=genesis.__version__,
        trace=outcome.trace,
        simulated_s=round(outcome.ended_s, 3),
        cpu_s=round(time.process_time() - begun_s, 3),
        events=outcome.events,
        intents=outcome.intents,
        heal_s=round(outcome.heal_s, 3),
        faults=outcome.faults,
        lives=outcome.lives,
        checks=outcome.checks,
        violations=tuple(map(str, outcome.violations)),
    )


def _without_end(seed: int, hours: float, code: str, cpu_s: float, error: Exception) -> Line:
    """Return the line of a world that came to no end."""
    return Line(
        seed=seed,
        hours=hours,
        code=code,
        version=genesis.__version__,
        trace="",
        simulated_s=0.0,
        cpu_s=round(cpu_s, 3),
        events=0,
        intents=0,
        heal_s=0.0,
        faults={},
        lives={},
        checks={},
        violations=(f"I37: {error}",),
    )


def prepare() -> None:
    """Let the collector of garbage look rarely, and never at what was imported: worlds leave little in circles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)


def campaign(
    seeds: Sequence[int],
    hours: float,
    workers: int,
    ledger: SeedLedger | None,
    show: Callable[[int, int], None] = lambda _, __: None,
) -> "Tally":
    """Run *seeds* on so many processes and return their tally; what *ledger* has of this code is not run again."""
    code = code_sha256()
    done = {} if ledger is None else ledger.done(hours, code)
    lines = [done[seed] for seed in seeds if seed in done]
    missing = [seed for seed in seeds if seed not in done]
    show(len(lines), len(seeds))
    for line in _run(missing, hours, code, workers):
        if ledger is not None:
            ledger.add(line)
        lines.append(line)
        show(len(lines), len(seeds))
    return Tally(tuple(sorted(lines, key=lambda line: line.seed)), len(seeds) - len(missing))


def _run(seeds: Sequence[int], hours: float, code: str, workers: int) -> Iterator[Line]:
    if workers == 1 or len(seeds) == 1:
        prepare()
        for seed in seeds:
            yield simulate(seed, hours, code)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_begin_worker) as pool:
        running: list[Future[Line]] = [pool.submit(simulate, seed, hours, code) for seed in seeds]
        for finished in as_completed(running):
            yield finished.result()


def _begin_worker() -> None:
    """Prepare, and let this worker end when whoever started it is gone, however that went: nobody waits for it then."""
    prepare()
    parent = parent_process()
    assert parent is not None

    def watch(sentinel: int) -> None:
        wait([sentinel])
        os._exit(1)

    Thread(target=watch, args=(parent.sentinel,), daemon=True).start()


@frozen
class Tally:
    """What many worlds came to; *kept* of them were in the ledger already."""

    lines: tuple[Line, ...]
    kept: int = 0
    faults: Mapping[str, int] = field(init=False)
    lives: Mapping[str, int] = field(init=False)
    checks: Mapping[str, int] = field(init=False)

    def __attrs_post_init__(self) -> None:
        for name in ("faults", "lives", "checks"):
            total: Counter[str] = Counter()
            for line in self.lines:
                total.update(getattr(line, name))
            object.__setattr__(self, name, dict(sorted(total.items())))

    @property
    def failed(self) -> tuple[Line, ...]:
        """The seeds in which an invariant was violated."""
        return tuple(line for line in self.lines if line.violations)

    @property
    def hours(self) -> float:
        """Simulated hours."""
        return sum(line.simulated_s for line in self.lines) / HOUR_S

    @property
    def cpu_s(self) -> float:
        """Seconds of one core that they took."""
        return sum(line.cpu_s for line in self.lines)

    def document(self) -> JsonDocument:
        """Return the tally for machines."""
        heals = sorted(line.heal_s for line in self.lines)
        cpu_s = self.cpu_s or 1e-9
        return {
            "seeds": len(self.lines),
            "from_ledger": self.kept,
            "hours": self.hours,
            "intents": sum(line.intents for line in self.lines),
            "events": sum(line.events for line in self.lines),
            "faults": dict(self.faults),
            "processes": dict(self.lives),
            "checks": dict(self.checks),
            "heal_s": {"median": _quantile(heals, 0.5), "p99": _quantile(heals, 0.99), "max": _quantile(heals, 1.0)},
            "cpu_s": self.cpu_s,
            "times_real": self.hours * HOUR_S / cpu_s,
            "events_a_second": sum(line.events for line in self.lines) / cpu_s,
            "failed": [
                {"seed": line.seed, "command": command_of(line), "violations": list(line.violations)}
                for line in self.failed
            ],
        }


def command_of(line: Line) -> str:
    """Return the command that runs one seed again."""
    return f"genesis sim --seeds {line.seed}..{line.seed} --hours {line.hours:g}"


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def print_tally(tally: Tally) -> None:
    """Print a tally for people."""
    told = tally.document()
    hours, faults, intents = tally.hours or 1e-9, sum(tally.faults.values()), sum(line.intents for line in tally.lines)
    print(f"{len(tally.lines)} seeds ({tally.kept} from the ledger), {tally.hours:,.1f} simulated hours")
    print(f"{intents:,} intents ({intents / hours:.1f} an hour), {faults:,} faults ({faults / hours:.1f} an hour)")
    print(f"{told['times_real']:,.0f} x real time, {told['events_a_second']:,.0f} core events/s, on one core")
    print(f"healed after {told['heal_s']}")
    for title, counts in (("faults", tally.faults), ("ends of processes", tally.lives)):
        print(f"{title}: " + ", ".join(f"{name} {count:,}" for name, count in counts.items()))
    for line in tally.failed:
        print(f"\nseed {line.seed} VIOLATES, run it again with: {command_of(line)} --log trace.txt")
        for violation in line.violations:
            print(f"  {violation}")
    if not tally.failed:
        print("no invariant was violated")

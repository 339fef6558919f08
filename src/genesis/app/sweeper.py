"""Many runs over the same candles on all cores: threads, for compiled loops do not hold the interpreter's lock."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from itertools import islice
from typing import Final

import numpy as np
from attrs import evolve

from genesis.app.backtest import Terms
from genesis.app.desk_sweeper import DeskSweeper
from genesis.app.sweep_threads import SweepThreads
from genesis.domain.candle import Candles, Floats, Ints
from genesis.domain.risk.guards import OnBreach
from genesis.domain.simulation.columnar import terms_of, unfit_candle
from genesis.domain.simulation.sweep import Outcomes, empty_store, joined, market_of, put, walk_runs
from genesis.domain.strategy.columns import NO_OTHERS, MissingInstrument, evaluate_all
from genesis.domain.strategy.expression import Expr, Indicated
from genesis.domain.strategy.programs import Programs, programs_of
from genesis.domain.units import Symbol
from genesis.ports.errors import InputError

SLICE: Final = 256
"""Runs that one thread walks through the tiles together: enough that a tile is worth bringing into the cache."""
IN_FLIGHT: Final = 1024
"""Runs that are made ready at a time: their columns find room at once, and slices of them keep many threads busy."""
COLUMN_BYTES: Final = 256 * 2**20
"""How much memory the shared columns may take; those that were not used for longest make room."""


def takes(terms: Terms) -> bool:
    """Whether the tiled kernel walks *terms*: spot, limits that halt, sizes as they are, one fee and one slippage."""
    limits = terms.desk.limits
    return terms.are_plain and limits.on_breach is OnBreach.HALT and limits.cool_down_losses is None


def sweeper_of(candles: Candles, terms: Terms, workers: int, first: int = 0) -> "Sweeper | DeskSweeper":
    """Return what runs many expressions under *terms*: tiled together where the kernel can, else each by itself.

    Runs begin at row *first* of *candles*, and know what was before it.
    """
    if takes(terms):
        return Sweeper(candles, terms, workers, first=first)
    return DeskSweeper(candles, terms, workers, first)


class Sweeper(SweepThreads):
    """Runs expressions over *candles* under *terms*, whose own strategy does not matter.

    Runs begin at row *first*, after which there is at least one; indicators know what was before it.
    Use it as a context manager. The columns that runs share stay, so that later runs find them.
    """

    def __init__(
        self, candles: Candles, terms: Terms, workers: int, column_bytes: int = COLUMN_BYTES, first: int = 0
    ) -> None:
        """Make ready, for terms of which `takes` is true."""
        self._candles = traded = candles[first:]
        self._instrument = terms.desk.instrument
        core = terms.desk
        self._terms = terms_of(core.instrument, terms.costs, core.limits, core.size, terms.cash)
        self._market = market_of(traded)
        capacity = max(column_bytes // (8 * len(traded)), 1)
        self._columns = SharedColumns(candles, capacity, terms.beside(candles), first)
        self._slice = max(min(SLICE, IN_FLIGHT // workers), 1)
        super().__init__(workers)

    def run(self, roots: Iterable[Expr]) -> Outcomes | None:
        """Run every expression; None if there is none.

        Raises `InexactNumber` when a price that is used does not fit, or equity outgrows 2^60 atoms.
        """
        walked: list[Future[Outcomes]] = []
        for programs in self._batches(iter(roots)):
            placed = self._placed(programs, walked)
            runs = len(placed.starts) - 1
            walked += [
                self._pool.submit(
                    walk_runs, self._terms, self._market, self._columns.store, placed, at, min(at + self._slice, runs)
                )
                for at in range(0, runs, self._slice)
            ]
        if not walked:
            return None
        outcomes = joined([each.result() for each in walked])
        if (outcomes.bad >= 0).any():
            raise unfit_candle(self._instrument, self._candles, int(outcomes.bad[outcomes.bad >= 0][0]))
        return outcomes

    def _batches(self, roots: Iterator[Expr]) -> Iterator[Programs]:
        while batch := list(islice(roots, IN_FLIGHT)):
            yield from self._fitting(batch)

    def _fitting(self, batch: Sequence[Expr]) -> Iterator[Programs]:
        programs = programs_of(batch)
        if len(programs.columns) <= self._columns.capacity or len(batch) == 1:
            yield programs
        else:
            yield from self._fitting(batch[: len(batch) // 2])
            yield from self._fitting(batch[len(batch) // 2 :])

    def _placed(self, programs: Programs, walked: Sequence[Future[Outcomes]]) -> Programs:
        """Bring the columns of *programs* into the store, and number them as they lie there."""
        if not self._columns.has_room(programs.columns):
            for each in walked:
                each.result()  # columns that are still read may not make room
        slots, missing = self._columns.place(programs.columns)
        for made in [self._pool.submit(self._columns.compute, group) for group in missing]:
            made.result()
        table = programs.instructions.copy()
        if len(slots):
            table[:, 1:] = np.where(table[:, 1:] >= 0, slots[np.maximum(table[:, 1:], 0)], table[:, 1:])
        return evolve(programs, instructions=table)


class SharedColumns:
    """The columns of expressions over *candles*, at most *capacity* of them, but as many as one expression reads.

    *others* are the candles of the instruments that expressions read as well. Kept are the rows from *first* on.
    """

    def __init__(
        self, candles: Candles, capacity: int, others: Mapping[Symbol, Candles] = NO_OTHERS, first: int = 0
    ) -> None:
        self.capacity = capacity
        self.store: Floats = empty_store(len(candles) - first, 1)
        self._candles = candles
        self._first = first
        self._others = others
        self._slots: dict[Expr, int] = {}  # the one that was not used for longest comes first

    def has_room(self, columns: Sequence[Expr]) -> bool:
        """Whether *columns* can be placed without touching what is there."""
        missing = sum(each not in self._slots for each in columns)
        return bool(len(self._slots) + missing <= self.store.shape[1])

    def place(self, columns: Sequence[Expr]) -> tuple[Ints, list[list[Expr]]]:
        """Return a slot for each of *columns*, and those to be computed, in groups."""
        missing = [each for each in columns if each not in self._slots]
        self._make_room(columns, len(missing))
        free = sorted(set(range(self.store.shape[1])) - set(self._slots.values()), reverse=True)
        for each in columns:
            self._slots[each] = self._slots.pop(each) if each in self._slots else free.pop()
        return np.array([self._slots[each] for each in columns], dtype=np.int64), _groups(missing)

    def compute(self, group: Sequence[Expr]) -> None:
        """Compute placed columns and put them into their slots."""
        try:
            columns = evaluate_all(group, self._candles, self._others)
        except MissingInstrument as error:  # other parameters may read other instruments
            raise InputError(f"{error}: give them with --other") from error
        for each, column in zip(group, columns, strict=True):
            put(self.store, self._slots[each], column[self._first :])

    def _make_room(self, columns: Sequence[Expr], missing: int) -> None:
        wanted = len(self._slots) + missing
        room = self.store.shape[1]
        if wanted > room and room < self.capacity:
            room = min(max(2 * room, wanted), max(self.capacity, len(columns)))
            larger = empty_store(len(self._candles) - self._first, room)
            larger[:, : self.store.shape[1]] = self.store
            self.store = larger
        if len(columns) > room:
            self.store, self._slots = empty_store(len(self._candles) - self._first, len(columns)), {}
            return
        needed = set(columns)
        for each in [each for each in self._slots if each not in needed][: max(wanted - room, 0)]:
            del self._slots[each]


def _groups(columns: Sequence[Expr]) -> list[list[Expr]]:
    """Return *columns* in groups to be computed together: all outputs of two computations alike, which go as a pair."""
    alike: dict[object, dict[object, list[Expr]]] = {}
    for each in columns:
        if isinstance(each, Indicated):
            computation = each.computation
            kind: object = (computation.indicator.name, computation.inputs)
            alike.setdefault(kind, {}).setdefault(computation, []).append(each)
        else:
            alike.setdefault(each, {}).setdefault(each, []).append(each)
    groups = []
    for computations in alike.values():
        every = list(computations.values())
        groups += [[column for some in every[at : at + 2] for column in some] for at in range(0, len(every), 2)]
    return groups

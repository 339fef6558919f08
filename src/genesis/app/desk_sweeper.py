"""Many runs over the same candles under terms that only the general walk has, each walked alone on a thread.

Fee tiers, measured slippage, budgets, cool-downs, margin, stops and entries by limit: every run takes a walk of its own
here, many times slower than those of `sweeper.Sweeper`, and comes to the same `Outcomes`. Expressions are computed in
batches, which share what they have in common.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

import numpy as np

from genesis.app.backtest import Terms, walk_columns
from genesis.app.sweep_threads import SweepThreads
from genesis.domain.candle import Candles, Floats, Ints
from genesis.domain.events import Alert, AlertCode
from genesis.domain.risk.guards import OnBreach
from genesis.domain.simulation.columnar import Walk
from genesis.domain.simulation.desks import measures_of
from genesis.domain.simulation.sweep import Outcomes, fills_digest, joined, market_of
from genesis.domain.statistics.record import record_of_walk
from genesis.domain.statistics.summary import fee_in_quote, round_trips
from genesis.domain.statistics.sweep_figures import ENDINGS
from genesis.domain.strategy.columns import MissingInstrument, evaluate_all
from genesis.domain.strategy.expression import Expr
from genesis.ports.errors import InputError

BATCH: Final = 32
"""Runs whose expressions are computed together, by one thread."""
READY: Final = 256
"""Runs that are there at a time: with many threads, each takes fewer of them, so that none is idle."""
TARGET_BYTES: Final = 64 * 2**20
"""How much memory the targets of one batch may take."""


class DeskSweeper(SweepThreads):
    """Runs expressions over *candles* under *terms*, whose own strategy does not matter.

    Runs begin at row *first*, as those of `Sweeper`: each is walked from there on. Expressions, budgets and measured
    slippage know all that was before it. Use it as a context manager.
    """

    def __init__(self, candles: Candles, terms: Terms, workers: int, first: int = 0) -> None:
        self._candles, self._terms, self._first = candles, terms, first
        self._traded = candles[first:]
        self._measures = measures_of(terms.desk, terms.costs, candles).since(first)
        self._day_ends = market_of(self._traded).day_ends
        self._batch = max(min(BATCH, READY // workers, TARGET_BYTES // (8 * len(candles))), 1)
        super().__init__(workers)

    def run(self, roots: Iterable[Expr]) -> Outcomes | None:
        """Run every expression; None if there is none.

        Raises `InexactNumber` when a price that is used does not fit, or equity outgrows 2^60 atoms.
        """
        walked = list(self._pool.map(self._walked, self._batches(iter(roots))))
        return joined([outcome for batch in walked for outcome in batch]) if walked else None

    def _batches(self, roots: Iterator[Expr]) -> Iterator[Sequence[Expr]]:
        while batch := list(islice(roots, self._batch)):
            yield batch

    def _walked(self, batch: Sequence[Expr]) -> list[Outcomes]:
        try:
            columns = evaluate_all(batch, self._candles, self._terms.beside(self._candles), first=self._first)
        except MissingInstrument as error:  # other parameters may read other instruments
            raise InputError(f"{error}: give them with --other") from error
        return [self._outcome(targets) for targets in columns]

    def _outcome(self, targets: Floats) -> Outcomes:
        terms, candles = self._terms, self._traded
        core = terms.desk
        walk, alerts = walk_columns(terms, candles, targets, self._measures)
        on_margin = core.margin is not None
        record = record_of_walk(walk, candles, core.instrument, terms.cash, alerts, on_margin)
        scale = core.instrument.price_scale
        profits = [trip.profit for trip in round_trips(record)]
        halted_at, breach = _halt(walk, alerts, candles, core.limits.on_breach)
        return Outcomes(
            cash=_one(record.final_cash),
            position=_one(record.final_position),
            fills=_one(len(record.fills)),
            refused=_one(walk.refused),
            halted_at=_one(halted_at),
            breach=_one(breach),
            max_drawdown=np.array([record.max_drawdown]),
            candles_in_position=_one(record.candles_in_position),
            fees=_one(sum(fee_in_quote(fill, scale, on_margin) for fill in record.fills)),
            round_trips=_one(len(profits)),
            wins=_one(sum(profit > 0 for profit in profits)),
            gains=_one(sum(profit for profit in profits if profit > 0)),
            losses=_one(-sum(profit for profit in profits if profit < 0)),
            digest=_one(fills_digest(walk.row, walk.net_amount, walk.price, walk.fee)),
            bad=_one(-1),
            day_equity=walk.equity[self._day_ends][np.newaxis, :],
        )


def _halt(walk: Walk, alerts: Sequence[Alert], candles: Candles, on_breach: OnBreach) -> tuple[int, int]:
    """Return the row and the kind in `ENDINGS` of what ended the run, -1 and 0 where nothing did.

    A liquidation goes before a halt: who was halted and could not leave in time was liquidated all the same.
    """
    halts = [each for each in alerts if each.code is AlertCode.LIQUIDATED]
    if on_breach is OnBreach.HALT:
        halts += [each for each in alerts if each.code.value in ENDINGS]
    for alert in halts:
        return int(np.searchsorted(candles.mts, alert.mts)), ENDINGS.index(alert.code.value)
    return walk.halted_at, 0


def _one(value: int) -> Ints:
    return np.array([value], dtype=np.int64)

"""The tests of a walk-forward as what they are: one account, traded in one go, with the choice of each window in turn.

Guards look at the account, and an account does not end where a window does: its peak, the loss of its day, its losing
streak, its thirty days of fees go on, and what a breach halted stays halted, for nobody was there to resume it.
Whoever chooses parameters anew each month has traded the same account all along.
"""

from collections.abc import Sequence

import numpy as np
from attrs import evolve, frozen

from genesis.app.backtest import Run, Terms, walk_columns
from genesis.domain.candle import Candles, Floats, Ints
from genesis.domain.events import Alert
from genesis.domain.execution.plans import LimitEntry, Plan
from genesis.domain.risk.margin import value_at
from genesis.domain.simulation.columnar import Walk
from genesis.domain.statistics.record import record_of_walk
from genesis.domain.statistics.walk_forward import Window
from genesis.domain.strategy import columns
from genesis.domain.strategy.expression import Expr
from genesis.domain.units import Atoms


@frozen(eq=False)
class WalkedAccount:
    """The account over *candles*, all up to the end of the last test, with the part of it that is each test."""

    candles: Candles
    targets: Floats
    run: Run
    tests: tuple[Run, ...]


def walked_account(terms: Terms, candles: Candles, chosen: Sequence[tuple[Window, Expr]]) -> WalkedAccount:
    """Trade the tests of *chosen*, which are in order and do not overlap; outside of them the account wants nothing.

    Indicators, budgets and measured slippage know what was before a test. It is flat at its last candle, as at its
    first: what is left is sold, and no entry is sent that could rest any longer. Raises `InexactNumber` for a price or
    an equity that does not fit.
    """
    known = candles.between(None, chosen[-1][0].test_end)
    targets = np.zeros(len(known))
    spans = [_span(known, window) for window, _ in chosen]
    for (first, end), (_, expression) in zip(spans, chosen, strict=True):
        before = known[:end]
        targets[first:end] = columns.evaluate(expression, before, terms.beside(before))[first:]
        targets[max(end - 2, first) : end] = 0.0
        _enter_no_more(targets[first:end], known.mts[first:end], terms.desk.plan)
    walk, alerts = walk_columns(terms, known, targets)
    instrument, on_margin = terms.desk.instrument, terms.desk.margin is not None
    whole = Run(record_of_walk(walk, known, instrument, terms.cash, alerts, on_margin), walk.equity)
    tests = tuple(walked_part(terms, known, walk, alerts, *span) for span in spans)
    return WalkedAccount(known, targets, whole, tests)


def _enter_no_more(targets: Floats, mts: Ints, plan: Plan) -> None:
    """Leave only ways out where an entry, sent at the next open, would still rest at the open of the last candle."""
    if isinstance(plan, LimitEntry):
        until = int(np.searchsorted(mts, mts[-1] - plan.patience_ms, side="right")) - 1
        late = targets[max(until, 0) :]
        late[late != 0.0] = np.nan


def _span(candles: Candles, window: Window) -> tuple[int, int]:
    first, end = np.searchsorted(candles.mts, [window.test_start, window.test_end]).tolist()
    return int(first), int(end)


def walked_part(terms: Terms, candles: Candles, walk: Walk, alerts: Sequence[Alert], first: int, end: int) -> Run:
    """Return the candles from *first* to before *end* as a run of its own; what was refused, the whole knows alone."""
    instrument, on_margin = terms.desk.instrument, terms.desk.margin is not None
    own = slice(*np.searchsorted(walk.row, [first, end]).tolist())
    received = walk.net_amount if on_margin else walk.net_amount - np.where(walk.net_amount > 0, walk.fee, 0)
    position = int(received[: own.stop].sum())
    worth = 0
    if position:
        worth = value_at(position, instrument.price_from_market(float(candles.close[end - 1])), instrument.price_scale)
    part = evolve(
        walk,
        equity=walk.equity[first:end],
        row=walk.row[own] - first,
        net_amount=walk.net_amount[own],
        price=walk.price[own],
        fee=walk.fee[own],
        rested=None if walk.rested is None else walk.rested[own],
        cash=Atoms(int(walk.equity[end - 1]) - worth),
        position=Atoms(position),
        refused=0,
        reduced=0,
        paused=0,
    )
    tested = candles[first:end]
    begun = Atoms(int(walk.equity[first - 1])) if first else terms.cash
    told = tuple(each for each in alerts if tested.mts[0] <= each.mts <= tested.mts[-1])
    return Run(record_of_walk(part, tested, instrument, begun, told, on_margin), part.equity)

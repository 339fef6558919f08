"""Walk-forward: in each window the best combination of training trades the test, all tests on one account.

Indicators know all that was before, in training as in a test; only the first window, before which there is nothing,
begins cold. What they know is older than what is decided with it, so that no test helps to choose what it judges.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from attrs import frozen

from genesis.app.backtest import Run, Terms
from genesis.app.buy_and_hold import buy_and_hold
from genesis.app.progress import Show
from genesis.app.strategies import express
from genesis.app.sweep import SweepPlan
from genesis.app.sweep_part import expressions_of
from genesis.app.sweeper import sweeper_of
from genesis.app.walked_account import WalkedAccount, walked_account
from genesis.domain.candle import Candles, Floats, Ints, calendar
from genesis.domain.execution.plans import LimitEntry
from genesis.domain.statistics.drawdowns import drawdown_series
from genesis.domain.statistics.monte_carlo import Spread, bootstrapped_growths, shuffled_drawdowns, spread
from genesis.domain.statistics.record import Record
from genesis.domain.statistics.significance import luck_of_best, moments, probabilistic_sharpe
from genesis.domain.statistics.summary import (
    DAYS_PER_YEAR,
    returns_of,
    round_trips,
    sharpe,
    summarise,
    trip_returns,
)
from genesis.domain.statistics.sweep_figures import DESCENDING, sweep_figures
from genesis.domain.statistics.timing import Timing, exposures_of, timing_of
from genesis.domain.statistics.walk_forward import Window, efficiency
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.specification import Value
from genesis.domain.units import Atoms
from genesis.ports.errors import InputError

DRAWS: Final = 2_000
BLOCK_DAYS: Final = 10.0
BELIEVED: Final = 0.95
SEED: Final = 1
"""Monte Carlo of a walk-forward is drawn with the same seed always, so that a result is a result."""


@frozen(eq=False)
class Judged:
    """One window: what training chose and how it did there, and the test."""

    window: Window
    params: Mapping[str, Value]
    train_sharpe: float | None
    train_return_pct: float
    luck_sharpe: float | None
    """The yearly Sharpe ratio that the best of as many trials would show in training without skill."""
    run: Run

    @property
    def test(self) -> Record:
        """The record of the test."""
        return self.run.record


@frozen(eq=False)
class WalkForward:
    """All windows, and the tests taken together as one account."""

    trials: int
    judged: Sequence[Judged]
    account: WalkedAccount
    final_equity: Atoms
    total_return_pct: float
    sharpe: float | None
    max_drawdown_pct: float
    probabilistic_sharpe: float | None
    timing: Timing | None
    chances: int
    """What that is held against: nobody chose among the tests, so that they are one trial, and those made before."""
    held: Run
    """Buying once at the first test and holding, at the same costs."""
    bootstrap_loss: float | None
    """The share of stationary bootstraps of the daily returns that end with less than they began with; None for
    who was ruined, as all ratios."""
    shuffled_drawdown_pct: Spread | None
    """Maximum drawdowns of the round trips in other orders: the middle nine tenths; None without round trips."""
    efficiency: float | None
    """The mean Sharpe ratio of the tests ÷ that of training; near 1 where nothing was fitted to noise."""
    has_survived: bool
    """Whether it earned outside of training, and is believed, against all its chances, to be timed with skill: 95 %."""


def walk_forward(
    plan: SweepPlan, candles: Candles, windows: Sequence[Window], order: str, workers: int, show: Show, tried: int = 0
) -> WalkForward:
    """Choose and judge window after window; luck had as many more chances as were *tried* before.

    Raises `InputError` where a window has no candles, a price is none, or entries rest as long as a test.
    """
    _check_patience(plan.terms, windows)
    chosen: list[Chosen] = []
    show(0, len(windows))
    for number, window in enumerate(windows, 1):
        training = candles.between(window.train_start, window.train_end)
        if not len(training) or len(candles.between(window.test_start, window.test_end)) < 2:
            raise InputError(f"window {number} of {len(windows)} has no candles: give longer spans, or other data")
        known = candles.between(None, window.train_end)
        chosen.append(_chosen(plan, known, len(known) - len(training), order, workers))
        show(number, len(windows))
    expressions = [express(plan.strategy, each.params) for each in chosen]
    account = walked_account(plan.terms, candles, list(zip(windows, expressions, strict=True)))
    judged = []
    for window, each, test in zip(windows, chosen, account.tests, strict=True):
        luck = luck_of_best(each.days, each.runs + tried) * math.sqrt(DAYS_PER_YEAR) if each.days > 1 else None
        judged.append(Judged(window, each.params, each.sharpe, each.return_pct, luck, test))
    return _together(plan.terms, candles, chosen[0].runs, judged, account, 1 + tried)


def _check_patience(terms: Terms, windows: Sequence[Window]) -> None:
    entry, shortest = terms.desk.plan, min(window.test_end - window.test_start for window in windows)
    if isinstance(entry, LimitEntry) and entry.patience_ms >= shortest:
        raise InputError(
            "--entry-patience: entries that rest as long as a test would never be sent, for none may outlast it:"
            " give a shorter one, or longer tests"
        )


@frozen
class Chosen:
    """What training put first, of how many runs, and how it did there in how many days."""

    params: Mapping[str, Value]
    sharpe: float | None
    return_pct: float
    runs: int
    days: int


@frozen
class Leader:
    """The combination, by its number, that comes first of those that were looked at: by which value, and how it did."""

    value: float
    number: int
    sharpe: float | None
    return_pct: float


def _chosen(plan: SweepPlan, known: Candles, begin: int, order: str, workers: int) -> Chosen:
    """Run all combinations over training, part by part, and keep the first of the order.

    Training begins at row *begin* of what is *known*. Indicators see all of it, as they do in a test.
    """
    training = known[begin:]
    leader: Leader | None = None
    runs = 0
    with sweeper_of(known, plan.terms, workers, begin) as sweeper:
        for part in range(plan.parts):
            numbers: list[int] = []
            outcomes = sweeper.run(_noted(plan, plan.part(part), numbers))
            if outcomes is None:
                continue
            figures = sweep_figures(outcomes, plan.terms.cash, len(training))
            values = {
                name: np.asarray(figures[name], dtype=np.float64) for name in (order, "sharpe", "total_return_pct")
            }
            at = _first(values[order], descending=DESCENDING[order])
            found = float(values[order][at])
            if leader is None or _is_before(found, leader.value, descending=DESCENDING[order]):
                ratio, growth = (float(values[name][at]) for name in ("sharpe", "total_return_pct"))
                leader = Leader(found, numbers[at], None if ratio != ratio else ratio, growth)
            runs += len(numbers)
    assert leader is not None, "a plan has at least one combination that the strategy takes"
    days = len(calendar(training.mts)[0])
    return Chosen(plan.space.at(leader.number), leader.sharpe, leader.return_pct, runs, days)


def _noted(plan: SweepPlan, indices: Ints, numbers: list[int]) -> Iterator[Expr]:
    for number, _, expression in expressions_of(plan.strategy, plan.space, plan.constraints, indices):
        numbers.append(number)
        yield expression


def _is_before(value: float, other: float, *, descending: bool) -> bool:
    """Tell whether *value* comes strictly before *other*; one that has no meaning comes last."""
    if other != other:
        return value == value
    return value > other if descending else value < other


def _first(column: Floats, *, descending: bool) -> int:
    if np.isnan(column).all():
        return 0
    return int(np.nanargmax(column) if descending else np.nanargmin(column))


def _together(
    terms: Terms, candles: Candles, trials: int, judged: Sequence[Judged], account: WalkedAccount, chances: int
) -> WalkForward:
    cash, final, whole = terms.cash, judged[-1].test.final_equity, account.run.record
    span = candles.between(judged[0].window.test_start, judged[-1].window.test_end)
    # One account over all days: what no test traded, such as an embargo, returned nothing.
    returns = returns_of(cash, [day for each in judged for day in each.test.days])
    sound = None if whole.is_ruined else returns
    known = moments(sound or [])
    equity = np.concatenate([each.run.equity for each in judged])
    trips = trip_returns(cash, round_trips(whole))
    held = exposures_of(whole.fills, account.candles, account.run.equity, on_margin=whole.on_margin)
    timing = timing_of(sound, span, held[len(held) - len(span) :]) if sound else None
    tests = [summarise(each.test).sharpe for each in judged]
    return WalkForward(
        trials=trials,
        judged=judged,
        account=account,
        final_equity=final,
        total_return_pct=100.0 * (final / cash - 1.0) if cash else 0.0,
        sharpe=sharpe(sound or []),
        max_drawdown_pct=100.0 * float(drawdown_series(equity, cash).max()),
        probabilistic_sharpe=None if known is None else probabilistic_sharpe(known),
        timing=timing,
        chances=chances,
        held=buy_and_hold(terms, span),
        bootstrap_loss=float(np.mean(bootstrapped_growths(sound, DRAWS, BLOCK_DAYS, SEED) < 1.0)) if sound else None,
        shuffled_drawdown_pct=_percent(spread(shuffled_drawdowns(trips, DRAWS, SEED))) if trips and sound else None,
        efficiency=efficiency([each.train_sharpe for each in judged], tests) if sound else None,
        has_survived=final > cash and timing is not None and timing.belief(chances) >= BELIEVED,
    )


def _percent(share: Spread) -> Spread:
    return Spread(*(100.0 * each for each in share))

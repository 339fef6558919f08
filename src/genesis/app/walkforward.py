"""Walk-forward: in each window the best combination of training trades the test, with what the last one left."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from attrs import evolve, frozen

from genesis.app.backtest import Run, Terms, run_columnar
from genesis.app.buy_and_hold import buy_and_hold
from genesis.app.progress import Show
from genesis.app.sweep import SweepPlan
from genesis.app.sweep_part import expressions_of
from genesis.app.sweeper import sweeper_of
from genesis.domain.candle import Candles, Floats, calendar
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
from genesis.domain.strategy import columns
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.specification import Value
from genesis.domain.units import Atoms, InexactNumber
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
    final_equity: Atoms
    total_return_pct: float
    sharpe: float | None
    max_drawdown_pct: float
    probabilistic_sharpe: float | None
    timing: Timing | None
    """Of all tests together: nobody chose among them, so that they are a single trial."""
    held: Run
    """Buying once at the first test and holding, at the same costs."""
    bootstrap_loss: float
    """The share of stationary bootstraps of the daily returns that end with less than they began with."""
    shuffled_drawdown_pct: Spread | None
    """Maximum drawdowns of the round trips in other orders: the middle nine tenths; None without round trips."""
    efficiency: float | None
    """The mean Sharpe ratio of the tests ÷ that of training; near 1 where nothing was fitted to noise."""
    has_survived: bool
    """Whether it earned outside of training, and is believed to be timed with skill: a probability of 95 % at least."""


def walk_forward(
    plan: SweepPlan, candles: Candles, windows: Sequence[Window], order: str, workers: int, show: Show, tried: int = 0
) -> WalkForward:
    """Choose and judge window after window; *tried* counts trials from before into what luck would show.

    Raises `InputError` where a window has no candles, or a price is none.
    """
    made = expressions_of(plan.strategy, plan.space, plan.constraints, plan.indices)
    expressions = [(values, expression) for _, values, expression in made]
    cash, judged = plan.terms.cash, []
    show(0, len(windows))
    for number, window in enumerate(windows, 1):
        training = candles.between(window.train_start, window.train_end)
        if not len(training) or len(candles.between(window.test_start, window.test_end)) < 2:
            raise InputError(f"window {number} of {len(windows)} has no candles: give longer spans, or other data")
        try:
            params, expression, figures = _chosen(plan, expressions, training, order, workers, tried)
            run = _tested(evolve(plan.terms, cash=cash), expression, candles, window)
        except InexactNumber as error:
            raise InputError(f"{error}; data.check tells more about the candles") from error
        judged.append(Judged(window, params, *figures, run))
        cash = run.record.final_equity
        show(number, len(windows))
    return _together(plan.terms, candles, len(expressions), judged)


def _chosen(
    plan: SweepPlan,
    expressions: Sequence[tuple[Mapping[str, Value], Expr]],
    training: Candles,
    order: str,
    workers: int,
    tried: int,
) -> tuple[Mapping[str, Value], Expr, tuple[float | None, float, float | None]]:
    """Return the first combination of the order in training, with its Sharpe ratio, its return, and that of luck."""
    with sweeper_of(training, plan.terms, workers) as sweeper:
        outcomes = sweeper.run(expression for _, expression in expressions)
    assert outcomes is not None, "a plan has at least one combination that the strategy takes"
    figures = sweep_figures(outcomes, plan.terms.cash, len(training))
    best = _first(np.asarray(figures[order], dtype=np.float64), descending=DESCENDING[order])
    ratio: float | None = float(np.asarray(figures["sharpe"], dtype=np.float64)[best])
    if ratio != ratio:
        ratio = None
    days = len(calendar(training.mts)[0])
    luck = luck_of_best(days, len(expressions) + tried) * math.sqrt(DAYS_PER_YEAR) if days > 1 else None
    return *expressions[best], (ratio, float(figures["total_return_pct"][best]), luck)


def _first(column: Floats, *, descending: bool) -> int:
    if np.isnan(column).all():
        return 0
    return int(np.nanargmax(column) if descending else np.nanargmin(column))


def test_targets(terms: Terms, expression: Expr, candles: Candles, window: Window) -> tuple[Candles, Floats]:
    """Return the candles of a test and the targets on them.

    Indicators know what was before it; the account is flat at its last candle, as it is at its first.
    """
    known = candles.between(None, window.test_end)
    tested = known.between(window.test_start, None)
    targets = columns.evaluate(expression, known, terms.beside(known))[len(known) - len(tested) :].copy()
    targets[-2:] = 0.0
    return tested, targets


def _tested(terms: Terms, expression: Expr, candles: Candles, window: Window) -> Run:
    tested, targets = test_targets(terms, expression, candles, window)
    return run_columnar(terms, tested, targets)


def _together(terms: Terms, candles: Candles, trials: int, judged: Sequence[Judged]) -> WalkForward:
    cash, final = terms.cash, judged[-1].test.final_equity
    span = candles.between(judged[0].window.test_start, judged[-1].window.test_end)
    # One account over all days: what no test traded, such as an embargo, returned nothing.
    returns = returns_of(cash, [day for each in judged for day in each.test.days])
    known = moments(returns)
    equity = np.concatenate([each.run.equity for each in judged])
    trips = trip_returns(cash, [trip for each in judged for trip in round_trips(each.test)])
    timing = timing_of(returns, span, _exposures(span, judged))
    growths = bootstrapped_growths(returns, DRAWS, BLOCK_DAYS, SEED)
    return WalkForward(
        trials=trials,
        judged=judged,
        final_equity=final,
        total_return_pct=100.0 * (final / cash - 1.0) if cash else 0.0,
        sharpe=sharpe(returns),
        max_drawdown_pct=100.0 * float(drawdown_series(equity, cash).max()),
        probabilistic_sharpe=None if known is None else probabilistic_sharpe(known),
        timing=timing,
        held=buy_and_hold(terms, span),
        bootstrap_loss=float(np.mean(growths < 1.0)),
        shuffled_drawdown_pct=_percent(spread(shuffled_drawdowns(trips, DRAWS, SEED))) if trips else None,
        efficiency=efficiency([each.train_sharpe for each in judged], [summarise(each.test).sharpe for each in judged]),
        has_survived=final > cash and timing is not None and timing.belief() >= BELIEVED,
    )


def _exposures(span: Candles, judged: Sequence[Judged]) -> Floats:
    exposures = np.zeros(len(span))
    for each in judged:
        first, end = np.searchsorted(span.mts, [each.window.test_start, each.window.test_end])
        exposures[first:end] = exposures_of(each.test.fills, span[first:end], each.run.equity)
    return exposures


def _percent(share: Spread) -> Spread:
    return Spread(*(100.0 * each for each in share))

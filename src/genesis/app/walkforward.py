"""Walk-forward: in each window the best combination of training trades the test, with what the last one left."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from attrs import evolve, frozen

from genesis.app.backtest import Terms
from genesis.app.progress import Show
from genesis.app.sweep import SweepPlan
from genesis.app.sweep_part import expressions_of
from genesis.app.sweeper import Sweeper
from genesis.domain.candle import Candles, Floats
from genesis.domain.simulation.columnar import walk
from genesis.domain.statistics.monte_carlo import Spread, bootstrapped_means, shuffled_drawdowns, spread
from genesis.domain.statistics.record import Record, record_of_walk
from genesis.domain.statistics.significance import expected_best_sharpe, moments, probabilistic_sharpe
from genesis.domain.statistics.summary import daily_returns, round_trips, sharpe, summarise
from genesis.domain.statistics.sweep_figures import DESCENDING, sweep_figures
from genesis.domain.statistics.walk_forward import Window
from genesis.domain.strategy import columns
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.specification import Value
from genesis.domain.units import Atoms, InexactNumber
from genesis.ports.errors import InputError

DRAWS: Final = 2_000
BLOCK_DAYS: Final = 10.0
SEED: Final = 1
"""Monte Carlo of a walk-forward is drawn with the same seed always, so that a result is a result."""


@frozen(eq=False)
class Judged:
    """One window: what training chose and how it did there, and the record of the test."""

    window: Window
    params: Mapping[str, Value]
    train_sharpe: float | None
    train_return_pct: float
    luck_sharpe: float | None
    """The yearly Sharpe ratio that the best of as many trials would show in training without skill."""
    test: Record


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
    bootstrap_loss: float
    """The share of stationary bootstraps of the daily returns that lose on average."""
    shuffled_drawdown_pct: Spread | None
    """Maximum drawdowns of the round trips in other orders: the middle nine tenths; None without round trips."""
    efficiency: float | None
    """The mean Sharpe ratio of the tests ÷ that of training; near 1 where nothing was fitted to noise."""


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
            test = _tested(evolve(plan.terms, cash=cash), expression, candles, window)
        except InexactNumber as error:
            raise InputError(f"{error}; data.check tells more about the candles") from error
        judged.append(Judged(window, params, *figures, test))
        cash = test.final_equity
        show(number, len(windows))
    return _together(plan.terms.cash, len(expressions), judged)


def _chosen(
    plan: SweepPlan,
    expressions: Sequence[tuple[Mapping[str, Value], Expr]],
    training: Candles,
    order: str,
    workers: int,
    tried: int,
) -> tuple[Mapping[str, Value], Expr, tuple[float | None, float, float | None]]:
    """Return the first combination of the order in training, with its Sharpe ratio, its return, and that of luck."""
    with Sweeper(training, plan.terms, workers) as sweeper:
        outcomes = sweeper.run(expression for _, expression in expressions)
    assert outcomes is not None, "a plan has at least one combination that the strategy takes"
    figures = sweep_figures(outcomes, plan.terms.cash, len(training))
    best = _first(np.asarray(figures[order], dtype=np.float64), descending=DESCENDING[order])
    ratios = np.asarray(figures["sharpe"], dtype=np.float64)
    known = ratios[~np.isnan(ratios)]
    luck = expected_best_sharpe(float(known.std(ddof=1)), len(expressions) + tried) if len(known) > 1 else None
    ratio = None if math.isnan(ratios[best]) else float(ratios[best])
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


def _tested(terms: Terms, expression: Expr, candles: Candles, window: Window) -> Record:
    tested, targets = test_targets(terms, expression, candles, window)
    core = terms.desk
    outcome = walk(targets, tested, core.instrument, terms.costs, core.limits, core.size, terms.cash)
    return record_of_walk(outcome, tested, core.instrument, terms.cash, ())


def _together(cash: Atoms, trials: int, judged: Sequence[Judged]) -> WalkForward:
    returns = [each for window in judged for each in daily_returns(window.test)]
    known = moments(returns)
    trained = [each.train_sharpe for each in judged if each.train_sharpe is not None]
    tested = [ratio for each in judged if (ratio := summarise(each.test).sharpe) is not None]
    mean_trained = math.fsum(trained) / len(trained) if trained else 0.0
    mean_tested = math.fsum(tested) / len(tested) if tested else 0.0
    equity = np.cumprod(1.0 + np.array(returns))
    peaks = np.maximum.accumulate(np.maximum(equity, 1.0))
    final = judged[-1].test.final_equity
    trips = [trip.profit / trip.spent for each in judged for trip in round_trips(each.test) if trip.spent > 0]
    means = bootstrapped_means(returns, DRAWS, BLOCK_DAYS, SEED)
    return WalkForward(
        trials=trials,
        judged=judged,
        final_equity=final,
        total_return_pct=100.0 * (final / cash - 1.0) if cash else 0.0,
        sharpe=sharpe(returns),
        max_drawdown_pct=100.0 * float(np.max(1.0 - equity / peaks)),
        probabilistic_sharpe=None if known is None else probabilistic_sharpe(known),
        bootstrap_loss=float(np.mean(means <= 0.0)),
        shuffled_drawdown_pct=_percent(spread(shuffled_drawdowns(trips, DRAWS, SEED))) if trips else None,
        efficiency=mean_tested / mean_trained if mean_trained > 0.0 and tested else None,
    )


def _percent(share: Spread) -> Spread:
    return Spread(*(100.0 * each for each in share))

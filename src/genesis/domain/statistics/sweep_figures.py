"""The figures of many runs in columns: the numbers that `summary.summarise` gives for each of them, to the last bit."""

import math
from typing import Final

import numpy as np

from genesis.domain.candle import Floats, Ints
from genesis.domain.events import AlertCode
from genesis.domain.simulation.columnar import BREACHES
from genesis.domain.simulation.sweep import Outcomes
from genesis.domain.statistics.record import RUINED
from genesis.domain.statistics.summary import DAYS_PER_YEAR

_EXACT_MAX: Final = 2**53
"""Up to here a float64 holds every whole number, so that a quotient of two is rounded once."""

DESCENDING: Final = {
    "sharpe": True,
    "total_return_pct": True,
    "profit_factor": True,
    "win_rate_pct": True,
    "exposure_pct": True,
    "round_trips": True,
    "fills": True,
    "max_drawdown_pct": False,
    "total_fees_atoms": False,
}
"""What runs can be ordered by, and whether more is better."""


ENDINGS: Final = (*(None if each is None else each.value for each in BREACHES), AlertCode.LIQUIDATED.value)
"""What ended a run, in the place of its number in `breach`."""


FIGURES: Final = (
    *DESCENDING,
    "refused",
    "final_equity_atoms",
    "final_cash_atoms",
    "final_position_atoms",
    "halted_at",
    "breach",
    "fills_digest",
)
"""The names of all figures of a run."""


def sweep_figures(outcomes: Outcomes, initial_cash: int, candles: int) -> dict[str, Ints | Floats]:
    """Return the figures of all runs by name; NaN where one has no meaning, as every ratio of a run that was ruined."""
    final = outcomes.final_equity
    count = len(final)
    nothing = np.full(count, np.nan)
    growth = [equity / initial_cash - 1.0 if initial_cash else 0.0 for equity in final.tolist()]
    with np.errstate(divide="ignore", invalid="ignore"):
        trips = outcomes.round_trips
        win_rate = np.where(trips > 0, 100.0 * outcomes.wins / trips, nothing)
        factor = np.where(outcomes.losses > 0, outcomes.gains / outcomes.losses, nothing)
    stands = outcomes.max_drawdown < RUINED
    return {
        "total_return_pct": np.array(growth) * 100.0,
        "sharpe": np.where(stands, _sharpes(outcomes.day_equity, initial_cash), nothing),
        "max_drawdown_pct": outcomes.max_drawdown * 100.0,
        "profit_factor": np.where(stands, factor, nothing),
        "win_rate_pct": np.where(stands, win_rate, nothing),
        "exposure_pct": 100.0 * outcomes.candles_in_position / candles,
        "round_trips": trips,
        "fills": outcomes.fills,
        "refused": outcomes.refused,
        "final_equity_atoms": final,
        "final_cash_atoms": outcomes.cash,
        "final_position_atoms": outcomes.position,
        "total_fees_atoms": outcomes.fees,
        "halted_at": outcomes.halted_at,
        "breach": outcomes.breach,
        "fills_digest": outcomes.digest,
    }


def returns_of_days(day_equity: Ints, initial_cash: int) -> Floats:
    """Return the returns of each run's UTC days, a row a run; 0.0 from a day that ended with nothing."""
    before = np.empty_like(day_equity)
    before[:, 0] = initial_cash
    before[:, 1:] = day_equity[:, :-1]
    if max(initial_cash, int(day_equity.max(initial=0))) <= _EXACT_MAX:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(before > 0, day_equity / before - 1.0, 0.0)
    pairs = zip(day_equity.ravel().tolist(), before.ravel().tolist(), strict=True)
    returns = [now / earlier - 1.0 if earlier > 0 else 0.0 for now, earlier in pairs]
    return np.array(returns).reshape(day_equity.shape)


def _sharpes(day_equity: Ints, initial_cash: int) -> Floats:
    returns = returns_of_days(day_equity, initial_cash)
    days = returns.shape[1]
    if days < 2:
        return np.full(len(returns), np.nan)
    means = np.array([math.fsum(row) for row in returns.tolist()]) / days
    apart = returns - means[:, np.newaxis]
    squares = np.array([math.fsum(row) for row in (apart * apart).tolist()])
    deviations = np.sqrt(squares / (days - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = means / deviations * math.sqrt(DAYS_PER_YEAR)
    return np.where(deviations > 0.0, ratios, np.nan)

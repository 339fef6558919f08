"""How many trials that have nothing in common many trials are worth that are alike.

Source: D. Bailey and M. López de Prado, "The Deflated Sharpe Ratio" (2014), appendix A.3: with a mean correlation of ρ,
M trials count as ρ + (1 − ρ) × M.
"""

from typing import NamedTuple

import numpy as np

from genesis.domain.candle import Floats


class Alike(NamedTuple):
    """The mean correlation of the returns of trials, at least 0, and how many independent ones they are worth."""

    correlation: float
    trials: float


def alike(correlation: float, trials: int) -> Alike:
    """Return what as many as *trials* are worth whose days have a mean *correlation*."""
    return Alike(correlation, correlation + (1.0 - correlation) * trials)


def mean_correlation(returns: Floats) -> float | None:
    """Return the mean correlation, at least 0, of runs whose *returns* are rows.

    Runs whose returns do not vary are left out; None where fewer than two are left. No pair is looked at: the square of
    the sum of standardised returns holds every product of two of them.
    """
    with np.errstate(invalid="ignore"):
        apart = returns - returns.mean(axis=1, keepdims=True)
        deviations = apart.std(axis=1, keepdims=True)
    varied = deviations[:, 0] > 0.0
    count = int(varied.sum())
    if count < 2:
        return None
    together = (apart[varied] / deviations[varied]).sum(axis=0)
    mean = (float(np.mean(together * together)) - count) / (count * (count - 1))
    return min(max(mean, 0.0), 1.0)

"""Whether a Sharpe ratio could be luck: its error, and what the best of many trials would show without any skill.

Ratios here are per period (a day), not per year; the kurtosis of a normal distribution is 3. Sources: D. Bailey and
M. López de Prado, "The Sharpe Ratio Efficient Frontier" (2012) and "The Deflated Sharpe Ratio" (2014).
"""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Final, NamedTuple

from attrs import frozen

_NORMAL: Final = NormalDist()
_HALVINGS: Final = 50
_EULER_GAMMA: Final = 0.5772156649015329


class Moments(NamedTuple):
    """How many days there are, their Sharpe ratio (deviation with n − 1), skewness and kurtosis (with n)."""

    days: int
    sharpe: float
    skewness: float
    kurtosis: float


def moments(returns: Sequence[float]) -> Moments | None:
    """Return the moments of *returns*; None when there are fewer than two, or nothing varies."""
    count = len(returns)
    if count < 2:
        return None
    mean = math.fsum(returns) / count
    apart = [each - mean for each in returns]
    second = math.fsum(each * each for each in apart) / count
    if not second > 0.0:
        return None
    third = math.fsum(each * each * each for each in apart) / count
    fourth = math.fsum(each * each * each * each for each in apart) / count
    sharpe = mean / math.sqrt(second * count / (count - 1))
    return Moments(count, sharpe, third / second**1.5, fourth / (second * second))


def probabilistic_sharpe(known: Moments, benchmark: float = 0.0) -> float:
    """Return the probability that the true Sharpe ratio is above *benchmark*, given the returns' moments."""
    variance = 1.0 - known.skewness * known.sharpe + (known.kurtosis - 1.0) / 4.0 * known.sharpe * known.sharpe
    if variance <= 0.0:  # only a few returns of a very skewed kind do this: they say nothing
        return 0.5
    return _NORMAL.cdf((known.sharpe - benchmark) * math.sqrt(known.days - 1) / math.sqrt(variance))


def expected_best_sharpe(deviation: float, trials: int, freedom: int | None = None) -> float:
    """Return the Sharpe ratio to be expected of the best of *trials* without skill, whose ratios vary by *deviation*.

    Trials that resemble one another are fewer in truth: counting each makes the benchmark stricter. Where *deviation*
    was measured with few degrees of *freedom*, ratios are Student's.
    """
    if trials < 2:
        return 0.0
    usual, rare = (
        _NORMAL.inv_cdf(usually) if freedom is None else student_quantile(usually, freedom)
        for usually in (1.0 - 1.0 / trials, 1.0 - 1.0 / (trials * math.e))
    )
    return deviation * ((1.0 - _EULER_GAMMA) * usual + _EULER_GAMMA * rare)


def student(value: float, freedom: int) -> float:
    """Return Student's distribution of so many degrees of *freedom*, at least 1, at *value*.

    Source: M. Abramowitz and I. Stegun, "Handbook of Mathematical Functions" (1964), 26.7.3 and 26.7.4.
    """
    angle = math.atan2(value, math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    is_odd = freedom % 2
    term = total = cosine if is_odd else 1.0
    for even in range(2 + is_odd, freedom - 1, 2):
        term *= cosine * cosine * (even - 1) / even
        total += term
    if not is_odd:
        return 0.5 + 0.5 * sine * total
    return 0.5 + (angle + (sine * total if freedom > 1 else 0.0)) / math.pi


def student_quantile(probability: float, freedom: int) -> float:
    """Return the value that Student's distribution stays below with a *probability* of at least a half, and below 1."""
    low, high = 0.0, 1.0
    while student(high, freedom) < probability:
        low, high = high, 2.0 * high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if student(middle, freedom) < probability else (low, middle)
    return high


@frozen
class Variance:
    """A variance as it was measured, with so many degrees of *freedom*, at least 1."""

    value: float
    freedom: int


def together(parts: Sequence[Variance]) -> Variance:
    """Return the sum of variances that have nothing to do with one another.

    Source: F. Satterthwaite, "An Approximate Distribution of Estimates of Variance Components" (1946).
    """
    total = math.fsum(each.value for each in parts)
    spread = math.fsum(each.value * each.value / each.freedom for each in parts)
    # Rounded down, but not where rounding errors alone make 6.999… of a 7.
    return Variance(total, max(1, int(total * total / spread * (1.0 + 1e-12))) if spread > 0.0 else 1)


def luck_of_best(days: int, trials: int) -> float:
    """Return the Sharpe ratio to be expected of the best of *trials* over *days* without skill.

    The paper takes the deviation that the trials showed. A search, or a grid laid where results were good, draws them
    to where ratios are alike, so that searching longer would make luck look smaller. Without skill a ratio has the
    error 1/√(days − 1) whatever was searched, and the best of trials that are alike is no better than that of as many
    that are not.
    """
    return expected_best_sharpe(1.0 / math.sqrt(days - 1), trials)


def deflated_sharpe(known: Moments, trials: int) -> float:
    """Return the probability that the best of *trials* has skill: its true Sharpe ratio beats that of luck alone."""
    return probabilistic_sharpe(known, luck_of_best(known.days, trials))

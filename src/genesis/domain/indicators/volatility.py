"""Realised volatility of a window, a candle: from closes, from ranges, and from whole candles.

None of them is annual: multiply by the square root of the number of candles a year. Prices must be above 0.
"""

from math import inf, nan, sqrt
from typing import Final, TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator
from genesis.domain.indicators.logarithm import natural_logarithm
from genesis.domain.indicators.rolling_sum import RollingSumState, rolling_sum_start, rolling_sum_step

RealisedState: TypeAlias = tuple[float, RollingSumState]
"""The last value, NaN before there was one, and the sum of squared logarithmic returns."""

_LOG2: Final = 0.6931471805599453


@step
def root_of_mean(total: float, period: int) -> float:
    """Return √(total ÷ period) of a sum that rounding may have made negative; NaN stays NaN."""
    mean = total / period
    if mean > 0.0:
        return sqrt(mean)
    return 0.0 if mean <= 0.0 else nan


def realised_start(period: int) -> RealisedState:
    """Return the state before the first input; raises `ValueError` if *period* < 1."""
    return nan, rolling_sum_start(period)


@step
def realised_step(state: RealisedState, x: float, period: int) -> tuple[RealisedState, float]:
    """Return the root of the mean of the last *period* squared logarithmic returns; NaN for *period* inputs."""
    if not -inf < x < inf:
        return state, nan
    last, squares = state
    change = natural_logarithm(x / last) if x > 0.0 and last > 0.0 else nan
    squares, total = rolling_sum_step(squares, change * change, period)
    return (x, squares), root_of_mean(total, period)


@step
def parkinson_step(state: RollingSumState, high: float, low: float, period: int) -> tuple[RollingSumState, float]:
    """Return the volatility that the ranges of the last *period* candles tell: √(mean of log²(high ÷ low) ÷ 4 log 2).

    Source: M. Parkinson, "The Extreme Value Method for Estimating the Variance of the Rate of Return", 1980.
    """
    row = high + low
    if not -inf < row < inf:
        return state, nan
    span = natural_logarithm(high / low) if high > 0.0 and low > 0.0 else nan
    state, total = rolling_sum_step(state, span * span / (4.0 * _LOG2), period)
    return state, root_of_mean(total, period)


@step
def garman_klass_step(
    state: RollingSumState, open_: float, high: float, low: float, close: float, period: int
) -> tuple[RollingSumState, float]:
    """Return √(mean of ½ log²(high ÷ low) - (2 log 2 - 1) log²(close ÷ open)) of the last *period* candles.

    Source: M. Garman and M. Klass, "On the Estimation of Security Price Volatilities from Historical Data", 1980.
    """
    row = open_ + high + low + close
    if not -inf < row < inf:
        return state, nan
    are_prices = open_ > 0.0 and high > 0.0 and low > 0.0 and close > 0.0
    span = natural_logarithm(high / low) if are_prices else nan
    body = natural_logarithm(close / open_) if are_prices else nan
    variance = 0.5 * span * span - (2.0 * _LOG2 - 1.0) * (body * body)
    state, total = rolling_sum_step(state, variance, period)
    return state, root_of_mean(total, period)


@kernel
def _realised_loop(state: RealisedState, values: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = realised_step(state, values[i], period)


@kernel
def _parkinson_loop(state: RollingSumState, high: Floats, low: Floats, period: int, out: Floats) -> None:
    for i in range(len(high)):
        state, out[i] = parkinson_step(state, high[i], low[i], period)


@kernel
def _garman_klass_loop(
    state: RollingSumState, open_: Floats, high: Floats, low: Floats, close: Floats, period: int, out: Floats
) -> None:
    for i in range(len(close)):
        state, out[i] = garman_klass_step(state, open_[i], high[i], low[i], close[i], period)


REALISED_VOLATILITY = Indicator(
    name="realised_volatility",
    inputs=("x",),
    outputs=("value",),
    parameters=("period",),
    defaults=(20,),
    start=realised_start,
    step=realised_step,
    loop=_realised_loop,
    warm_up=lambda period: (period,),
)

PARKINSON = Indicator(
    name="parkinson",
    inputs=("high", "low"),
    outputs=("value",),
    parameters=("period",),
    defaults=(20,),
    start=rolling_sum_start,
    step=parkinson_step,
    loop=_parkinson_loop,
    warm_up=lambda period: (period - 1,),
)

GARMAN_KLASS = Indicator(
    name="garman_klass",
    inputs=("open", "high", "low", "close"),
    outputs=("value",),
    parameters=("period",),
    defaults=(20,),
    start=rolling_sum_start,
    step=garman_klass_step,
    loop=_garman_klass_loop,
    warm_up=lambda period: (period - 1,),
)

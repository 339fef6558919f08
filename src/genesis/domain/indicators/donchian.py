"""Donchian channel."""

from math import inf, nan
from typing import TypeAlias

import numpy.typing as npt

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator
from genesis.domain.indicators.rolling_high import RollingHighState, rolling_high_start, rolling_high_step
from genesis.domain.indicators.rolling_low import RollingLowState, rolling_low_start, rolling_low_step

DonchianState: TypeAlias = tuple[RollingHighState, RollingLowState]
"""The highest high, and the lowest low."""


def donchian_start(period: int) -> DonchianState:
    """Return the state before the first candle; raises `ValueError` if *period* < 1."""
    return rolling_high_start(period), rolling_low_start(period)


@step
def donchian_step(
    state: DonchianState, high: float, low: float, period: int
) -> tuple[DonchianState, tuple[float, float, float]]:
    """Return the highest high, the middle and the lowest low of the last *period* candles, the present one included."""
    row = high + low
    if not -inf < row < inf:
        return state, (nan, nan, nan)
    highs, lows = state
    highs, upper = rolling_high_step(highs, high, period)
    lows, lower = rolling_low_step(lows, low, period)
    return (highs, lows), (upper, (upper + lower) * 0.5, lower)


@kernel
def _loop(
    state: DonchianState, high: Floats, low: Floats, period: int, upper: Floats, middle: Floats, lower: Floats
) -> None:
    for i in range(len(high)):
        state, (upper[i], middle[i], lower[i]) = donchian_step(state, high[i], low[i], period)


def donchian(high: npt.ArrayLike, low: npt.ArrayLike, period: int) -> tuple[Floats, Floats, Floats]:
    """Return upper, middle and lower: NaN for the first period - 1. For a breakout compare with the row before."""
    upper, middle, lower = DONCHIAN.batch(high, low, period)
    return upper, middle, lower


DONCHIAN = Indicator(
    name="donchian",
    inputs=("high", "low"),
    outputs=("upper", "middle", "lower"),
    parameters=("period",),
    defaults=(20,),
    start=donchian_start,
    step=donchian_step,
    loop=_loop,
    warm_up=lambda period: (period - 1,) * 3,
)

"""Vortex indicator: how far highs reach from the lows before them, and lows from the highs."""

from math import inf, nan
from typing import TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator
from genesis.domain.indicators.rolling_sum import RollingSumState, rolling_sum_start, rolling_sum_step

VortexState: TypeAlias = tuple[float, float, float, RollingSumState, RollingSumState, RollingSumState]
"""high, low, close, up, down, ranges: the last candle; the sums of movement up and down, and of true ranges."""


def vortex_start(period: int) -> VortexState:
    """Return the state before the first candle; raises `ValueError` if *period* < 1."""
    return nan, nan, nan, rolling_sum_start(period), rolling_sum_start(period), rolling_sum_start(period)


@step
def vortex_step(
    state: VortexState, high: float, low: float, close: float, period: int
) -> tuple[VortexState, tuple[float, float]]:
    """Return movement up and down over *period* candles, each of the true range; NaN where there is no range."""
    row = high + low + close
    if not -inf < row < inf:
        return state, (nan, nan)
    last_high, last_low, last_close, ups, downs, ranges = state
    if not -inf < last_close < inf:
        return (high, low, close, ups, downs, ranges), (nan, nan)
    span = (high if high > last_close else last_close) - (low if low < last_close else last_close)
    ups, up = rolling_sum_step(ups, abs(high - last_low), period)
    downs, down = rolling_sum_step(downs, abs(low - last_high), period)
    ranges, whole = rolling_sum_step(ranges, span, period)
    state = (high, low, close, ups, downs, ranges)
    return state, (up / whole, down / whole) if whole > 0.0 else (nan, nan)


@kernel
def _loop(state: VortexState, high: Floats, low: Floats, close: Floats, period: int, up: Floats, down: Floats) -> None:
    for i in range(len(close)):
        state, (up[i], down[i]) = vortex_step(state, high[i], low[i], close[i], period)


VORTEX = Indicator(
    name="vortex",
    inputs=("high", "low", "close"),
    outputs=("up", "down"),
    parameters=("period",),
    defaults=(14,),
    start=vortex_start,
    step=vortex_step,
    loop=_loop,
    warm_up=lambda period: (period, period),
)

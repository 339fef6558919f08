"""Aroon: how long ago the highest high and the lowest low were."""

from math import inf, nan
from typing import TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator, whole_parameter
from genesis.domain.indicators.window import Slots, ring_before_the_start

AroonState: TypeAlias = tuple[int, int, Slots, Slots]
"""seen, at, highs, lows: how many candles were seen, up to the period; the slot of the next; the last period + 1."""


def aroon_start(period: int) -> AroonState:
    """Return the state before the first candle; raises `ValueError` if *period* < 1."""
    period = whole_parameter("period", period)
    return 0, 0, ring_before_the_start(period + 1), ring_before_the_start(period + 1)


@step
def aroon_step(
    state: AroonState, high: float, low: float, period: int
) -> tuple[AroonState, tuple[float, float, float]]:
    """Return up and down, 100 for an extreme now and 0 for one *period* candles ago, and up - down.

    NaN for *period* candles; of equal extremes the latest counts.
    """
    row = high + low
    if not -inf < row < inf:
        return state, (nan, nan, nan)
    seen, at, highs, lows = state
    highs[at] = high
    lows[at] = low
    at = at + 1 if at < period else 0
    if seen < period:
        return (seen + 1, at, highs, lows), (nan, nan, nan)
    highest, lowest = highs[at], lows[at]
    since_high, since_low = period, period
    k = at
    for ago in range(period, -1, -1):
        if highs[k] >= highest:
            highest = highs[k]
            since_high = ago
        if lows[k] <= lowest:
            lowest = lows[k]
            since_low = ago
        k = k + 1 if k < period else 0
    up = 100.0 * (period - since_high) / period
    down = 100.0 * (period - since_low) / period
    return (seen, at, highs, lows), (up, down, up - down)


@kernel
def _loop(
    state: AroonState, high: Floats, low: Floats, period: int, up: Floats, down: Floats, oscillator: Floats
) -> None:
    for i in range(len(high)):
        state, (up[i], down[i], oscillator[i]) = aroon_step(state, high[i], low[i], period)


AROON = Indicator(
    name="aroon",
    inputs=("high", "low"),
    outputs=("up", "down", "oscillator"),
    parameters=("period",),
    defaults=(25,),
    start=aroon_start,
    step=aroon_step,
    loop=_loop,
    warm_up=lambda period: (period,) * 3,
)

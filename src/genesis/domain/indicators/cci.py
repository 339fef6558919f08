"""Commodity channel index."""

from math import inf, nan
from typing import TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator, whole_parameter
from genesis.domain.indicators.window import Slots, ring_before_the_start

CciState: TypeAlias = tuple[int, int, Slots]
"""seen, at, prices: how many candles were seen, up to the period; the slot of the next; the last typical prices."""


def cci_start(period: int) -> CciState:
    """Return the state before the first candle; raises `ValueError` if *period* < 1."""
    return 0, 0, ring_before_the_start(whole_parameter("period", period))


@step
def cci_step(state: CciState, high: float, low: float, close: float, period: int) -> tuple[CciState, float]:
    """Return the typical price's distance from its mean, in 0.015 mean distances; 0 where nothing moves."""
    row = high + low + close
    if not -inf < row < inf:
        return state, nan
    seen, at, prices = state
    typical = row / 3.0
    prices[at] = typical
    at = at + 1 if at + 1 < period else 0
    if seen + 1 < period:
        return (seen + 1, at, prices), nan
    mean = 0.0
    for k in range(period):
        mean += prices[k]
    mean /= period
    apart = 0.0
    for k in range(period):
        apart += abs(prices[k] - mean)
    unit = 0.015 * (apart / period)
    return (seen, at, prices), (typical - mean) / unit if unit > 0.0 else 0.0


@kernel
def _loop(state: CciState, high: Floats, low: Floats, close: Floats, period: int, out: Floats) -> None:
    for i in range(len(close)):
        state, out[i] = cci_step(state, high[i], low[i], close[i], period)


CCI = Indicator(
    name="cci",
    inputs=("high", "low", "close"),
    outputs=("value",),
    parameters=("period",),
    defaults=(20,),
    start=cci_start,
    step=cci_step,
    loop=_loop,
    warm_up=lambda period: (period - 1,),
)

"""Hull moving average: a weighted average that is nearly without lag."""

from math import inf, isqrt, nan
from typing import TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator, whole_parameter
from genesis.domain.indicators.wma import WmaState, wma_start, wma_step

HmaState: TypeAlias = tuple[WmaState, WmaState, WmaState, int, int]
"""half, whole, last, half_period, last_period: the averages over half the period, the period, and its square root."""


def hma_start(period: int) -> HmaState:
    """Return the state before the first input; raises `ValueError` if *period* < 1."""
    period = whole_parameter("period", period)
    half, root = max(period // 2, 1), isqrt(period)
    return wma_start(half), wma_start(period), wma_start(root), half, root


@step
def hma_step(state: HmaState, x: float, period: int) -> tuple[HmaState, float]:
    """Return the average over √period of twice the average over period / 2 less that over *period*, both cut down."""
    if not -inf < x < inf:
        return state, nan
    half, whole, last, half_period, last_period = state
    half, quick = wma_step(half, x, half_period)
    whole, slow = wma_step(whole, x, period)
    last, mean = wma_step(last, 2.0 * quick - slow, last_period)
    return (half, whole, last, half_period, last_period), mean


@kernel
def _loop(state: HmaState, values: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = hma_step(state, values[i], period)


HMA = Indicator(
    name="hma",
    inputs=("x",),
    outputs=("value",),
    parameters=("period",),
    defaults=(20,),
    start=hma_start,
    step=hma_step,
    loop=_loop,
    warm_up=lambda period: (period + isqrt(period) - 2,),
)

"""Wilder's moving average, in which an input weighs 1 / period."""

from math import inf, nan
from typing import TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator, whole_parameter

RmaState: TypeAlias = tuple[int, float]
"""How many inputs were seen, up to the period; their sum until then, their mean from then on."""


def rma_start(period: int) -> RmaState:
    """Return the state before the first input; raises `ValueError` if *period* < 1."""
    whole_parameter("period", period)
    return 0, 0.0


@step
def rma_step(state: RmaState, x: float, period: int) -> tuple[RmaState, float]:
    """Seed with the mean of the first *period* inputs; NaN until then. Then each input weighs 1 / period."""
    seen, mean = state
    if not -inf < x < inf:
        return state, nan
    if seen == period:
        mean += (x - mean) / period
        return (seen, mean), mean
    mean += x
    seen += 1
    if seen < period:
        return (seen, mean), nan
    mean /= period
    return (seen, mean), mean


@kernel
def _loop(state: RmaState, values: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = rma_step(state, values[i], period)


RMA = Indicator(
    name="rma",
    inputs=("x",),
    outputs=("value",),
    parameters=("period",),
    defaults=(14,),
    start=rma_start,
    step=rma_step,
    loop=_loop,
    warm_up=lambda period: (period - 1,),
)

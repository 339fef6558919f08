"""Weighted moving average: the newest input weighs *period*, the oldest 1."""

from math import inf, nan
from typing import TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator, whole_parameter
from genesis.domain.indicators.window import Slots, tails_before_the_start, values_before_the_start

WmaState: TypeAlias = tuple[int, float, float, Slots, Slots]
"""filled, total, weighed, values, tails: of the present block how many values it has, their sum, and their sum weighed
1, 2, 3…; the values; the sums of the tails of the last block, weighed 1, 2, 3… from the first of each tail on.
"""


def wma_start(period: int) -> WmaState:
    """Return the state before the first input; raises `ValueError` if *period* < 1."""
    period = whole_parameter("period", period)
    return 0, 0.0, 0.0, values_before_the_start(period), tails_before_the_start(period, 0.0)


@step
def wma_step(state: WmaState, x: float, period: int) -> tuple[WmaState, float]:
    """Return the mean of the last *period* inputs, weighed 1 to *period*; NaN until there are as many."""
    if not -inf < x < inf:
        return state, nan
    filled, total, weighed, values, tails = state
    if filled == period:
        tail = 0.0
        weighed_tail = 0.0
        for k in range(period - 1, 0, -1):
            tail += values[k]
            weighed_tail += tail
            tails[k] = weighed_tail
        filled = 0
        total = 0.0
        weighed = 0.0
    values[filled] = x
    filled += 1
    total += x
    weighed += filled * x
    # The head of the window follows period - filled older values: each of its weights is higher by as many.
    whole = tails[filled] + (weighed + (period - filled) * total)
    return (filled, total, weighed, values, tails), whole / (0.5 * period * (period + 1))


@kernel
def _loop(state: WmaState, values: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = wma_step(state, values[i], period)


WMA = Indicator(
    name="wma",
    inputs=("x",),
    outputs=("value",),
    parameters=("period",),
    defaults=(20,),
    start=wma_start,
    step=wma_step,
    loop=_loop,
    warm_up=lambda period: (period - 1,),
)

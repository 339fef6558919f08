"""The sum of a window, without ever subtracting."""

from math import inf, nan
from typing import TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator, whole_parameter
from genesis.domain.indicators.window import Slots, tails_before_the_start, values_before_the_start

RollingSumState: TypeAlias = tuple[int, float, Slots, Slots]
"""How many values the present block has and their sum; the values, and the sums of the tails of the last block."""


def rolling_sum_start(period: int) -> RollingSumState:
    """Return the state before the first input; raises `ValueError` if *period* < 1."""
    period = whole_parameter("period", period)
    return 0, 0.0, values_before_the_start(period), tails_before_the_start(period, 0.0)


@step
def rolling_sum_step(state: RollingSumState, x: float, period: int) -> tuple[RollingSumState, float]:
    """Return the sum of the last *period* inputs; NaN until there are as many."""
    if not -inf < x < inf:
        return state, nan
    filled, total, values, tails = state
    if filled == period:
        tail = 0.0
        for k in range(period - 1, 0, -1):
            tail += values[k]
            tails[k] = tail
        filled = 0
        total = 0.0
    values[filled] = x
    filled += 1
    total += x
    return (filled, total, values, tails), tails[filled] + total


@kernel
def _loop(state: RollingSumState, values: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = rolling_sum_step(state, values[i], period)


ROLLING_SUM = Indicator(
    name="rolling_sum",
    inputs=("x",),
    outputs=("value",),
    parameters=("period",),
    defaults=(20,),
    start=rolling_sum_start,
    step=rolling_sum_step,
    loop=_loop,
    warm_up=lambda period: (period - 1,),
)

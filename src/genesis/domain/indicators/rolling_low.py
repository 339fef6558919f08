"""The lowest input of a window."""

from math import inf, nan
from typing import TypeAlias

import numpy.typing as npt

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator, whole_parameter
from genesis.domain.indicators.window import Slots, tails_before_the_start, values_before_the_start

RollingLowState: TypeAlias = tuple[int, float, Slots, Slots]
"""How many values the present block has and the lowest; the values, and the lowest of the last block's tails."""


def rolling_low_start(period: int) -> RollingLowState:
    """Return the state before the first input; raises `ValueError` if *period* < 1."""
    period = whole_parameter("period", period)
    return 0, inf, values_before_the_start(period), tails_before_the_start(period, inf)


@step
def rolling_low_step(state: RollingLowState, x: float, period: int) -> tuple[RollingLowState, float]:
    """Return the lowest of the last *period* inputs, the present one included; NaN until there are as many."""
    if not -inf < x < inf:
        return state, nan
    filled, lowest, values, tails = state
    if filled == period:
        tail = inf
        for k in range(period - 1, 0, -1):
            if values[k] < tail:
                tail = values[k]
            tails[k] = tail
        filled = 0
        lowest = inf
    values[filled] = x
    filled += 1
    if x < lowest:
        lowest = x
    tail = tails[filled]
    # In this order a tail of NaN, which is no tail yet, gives NaN.
    return (filled, lowest, values, tails), lowest if lowest < tail else tail


@kernel
def _loop(state: RollingLowState, values: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = rolling_low_step(state, values[i], period)


def rolling_low(values: npt.ArrayLike, period: int) -> Floats:
    """Return the lowest of the last *period* values, the present one included: NaN for the first period - 1."""
    return ROLLING_LOW.batch(values, period)[0]


ROLLING_LOW = Indicator(
    name="rolling_low",
    inputs=("x",),
    outputs=("value",),
    parameters=("period",),
    defaults=(20,),
    start=rolling_low_start,
    step=rolling_low_step,
    loop=_loop,
    warm_up=lambda period: (period - 1,),
)

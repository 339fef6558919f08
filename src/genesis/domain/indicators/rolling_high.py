"""The highest input of a window."""

from math import inf, nan
from typing import TypeAlias

import numpy.typing as npt

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator, whole_parameter
from genesis.domain.indicators.window import Slots, tails_before_the_start, values_before_the_start

RollingHighState: TypeAlias = tuple[int, float, Slots, Slots]
"""How many values the present block has and the highest; the values, and the highest of the last block's tails."""


def rolling_high_start(period: int) -> RollingHighState:
    """Return the state before the first input; raises `ValueError` if *period* < 1."""
    period = whole_parameter("period", period)
    return 0, -inf, values_before_the_start(period), tails_before_the_start(period, -inf)


@step
def rolling_high_step(state: RollingHighState, x: float, period: int) -> tuple[RollingHighState, float]:
    """Return the highest of the last *period* inputs, the present one included; NaN until there are as many."""
    if not -inf < x < inf:
        return state, nan
    filled, highest, values, tails = state
    if filled == period:
        tail = -inf
        for k in range(period - 1, 0, -1):
            if values[k] > tail:
                tail = values[k]
            tails[k] = tail
        filled = 0
        highest = -inf
    values[filled] = x
    filled += 1
    if x > highest:
        highest = x
    tail = tails[filled]
    # In this order a tail of NaN, which is no tail yet, gives NaN.
    return (filled, highest, values, tails), highest if highest > tail else tail


@kernel
def _loop(state: RollingHighState, values: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = rolling_high_step(state, values[i], period)


def rolling_high(values: npt.ArrayLike, period: int) -> Floats:
    """Return the highest of the last *period* values, the present one included: NaN for the first period - 1."""
    return ROLLING_HIGH.batch(values, period)[0]


ROLLING_HIGH = Indicator(
    name="rolling_high",
    inputs=("x",),
    outputs=("value",),
    parameters=("period",),
    defaults=(20,),
    start=rolling_high_start,
    step=rolling_high_step,
    loop=_loop,
    warm_up=lambda period: (period - 1,),
)

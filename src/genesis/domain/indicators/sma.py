"""Simple moving average."""

from math import inf, nan
from typing import TypeAlias

import numpy.typing as npt

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator, whole_parameter
from genesis.domain.indicators.window import Slots, tails_before_the_start, values_before_the_start

SmaState: TypeAlias = tuple[int, float, Slots, Slots]
"""How many values the present block has and their sum; the values, and the sums of the tails of the last block."""


def sma_start(period: int) -> SmaState:
    """Return the state before the first input; raises `ValueError` if *period* < 1."""
    period = whole_parameter("period", period)
    return 0, 0.0, values_before_the_start(period), tails_before_the_start(period, 0.0)


@step
def sma_step(state: SmaState, x: float, period: int) -> tuple[SmaState, float]:
    """Return the mean of the last *period* inputs; NaN until there are as many."""
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
    return (filled, total, values, tails), (tails[filled] + total) / period


@kernel
def _loop(state: SmaState, values: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = sma_step(state, values[i], period)


def sma(values: npt.ArrayLike, period: int) -> Floats:
    """Return the mean of the last *period* values: NaN for the first period - 1."""
    return SMA.batch(values, period)[0]


SMA = Indicator(
    name="sma",
    inputs=("x",),
    outputs=("value",),
    parameters=("period",),
    defaults=(20,),
    start=sma_start,
    step=sma_step,
    loop=_loop,
    warm_up=lambda period: (period - 1,),
)

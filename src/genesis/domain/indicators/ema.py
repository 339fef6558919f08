"""Exponential moving average."""

from math import inf, nan
from typing import TypeAlias

import numpy.typing as npt

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator, whole_parameter

EmaState: TypeAlias = tuple[int, float, float, float]
"""seen, mean, keep, weight: how many inputs were seen, up to the period; their sum until then, their exponential mean
from then on; what the mean before and an input weigh.
"""


def ema_start(period: int) -> EmaState:
    """Return the state before the first input; raises `ValueError` if *period* < 1."""
    period = whole_parameter("period", period)
    weight = 2.0 / (period + 1)
    return 0, 0.0, 1.0 - weight, weight


@step
def ema_step(state: EmaState, x: float, period: int) -> tuple[EmaState, float]:
    """Seed with the mean of the first *period* inputs; NaN until then. Then each input weighs 2 / (period + 1)."""
    seen, mean, keep, weight = state
    if not -inf < x < inf:
        return state, nan
    if seen >= period:
        mean = keep * mean + weight * x
        return (seen, mean, keep, weight), mean
    seen += 1
    total = mean + x
    if seen < period:
        return (seen, total, keep, weight), nan
    mean = total / period
    return (seen, mean, keep, weight), mean


@kernel
def _loop(state: EmaState, values: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = ema_step(state, values[i], period)


@kernel
def _loop_of_two(
    states: tuple[EmaState, EmaState], values: Floats, periods: tuple[int, int], outs: tuple[Floats, Floats]
) -> None:
    first, second = states
    for i in range(len(values)):
        first, outs[0][i] = ema_step(first, values[i], periods[0])
        second, outs[1][i] = ema_step(second, values[i], periods[1])


def ema(values: npt.ArrayLike, period: int) -> Floats:
    """Return the exponential moving average: NaN for the first period - 1 values. Equals TA-Lib's EMA."""
    return EMA.batch(values, period)[0]


EMA = Indicator(
    name="ema",
    inputs=("x",),
    outputs=("value",),
    parameters=("period",),
    defaults=(20,),
    start=ema_start,
    step=ema_step,
    loop=_loop,
    loop_of_two=_loop_of_two,
    warm_up=lambda period: (period - 1,),
)

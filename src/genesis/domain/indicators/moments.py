"""Skewness and kurtosis of a window: each window is taken anew, around its own mean."""

from math import inf, nan, sqrt
from typing import TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator, whole_parameter
from genesis.domain.indicators.window import Slots, ring_before_the_start

MomentsState: TypeAlias = tuple[int, int, Slots]
"""seen, at, values: how many inputs were seen, up to period - 1; the slot of the next one; the last *period*."""


def moments_start(period: int) -> MomentsState:
    """Return the state before the first input; raises `ValueError` if *period* < 1."""
    return 0, 0, ring_before_the_start(whole_parameter("period", period))


@step
def window_mean(values: Slots, period: int) -> float:
    """Return the mean of all slots."""
    total = 0.0
    for k in range(period):
        total += values[k]
    return total / period


@step
def skew_step(state: MomentsState, x: float, period: int) -> tuple[MomentsState, float]:
    """Return the population skewness of the last *period* inputs; 0 where nothing moves, NaN for the first inputs."""
    if not -inf < x < inf:
        return state, nan
    seen, at, values = state
    values[at] = x
    at = at + 1 if at + 1 < period else 0
    if seen + 1 < period:
        return (seen + 1, at, values), nan
    mean = window_mean(values, period)
    squares, cubes = 0.0, 0.0
    for k in range(period):
        apart = values[k] - mean
        squares += apart * apart
        cubes += apart * apart * apart
    variance = squares / period
    scale = variance * sqrt(variance)
    return (seen, at, values), cubes / period / scale if scale > 0.0 else 0.0


@step
def kurtosis_step(state: MomentsState, x: float, period: int) -> tuple[MomentsState, float]:
    """Return the population kurtosis of the last *period* inputs less the normal's 3; 0 where nothing moves."""
    if not -inf < x < inf:
        return state, nan
    seen, at, values = state
    values[at] = x
    at = at + 1 if at + 1 < period else 0
    if seen + 1 < period:
        return (seen + 1, at, values), nan
    mean = window_mean(values, period)
    squares, fourths = 0.0, 0.0
    for k in range(period):
        square = (values[k] - mean) * (values[k] - mean)
        squares += square
        fourths += square * square
    variance = squares / period
    scale = variance * variance
    return (seen, at, values), fourths / period / scale - 3.0 if scale > 0.0 else 0.0


@kernel
def _skew_loop(state: MomentsState, values: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = skew_step(state, values[i], period)


@kernel
def _kurtosis_loop(state: MomentsState, values: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = kurtosis_step(state, values[i], period)


SKEW = Indicator(
    name="skew",
    inputs=("x",),
    outputs=("value",),
    parameters=("period",),
    defaults=(50,),
    start=moments_start,
    step=skew_step,
    loop=_skew_loop,
    warm_up=lambda period: (period - 1,),
)

KURTOSIS = Indicator(
    name="kurtosis",
    inputs=("x",),
    outputs=("value",),
    parameters=("period",),
    defaults=(50,),
    start=moments_start,
    step=kurtosis_step,
    loop=_kurtosis_loop,
    warm_up=lambda period: (period - 1,),
)

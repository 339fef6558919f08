"""Standard deviation around an exponential mean, with exponential weights."""

from math import inf, nan, sqrt
from typing import TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator, whole_parameter

EwDeviationState: TypeAlias = tuple[int, float, float, float]
"""seen, mean, variance, weight: how many inputs were seen, up to the period; what an input weighs."""


def ew_deviation_start(period: int) -> EwDeviationState:
    """Return the state before the first input; raises `ValueError` if *period* < 1."""
    return 0, 0.0, 0.0, 2.0 / (whole_parameter("period", period) + 1)


@step
def ew_deviation_step(state: EwDeviationState, x: float, period: int) -> tuple[EwDeviationState, float]:
    """Begin at the first input; each input weighs 2 / (period + 1). NaN for the first period - 1 inputs."""
    if not -inf < x < inf:
        return state, nan
    seen, mean, variance, weight = state
    if seen == 0:
        mean = x
    apart = x - mean
    move = weight * apart
    mean += move
    variance = (1.0 - weight) * (variance + apart * move)
    seen = seen + 1 if seen < period else seen
    return (seen, mean, variance, weight), sqrt(variance) if seen == period and variance >= 0.0 else nan


@kernel
def _loop(state: EwDeviationState, values: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = ew_deviation_step(state, values[i], period)


EW_DEVIATION = Indicator(
    name="ew_deviation",
    inputs=("x",),
    outputs=("value",),
    parameters=("period",),
    defaults=(20,),
    start=ew_deviation_start,
    step=ew_deviation_step,
    loop=_loop,
    warm_up=lambda period: (period - 1,),
)

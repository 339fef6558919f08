"""Moving average weighed by volume, of any series."""

from math import inf, nan
from typing import TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator
from genesis.domain.indicators.rolling_sum import RollingSumState, rolling_sum_start, rolling_sum_step

VwmaState: TypeAlias = tuple[RollingSumState, RollingSumState]
"""The sum of value × volume, and of the volume."""


def vwma_start(period: int) -> VwmaState:
    """Return the state before the first input; raises `ValueError` if *period* < 1."""
    return rolling_sum_start(period), rolling_sum_start(period)


@step
def vwma_step(state: VwmaState, x: float, volume: float, period: int) -> tuple[VwmaState, float]:
    """Return the mean of the last *period* inputs, weighed by volume; NaN for a window without any volume."""
    row = x * volume
    if not -inf < row < inf:
        return state, nan
    weighed, volumes = state
    weighed, total = rolling_sum_step(weighed, row, period)
    volumes, whole = rolling_sum_step(volumes, volume, period)
    return (weighed, volumes), total / whole if whole > 0.0 else nan


@kernel
def _loop(state: VwmaState, values: Floats, volume: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = vwma_step(state, values[i], volume[i], period)


VWMA = Indicator(
    name="vwma",
    inputs=("x", "volume"),
    outputs=("value",),
    parameters=("period",),
    defaults=(20,),
    start=vwma_start,
    step=vwma_step,
    loop=_loop,
    warm_up=lambda period: (period - 1,),
)

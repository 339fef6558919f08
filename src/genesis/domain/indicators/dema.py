"""Double exponential moving average: an EMA, less its own lag as its EMA tells it."""

from math import inf, nan
from typing import TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.ema import EmaState, ema_start, ema_step
from genesis.domain.indicators.indicator import Indicator

DemaState: TypeAlias = tuple[EmaState, EmaState]
"""The average, and the average of that."""


def dema_start(period: int) -> DemaState:
    """Return the state before the first input; raises `ValueError` if *period* < 1."""
    return ema_start(period), ema_start(period)


@step
def dema_step(state: DemaState, x: float, period: int) -> tuple[DemaState, float]:
    """Return twice the EMA less the EMA of the EMA; NaN for the first 2 (period - 1) inputs."""
    if not -inf < x < inf:
        return state, nan
    once, twice = state
    once, mean = ema_step(once, x, period)
    twice, lagging = ema_step(twice, mean, period)
    return (once, twice), 2.0 * mean - lagging


@kernel
def _loop(state: DemaState, values: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = dema_step(state, values[i], period)


DEMA = Indicator(
    name="dema",
    inputs=("x",),
    outputs=("value",),
    parameters=("period",),
    defaults=(20,),
    start=dema_start,
    step=dema_step,
    loop=_loop,
    warm_up=lambda period: (2 * (period - 1),),
)

"""Exponential moving average."""

from math import inf, nan
from typing import NamedTuple

import numpy.typing as npt

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator, whole_parameter


class EmaState(NamedTuple):
    """How many inputs were seen, up to the period; their sum until then, their exponential mean from then on."""

    seen: int
    mean: float


def ema_start(period: int) -> EmaState:
    """Return the state before the first input; raises `ValueError` if *period* < 1."""
    whole_parameter("period", period)
    return EmaState(0, 0.0)


@step
def ema_step(state: EmaState, x: float, period: int) -> tuple[EmaState, float]:
    """Seed with the mean of the first *period* inputs; NaN until then. Then each input weighs 2 / (period + 1)."""
    if not -inf < x < inf:
        return state, nan
    if state.seen >= period:
        weight = 2.0 / (period + 1)
        mean = (1.0 - weight) * state.mean + weight * x
        return EmaState(state.seen, mean), mean
    seen = state.seen + 1
    total = state.mean + x
    if seen < period:
        return EmaState(seen, total), nan
    return EmaState(seen, total / period), total / period


@kernel
def _loop(state: EmaState, values: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = ema_step(state, values[i], period)


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
    warm_up=lambda period: (period - 1,),
)

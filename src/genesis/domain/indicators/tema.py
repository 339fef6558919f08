"""Triple exponential moving average, and TRIX, the rate at which an EMA of an EMA of an EMA changes."""

from math import inf, nan
from typing import TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.ema import EmaState, ema_start, ema_step
from genesis.domain.indicators.indicator import Indicator

TemaState: TypeAlias = tuple[EmaState, EmaState, EmaState]
"""The average, the average of that, and the average of that."""

TrixState: TypeAlias = tuple[EmaState, EmaState, EmaState, float]
"""The same three, and the last value of the third."""


def tema_start(period: int) -> TemaState:
    """Return the state before the first input; raises `ValueError` if *period* < 1."""
    return ema_start(period), ema_start(period), ema_start(period)


@step
def tema_step(state: TemaState, x: float, period: int) -> tuple[TemaState, float]:
    """Return 3 (EMA - EMA of EMA) + EMA of EMA of EMA; NaN for the first 3 (period - 1) inputs."""
    if not -inf < x < inf:
        return state, nan
    once, twice, thrice = state
    once, first = ema_step(once, x, period)
    twice, second = ema_step(twice, first, period)
    thrice, third = ema_step(thrice, second, period)
    return (once, twice, thrice), 3.0 * (first - second) + third


def trix_start(period: int) -> TrixState:
    """Return the state before the first input; raises `ValueError` if *period* < 1."""
    return (*tema_start(period), nan)


@step
def trix_step(state: TrixState, x: float, period: int) -> tuple[TrixState, float]:
    """Return by how many percent the threefold EMA changed; NaN for the first 3 (period - 1) + 1 inputs."""
    if not -inf < x < inf:
        return state, nan
    once, twice, thrice, before = state
    once, mean = ema_step(once, x, period)
    twice, mean = ema_step(twice, mean, period)
    thrice, mean = ema_step(thrice, mean, period)
    change = 100.0 * (mean / before - 1.0) if before < 0.0 or before > 0.0 else nan
    return (once, twice, thrice, mean), change


@kernel
def _tema_loop(state: TemaState, values: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = tema_step(state, values[i], period)


@kernel
def _trix_loop(state: TrixState, values: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = trix_step(state, values[i], period)


TEMA = Indicator(
    name="tema",
    inputs=("x",),
    outputs=("value",),
    parameters=("period",),
    defaults=(20,),
    start=tema_start,
    step=tema_step,
    loop=_tema_loop,
    warm_up=lambda period: (3 * (period - 1),),
)

TRIX = Indicator(
    name="trix",
    inputs=("x",),
    outputs=("value",),
    parameters=("period",),
    defaults=(15,),
    start=trix_start,
    step=trix_step,
    loop=_trix_loop,
    warm_up=lambda period: (3 * (period - 1) + 1,),
)

"""How far a series is below its peak, since the start and in a window."""

from math import inf, nan, sqrt
from typing import TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator
from genesis.domain.indicators.rolling_high import RollingHighState, rolling_high_start, rolling_high_step
from genesis.domain.indicators.rolling_sum import RollingSumState, rolling_sum_start, rolling_sum_step

DrawdownState: TypeAlias = tuple[float]
"""The peak."""

UlcerState: TypeAlias = tuple[RollingHighState, RollingSumState]
"""The highest of a window, and the sum of squared drawdowns below it."""


def drawdown_start() -> DrawdownState:
    """Return the state before the first input."""
    return (-inf,)


@step
def drawdown_step(state: DrawdownState, x: float) -> tuple[DrawdownState, float]:
    """Return the share by which *x* is below the highest input so far, 0 at a peak; NaN unless that is above 0."""
    if not -inf < x < inf:
        return state, nan
    peak = x if x > state[0] else state[0]
    return (peak,), (peak - x) / peak if peak > 0.0 else nan


def ulcer_start(period: int) -> UlcerState:
    """Return the state before the first input; raises `ValueError` if *period* < 1."""
    return rolling_high_start(period), rolling_sum_start(period)


@step
def ulcer_step(state: UlcerState, x: float, period: int) -> tuple[UlcerState, float]:
    """Return the root of the mean square of *period* drawdowns, in percent of the highest of *period* inputs."""
    if not -inf < x < inf:
        return state, nan
    highs, squares = state
    highs, highest = rolling_high_step(highs, x, period)
    fall = 100.0 * ((highest - x) / highest) if highest > 0.0 else nan
    squares, total = rolling_sum_step(squares, fall * fall, period)
    return (highs, squares), sqrt(total / period) if total >= 0.0 else nan


@kernel
def _drawdown_loop(state: DrawdownState, values: Floats, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = drawdown_step(state, values[i])


@kernel
def _ulcer_loop(state: UlcerState, values: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = ulcer_step(state, values[i], period)


DRAWDOWN = Indicator(
    name="drawdown",
    inputs=("x",),
    outputs=("value",),
    parameters=(),
    defaults=(),
    start=drawdown_start,
    step=drawdown_step,
    loop=_drawdown_loop,
    warm_up=lambda: (0,),
)

ULCER = Indicator(
    name="ulcer",
    inputs=("x",),
    outputs=("value",),
    parameters=("period",),
    defaults=(14,),
    start=ulcer_start,
    step=ulcer_step,
    loop=_ulcer_loop,
    warm_up=lambda period: (2 * (period - 1),),
)

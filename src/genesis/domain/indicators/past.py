"""What an input was *period* inputs ago, and what is told from it: momentum, rate of change, returns."""

from math import inf, nan
from typing import TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator, whole_parameter
from genesis.domain.indicators.logarithm import natural_logarithm
from genesis.domain.indicators.window import Slots, ring_before_the_start

PastState: TypeAlias = tuple[int, int, Slots]
"""seen, at, values: how many inputs were seen, up to the period; the slot of the next one; the last period + 1."""


def past_start(period: int) -> PastState:
    """Return the state before the first input; raises `ValueError` if *period* < 1."""
    return 0, 0, ring_before_the_start(whole_parameter("period", period) + 1)


@step
def past_step(state: PastState, x: float, period: int) -> tuple[PastState, float]:
    """Return the input *period* inputs ago, for an *x* that is finite; NaN before there was one."""
    seen, at, values = state
    values[at] = x
    at = at + 1 if at < period else 0
    if seen < period:
        return (seen + 1, at, values), nan
    return (seen, at, values), values[at]


@step
def momentum_step(state: PastState, x: float, period: int) -> tuple[PastState, float]:
    """Return by how much *x* is above the input *period* inputs ago."""
    if not -inf < x < inf:
        return state, nan
    state, before = past_step(state, x, period)
    return state, x - before


@step
def change_step(state: PastState, x: float, period: int) -> tuple[PastState, float]:
    """Return x ÷ the input *period* inputs ago - 1; NaN where that was 0."""
    if not -inf < x < inf:
        return state, nan
    state, before = past_step(state, x, period)
    return state, x / before - 1.0 if before < 0.0 or before > 0.0 else nan


@step
def log_change_step(state: PastState, x: float, period: int) -> tuple[PastState, float]:
    """Return the natural logarithm of x ÷ the input *period* inputs ago; NaN unless both are above 0."""
    if not -inf < x < inf:
        return state, nan
    state, before = past_step(state, x, period)
    return state, natural_logarithm(x / before) if x > 0.0 and before > 0.0 else nan


@kernel
def _momentum_loop(state: PastState, values: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = momentum_step(state, values[i], period)


@kernel
def _change_loop(state: PastState, values: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = change_step(state, values[i], period)


@kernel
def _log_change_loop(state: PastState, values: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = log_change_step(state, values[i], period)


MOMENTUM = Indicator(
    name="momentum",
    inputs=("x",),
    outputs=("value",),
    parameters=("period",),
    defaults=(10,),
    start=past_start,
    step=momentum_step,
    loop=_momentum_loop,
    warm_up=lambda period: (period,),
)

RETURNS = Indicator(
    name="returns",
    inputs=("x",),
    outputs=("value",),
    parameters=("period",),
    defaults=(1,),
    start=past_start,
    step=change_step,
    loop=_change_loop,
    warm_up=lambda period: (period,),
)

LOG_RETURNS = Indicator(
    name="log_returns",
    inputs=("x",),
    outputs=("value",),
    parameters=("period",),
    defaults=(1,),
    start=past_start,
    step=log_change_step,
    loop=_log_change_loop,
    warm_up=lambda period: (period,),
)

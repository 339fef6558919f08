"""What happened, remembered: switches that latch, how long ago something held, and what was then."""

from math import inf, nan
from typing import TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator, float_parameter

MemoryState: TypeAlias = tuple[float]
"""The one number that is remembered."""


def latch_start() -> MemoryState:
    """Return a switch that is off."""
    return (0.0,)


@step
def latch_step(state: MemoryState, on: float, off: float) -> tuple[MemoryState, float]:
    """Return 1.0 from when *on* holds until *off* does, 0.0 otherwise; where both hold, *off* wins."""
    row = on + off
    if not -inf < row < inf:
        return state, nan
    if off != 0.0:
        return (0.0,), 0.0
    if on != 0.0:
        return (1.0,), 1.0
    return state, state[0]


def memory_start() -> MemoryState:
    """Return the memory of nothing yet."""
    return (nan,)


@step
def bars_since_step(state: MemoryState, x: float) -> tuple[MemoryState, float]:
    """Return how many inputs ago *x* was not 0, 0.0 for now; NaN before it ever was."""
    if not -inf < x < inf:
        return state, nan
    if x != 0.0:
        return (0.0,), 0.0
    if state[0] >= 0.0:
        return (state[0] + 1.0,), state[0] + 1.0
    return state, nan


@step
def value_when_step(state: MemoryState, x: float, y: float) -> tuple[MemoryState, float]:
    """Return what *y* was when *x* was last not 0; NaN before it ever was."""
    row = x + y
    if not -inf < row < inf:
        return state, nan
    if x != 0.0:
        return (y,), y
    return state, state[0] if -inf < state[0] < inf else nan


def stepped_start(step: float) -> MemoryState:
    """Return the memory of nothing yet; raises `ValueError` if *step* is not finite and > 0."""
    float_parameter("step", step)
    return (nan,)


@step
def stepped_step(state: MemoryState, x: float, step: float) -> tuple[MemoryState, float]:
    """Return the value last given while *x* is less than *step* away from it, and *x* from then on."""
    if not -inf < x < inf:
        return state, nan
    given = state[0]
    if abs(x - given) < step:
        return state, given
    return (x,), x


def total_start() -> MemoryState:
    """Return a sum of nothing yet."""
    return (0.0,)


@step
def cumulative_step(state: MemoryState, x: float) -> tuple[MemoryState, float]:
    """Return the sum of all inputs."""
    if not -inf < x < inf:
        return state, nan
    total = state[0] + x
    return (total,), total


@kernel
def _latch_loop(state: MemoryState, on: Floats, off: Floats, out: Floats) -> None:
    for i in range(len(on)):
        state, out[i] = latch_step(state, on[i], off[i])


@kernel
def _bars_since_loop(state: MemoryState, x: Floats, out: Floats) -> None:
    for i in range(len(x)):
        state, out[i] = bars_since_step(state, x[i])


@kernel
def _value_when_loop(state: MemoryState, x: Floats, y: Floats, out: Floats) -> None:
    for i in range(len(x)):
        state, out[i] = value_when_step(state, x[i], y[i])


@kernel
def _stepped_loop(state: MemoryState, x: Floats, step: float, out: Floats) -> None:
    for i in range(len(x)):
        state, out[i] = stepped_step(state, x[i], step)


@kernel
def _cumulative_loop(state: MemoryState, x: Floats, out: Floats) -> None:
    for i in range(len(x)):
        state, out[i] = cumulative_step(state, x[i])


LATCH = Indicator(
    name="latch",
    inputs=("x", "y"),
    outputs=("value",),
    parameters=(),
    defaults=(),
    start=latch_start,
    step=latch_step,
    loop=_latch_loop,
    warm_up=lambda: (0,),
)

BARS_SINCE = Indicator(
    name="bars_since",
    inputs=("x",),
    outputs=("value",),
    parameters=(),
    defaults=(),
    start=memory_start,
    step=bars_since_step,
    loop=_bars_since_loop,
    warm_up=lambda: (0,),
)

VALUE_WHEN = Indicator(
    name="value_when",
    inputs=("x", "y"),
    outputs=("value",),
    parameters=(),
    defaults=(),
    start=memory_start,
    step=value_when_step,
    loop=_value_when_loop,
    warm_up=lambda: (0,),
)

CUMULATIVE = Indicator(
    name="cumulative",
    inputs=("x",),
    outputs=("value",),
    parameters=(),
    defaults=(),
    start=total_start,
    step=cumulative_step,
    loop=_cumulative_loop,
    warm_up=lambda: (0,),
)

STEPPED = Indicator(
    name="stepped",
    inputs=("x",),
    outputs=("value",),
    parameters=("step",),
    defaults=(0.1,),
    start=stepped_start,
    step=stepped_step,
    loop=_stepped_loop,
    warm_up=lambda _step: (0,),
)

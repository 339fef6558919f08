"""How two series move together in a window: their correlation, and the beta of one on the other."""

from math import inf, nan, sqrt
from typing import TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator, whole_parameter
from genesis.domain.indicators.moments import window_mean
from genesis.domain.indicators.window import Slots, ring_before_the_start

PairState: TypeAlias = tuple[int, int, Slots, Slots]
"""seen, at, xs, ys: how many rows were seen, up to period - 1; the slot of the next one; the last *period* rows."""


def pair_start(period: int) -> PairState:
    """Return the state before the first row; raises `ValueError` if *period* < 1."""
    period = whole_parameter("period", period)
    return 0, 0, ring_before_the_start(period), ring_before_the_start(period)


@step
def pair_step(state: PairState, x: float, y: float, period: int) -> tuple[PairState, float, float, float]:
    """Return the sums of x², of y² and of x y around their means, of finite rows; NaN until there are *period*."""
    seen, at, xs, ys = state
    xs[at] = x
    ys[at] = y
    at = at + 1 if at + 1 < period else 0
    if seen + 1 < period:
        return (seen + 1, at, xs, ys), nan, nan, nan
    mean_x, mean_y = window_mean(xs, period), window_mean(ys, period)
    xx, yy, xy = 0.0, 0.0, 0.0
    for k in range(period):
        apart_x, apart_y = xs[k] - mean_x, ys[k] - mean_y
        xx += apart_x * apart_x
        yy += apart_y * apart_y
        xy += apart_x * apart_y
    return (seen, at, xs, ys), xx, yy, xy


@step
def correlation_step(state: PairState, x: float, y: float, period: int) -> tuple[PairState, float]:
    """Return Pearson's correlation of the last *period* rows, -1 to 1; 0 where one of both does not move."""
    row = x + y
    if not -inf < row < inf:
        return state, nan
    state, xx, yy, xy = pair_step(state, x, y, period)
    scale = sqrt(xx) * sqrt(yy) if xx >= 0.0 and yy >= 0.0 else nan
    if scale > 0.0:
        together = xy / scale
        if together > 1.0:
            return state, 1.0
        return state, together if together > -1.0 else -1.0
    return state, 0.0 if scale <= 0.0 else nan


@step
def beta_step(state: PairState, x: float, y: float, period: int) -> tuple[PairState, float]:
    """Return by how much *x* moves when *y* moves by 1: the slope of x on y; 0 where *y* does not move."""
    row = x + y
    if not -inf < row < inf:
        return state, nan
    state, _, yy, xy = pair_step(state, x, y, period)
    if yy > 0.0:
        return state, xy / yy
    return state, 0.0 if yy >= 0.0 else nan


@kernel
def _correlation_loop(state: PairState, x: Floats, y: Floats, period: int, out: Floats) -> None:
    for i in range(len(x)):
        state, out[i] = correlation_step(state, x[i], y[i], period)


@kernel
def _beta_loop(state: PairState, x: Floats, y: Floats, period: int, out: Floats) -> None:
    for i in range(len(x)):
        state, out[i] = beta_step(state, x[i], y[i], period)


CORRELATION = Indicator(
    name="correlation",
    inputs=("x", "y"),
    outputs=("value",),
    parameters=("period",),
    defaults=(30,),
    start=pair_start,
    step=correlation_step,
    loop=_correlation_loop,
    warm_up=lambda period: (period - 1,),
)

BETA = Indicator(
    name="beta",
    inputs=("x", "y"),
    outputs=("value",),
    parameters=("period",),
    defaults=(30,),
    start=pair_start,
    step=beta_step,
    loop=_beta_loop,
    warm_up=lambda period: (period - 1,),
)

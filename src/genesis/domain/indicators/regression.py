"""Linear regression of a window on time: its slope a candle, both its ends, and how well it fits."""

from math import inf, nan

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator
from genesis.domain.indicators.moments import MomentsState, moments_start, window_mean


@step
def regression_step(
    state: MomentsState, x: float, period: int
) -> tuple[MomentsState, tuple[float, float, float, float]]:
    """Return the slope, the line's beginning and end in the window, and R²; NaN until there are *period* inputs.

    Where nothing moves, and for a period of 1, slope and R² are 0.
    """
    if not -inf < x < inf:
        return state, (nan, nan, nan, nan)
    seen, at, values = state
    values[at] = x
    at = at + 1 if at + 1 < period else 0
    if seen + 1 < period:
        return (seen + 1, at, values), (nan, nan, nan, nan)
    mean = window_mean(values, period)
    half = 0.5 * (period - 1)
    product, squares = 0.0, 0.0
    slot = at
    for k in range(period):
        apart = values[slot] - mean
        product += (k - half) * apart
        squares += apart * apart
        slot = slot + 1 if slot + 1 < period else 0
    times = period * (1.0 * period * period - 1.0) / 12.0
    slope = product / times if times > 0.0 else 0.0
    explained = slope * product
    fit = explained / squares if squares > 0.0 else 0.0
    return (seen, at, values), (slope, mean - slope * half, mean + slope * half, fit if fit < 1.0 else 1.0)


@kernel
def _loop(
    state: MomentsState, values: Floats, period: int, slope: Floats, intercept: Floats, end: Floats, fit: Floats
) -> None:
    for i in range(len(values)):
        state, (slope[i], intercept[i], end[i], fit[i]) = regression_step(state, values[i], period)


REGRESSION = Indicator(
    name="regression",
    inputs=("x",),
    outputs=("slope", "intercept", "end", "r2"),
    parameters=("period",),
    defaults=(20,),
    start=moments_start,
    step=regression_step,
    loop=_loop,
    warm_up=lambda period: (period - 1,) * 4,
)

"""The true range: the height of a candle, stretched to the close before it."""

from math import inf, nan
from typing import TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator

TrueRangeState: TypeAlias = tuple[float]
"""The last close; NaN before there was one."""


def true_range_start() -> TrueRangeState:
    """Return the state before the first candle."""
    return (nan,)


@step
def true_range_step(state: TrueRangeState, high: float, low: float, close: float) -> tuple[TrueRangeState, float]:
    """Return the true range; NaN for the first candle, which has no close before it."""
    row = high + low + close
    if not -inf < row < inf:
        return state, nan
    last = state[0]
    if not -inf < last < inf:
        return (close,), nan
    return (close,), (high if high > last else last) - (low if low < last else last)


@kernel
def _loop(state: TrueRangeState, high: Floats, low: Floats, close: Floats, out: Floats) -> None:
    for i in range(len(close)):
        state, out[i] = true_range_step(state, high[i], low[i], close[i])


TRUE_RANGE = Indicator(
    name="true_range",
    inputs=("high", "low", "close"),
    outputs=("value",),
    parameters=(),
    defaults=(),
    start=true_range_start,
    step=true_range_step,
    loop=_loop,
    warm_up=lambda: (1,),
)

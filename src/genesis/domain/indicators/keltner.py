"""Keltner channel: an EMA of the close, and bands some average true ranges around it."""

from math import inf, nan
from typing import TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.atr import AtrState, atr_start, atr_step
from genesis.domain.indicators.ema import EmaState, ema_start, ema_step
from genesis.domain.indicators.indicator import Indicator, float_parameter

KeltnerState: TypeAlias = tuple[EmaState, AtrState]
"""The average, and the average true range."""


def keltner_start(period: int, width: float) -> KeltnerState:
    """Return the state before the first candle; raises `ValueError` if *period* < 1 or *width* is not > 0."""
    float_parameter("width", width)
    return ema_start(period), atr_start(period)


@step
def keltner_step(
    state: KeltnerState, high: float, low: float, close: float, period: int, width: float
) -> tuple[KeltnerState, tuple[float, float, float]]:
    """Return the upper, middle and lower line: the EMA of *period* closes ± *width* average true ranges."""
    row = high + low + close
    if not -inf < row < inf:
        return state, (nan, nan, nan)
    means, ranges = state
    means, middle = ema_step(means, close, period)
    ranges, span = atr_step(ranges, high, low, close, period)
    reach = width * span
    return (means, ranges), (middle + reach, middle, middle - reach)


@kernel
def _loop(
    state: KeltnerState,
    high: Floats,
    low: Floats,
    close: Floats,
    period: int,
    width: float,
    upper: Floats,
    middle: Floats,
    lower: Floats,
) -> None:
    for i in range(len(close)):
        state, (upper[i], middle[i], lower[i]) = keltner_step(state, high[i], low[i], close[i], period, width)


KELTNER = Indicator(
    name="keltner",
    inputs=("high", "low", "close"),
    outputs=("upper", "middle", "lower"),
    parameters=("period", "width"),
    defaults=(20, 2.0),
    start=keltner_start,
    step=keltner_step,
    loop=_loop,
    warm_up=lambda period, _width: (period, period - 1, period),
)

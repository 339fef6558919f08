"""Supertrend: a stop line that follows the price at a distance of some average true ranges."""

from math import nan
from typing import TypeAlias

import numpy.typing as npt

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.atr import AtrState, atr_start, atr_step
from genesis.domain.indicators.indicator import Indicator, float_parameter

SupertrendState: TypeAlias = tuple[AtrState, float, float, float]
"""The average true range (with the last close), both bands, the direction: 0 before the first, then +1 or -1."""


def supertrend_start(period: int, multiplier: float) -> SupertrendState:
    """Return the state before the first candle; raises `ValueError` on *period* < 1 or *multiplier* not > 0."""
    float_parameter("multiplier", multiplier)
    return atr_start(period), 0.0, 0.0, 0.0


@step
def supertrend_step(
    state: SupertrendState, high: float, low: float, close: float, period: int, multiplier: float
) -> tuple[SupertrendState, tuple[float, float]]:
    """Return the line and the direction: +1 with the line below the close as a floor, -1 with it above as a ceiling.

    The bands are (high + low) / 2 ± multiplier × ATR; the floor only rises and the ceiling only falls until a close
    goes through it. A close beyond the active band turns the direction. It begins downwards, unless the first close is
    above the ceiling. NaN while there is no ATR.
    """
    last_atr, last_upper, last_lower, last_direction = state
    atr_state, span = atr_step(last_atr, high, low, close, period)
    if span != span:
        return (atr_state, last_upper, last_lower, last_direction), (nan, nan)
    last_close = last_atr[1]
    middle = (high + low) * 0.5
    reach = multiplier * span
    upper = middle + reach
    lower = middle - reach
    direction = -1.0
    if last_direction != 0.0:
        if upper > last_upper and last_close <= last_upper:
            upper = last_upper
        if lower < last_lower and last_close >= last_lower:
            lower = last_lower
        direction = last_direction
    if direction < 0.0:
        if close > upper:
            direction = 1.0
    elif close < lower:
        direction = -1.0
    line = lower if direction > 0.0 else upper
    return (atr_state, upper, lower, direction), (line, direction)


@kernel
def _loop(
    state: SupertrendState,
    high: Floats,
    low: Floats,
    close: Floats,
    period: int,
    multiplier: float,
    line: Floats,
    direction: Floats,
) -> None:
    for i in range(len(close)):
        state, (line[i], direction[i]) = supertrend_step(state, high[i], low[i], close[i], period, multiplier)


def supertrend(
    high: npt.ArrayLike, low: npt.ArrayLike, close: npt.ArrayLike, period: int, multiplier: float
) -> tuple[Floats, Floats]:
    """Return the line, in quote units, and the direction (+1 up, -1 down): NaN for the first *period* candles."""
    line, direction = SUPERTREND.batch(high, low, close, period, multiplier)
    return line, direction


SUPERTREND = Indicator(
    name="supertrend",
    inputs=("high", "low", "close"),
    outputs=("line", "direction"),
    parameters=("period", "multiplier"),
    defaults=(10, 3.0),
    start=supertrend_start,
    step=supertrend_step,
    loop=_loop,
    warm_up=lambda period, _multiplier: (period, period),
)

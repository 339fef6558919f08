"""Average directional index with the directional indicators +DI and -DI, by Wilder."""

from math import inf, nan
from typing import TypeAlias

import numpy.typing as npt
from attrs import evolve

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator, whole_parameter

AdxState: TypeAlias = tuple[int, float, float, float, float, float, float, float, float, float]
"""seen, high, low, close, plus, minus, span, mean, keep, weight: candles seen, up to twice the period; the
last one; the Wilder sums of directional movement up and down, and of true range; the sum of the first *period*
directional indices, then their Wilder mean; what the mean before and an index weigh.
"""


def adx_start(period: int) -> AdxState:
    """Return the state before the first candle; raises `ValueError` if *period* < 1."""
    period = whole_parameter("period", period)
    weight = 1.0 / period
    return 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0 - weight, weight


@step
def adx_step(
    state: AdxState, high: float, low: float, close: float, period: int
) -> tuple[AdxState, tuple[float, float, float]]:
    """Return ADX, +DI and -DI, each 0 to 100: NaN for the first 2 period - 1, *period* and *period* candles.

    As in TA-Lib the Wilder sums begin with the plain sums of the first period - 1 candles; without any range +DI and
    -DI are 0, and without any direction the ADX stays where it is (a 0 while its first mean is gathered).
    """
    row = high + low + close
    if not -inf < row < inf:
        return state, (nan, nan, nan)
    seen, last_high, last_low, last_close, plus, minus, span, mean, keep, weight = state
    if seen == 0:
        return (1, high, low, close, 0.0, 0.0, 0.0, 0.0, keep, weight), (nan, nan, nan)
    up = high - last_high
    down = last_low - low
    faded = keep if seen >= period else 1.0
    plus = faded * plus + (up if up > down and up > 0.0 else 0.0)
    minus = faded * minus + (down if down > up and down > 0.0 else 0.0)
    # The true range: the height of the candle, stretched to the close before it.
    top = high if high > last_close else last_close
    bottom = low if low < last_close else last_close
    span = faded * span + (top - bottom)
    if seen < period:
        return (seen + 1, high, low, close, plus, minus, span, 0.0, keep, weight), (nan, nan, nan)
    has_range = span > 0.0
    plus_di = 100.0 * (plus / span) if has_range else 0.0
    minus_di = 100.0 * (minus / span) if has_range else 0.0
    # |+DI - -DI| / (+DI + -DI) without the range, which cancels out.
    moved = plus + minus
    has_direction = has_range and moved > 0.0
    direction = 100.0 * (abs(plus - minus) / moved) if has_direction else 0.0
    if seen == 2 * period:
        index = keep * mean + weight * direction if has_direction else mean
        return (seen, high, low, close, plus, minus, span, index, keep, weight), (index, plus_di, minus_di)
    index = mean + direction
    if seen + 1 < 2 * period:
        return (seen + 1, high, low, close, plus, minus, span, index, keep, weight), (nan, plus_di, minus_di)
    index = index / period
    return (seen + 1, high, low, close, plus, minus, span, index, keep, weight), (index, plus_di, minus_di)


@kernel
def _loop(
    state: AdxState,
    high: Floats,
    low: Floats,
    close: Floats,
    period: int,
    index: Floats,
    plus_di: Floats,
    minus_di: Floats,
) -> None:
    for i in range(len(close)):
        state, (index[i], plus_di[i], minus_di[i]) = adx_step(state, high[i], low[i], close[i], period)


@kernel
def _index_loop(state: AdxState, high: Floats, low: Floats, close: Floats, period: int, index: Floats) -> None:
    for i in range(len(close)):
        state, (index[i], _, _) = adx_step(state, high[i], low[i], close[i], period)


def adx(high: npt.ArrayLike, low: npt.ArrayLike, close: npt.ArrayLike, period: int) -> Floats:
    """Return the average directional index alone, 0 to 100: NaN for the first 2 period - 1. Equals TA-Lib's ADX."""
    return _INDEX_ALONE.batch(high, low, close, period)[0]


def directional_movement(
    high: npt.ArrayLike, low: npt.ArrayLike, close: npt.ArrayLike, period: int
) -> tuple[Floats, Floats, Floats]:
    """Return ADX, +DI and -DI. They equal TA-Lib's ADX, PLUS_DI and MINUS_DI where TA-Lib smooths: period >= 2."""
    index, plus_di, minus_di = ADX.batch(high, low, close, period)
    return index, plus_di, minus_di


ADX = Indicator(
    name="adx",
    inputs=("high", "low", "close"),
    outputs=("adx", "plus_di", "minus_di"),
    parameters=("period",),
    defaults=(14,),
    start=adx_start,
    step=adx_step,
    loop=_loop,
    warm_up=lambda period: (2 * period - 1, period, period),
)

# The same step with two outputs that nobody reads, so that the compiler leaves their divisions out.
_INDEX_ALONE = evolve(ADX, outputs=("adx",), loop=_index_loop, warm_up=lambda period: (2 * period - 1,))

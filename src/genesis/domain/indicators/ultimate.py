"""Ultimate oscillator: buying pressure over three periods at once."""

from math import inf, nan
from typing import TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator, whole_parameter
from genesis.domain.indicators.rolling_sum import RollingSumState, rolling_sum_start, rolling_sum_step

PressureState: TypeAlias = tuple[RollingSumState, RollingSumState]
"""The sums of closes above the true low, and of true ranges."""

UltimateState: TypeAlias = tuple[float, PressureState, PressureState, PressureState]
"""The last close, and the pressure over the short, the middle and the long period."""


@step
def pressure_step(state: PressureState, above: float, span: float, period: int) -> tuple[PressureState, float]:
    """Return the share that closes stand above true lows, of the true ranges; 0 without any range."""
    pressures, ranges = state
    pressures, pressure = rolling_sum_step(pressures, above, period)
    ranges, whole = rolling_sum_step(ranges, span, period)
    if whole > 0.0:
        return (pressures, ranges), pressure / whole
    return (pressures, ranges), 0.0 if whole <= 0.0 else nan


def ultimate_start(short: int, middle: int, long: int) -> UltimateState:
    """Return the state before the first candle; raises `ValueError` if a period is < 1."""
    whole_parameter("short", short)
    whole_parameter("middle", middle)
    whole_parameter("long", long)
    a, b, c = ((rolling_sum_start(period), rolling_sum_start(period)) for period in (short, middle, long))
    return nan, a, b, c


@step
def ultimate_step(
    state: UltimateState, high: float, low: float, close: float, short: int, middle: int, long: int
) -> tuple[UltimateState, float]:
    """Return the three pressures, weighed 4 : 2 : 1, 0 to 100; NaN for as many candles as the longest period."""
    row = high + low + close
    if not -inf < row < inf:
        return state, nan
    last, first, second, third = state
    if not -inf < last < inf:
        return (close, first, second, third), nan
    bottom = low if low < last else last
    span = (high if high > last else last) - bottom
    first, quick = pressure_step(first, close - bottom, span, short)
    second, steady = pressure_step(second, close - bottom, span, middle)
    third, slow = pressure_step(third, close - bottom, span, long)
    return (close, first, second, third), 100.0 * ((4.0 * quick + 2.0 * steady + slow) / 7.0)


@kernel
def _loop(
    state: UltimateState,
    high: Floats,
    low: Floats,
    close: Floats,
    short: int,
    middle: int,
    long: int,
    out: Floats,
) -> None:
    for i in range(len(close)):
        state, out[i] = ultimate_step(state, high[i], low[i], close[i], short, middle, long)


ULTIMATE = Indicator(
    name="ultimate",
    inputs=("high", "low", "close"),
    outputs=("value",),
    parameters=("short", "middle", "long"),
    defaults=(7, 14, 28),
    start=ultimate_start,
    step=ultimate_step,
    loop=_loop,
    warm_up=lambda short, middle, long: (max(short, middle, long),),
)

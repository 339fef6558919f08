"""Stochastic oscillators: where a value lies between the lowest and the highest of a window."""

from math import inf, nan
from typing import TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator, whole_parameter
from genesis.domain.indicators.rolling_high import RollingHighState, rolling_high_start, rolling_high_step
from genesis.domain.indicators.rolling_low import RollingLowState, rolling_low_start, rolling_low_step
from genesis.domain.indicators.rsi import RsiState, rsi_start, rsi_step
from genesis.domain.indicators.sma import SmaState, sma_start, sma_step

LocationState: TypeAlias = tuple[RollingHighState, RollingLowState]
"""The highest high, and the lowest low."""

StochasticState: TypeAlias = tuple[LocationState, SmaState, SmaState]
"""Where the close lies, that smoothed, and that smoothed again."""

StochRsiState: TypeAlias = tuple[RsiState, LocationState, SmaState]
"""The RSI, where it lies, and that smoothed."""


def location_start(period: int) -> LocationState:
    """Return the state before the first candle; raises `ValueError` if *period* < 1."""
    return rolling_high_start(period), rolling_low_start(period)


@step
def location_step(
    state: LocationState, high: float, low: float, close: float, period: int
) -> tuple[LocationState, float, float]:
    """Return close - lowest low and highest high - lowest low of finite inputs; NaN until there are *period*."""
    highs, lows = state
    highs, highest = rolling_high_step(highs, high, period)
    lows, lowest = rolling_low_step(lows, low, period)
    return (highs, lows), close - lowest, highest - lowest


@step
def williams_step(
    state: LocationState, high: float, low: float, close: float, period: int
) -> tuple[LocationState, float]:
    """Return how far the close is below the highest high, 0 to -100 percent of the range; 0 without any range."""
    row = high + low + close
    if not -inf < row < inf:
        return state, nan
    state, above, span = location_step(state, high, low, close, period)
    if span > 0.0:
        return state, -100.0 * ((span - above) / span)
    return state, 0.0 if span <= 0.0 else nan


def stochastic_start(period: int, smooth: int, signal: int) -> StochasticState:
    """Return the state before the first candle; raises `ValueError` if *period*, *smooth* or *signal* < 1."""
    whole_parameter("period", period)
    whole_parameter("smooth", smooth)
    whole_parameter("signal", signal)
    return location_start(period), sma_start(smooth), sma_start(signal)


@step
def stochastic_step(
    state: StochasticState, high: float, low: float, close: float, period: int, smooth: int, signal: int
) -> tuple[StochasticState, tuple[float, float]]:
    """Return %K, the place of the close averaged over *smooth*, and %D, its average over *signal*; 0 to 100."""
    row = high + low + close
    if not -inf < row < inf:
        return state, (nan, nan)
    location, slow, slower = state
    location, above, span = location_step(location, high, low, close, period)
    place = 100.0 * (above / span) if span > 0.0 else (0.0 if span <= 0.0 else nan)
    slow, k = sma_step(slow, place, smooth)
    slower, d = sma_step(slower, k, signal)
    return (location, slow, slower), (k, d)


def stoch_rsi_start(period: int, window: int, signal: int) -> StochRsiState:
    """Return the state before the first input; raises `ValueError` if *period*, *window* or *signal* < 1."""
    whole_parameter("window", window)
    whole_parameter("signal", signal)
    return rsi_start(period), location_start(window), sma_start(signal)


@step
def stoch_rsi_step(
    state: StochRsiState, x: float, period: int, window: int, signal: int
) -> tuple[StochRsiState, tuple[float, float]]:
    """Return %K, the place of the RSI in its last *window* values, and %D, its average over *signal*; 0 to 100."""
    if not -inf < x < inf:
        return state, (nan, nan)
    strengths, location, slower = state
    strengths, strength = rsi_step(strengths, x, period)
    if not strength >= 0.0:
        return (strengths, location, slower), (nan, nan)
    location, above, span = location_step(location, strength, strength, strength, window)
    k = 100.0 * (above / span) if span > 0.0 else (0.0 if span <= 0.0 else nan)
    slower, d = sma_step(slower, k, signal)
    return (strengths, location, slower), (k, d)


@kernel
def _williams_loop(state: LocationState, high: Floats, low: Floats, close: Floats, period: int, out: Floats) -> None:
    for i in range(len(close)):
        state, out[i] = williams_step(state, high[i], low[i], close[i], period)


@kernel
def _stochastic_loop(
    state: StochasticState,
    high: Floats,
    low: Floats,
    close: Floats,
    period: int,
    smooth: int,
    signal: int,
    k: Floats,
    d: Floats,
) -> None:
    for i in range(len(close)):
        state, (k[i], d[i]) = stochastic_step(state, high[i], low[i], close[i], period, smooth, signal)


@kernel
def _stoch_rsi_loop(
    state: StochRsiState, values: Floats, period: int, window: int, signal: int, k: Floats, d: Floats
) -> None:
    for i in range(len(values)):
        state, (k[i], d[i]) = stoch_rsi_step(state, values[i], period, window, signal)


WILLIAMS_R = Indicator(
    name="williams_r",
    inputs=("high", "low", "close"),
    outputs=("value",),
    parameters=("period",),
    defaults=(14,),
    start=location_start,
    step=williams_step,
    loop=_williams_loop,
    warm_up=lambda period: (period - 1,),
)

STOCHASTIC = Indicator(
    name="stochastic",
    inputs=("high", "low", "close"),
    outputs=("k", "d"),
    parameters=("period", "smooth", "signal"),
    defaults=(14, 3, 3),
    start=stochastic_start,
    step=stochastic_step,
    loop=_stochastic_loop,
    warm_up=lambda period, smooth, signal: (period + smooth - 2, period + smooth + signal - 3),
)

STOCH_RSI = Indicator(
    name="stoch_rsi",
    inputs=("x",),
    outputs=("k", "d"),
    parameters=("period", "window", "signal"),
    defaults=(14, 14, 3),
    start=stoch_rsi_start,
    step=stoch_rsi_step,
    loop=_stoch_rsi_loop,
    warm_up=lambda period, window, signal: (period + window - 1, period + window + signal - 2),
)

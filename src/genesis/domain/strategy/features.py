"""The vocabulary of strategies: candle fields, indicators and functions, each giving an expression."""

import math
from typing import Final, NamedTuple

from genesis.domain.indicators.adx import ADX
from genesis.domain.indicators.atr import ATR
from genesis.domain.indicators.bollinger import BOLLINGER
from genesis.domain.indicators.day_vwap import DAY_VWAP
from genesis.domain.indicators.deviation import DEVIATION
from genesis.domain.indicators.donchian import DONCHIAN
from genesis.domain.indicators.ema import EMA
from genesis.domain.indicators.indicator import Indicator
from genesis.domain.indicators.macd import MACD
from genesis.domain.indicators.obv import OBV
from genesis.domain.indicators.rolling_high import ROLLING_HIGH
from genesis.domain.indicators.rolling_low import ROLLING_LOW
from genesis.domain.indicators.rsi import RSI
from genesis.domain.indicators.sma import SMA
from genesis.domain.indicators.supertrend import SUPERTREND
from genesis.domain.indicators.vwap import VWAP
from genesis.domain.strategy import elementwise
from genesis.domain.strategy.expression import (
    Applied,
    Computation,
    Constant,
    Expr,
    Field,
    Indicated,
    Lagged,
    Number,
    lifted,
)

open_: Final = Field("open")
high: Final = Field("high")
low: Final = Field("low")
close: Final = Field("close")
volume: Final = Field("volume")

KEEP: Final = Constant(math.nan)
"""No decision: the target stays what it was."""


def where(condition: Expr, then: Expr | Number, otherwise: Expr | Number) -> Expr:
    """Return *then* while the condition holds, *otherwise* while it does not, NaN while it is not known."""
    return Applied(elementwise.WHERE, (condition, lifted(then), lifted(otherwise)))


def lag(expression: Expr, periods: int = 1) -> Expr:
    """Return the value *periods* candles ago."""
    return Lagged(expression, periods)


def crosses_above(left: Expr, right: Expr | Number) -> Expr:
    """Return 1.0 on the candle where *left* goes from at or below *right* to above it."""
    right = lifted(right)
    return (left > right) & (lag(left) <= lag(right))


def crosses_below(left: Expr, right: Expr | Number) -> Expr:
    """Return 1.0 on the candle where *left* goes from at or above *right* to below it."""
    right = lifted(right)
    return (left < right) & (lag(left) >= lag(right))


def clip(expression: Expr, lowest: Number, highest: Number) -> Expr:
    """Return *expression*, but never below *lowest* nor above *highest*; raises `ValueError` if those are crossed."""
    if not lowest <= highest:
        raise ValueError(f"clip needs lowest <= highest, got {lowest} and {highest}")
    return minimum(maximum(expression, lowest), highest)


def minimum(left: Expr | Number, right: Expr | Number) -> Expr:
    """Return the smaller of two values."""
    return Applied(elementwise.MINIMUM, (lifted(left), lifted(right)))


def maximum(left: Expr | Number, right: Expr | Number) -> Expr:
    """Return the larger of two values."""
    return Applied(elementwise.MAXIMUM, (lifted(left), lifted(right)))


class Bands(NamedTuple):
    """An upper and a lower band around a middle line."""

    upper: Expr
    middle: Expr
    lower: Expr


class Convergence(NamedTuple):
    """What MACD gives: the line, its signal line, and their difference."""

    macd: Expr
    signal_line: Expr
    histogram: Expr


class Direction(NamedTuple):
    """What ADX gives: the strength of a trend, and the directional indicators up and down."""

    adx: Expr
    plus_di: Expr
    minus_di: Expr


class Trail(NamedTuple):
    """What Supertrend gives: its line, and its direction, 1.0 up or -1.0 down."""

    line: Expr
    direction: Expr


def ema(x: Expr, period: int) -> Expr:
    """Return the exponential moving average of *x*."""
    return _one(EMA, (x,), period)


def sma(x: Expr, period: int) -> Expr:
    """Return the simple moving average of *x*."""
    return _one(SMA, (x,), period)


def deviation(x: Expr, period: int) -> Expr:
    """Return the standard deviation of the last *period* values of *x*."""
    return _one(DEVIATION, (x,), period)


def bollinger(x: Expr, period: int = 20, width: float = 2.0) -> Bands:
    """Return the mean of *x* and the bands *width* standard deviations around it."""
    return Bands(*_all(BOLLINGER, (x,), period, float(width)))


def macd(x: Expr, fast: int = 12, slow: int = 26, signal: int = 9) -> Convergence:
    """Return the difference of two EMAs of *x*, its own EMA, and the difference of both."""
    return Convergence(*_all(MACD, (x,), fast, slow, signal))


def rsi(x: Expr, period: int = 14) -> Expr:
    """Return the relative strength index of *x*, 0 to 100."""
    return _one(RSI, (x,), period)


def atr(period: int = 14) -> Expr:
    """Return the average true range."""
    return _one(ATR, (high, low, close), period)


def adx(period: int = 14) -> Direction:
    """Return the average directional index with +DI and -DI, each 0 to 100."""
    return Direction(*_all(ADX, (high, low, close), period))


def supertrend(period: int = 10, multiplier: float = 3.0) -> Trail:
    """Return the line that trails the price by *multiplier* average true ranges, and its direction."""
    return Trail(*_all(SUPERTREND, (high, low, close), period, float(multiplier)))


def donchian(period: int = 20) -> Bands:
    """Return the highest high and the lowest low of the last *period* candles, and the middle between them."""
    return Bands(*_all(DONCHIAN, (high, low), period))


def rolling_high(x: Expr, period: int) -> Expr:
    """Return the highest of the last *period* values of *x*."""
    return _one(ROLLING_HIGH, (x,), period)


def rolling_low(x: Expr, period: int) -> Expr:
    """Return the lowest of the last *period* values of *x*."""
    return _one(ROLLING_LOW, (x,), period)


def vwap(period: int = 20) -> Expr:
    """Return the typical price weighted by volume over the last *period* candles."""
    return _one(VWAP, (high, low, close, volume), period)


def day_vwap() -> Expr:
    """Return the typical price weighted by volume since midnight UTC."""
    return _one(DAY_VWAP, (Field("mts"), high, low, close, volume))


def obv() -> Expr:
    """Return the on-balance volume."""
    return _one(OBV, (close, volume))


def _all(indicator: Indicator, inputs: tuple[Expr, ...], *parameters: Number) -> tuple[Expr, ...]:
    computation = Computation(indicator, inputs, parameters)
    return tuple(Indicated(computation, output) for output in range(len(indicator.outputs)))


def _one(indicator: Indicator, inputs: tuple[Expr, ...], *parameters: Number) -> Expr:
    return Indicated(Computation(indicator, inputs, parameters))

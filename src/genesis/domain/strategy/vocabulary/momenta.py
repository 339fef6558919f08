"""Momentum and oscillators: how much, how fast and how steadily something moved."""

from typing import NamedTuple

from genesis.domain.indicators.aroon import AROON
from genesis.domain.indicators.cci import CCI
from genesis.domain.indicators.cmo import CMO
from genesis.domain.indicators.kama import EFFICIENCY
from genesis.domain.indicators.macd import MACD
from genesis.domain.indicators.past import LOG_RETURNS, MOMENTUM, RETURNS
from genesis.domain.indicators.rsi import RSI
from genesis.domain.indicators.stochastic import STOCH_RSI, STOCHASTIC, WILLIAMS_R
from genesis.domain.indicators.tema import TRIX
from genesis.domain.indicators.ultimate import ULTIMATE
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.vocabulary.averages import ema, sma
from genesis.domain.strategy.vocabulary.candle_fields import close, high, low, median_price, output, outputs


class Convergence(NamedTuple):
    """What MACD gives: the line, its signal line, and their difference."""

    macd: Expr
    signal_line: Expr
    histogram: Expr


class Oscillation(NamedTuple):
    """What a stochastic oscillator gives: %K, and %D, its average."""

    k: Expr
    d: Expr


class Extremes(NamedTuple):
    """What Aroon gives: how fresh the highest high and the lowest low are, 0 to 100, and their difference."""

    up: Expr
    down: Expr
    oscillator: Expr


def macd(x: Expr, fast: int = 12, slow: int = 26, signal: int = 9) -> Convergence:
    """Return the difference of two EMAs of *x*, its own EMA, and the difference of both."""
    return Convergence(*outputs(MACD, (x,), fast, slow, signal))


def ppo(x: Expr, fast: int = 12, slow: int = 26) -> Expr:
    """Return the difference of two EMAs of *x*, in percent of the slow one."""
    return 100.0 * ((ema(x, fast) - ema(x, slow)) / ema(x, slow))


def rsi(x: Expr, period: int = 14) -> Expr:
    """Return the relative strength index of *x*, 0 to 100."""
    return output(RSI, (x,), period)


def stochastic(period: int = 14, smooth: int = 3, signal: int = 3) -> Oscillation:
    """Return where the close lies between lowest low and highest high, 0 to 100, smoothed, and its average."""
    return Oscillation(*outputs(STOCHASTIC, (high, low, close), period, smooth, signal))


def stoch_rsi(x: Expr, period: int = 14, window: int = 14, signal: int = 3) -> Oscillation:
    """Return where the RSI of *x* lies between its own extremes, 0 to 100, and the average of that."""
    return Oscillation(*outputs(STOCH_RSI, (x,), period, window, signal))


def williams_r(period: int = 14) -> Expr:
    """Return how far the close is below the highest high, 0 to -100 percent of the range."""
    return output(WILLIAMS_R, (high, low, close), period)


def cci(period: int = 20) -> Expr:
    """Return the commodity channel index: the typical price's distance from its mean."""
    return output(CCI, (high, low, close), period)


def cmo(x: Expr, period: int = 14) -> Expr:
    """Return Chande's momentum oscillator of *x*, -100 to 100."""
    return output(CMO, (x,), period)


def ultimate(short: int = 7, middle: int = 14, long: int = 28) -> Expr:
    """Return the ultimate oscillator: buying pressure over three periods, 0 to 100."""
    return output(ULTIMATE, (high, low, close), short, middle, long)


def awesome(fast: int = 5, slow: int = 34) -> Expr:
    """Return the awesome oscillator: two averages of the median price apart."""
    return sma(median_price(), fast) - sma(median_price(), slow)


def trix(x: Expr, period: int = 15) -> Expr:
    """Return by how many percent a threefold EMA of *x* changed."""
    return output(TRIX, (x,), period)


def aroon(period: int = 25) -> Extremes:
    """Return how long ago the highest high and the lowest low were, 100 for now, and the difference."""
    return Extremes(*outputs(AROON, (high, low), period))


def momentum(x: Expr, period: int = 10) -> Expr:
    """Return by how much *x* is above what it was *period* candles ago."""
    return output(MOMENTUM, (x,), period)


def roc(x: Expr, period: int = 10) -> Expr:
    """Return the rate of change of *x* over *period* candles in percent."""
    return 100.0 * returns(x, period)


def returns(x: Expr, period: int = 1) -> Expr:
    """Return the change of *x* over *period* candles as a fraction."""
    return output(RETURNS, (x,), period)


def log_returns(x: Expr, period: int = 1) -> Expr:
    """Return the natural logarithm of *x* ÷ what it was *period* candles ago."""
    return output(LOG_RETURNS, (x,), period)


def efficiency(x: Expr, period: int = 10) -> Expr:
    """Return Kaufman's efficiency ratio of *x*: 1 for a straight line, near 0 for noise."""
    return output(EFFICIENCY, (x,), period)

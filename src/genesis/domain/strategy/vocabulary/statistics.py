"""Volatility, volume and the statistics of windows."""

from genesis.domain.indicators.atr import ATR
from genesis.domain.indicators.correlation import BETA, CORRELATION
from genesis.domain.indicators.deviation import DEVIATION
from genesis.domain.indicators.drawdown import DRAWDOWN, ULCER
from genesis.domain.indicators.ew_deviation import EW_DEVIATION
from genesis.domain.indicators.moments import KURTOSIS, SKEW
from genesis.domain.indicators.money_flow import AD_LINE, CHAIKIN_FLOW, MFI
from genesis.domain.indicators.obv import OBV
from genesis.domain.indicators.rank import PERCENTILE, RANK
from genesis.domain.indicators.rolling_sum import ROLLING_SUM
from genesis.domain.indicators.true_range import TRUE_RANGE
from genesis.domain.indicators.volatility import GARMAN_KLASS, PARKINSON, REALISED_VOLATILITY
from genesis.domain.indicators.z_score import Z_SCORE
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.vocabulary.averages import ema
from genesis.domain.strategy.vocabulary.candle_fields import close, high, low, open_, output, volume
from genesis.domain.strategy.vocabulary.momenta import momentum


def atr(period: int = 14) -> Expr:
    """Return the average true range."""
    return output(ATR, (high, low, close), period)


def true_range() -> Expr:
    """Return the height of the candle, stretched to the close before it."""
    return output(TRUE_RANGE, (high, low, close))


def deviation(x: Expr, period: int) -> Expr:
    """Return the standard deviation of the last *period* values of *x*."""
    return output(DEVIATION, (x,), period)


def ew_deviation(x: Expr, period: int = 20) -> Expr:
    """Return the standard deviation of *x* with exponential weights."""
    return output(EW_DEVIATION, (x,), period)


def realised_volatility(x: Expr, period: int = 20) -> Expr:
    """Return the root mean square of the last *period* logarithmic returns of *x*, a candle."""
    return output(REALISED_VOLATILITY, (x,), period)


def parkinson(period: int = 20) -> Expr:
    """Return the volatility that the ranges of the last *period* candles tell, a candle."""
    return output(PARKINSON, (high, low), period)


def garman_klass(period: int = 20) -> Expr:
    """Return the volatility that opens, ranges and closes of the last *period* candles tell, a candle."""
    return output(GARMAN_KLASS, (open_, high, low, close), period)


def drawdown(x: Expr) -> Expr:
    """Return how far *x* is below its peak since the start, as a fraction of it."""
    return output(DRAWDOWN, (x,))


def ulcer(x: Expr, period: int = 14) -> Expr:
    """Return the ulcer index of *x*: the root mean square of its drawdowns in percent."""
    return output(ULCER, (x,), period)


def obv() -> Expr:
    """Return the on-balance volume."""
    return output(OBV, (close, volume))


def mfi(period: int = 14) -> Expr:
    """Return the money flow index, 0 to 100."""
    return output(MFI, (high, low, close, volume), period)


def ad_line() -> Expr:
    """Return Chaikin's accumulation and distribution line."""
    return output(AD_LINE, (high, low, close, volume))


def chaikin_flow(period: int = 20) -> Expr:
    """Return Chaikin's money flow: of a window's volume the share that closed high, -1 to 1."""
    return output(CHAIKIN_FLOW, (high, low, close, volume), period)


def force(period: int = 13) -> Expr:
    """Return Elder's force index: the EMA of change × volume."""
    return ema(momentum(close, 1) * volume, period)


def z_score(x: Expr, period: int = 20) -> Expr:
    """Return the distance of *x* from the mean of a window, in its standard deviations."""
    return output(Z_SCORE, (x,), period)


def rank(x: Expr, period: int = 50) -> Expr:
    """Return where *x* ranks among its last *period* values, above 0 and up to 1."""
    return output(RANK, (x,), period)


def percentile(x: Expr, period: int = 50, percent: float = 50.0) -> Expr:
    """Return what *percent* of the last *period* values of *x* are below."""
    return output(PERCENTILE, (x,), period, float(percent))


def median(x: Expr, period: int = 50) -> Expr:
    """Return the median of the last *period* values of *x*."""
    return percentile(x, period, 50.0)


def skew(x: Expr, period: int = 50) -> Expr:
    """Return the skewness of the last *period* values of *x*."""
    return output(SKEW, (x,), period)


def kurtosis(x: Expr, period: int = 50) -> Expr:
    """Return the kurtosis of the last *period* values of *x*, 0 for a normal distribution."""
    return output(KURTOSIS, (x,), period)


def correlation(x: Expr, y: Expr, period: int = 30) -> Expr:
    """Return the correlation of *x* and *y* over *period* candles, -1 to 1."""
    return output(CORRELATION, (x, y), period)


def beta(x: Expr, y: Expr, period: int = 30) -> Expr:
    """Return by how much *x* moves when *y* moves by 1, over *period* candles."""
    return output(BETA, (x, y), period)


def rolling_sum(x: Expr, period: int) -> Expr:
    """Return the sum of the last *period* values of *x*."""
    return output(ROLLING_SUM, (x,), period)

"""Moving averages."""

from genesis.domain.indicators.day_vwap import DAY_VWAP
from genesis.domain.indicators.dema import DEMA
from genesis.domain.indicators.ema import EMA
from genesis.domain.indicators.hma import HMA
from genesis.domain.indicators.kama import KAMA
from genesis.domain.indicators.rma import RMA
from genesis.domain.indicators.sma import SMA
from genesis.domain.indicators.tema import TEMA
from genesis.domain.indicators.vwap import VWAP
from genesis.domain.indicators.vwma import VWMA
from genesis.domain.indicators.wma import WMA
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.vocabulary.candle_fields import close, high, low, mts, output, volume


def ema(x: Expr, period: int) -> Expr:
    """Return the exponential moving average of *x*."""
    return output(EMA, (x,), period)


def sma(x: Expr, period: int) -> Expr:
    """Return the simple moving average of *x*."""
    return output(SMA, (x,), period)


def wma(x: Expr, period: int) -> Expr:
    """Return the moving average of *x* in which the newest value weighs *period* and the oldest 1."""
    return output(WMA, (x,), period)


def hma(x: Expr, period: int) -> Expr:
    """Return Hull's moving average of *x*, which hardly lags."""
    return output(HMA, (x,), period)


def dema(x: Expr, period: int) -> Expr:
    """Return the double exponential moving average of *x*."""
    return output(DEMA, (x,), period)


def tema(x: Expr, period: int) -> Expr:
    """Return the triple exponential moving average of *x*."""
    return output(TEMA, (x,), period)


def rma(x: Expr, period: int) -> Expr:
    """Return Wilder's moving average of *x*."""
    return output(RMA, (x,), period)


def kama(x: Expr, period: int = 10) -> Expr:
    """Return Kaufman's moving average of *x*, quick in trends and slow in noise."""
    return output(KAMA, (x,), period)


def vwma(x: Expr, period: int = 20) -> Expr:
    """Return the moving average of *x* weighed by volume."""
    return output(VWMA, (x, volume), period)


def vwap(period: int = 20) -> Expr:
    """Return the typical price weighted by volume over the last *period* candles."""
    return output(VWAP, (high, low, close, volume), period)


def day_vwap() -> Expr:
    """Return the typical price weighted by volume since midnight UTC."""
    return output(DAY_VWAP, (mts, high, low, close, volume))

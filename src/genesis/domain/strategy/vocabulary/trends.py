"""Trends and channels: where a market goes, and between which lines."""

from typing import NamedTuple

from genesis.domain.indicators.adx import ADX
from genesis.domain.indicators.bollinger import BOLLINGER
from genesis.domain.indicators.donchian import DONCHIAN
from genesis.domain.indicators.ichimoku import ICHIMOKU
from genesis.domain.indicators.keltner import KELTNER
from genesis.domain.indicators.regression import REGRESSION
from genesis.domain.indicators.rolling_high import ROLLING_HIGH
from genesis.domain.indicators.rolling_low import ROLLING_LOW
from genesis.domain.indicators.sar import SAR
from genesis.domain.indicators.supertrend import SUPERTREND
from genesis.domain.indicators.vortex import VORTEX
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.vocabulary.candle_fields import close, high, low, output, outputs


class Bands(NamedTuple):
    """An upper and a lower band around a middle line."""

    upper: Expr
    middle: Expr
    lower: Expr

    def place(self, x: Expr) -> Expr:
        """Return where *x* lies: 0 on the lower band, 1 on the upper one (%B)."""
        return (x - self.lower) / (self.upper - self.lower)

    def width(self) -> Expr:
        """Return how far the bands are apart, as a fraction of the middle line."""
        return (self.upper - self.lower) / self.middle


class Direction(NamedTuple):
    """What ADX gives: the strength of a trend, and the directional indicators up and down."""

    adx: Expr
    plus_di: Expr
    minus_di: Expr


class Trail(NamedTuple):
    """A line that trails the price, and its direction, 1.0 up or -1.0 down."""

    line: Expr
    direction: Expr


class Movement(NamedTuple):
    """What the vortex indicator gives: movement up and down, of the true range."""

    up: Expr
    down: Expr


class Cloud(NamedTuple):
    """The lines of Ichimoku as they are known now; the cloud over the present candle is `lag(leading, base)`."""

    conversion_line: Expr
    base_line: Expr
    leading_a: Expr
    leading_b: Expr


class Line(NamedTuple):
    """A straight line through a window: slope a candle, both ends, and R², how well it fits."""

    slope: Expr
    intercept: Expr
    end: Expr
    r2: Expr


def adx(period: int = 14) -> Direction:
    """Return the average directional index with +DI and -DI, each 0 to 100."""
    return Direction(*outputs(ADX, (high, low, close), period))


def vortex(period: int = 14) -> Movement:
    """Return the vortex indicator."""
    return Movement(*outputs(VORTEX, (high, low, close), period))


def supertrend(period: int = 10, multiplier: float = 3.0) -> Trail:
    """Return the line that trails the price by *multiplier* average true ranges, and its direction."""
    return Trail(*outputs(SUPERTREND, (high, low, close), period, float(multiplier)))


def sar(acceleration: float = 0.02, maximum: float = 0.2) -> Trail:
    """Return the parabolic stop and reverse, and its direction."""
    return Trail(*outputs(SAR, (high, low), float(acceleration), float(maximum)))


def ichimoku(conversion: int = 9, base: int = 26, leading: int = 52) -> Cloud:
    """Return the lines of Ichimoku, none drawn ahead."""
    return Cloud(*outputs(ICHIMOKU, (high, low), conversion, base, leading))


def regression(x: Expr, period: int = 20) -> Line:
    """Return the linear regression of the last *period* values of *x* on time."""
    return Line(*outputs(REGRESSION, (x,), period))


def bollinger(x: Expr, period: int = 20, width: float = 2.0) -> Bands:
    """Return the mean of *x* and the bands *width* standard deviations around it."""
    return Bands(*outputs(BOLLINGER, (x,), period, float(width)))


def keltner(period: int = 20, width: float = 2.0) -> Bands:
    """Return the EMA of the close and the bands *width* average true ranges around it."""
    return Bands(*outputs(KELTNER, (high, low, close), period, float(width)))


def donchian(period: int = 20) -> Bands:
    """Return the highest high and the lowest low of the last *period* candles, and the middle between them."""
    return Bands(*outputs(DONCHIAN, (high, low), period))


def rolling_high(x: Expr, period: int) -> Expr:
    """Return the highest of the last *period* values of *x*."""
    return output(ROLLING_HIGH, (x,), period)


def rolling_low(x: Expr, period: int) -> Expr:
    """Return the lowest of the last *period* values of *x*."""
    return output(ROLLING_LOW, (x,), period)

"""The numbers of a candle, and the prices that are made of them."""

from typing import Final

from genesis.domain.indicators.clock import CLOCK
from genesis.domain.indicators.heikin_ashi import HEIKIN_ASHI
from genesis.domain.indicators.indicator import Indicator
from genesis.domain.strategy.expression import Computation, Expr, Field, Indicated, Number

open_: Final = Field("open")
high: Final = Field("high")
low: Final = Field("low")
close: Final = Field("close")
volume: Final = Field("volume")
mts: Final = Field("mts")


def typical_price() -> Expr:
    """Return the mean of high, low and close."""
    return (high + low + close) / 3.0


def median_price() -> Expr:
    """Return the middle between high and low."""
    return (high + low) * 0.5


def weighted_close() -> Expr:
    """Return the mean of high, low and close, in which the close counts twice."""
    return (high + low + 2.0 * close) * 0.25


def heikin_ashi() -> tuple[Expr, Expr]:
    """Return open and close of the Heikin-Ashi candle: averaged with what came before."""
    opened, closed = outputs(HEIKIN_ASHI, (open_, high, low, close))
    return opened, closed


def hour() -> Expr:
    """Return the hour in which the candle began, 0 to 23, UTC."""
    return outputs(CLOCK, (mts,))[0]


def weekday() -> Expr:
    """Return the day on which the candle began, 0 for Monday to 6, UTC."""
    return outputs(CLOCK, (mts,))[1]


def outputs(indicator: Indicator, inputs: tuple[Expr, ...], *parameters: Number) -> tuple[Expr, ...]:
    """Return every output of *indicator* over *inputs*."""
    computation = Computation(indicator, inputs, parameters)
    return tuple(Indicated(computation, output) for output in range(len(indicator.outputs)))


def output(indicator: Indicator, inputs: tuple[Expr, ...], *parameters: Number) -> Expr:
    """Return the one output of *indicator* over *inputs*."""
    return Indicated(Computation(indicator, inputs, parameters))

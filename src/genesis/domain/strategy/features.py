"""The vocabulary of strategies: candle fields, indicators and functions, each giving an expression."""

import math
from typing import Final

from genesis.domain.indicators.ema import EMA
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


def ema(x: Expr, period: int) -> Expr:
    """Return the exponential moving average of *x*."""
    return Indicated(Computation(EMA, (x,), (period,)))

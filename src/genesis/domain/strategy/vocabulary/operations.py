"""Choices, limits, crossings and the past."""

import math
from typing import Final

from genesis.domain.indicators.logarithm import LOGARITHM, SQUARE_ROOT
from genesis.domain.indicators.memory import BARS_SINCE, CUMULATIVE, LATCH, STEPPED, VALUE_WHEN
from genesis.domain.strategy import elementwise
from genesis.domain.strategy.expression import Applied, Constant, Expr, Held, Lagged, Number, lifted
from genesis.domain.strategy.vocabulary.candle_fields import output

KEEP: Final = Constant(math.nan)
"""No decision: the target stays what it was."""


def where(condition: Expr, then: Expr | Number, otherwise: Expr | Number) -> Expr:
    """Return *then* while the condition holds, *otherwise* while it does not, NaN while it is not known."""
    return Applied(elementwise.WHERE, (condition, lifted(then), lifted(otherwise)))


def lag(expression: Expr, periods: int = 1) -> Expr:
    """Return the value *periods* candles ago."""
    return Lagged(expression, periods)


def held(expression: Expr) -> Expr:
    """Return the last value that was known: NaN is filled with what was before it."""
    return Held(expression)


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


def stepped(x: Expr, step: Number) -> Expr:
    """Return *x*, but hold the last value given until *x* is *step* away from it: fewer, larger trades."""
    return output(STEPPED, (x,), float(step))


def sign(x: Expr) -> Expr:
    """Return 1.0 above 0, -1.0 below, else 0.0."""
    return (x > 0.0) - (x < 0.0)


def log(x: Expr) -> Expr:
    """Return the natural logarithm; NaN unless *x* is above 0."""
    return output(LOGARITHM, (x,))


def sqrt(x: Expr) -> Expr:
    """Return the square root; NaN below 0."""
    return output(SQUARE_ROOT, (x,))


def cumulative(x: Expr) -> Expr:
    """Return the sum of all values so far."""
    return output(CUMULATIVE, (x,))


def latch(on: Expr, off: Expr) -> Expr:
    """Return 1.0 from when *on* holds until *off* does, else 0.0; where both hold, *off* wins."""
    return output(LATCH, (on, off))


def hysteresis(x: Expr, enter: Expr | Number, leave: Expr | Number) -> Expr:
    """Return 1.0 from when *x* is above *enter* until it is below *leave*, so that no flicker in between switches."""
    return latch(x > enter, x < leave)


def bars_since(condition: Expr) -> Expr:
    """Return how many candles ago the condition last held, 0.0 for now; NaN before it ever did."""
    return output(BARS_SINCE, (condition,))


def value_when(condition: Expr, x: Expr) -> Expr:
    """Return what *x* was when the condition last held; NaN before it ever did."""
    return output(VALUE_WHEN, (condition, x))


def recently(condition: Expr, candles: int) -> Expr:
    """Return 1.0 if the condition held within the last *candles*, the present one included; NaN before it ever did."""
    return bars_since(condition) < candles

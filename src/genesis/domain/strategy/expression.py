"""Strategies as expressions: immutable graphs over candle fields, indicators and plain arithmetic.

An expression is a value: it can be compared, hashed, printed and shared, and it cannot look ahead, for there is no node
for the future. Numbers are float64. NaN means "not known": it spreads through arithmetic and comparison, and a target
of NaN is no decision. A comparison gives 1.0, 0.0 or NaN; `where` takes the branch that its condition names and NaN
when the condition is NaN.

`streaming.Evaluator` runs an expression one candle at a time, `columns.evaluate` over whole columns, with the same
bits.
"""

import math
from collections.abc import Iterator
from typing import Final

from attrs import field, frozen

from genesis.domain.candle import Candle
from genesis.domain.indicators.indicator import Indicator
from genesis.domain.strategy import elementwise
from genesis.domain.strategy.elementwise import Operation

FIELDS: Final = Candle._fields

Number = float | int


class Expr:
    """A node; combine it with ``+ - * /``, comparisons, ``& | ~`` and the functions of `features`.

    ``==`` compares structure (two expressions that print alike are equal); there is no node for equality of floats.
    """

    __slots__ = ()

    @property
    def inputs(self) -> "tuple[Expr, ...]":
        """The nodes that this one reads."""
        return ()

    @property
    def warm_up(self) -> int:
        """The number of candles at the start for which the value is NaN, when no input is NaN by itself."""
        return max((node.warm_up for node in self.inputs), default=0)

    def __add__(self, other: "Expr | Number") -> "Expr":
        return Applied(elementwise.ADD, (self, lifted(other)))

    def __radd__(self, other: Number) -> "Expr":
        return Applied(elementwise.ADD, (lifted(other), self))

    def __sub__(self, other: "Expr | Number") -> "Expr":
        return Applied(elementwise.SUBTRACT, (self, lifted(other)))

    def __rsub__(self, other: Number) -> "Expr":
        return Applied(elementwise.SUBTRACT, (lifted(other), self))

    def __mul__(self, other: "Expr | Number") -> "Expr":
        return Applied(elementwise.MULTIPLY, (self, lifted(other)))

    def __rmul__(self, other: Number) -> "Expr":
        return Applied(elementwise.MULTIPLY, (lifted(other), self))

    def __truediv__(self, other: "Expr | Number") -> "Expr":
        return Applied(elementwise.DIVIDE, (self, lifted(other)))

    def __rtruediv__(self, other: Number) -> "Expr":
        return Applied(elementwise.DIVIDE, (lifted(other), self))

    def __neg__(self) -> "Expr":
        return Applied(elementwise.NEGATE, (self,))

    def __abs__(self) -> "Expr":
        return Applied(elementwise.ABSOLUTE, (self,))

    def __gt__(self, other: "Expr | Number") -> "Expr":
        return Applied(elementwise.GREATER, (self, lifted(other)))

    def __ge__(self, other: "Expr | Number") -> "Expr":
        return Applied(elementwise.GREATER_EQUAL, (self, lifted(other)))

    def __lt__(self, other: "Expr | Number") -> "Expr":
        return Applied(elementwise.GREATER, (lifted(other), self))

    def __le__(self, other: "Expr | Number") -> "Expr":
        return Applied(elementwise.GREATER_EQUAL, (lifted(other), self))

    def __and__(self, other: "Expr | Number") -> "Expr":
        return Applied(elementwise.BOTH, (self, lifted(other)))

    def __or__(self, other: "Expr | Number") -> "Expr":
        return Applied(elementwise.EITHER, (self, lifted(other)))

    def __invert__(self) -> "Expr":
        return Applied(elementwise.NEITHER, (self,))

    def __bool__(self) -> bool:
        raise TypeError("an expression has no truth of its own: write a & b, a | b, ~a or where(condition, a, b)")

    def __iter__(self) -> "Iterator[Expr]":
        raise TypeError("an expression is one value a candle and cannot be iterated; lag(expression, n) reads the past")


@frozen(cache_hash=True, order=False)
class Field(Expr):
    """A number of the candle itself; `mts` is the start of its interval."""

    name: str = field()

    @name.validator
    def _check_name(self, _attribute: object, value: str) -> None:
        if value not in FIELDS:
            raise ValueError(f"a candle has no field {value!r}; it has {', '.join(FIELDS)}")

    def __str__(self) -> str:
        return self.name


@frozen(cache_hash=True, order=False)
class Constant(Expr):
    """The same number at every candle; NaN is allowed and means "no decision"."""

    value: float = field(eq=repr)  # repr, so that NaN equals itself and -0.0 is not 0.0

    def __str__(self) -> str:
        return "KEEP" if math.isnan(self.value) else repr(self.value)


@frozen(cache_hash=True, order=False)
class Computation:
    """An indicator over its inputs: computed once, however many of its outputs are read."""

    indicator: Indicator
    inputs: tuple[Expr, ...]
    parameters: tuple[Number, ...]

    def __attrs_post_init__(self) -> None:
        self.indicator.start(*self.parameters)  # raises ValueError naming the parameter

    def __str__(self) -> str:
        return f"{self.indicator.name}({', '.join(map(str, self.inputs + self.parameters))})"


@frozen(cache_hash=True, order=False)
class Indicated(Expr):
    """One output of an indicator."""

    computation: Computation
    output: int = 0

    @property
    def inputs(self) -> tuple[Expr, ...]:
        return self.computation.inputs

    @property
    def warm_up(self) -> int:
        computation = self.computation
        own = computation.indicator.warm_up(*computation.parameters)[self.output]
        return max(node.warm_up for node in self.inputs) + own

    def __str__(self) -> str:
        outputs = self.computation.indicator.outputs
        return f"{self.computation}" if len(outputs) == 1 else f"{self.computation}.{outputs[self.output]}"


@frozen(cache_hash=True, order=False)
class Applied(Expr):
    """An operation on the values of the same candle."""

    operation: Operation
    operands: tuple[Expr, ...]

    @property
    def inputs(self) -> tuple[Expr, ...]:
        return self.operands

    def __str__(self) -> str:
        return self.operation.format(*map(str, self.operands))


@frozen(cache_hash=True, order=False)
class Lagged(Expr):
    """The value *periods* candles ago; NaN before there was one."""

    operand: Expr
    periods: int = field()

    @periods.validator
    def _check_periods(self, _attribute: object, value: int) -> None:
        if value < 0:
            raise ValueError(f"lag must be >= 0 candles, was {value}: there is no node for the future")

    @property
    def inputs(self) -> tuple[Expr, ...]:
        return (self.operand,)

    @property
    def warm_up(self) -> int:
        return self.operand.warm_up + self.periods

    def __str__(self) -> str:
        return f"lag({self.operand}, {self.periods})"


@frozen(cache_hash=True, order=False)
class Held(Expr):
    """The last value that was known; NaN before there was one."""

    operand: Expr

    @property
    def inputs(self) -> tuple[Expr, ...]:
        return (self.operand,)

    def __str__(self) -> str:
        return f"held({self.operand})"


def lifted(value: Expr | Number) -> Expr:
    """Return *value* as an expression."""
    return value if isinstance(value, Expr) else Constant(float(value))


def nodes(root: Expr) -> tuple[Expr, ...]:
    """Return every distinct node under *root*, inputs before those who read them, *root* last."""
    order: dict[Expr, None] = {}
    stack = [(root, False)]
    while stack:
        node, inputs_done = stack.pop()
        if node in order:
            continue
        if inputs_done:
            order[node] = None
        else:
            stack.append((node, True))
            stack.extend((each, False) for each in reversed(node.inputs))
    return tuple(order)

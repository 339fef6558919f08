"""The operations of expressions on the values of one candle: each a plain function, and one compiled loop over it.

NaN is "not known" and spreads: every operation but `where` gives NaN when an input is NaN. Division by zero is NaN, as
is anything that overflows nothing known. A condition is true when it is not 0.
"""

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from attrs import frozen

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step

NAN: Final = math.nan


@frozen(cache_hash=True)
class Operation:
    """An operation: *function* for one candle, and *code* to find the same function in the compiled loops.

    *inline* is the same as a Python expression, where that spares the events of a backtest a noticeable call.
    """

    name: str
    arity: int
    code: int
    text: str
    function: Callable[..., float]
    inline: str = ""

    def format(self, *operands: str) -> str:
        """Return the operation over these operands as text."""
        return self.text.format(*operands)


@step
def add(left: float, right: float) -> float:
    """Return left + right."""
    return left + right


@step
def subtract(left: float, right: float) -> float:
    """Return left - right."""
    return left - right


@step
def multiply(left: float, right: float) -> float:
    """Return left × right."""
    return left * right


@step
def divide(left: float, right: float) -> float:
    """Return left ÷ right; NaN when right is 0."""
    return left / right if right != 0.0 else NAN


@step
def negate(value: float) -> float:
    """Return -value."""
    return -value


@step
def absolute(value: float) -> float:
    """Return the value without its sign."""
    return -value if value < 0.0 else value + 0.0


@step
def smaller(left: float, right: float) -> float:
    """Return the smaller of two values."""
    if left != left or right != right:
        return NAN
    return min(right, left)


@step
def larger(left: float, right: float) -> float:
    """Return the larger of two values."""
    if left != left or right != right:
        return NAN
    return max(right, left)


@step
def greater(left: float, right: float) -> float:
    """Return 1.0 if left > right, else 0.0."""
    if left > right:
        return 1.0
    return 0.0 if left <= right else NAN


@step
def greater_equal(left: float, right: float) -> float:
    """Return 1.0 if left >= right, else 0.0."""
    if left >= right:
        return 1.0
    return 0.0 if left < right else NAN


@step
def both(left: float, right: float) -> float:
    """Return 1.0 if both are true, else 0.0."""
    if left != left or right != right:
        return NAN
    return 1.0 if left != 0.0 and right != 0.0 else 0.0


@step
def either(left: float, right: float) -> float:
    """Return 1.0 if one of both is true, else 0.0."""
    if left != left or right != right:
        return NAN
    return 1.0 if left != 0.0 or right != 0.0 else 0.0


@step
def neither(value: float) -> float:
    """Return 1.0 if the value is 0, else 0.0."""
    if value != value:
        return NAN
    return 1.0 if value == 0.0 else 0.0


@step
def chosen(condition: float, then: float, otherwise: float) -> float:
    """Return *then* if the condition is true, *otherwise* if not, NaN if it is NaN."""
    if condition != condition:
        return NAN
    return then if condition != 0.0 else otherwise


ADD: Final = Operation("add", 2, 0, "({} + {})", add, "{} + {}")
SUBTRACT: Final = Operation("subtract", 2, 1, "({} - {})", subtract, "{} - {}")
MULTIPLY: Final = Operation("multiply", 2, 2, "({} * {})", multiply, "{} * {}")
DIVIDE: Final = Operation("divide", 2, 3, "({} / {})", divide)
MINIMUM: Final = Operation("minimum", 2, 4, "minimum({}, {})", smaller)
MAXIMUM: Final = Operation("maximum", 2, 5, "maximum({}, {})", larger)
GREATER: Final = Operation("greater", 2, 6, "({} > {})", greater, "1.0 if {0} > {1} else 0.0 if {0} <= {1} else nan")
GREATER_EQUAL: Final = Operation("greater_equal", 2, 7, "({} >= {})", greater_equal)
BOTH: Final = Operation("both", 2, 8, "({} & {})", both)
EITHER: Final = Operation("either", 2, 9, "({} | {})", either)
NEGATE: Final = Operation("negate", 1, 10, "-{}", negate)
ABSOLUTE: Final = Operation("absolute", 1, 11, "abs({})", absolute)
NEITHER: Final = Operation("neither", 1, 12, "~{}", neither)
WHERE: Final = Operation(
    "where", 3, 13, "where({}, {}, {})", chosen, "nan if {0} != {0} else {1} if {0} != 0.0 else {2}"
)

CHOOSE_GREATER: Final = 14
"""The code of `where(left > right, then, otherwise)` with two constants, which sweeps never write out."""


def batch(operation: Operation, *columns: Floats) -> Floats:
    """Return the operation over whole columns of equal length; a constant is a column with stride 0."""
    out = np.empty(len(columns[0]))
    if operation.arity == 1:
        unary_loop(operation.code, columns[0], out)
    elif operation.arity == 2:
        binary_loop(operation.code, columns[0], columns[1], out)
    else:
        choose_loop(columns[0], columns[1], columns[2], out)
    return out


# One loop for each function: a function passed as an argument would be compiled anew in every process.
@kernel
def unary_loop(code: int, value: Floats, out: Floats) -> None:
    if code == 10:
        for i in range(len(out)):
            out[i] = negate(value[i])
    elif code == 11:
        for i in range(len(out)):
            out[i] = absolute(value[i])
    else:
        for i in range(len(out)):
            out[i] = neither(value[i])


@kernel
def binary_loop(code: int, left: Floats, right: Floats, out: Floats) -> None:  # noqa: C901 - a table of loops
    n = len(out)
    if code == 0:
        for i in range(n):
            out[i] = add(left[i], right[i])
    elif code == 1:
        for i in range(n):
            out[i] = subtract(left[i], right[i])
    elif code == 2:
        for i in range(n):
            out[i] = multiply(left[i], right[i])
    elif code == 3:
        for i in range(n):
            out[i] = divide(left[i], right[i])
    elif code == 4:
        for i in range(n):
            out[i] = smaller(left[i], right[i])
    elif code == 5:
        for i in range(n):
            out[i] = larger(left[i], right[i])
    elif code == 6:
        for i in range(n):
            out[i] = greater(left[i], right[i])
    elif code == 7:
        for i in range(n):
            out[i] = greater_equal(left[i], right[i])
    elif code == 8:
        for i in range(n):
            out[i] = both(left[i], right[i])
    else:
        for i in range(n):
            out[i] = either(left[i], right[i])


@kernel
def choose_loop(condition: Floats, then: Floats, otherwise: Floats, out: Floats) -> None:
    for i in range(len(out)):
        out[i] = chosen(condition[i], then[i], otherwise[i])

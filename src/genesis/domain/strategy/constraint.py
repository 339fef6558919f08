"""Conditions on the parameters of a strategy, such as `fast * 2 <= slow`: read once, held against every combination.

A condition is made of names of parameters, numbers, `+ - * / // %`, comparisons (which may be chained), `and`, `or`,
`not` and parentheses, with the meaning that they have in Python.
"""

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from attrs import field, frozen

from genesis.domain.strategy.specification import BadStrategy, Value

LENGTH_MAX: Final = 500
"""A condition is a line, not a program."""

_ARITHMETIC: Final[Mapping[type[ast.operator], Callable[[Value, Value], Value]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARISONS: Final[Mapping[type[ast.cmpop], Callable[[Value, Value], bool]]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


@frozen
class Constraint:
    """One condition; *text* is what a person wrote. Raises `BadStrategy` for a text that is none."""

    text: str
    _root: ast.expr = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_root", _parsed(self.text))

    def names(self) -> frozenset[str]:
        """Return the names of the parameters that it reads."""
        return frozenset(node.id for node in ast.walk(self._root) if isinstance(node, ast.Name))

    def holds(self, values: Mapping[str, Value]) -> bool:
        """Tell whether it holds for these parameters; a division by zero holds for none."""
        try:
            return bool(_value(self._root, values))
        except (ZeroDivisionError, OverflowError):
            return False


def _parsed(text: str) -> ast.expr:
    refusal = f"{text!r} is no condition: write one such as 'fast * 2 <= slow'"
    try:
        root = ast.parse(text.strip(), mode="eval").body if len(text) <= LENGTH_MAX else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        root = None
    if root is None or not all(map(_is_known, _parts(root))):
        raise BadStrategy(refusal)
    if not isinstance(root, ast.Compare | ast.BoolOp) and not _is_negation(root):
        raise BadStrategy(f"{refusal}; this one compares nothing")
    return root


def _parts(root: ast.expr) -> Iterator[ast.AST]:
    return (node for node in ast.walk(root) if not isinstance(node, ast.expr_context | ast.boolop | ast.unaryop))


def _is_known(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value):
            return type(value) in (int, float)
        case ast.BinOp(op=op) | ast.UnaryOp(op=op):
            return type(op) in (*_ARITHMETIC, ast.UAdd, ast.USub, ast.Not)
        case ast.Compare(ops=ops):
            return all(type(op) in _COMPARISONS for op in ops)
    return isinstance(node, ast.Name | ast.BoolOp) or type(node) in (*_ARITHMETIC, *_COMPARISONS)


def _is_negation(node: ast.expr) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)


def _value(node: ast.expr, values: Mapping[str, Value]) -> Value:
    match node:
        case ast.Constant(value):
            return value  # type: ignore[return-value]  # an int or a float: `_is_known` has seen to it
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(op=op, operand=operand):
            inner = _value(operand, values)
            return not inner if isinstance(op, ast.Not) else -inner if isinstance(op, ast.USub) else inner
        case ast.BinOp(left=left, op=op, right=right):
            return _ARITHMETIC[type(op)](_value(left, values), _value(right, values))
        case ast.BoolOp(op=op, values=parts):
            judge = all if isinstance(op, ast.And) else any
            return judge(_value(part, values) for part in parts)
        case ast.Compare(left=left, ops=ops, comparators=others):
            sides = [_value(each, values) for each in (left, *others)]
            return all(_COMPARISONS[type(op)](*sides[at : at + 2]) for at, op in enumerate(ops))
    raise AssertionError(f"{type(node).__name__} was let in")

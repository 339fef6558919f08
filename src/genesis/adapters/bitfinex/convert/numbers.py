"""Signs, optional numbers and enumerations, as all conversions read them.

A value that does not fit raises `ValueError`; `rows` says once, for all of them, which endpoint sent it.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from enum import Enum
from typing import TypeVar

from genesis.domain.order import Side
from genesis.domain.units import Mts
from genesis.ports.errors import ProtocolViolation

R = TypeVar("R")
V = TypeVar("V")
E = TypeVar("E", bound=Enum)


def each(convert: Callable[[R], V]) -> Callable[[Iterable[R]], list[V]]:
    """Return a conversion of many rows, in order; its `ValueError` names the index of the row that does not fit."""

    def convert_all(source: Iterable[R]) -> list[V]:
        values: list[V] = []
        for item in source:
            try:
                values.append(convert(item))
            except ValueError as problem:
                raise ValueError(f"{problem} - at `$[{len(values)}]`") from problem
        return values

    return convert_all


def rows(convert: Callable[[R], V], source: Iterable[R], *, endpoint: str) -> list[V]:
    """Convert rows in order.

    Raises `ProtocolViolation` naming *endpoint* and the index of the row that does not fit.
    """
    return row(each(convert), source, endpoint=endpoint)


def row(convert: Callable[[R], V], source: R, *, endpoint: str) -> V:
    """Convert one row; raises `ProtocolViolation` naming *endpoint*."""
    try:
        return convert(source)
    except ValueError as problem:
        raise ProtocolViolation(str(problem), endpoint=endpoint) from problem


def side_from_sign(amount: float | Decimal) -> Side:
    """Return BUY for an amount >= 0. A trading amount's sign is its direction; nothing else carries it."""
    return Side.BUY if amount >= 0 else Side.SELL


def funding_side_from_sign(amount: float | Decimal) -> Side:
    """Return SELL (an offer to lend) for an amount >= 0: in funding the sign is the other way round."""
    return Side.SELL if amount >= 0 else Side.BUY


def plain(number: Decimal) -> Decimal:
    """Return a wire number as an ordinary Decimal."""
    return Decimal(number)


def plain_or_none(number: Decimal | None) -> Decimal | None:
    """Return a wire number as an ordinary Decimal, None as None."""
    return None if number is None else Decimal(number)


def mts_or_none(value: int | None) -> Mts | None:
    """Return a time, None as None."""
    return None if value is None else Mts(value)


def member(kind: type[E], value: object, what: str) -> E:
    """Return the member of an enumeration; raises `ValueError` for a value that we do not model."""
    try:
        return kind(value)
    except ValueError:
        raise ValueError(f"{what} {value!r} is not known") from None

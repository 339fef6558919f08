"""Bounds of a history request: start, end, limit, sort. Source: Bitfinex documentation, "Conditions"."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from genesis.adapters.venue.complaints import invalid
from genesis.adapters.venue.numbers import integer_from_wire

V = TypeVar("V")

Fields = Mapping[str, object]


def page(
    values: Iterable[V], mts: Callable[[V], int], fields: Fields, *, default: int, most: int, since: int = 0
) -> list[V]:
    """Return the values within the bounds of *fields*, cut after sorting: newest first unless `sort` is 1.

    *values* are oldest first; nothing before *since* is shown. Raises `Complaint` for a bound that is no number, or
    too large."""
    start = max(since, _number(fields, "start", 0))
    end = _number(fields, "end", 2**53)
    limit = _number(fields, "limit", default)
    if not 0 < limit <= most:
        raise invalid("limit")
    within = [value for value in values if start <= mts(value) <= end]
    if _number(fields, "sort", -1) == 1:
        return within[:limit]
    return within[: -limit - 1 : -1]


def _number(fields: Fields, name: str, default: int) -> int:
    value = fields.get(name)
    return default if value is None or value == "" else integer_from_wire(value, name)

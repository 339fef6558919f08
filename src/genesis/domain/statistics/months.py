"""Returns by calendar month and year, UTC."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from genesis.domain.statistics.record import Record
from genesis.domain.units import Mts


class MonthlyReturn(NamedTuple):
    """What equity did in one month, as a fraction of what it was when the month before ended."""

    year: int
    month: int
    fraction: float


class YearlyReturn(NamedTuple):
    """What equity did in one year."""

    year: int
    fraction: float


def monthly_returns(record: Record) -> tuple[MonthlyReturn, ...]:
    """Return the return of each month that has a candle, in order; the first is against the initial cash.

    The first month and the last one hold what the data hold of them. A month that began with nothing returns 0.
    """
    ends = {_month(mts): equity for mts, equity in record.days}
    fractions = _fractions(record.initial_cash, ends.values())
    return tuple(MonthlyReturn(*month, fraction) for month, fraction in zip(ends, fractions, strict=True))


def yearly_returns(record: Record) -> tuple[YearlyReturn, ...]:
    """Return the return of each year that has a candle: `monthly_returns` by the year."""
    ends = {_month(mts)[0]: equity for mts, equity in record.days}
    fractions = _fractions(record.initial_cash, ends.values())
    return tuple(YearlyReturn(year, fraction) for year, fraction in zip(ends, fractions, strict=True))


def _month(mts: Mts) -> tuple[int, int]:
    day = datetime.fromtimestamp(mts / 1000, UTC)
    return day.year, day.month


def _fractions(initial_cash: int, ends: Iterable[int]) -> list[float]:
    fractions, before = [], initial_cash
    for now in ends:
        fractions.append(now / before - 1.0 if before > 0 else 0.0)
        before = now
    return fractions

"""Returns by calendar month and year, UTC."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, TypeAlias

from genesis.domain.units import Atoms, Mts

Days: TypeAlias = Sequence[tuple[Mts, Atoms]]
"""The start of each UTC day that has a candle, with the equity at its end."""


class MonthlyReturn(NamedTuple):
    """What equity did in one month, as a fraction of what it was when the month before ended."""

    year: int
    month: int
    fraction: float


class YearlyReturn(NamedTuple):
    """What equity did in one year."""

    year: int
    fraction: float


def monthly_returns(initial_cash: int, days: Days) -> tuple[MonthlyReturn, ...]:
    """Return the return of each month among *days*, in order; the first is against *initial_cash*.

    The first month and the last one hold what the data hold of them. A month that began with nothing returns 0.
    """
    ends = {_month(mts): equity for mts, equity in days}
    fractions = _fractions(initial_cash, ends.values())
    return tuple(MonthlyReturn(*month, fraction) for month, fraction in zip(ends, fractions, strict=True))


def yearly_returns(initial_cash: int, days: Days) -> tuple[YearlyReturn, ...]:
    """Return the return of each year: `monthly_returns` by the year."""
    ends = {_month(mts)[0]: equity for mts, equity in days}
    fractions = _fractions(initial_cash, ends.values())
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

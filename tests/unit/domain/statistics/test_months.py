"""Monthly and yearly returns against growth that is known."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.domain.candle import DAY_MS
from genesis.domain.statistics.months import MonthlyReturn, YearlyReturn, monthly_returns, yearly_returns
from genesis.domain.units import Atoms, Mts

FIRST_DAY = 17_000  # in July 2016


def day(year: int, month: int, day_of_month: int) -> Mts:
    return Mts(int(datetime(year, month, day_of_month, tzinfo=UTC).timestamp()) * 1000)


def test_a_month_is_measured_against_the_end_of_the_one_before() -> None:
    days = [(day(2017, 12, 30), Atoms(100)), (day(2017, 12, 31), Atoms(128)), (day(2018, 2, 1), Atoms(32))]
    assert monthly_returns(64, days) == (MonthlyReturn(2017, 12, 1.0), MonthlyReturn(2018, 2, -0.75))
    assert yearly_returns(64, days) == (YearlyReturn(2017, 1.0), YearlyReturn(2018, -0.75))


@given(st.dictionaries(st.integers(0, 900), st.integers(10**7, 10**11), min_size=1))
def test_months_and_years_multiply_to_the_whole_return(equity_by_day: dict[int, int]) -> None:
    days = [(Mts((FIRST_DAY + n) * DAY_MS), Atoms(equity_by_day[n])) for n in sorted(equity_by_day)]
    growth = days[-1][1] / 10**9
    assert math.prod(1.0 + each.fraction for each in monthly_returns(10**9, days)) == pytest.approx(growth)
    assert math.prod(1.0 + each.fraction for each in yearly_returns(10**9, days)) == pytest.approx(growth)


def test_a_month_that_began_with_nothing_returns_nothing() -> None:
    days = [(day(2017, 1, 1), Atoms(0)), (day(2017, 2, 1), Atoms(0))]
    assert [each.fraction for each in monthly_returns(100, days)] == [-1.0, 0.0]


def test_a_run_without_candles_has_no_months() -> None:
    assert monthly_returns(100, []) == ()
    assert yearly_returns(100, []) == ()

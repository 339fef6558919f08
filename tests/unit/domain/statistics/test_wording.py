"""Numbers as people read them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.domain.statistics import wording
from genesis.domain.units import atoms


@pytest.mark.parametrize(
    ("amount", "decimals", "sign", "text"),
    [
        ("1234567.895", 2, False, "1,234,567.90"),
        ("0", 2, True, "0.00"),
        ("12.5", 2, True, "+12.50"),
        ("-12.5", 2, True, "−12.50"),
        ("0.00000403", 2, False, "0.00000403"),
        ("-0.004", 2, True, "−0.00400000"),
        ("0.12345678", 8, False, "0.12345678"),
    ],
)
def test_money(amount: str, decimals: int, sign: bool, text: str) -> None:
    assert wording.money(atoms(amount), decimals, sign) == text


@pytest.mark.parametrize(
    ("value", "sign", "text"),
    [
        (12.345, False, "12.35 %"),
        (0.0, True, "0.00 %"),
        (-0.5, True, "−0.50 %"),
        (5.0, True, "+5.00 %"),
        (99.9962, False, "99.9962 %"),
        (-99.9962, True, "−99.9962 %"),
        (100.0, False, "100.00 %"),
        (0.000123, False, "0.00012 %"),
        (123456.7, False, "123,457 %"),
        (None, False, "–"),
        (float("inf"), False, "–"),
    ],
)
def test_percent(value: float | None, sign: bool, text: str) -> None:
    assert wording.percent(value, sign).replace("\N{NO-BREAK SPACE}", " ") == text


@given(st.floats(-1e9, 1e9))
def test_a_percentage_that_is_not_nothing_never_reads_as_nothing_nor_as_all(value: float) -> None:
    number = Decimal(wording.points(value).replace(",", "").replace("−", "-"))
    if abs(value) >= 1e-9:
        assert number != 0
    if abs(abs(value) - 100.0) >= 1e-8:
        assert abs(number) != 100


@pytest.mark.parametrize(
    ("value", "text"), [(1.2345, "1.23"), (-0.001, "0.00"), (-4.05, "−4.05"), (1234.5, "1,234.50"), (None, "–")]
)
def test_ratio(value: float | None, text: str) -> None:
    assert wording.ratio(value) == text


@pytest.mark.parametrize(
    ("span_ms", "text"),
    [
        (0, "0 s"),
        (59_999, "59 s"),
        (60_000, "1 min"),
        (3_661_000, "1 h 1 min"),
        (86_400_000, "1 d"),
        (90_000_000, "1 d 1 h"),
        (86_460_000, "1 d"),
    ],
)
def test_duration(span_ms: int, text: str) -> None:
    assert wording.duration(span_ms) == text


def test_times_are_utc() -> None:
    assert wording.moment(1_483_228_859_999) == "2017-01-01 00:00"
    assert wording.day(1_483_228_800_000) == "2017-01-01"


def test_a_small_account_is_read_to_the_atom() -> None:
    assert wording.money_decimals(atoms(10_000)) == 2
    assert wording.money_decimals(atoms("1.5")) == 8


def test_nouns_agree_with_their_counts() -> None:
    assert wording.counted(1, "gap") == "1 gap"
    assert wording.counted(1200, "gap") == "1,200 gaps"

"""Exact numbers: what crosses, crosses whole; what does not fit is refused."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.domain.units import (
    INT64_MAX,
    InexactNumber,
    atoms,
    ceil_mul_div,
    decimal_from_atoms,
    floor_mul_div,
    format_atoms,
    format_scaled,
    ppb,
    scaled,
    unscaled,
    weight_ppb,
)


@given(st.integers(-INT64_MAX, INT64_MAX), st.integers(0, 15))
def test_scaled_numbers_come_back_through_decimal_and_through_text(number: int, decimals: int) -> None:
    assert scaled(unscaled(number, decimals), decimals) == number
    assert scaled(Decimal(format_scaled(number, decimals)), decimals) == number


@pytest.mark.parametrize(
    "text",
    [
        *("NaN", "Infinity", "-inf", "sNaN", "", "x", "1,5", "1e999999", "0.000000001", "92233720369"),
        *("1_000", "\uff11\uff12", "\u0661", " 1", "1\n", "\u00a01"),
    ],
)
def test_atoms_refuse_what_is_not_finite_too_fine_or_too_large(text: str) -> None:
    with pytest.raises(InexactNumber):
        atoms(text)


def test_atoms_take_text_whole_numbers_and_decimals() -> None:
    assert atoms("1.5") == atoms(Decimal("1.50")) == 150_000_000
    assert atoms(3) == atoms("3e0") == 300_000_000
    assert decimal_from_atoms(-1) == Decimal("-0.00000001")
    assert format_atoms(-150_000_000) == "-1.5"
    assert format_atoms(0) == "0"


@pytest.mark.parametrize(("bps", "expected"), [("20", 2_000_000), ("0.5", 50_000), ("0.000005", 0), ("0.000015", 2)])
def test_basis_points_round_half_to_even_parts_per_billion(bps: str, expected: int) -> None:
    assert ppb(bps, per=10_000) == expected


@pytest.mark.parametrize("value", ["NaN", "1e30", "Infinity"])
def test_fractions_refuse_what_is_no_fraction(value: str) -> None:
    with pytest.raises(InexactNumber):
        ppb(value)


def test_a_weight_that_is_not_finite_is_refused() -> None:
    assert weight_ppb(0.5, 1.0) == 500_000_000
    with pytest.raises(InexactNumber):
        weight_ppb(1.0, float("nan"))


@given(st.integers(0, 10**30), st.integers(0, 10**30), st.integers(1, 10**30))
def test_floor_and_ceiling_bracket_the_exact_quotient(a: int, b: int, divisor: int) -> None:
    exact = Fraction(a * b, divisor)
    low, high = floor_mul_div(a, b, divisor), ceil_mul_div(a, b, divisor)
    assert low <= exact <= high
    assert high - low == (0 if exact.denominator == 1 else 1)

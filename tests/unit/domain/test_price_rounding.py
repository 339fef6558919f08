"""Prices that an instrument's decimals can hold, and those that they cannot."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.domain.candle import Candle, Candles
from genesis.domain.price_rounding import price_rounding
from genesis.domain.units import Mts


def candles(*prices: float) -> Candles:
    return Candles.from_rows(Candle(Mts(n), each, each, each, each, 1.0) for n, each in enumerate(prices))


@given(st.lists(st.decimals("0.00000001", "9999999", places=8), max_size=5))
def test_a_price_within_the_decimals_does_not_change(prices: list[Decimal]) -> None:
    assert price_rounding(candles(*map(float, prices)), 8) == 0.0


@given(st.decimals("0.0000000101", "0.1", places=12).filter(lambda price: price % Decimal("1e-8") != 0))
def test_the_change_of_a_finer_price_is_the_decimal_one(price: Decimal) -> None:
    rounded = price.quantize(Decimal("1e-8"))
    expected = abs(float((rounded - price) / price))
    assert price_rounding(candles(1.0, float(price)), 8) == pytest.approx(expected, rel=1e-3, abs=1e-14)


def test_a_price_too_large_for_the_decimals_is_left_to_those_who_use_it() -> None:
    assert price_rounding(candles(1e308, 1.0), 8) == 0.0

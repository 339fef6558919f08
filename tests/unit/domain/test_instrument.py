"""The grid of prices and the limits of amounts."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.domain.instrument import Instrument, Rounding, Untradable, spot_instrument, spot_pair
from genesis.domain.units import Atoms, Currency, InexactNumber, Price, Symbol, atoms

BITCOIN = spot_instrument(Symbol("tBTCUSD"), atoms("0.0001"))


@given(st.integers(1, 2**62))
def test_a_price_on_the_grid_stays_and_others_move_in_the_named_direction(units: int) -> None:
    price = Price(units)
    below, above = BITCOIN.on_grid(price, Rounding.DOWN), BITCOIN.on_grid(price, Rounding.UP)
    assert below <= price <= above
    for each in (below, above):
        assert len(str(each).rstrip("0")) <= 5
        assert BITCOIN.on_grid(each, Rounding.UP) == BITCOIN.on_grid(each, Rounding.DOWN) == each


@given(st.decimals("0.00000001", "9999999", places=8))
def test_a_market_price_within_the_decimals_comes_back_exactly(value: Decimal) -> None:
    assert BITCOIN.decimal_from_price(BITCOIN.price_from_market(float(value))) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0, -1.0, 1e9])
def test_a_market_price_that_is_none_is_refused(value: float) -> None:
    with pytest.raises(InexactNumber):
        BITCOIN.price_from_market(value)


@pytest.mark.parametrize("value", ["0", "-1", "0.000000001", "NaN"])
def test_a_price_must_be_positive_and_fit_the_decimals(value: str) -> None:
    with pytest.raises(InexactNumber):
        BITCOIN.price(Decimal(value))


def test_amounts_outside_the_limits_cannot_be_traded() -> None:
    small = Instrument(Symbol("tBTCUSD"), Currency("BTC"), Currency("USD"), atoms("0.0001"), atoms("2"))
    assert small.tradable(atoms("0.0001")) == 10_000
    for amount in ("0.00009999", "2.00000001"):
        with pytest.raises(Untradable, match="tBTCUSD"):
            small.tradable(atoms(amount))


@pytest.mark.parametrize("limits", [(0, 1), (2, 1)])
def test_limits_must_make_sense(limits: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="minimum"):
        Instrument(Symbol("tBTCUSD"), Currency("BTC"), Currency("USD"), Atoms(limits[0]), Atoms(limits[1]))


def test_symbols_split_into_base_and_quote() -> None:
    assert spot_pair(Symbol("tBTCUSD")) == ("BTC", "USD")
    assert spot_pair(Symbol("tDUSK:USD")) == ("DUSK", "USD")
    for wrong in ("BTCUSD", "fUSD", "tBTC", "tDUSK:", "tBTCUSDX"):
        with pytest.raises(ValueError, match="trading symbol"):
            spot_pair(Symbol(wrong))

"""Costs against Decimal arithmetic on the fills themselves."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext

import pytest

from genesis.app.backtest import run_columnar
from genesis.domain.order import Side
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.statistics.summary import summarise
from genesis.domain.statistics.trade_costs import trade_costs
from genesis.domain.units import Ppb, decimal_from_atoms
from tests.reports import terms_of, wavy_candles

ATOM = Decimal("0.00000001")


def test_fees_and_slippage_equal_decimal_arithmetic() -> None:
    candles = wavy_candles(900)
    record = run_columnar(terms_of(), candles).record
    opens = {int(mts): Decimal(repr(float(price))) for mts, price in zip(candles.mts, candles.open, strict=True)}
    fees = dict.fromkeys(Side, Decimal(0))
    slippage = dict.fromkeys(Side, Decimal(0))
    with localcontext() as context:
        context.prec = 60
        for fill in record.fills:
            amount, fee = decimal_from_atoms(fill.amount), decimal_from_atoms(fill.fee)
            price = record.instrument.decimal_from_price(fill.price)
            worse = price - opens[fill.mts] if fill.side is Side.BUY else opens[fill.mts] - price
            slippage[fill.side] += (amount * worse).quantize(ATOM, ROUND_CEILING)
            fees[fill.side] += (fee * price).quantize(ATOM, ROUND_CEILING) if fill.side is Side.BUY else fee
        found = trade_costs(record, candles)
    assert len(record.fills) > 10
    for side, costs in ((Side.BUY, found.buys), (Side.SELL, found.sells)):
        assert decimal_from_atoms(costs.fees) == fees[side]
        assert decimal_from_atoms(costs.slippage) == slippage[side]
        assert costs.fills == sum(fill.side is side for fill in record.fills)
    assert found.fees == summarise(record).total_fees
    assert found.total == found.fees + found.slippage


def test_the_notional_is_what_changed_hands() -> None:
    record = run_columnar(terms_of(), candles := wavy_candles(400)).record
    costs, scale = trade_costs(record, candles), Decimal(record.instrument.price_scale)
    with localcontext() as context:
        context.prec = 60
        sold = sum(
            (Decimal(fill.amount) * fill.price / scale).to_integral_value(ROUND_FLOOR)
            for fill in record.fills
            if fill.side is Side.SELL
        )
    assert costs.sells.notional == sold > 0


def test_a_market_without_friction_costs_nothing() -> None:
    candles = wavy_candles(400)
    record = run_columnar(terms_of(costs=Costs(Ppb(0), Ppb(0))), candles).record
    assert record.fills
    assert trade_costs(record, candles).total == 0


def test_no_fills_cost_nothing() -> None:
    candles = wavy_candles(5)
    assert trade_costs(run_columnar(terms_of(), candles).record, candles).total == 0


def test_the_candles_of_another_run_are_refused() -> None:
    candles = wavy_candles(400)
    record = run_columnar(terms_of(), candles).record
    for others in (candles[:100], wavy_candles(400, step_ms=3_600_001)):
        with pytest.raises(ValueError, match="a fill has no candle"):
            trade_costs(record, others)

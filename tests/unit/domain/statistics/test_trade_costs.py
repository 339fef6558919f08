"""Costs against Decimal arithmetic on the fills themselves."""

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext

import pytest
from attrs import evolve

from genesis.app.backtest import Run, Terms, run_columnar, run_event
from genesis.domain.candle import Candle, Candles
from genesis.domain.execution.plans import LimitEntry
from genesis.domain.execution.protection import Bracket
from genesis.domain.ledger import cost_of
from genesis.domain.order import Side
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.statistics.summary import summarise
from genesis.domain.statistics.trade_costs import trade_costs
from genesis.domain.strategy.features import volume
from genesis.domain.units import PPB, Mts, Ppb, Price, decimal_from_atoms
from tests.reports import HOUR_MS, terms_of, wavy_candles

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


@pytest.mark.parametrize("costs", [Costs(Ppb(0), Ppb(0)), Costs()])
def test_what_limits_gain_is_no_negative_cost(costs: Costs) -> None:
    candles = wavy_candles(900)
    terms = terms_of(costs=costs)
    protection = Bracket(Ppb(PPB // 20), Ppb(PPB // 100))
    desk = evolve(terms.desk, plan=LimitEntry(Ppb(PPB // 500), 4 * HOUR_MS), protection=protection)
    record = run_columnar(evolve(terms, desk=desk), candles).record
    assert len(record.fills) > 10
    found = trade_costs(record, candles)
    assert found.buys.limit_gains > 0
    assert found.sells.limit_gains > 0
    assert min(found.buys.slippage, found.sells.slippage) >= 0
    assert found.total == found.fees + found.slippage
    opens = {
        int(mts): record.instrument.price_from_market(float(price))
        for mts, price in zip(candles.mts, candles.open, strict=True)
    }
    apart = sum(
        fill.amount * (fill.price - opens[fill.mts]) * fill.side.sign / record.instrument.price_scale
        for fill in record.fills
    )
    assert found.slippage - found.limit_gains == pytest.approx(apart, abs=2 * len(record.fills))


OPENS = [100.0, 100.0, 100.0, 110.0, 110.0, 110.0, 90.0]
GAPS = Candles.from_rows(
    [Candle(Mts(at * HOUR_MS), each, each + 0.5, each - 0.5, each, float(at > 0)) for at, each in enumerate(OPENS)]
)
"""Bought at 100, it leaps over a target; while an entry rests below 110, it falls through that."""


@pytest.mark.parametrize("run", [run_columnar, run_event])
def test_a_gap_past_a_limit_is_no_slippage(run: Callable[[Terms, Candles], Run]) -> None:
    terms = terms_of(volume, costs=Costs(Ppb(0), Ppb(0)))
    scale = terms.desk.instrument.price_scale
    desk = evolve(terms.desk, protection=Bracket(Ppb(PPB // 20), Ppb(PPB // 25)))
    record = run(evolve(terms, desk=desk), GAPS[:5]).record
    bought, left = record.fills
    assert left.price == 104 * scale
    found = trade_costs(record, GAPS)
    assert found.total == 0, "it filled at its own price, which no market moved"
    assert found.sells.limit_gains == -cost_of(left.amount, Price(6 * scale), scale)
    assert bought.cid not in record.rested
    assert record.rested == {left.cid}

    entering = evolve(terms.desk, plan=LimitEntry(Ppb(PPB // 50), 4 * HOUR_MS))
    record = run(evolve(terms, desk=entering), GAPS[4:]).record
    (entered,) = record.fills
    found = trade_costs(record, GAPS)
    assert (found.total, found.buys.slippage) == (0, 0)
    assert found.buys.limit_gains < 0
    assert record.rested == {entered.cid}


def test_no_fills_cost_nothing() -> None:
    candles = wavy_candles(5)
    assert trade_costs(run_columnar(terms_of(), candles).record, candles).total == 0


def test_the_candles_of_another_run_are_refused() -> None:
    candles = wavy_candles(400)
    record = run_columnar(terms_of(), candles).record
    for others in (candles[:100], wavy_candles(400, step_ms=3_600_001)):
        with pytest.raises(ValueError, match="a fill has no candle"):
            trade_costs(record, others)

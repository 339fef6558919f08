"""Slippage that is measured and fees by tiers: what each is worth in plain cases, and what is refused."""

from collections.abc import Callable

import numpy as np
import pytest
from attrs import evolve

from genesis.app.backtest import Terms, run_columnar
from genesis.app.optimism import optimism_ledger
from genesis.app.portfolio_core import run_core
from genesis.domain.candle import Candle, Candles
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.instrument import spot_instrument
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.simulation.portfolio import Portfolio, decision_hash, run_columns
from genesis.domain.simulation.slippage import (
    Impact,
    VolatilitySlippage,
    by_mean_volume,
    by_true_range,
    impact_of,
    slippage_column,
)
from genesis.domain.strategy.features import close, high, low, open_, where
from genesis.domain.units import PPB, Mts, Ppb, Symbol, atoms
from tests.reports import terms_of, wavy_candles
from tests.simulation.desk_oracle import Parameters, Row
from tests.simulation.test_desk_engines import check

BPS = PPB // 10_000


def trips(count: int, minutes: int) -> list[Row]:
    both = [Row(minutes, "100", "100", 0, 0, 1.0), Row(minutes, "100", "100", 0, 0, 0.0)]
    return both * count


def test_an_hour_pays_by_what_was_traded_in_the_thirty_days_before_it() -> None:
    run = check([*trips(4, 60), Row(60 * 24 * 40, "100", "100", 0, 0, 0.0)], Parameters(cash="4000000", tiers=True))
    rates = [round(fill.fee * 10_000 / fill.amount) for fill in run.record.fills if fill.side.sign > 0]
    # Four million each: after two trips some sixteen were traded, after three some twenty-four.
    assert rates == [20, 20, 16, 14]


def test_a_volume_is_forgotten_after_thirty_days() -> None:
    run = check([*trips(3, 60), *trips(2, 60 * 24 * 29)], Parameters(cash="4000000", tiers=True))
    rates = [round(fill.fee * 10_000 / fill.amount) for fill in run.record.fills if fill.side.sign > 0]
    assert rates == [20, 20, 16, 20, 20]


def test_a_purchase_never_spends_more_than_there_is_however_much_it_moves_the_market() -> None:
    run = check([Row(1, "100", "100", 5, 5, 1.0)] * 3, Parameters(impact_bps=200, slippage_bps="0"))
    (fill,) = run.record.fills
    assert 0 <= run.record.final_cash < atoms(10)
    assert fill.price > 103 * 10**8


@pytest.mark.parametrize(("amount", "expected"), [(1, 1), (100, 10), (10_000, 100), (1_000_000, 1000), (10**9, 1000)])
def test_impact_grows_with_the_square_root_of_the_share_up_to_its_cap(amount: int, expected: int) -> None:
    # 100 bp for an order as large as the volume of 10 000.
    assert impact_of(atoms(amount), 10_000.0, 100 * BPS, 1000 * BPS) == expected * BPS


@pytest.mark.parametrize("volume", [0.0, -1.0, float("nan"), float("inf")])
def test_an_unknown_volume_costs_the_cap(volume: float) -> None:
    assert impact_of(1, volume, 100 * BPS, 1000 * BPS) == 1000 * BPS


def test_slippage_follows_the_range_of_candles_that_closed_before() -> None:
    rows = [Candle(Mts(60_000 * at), 100.0, 100.0 + at, 100.0 - at, 100.0, 1.0) for at in range(5)]
    column = slippage_column(
        Ppb(BPS), VolatilitySlippage(Ppb(PPB // 10), (high - low) / close), Candles.from_rows(rows)
    )
    # A tenth of the range of the candle before: 0, 2 %, 4 % and 6 %; nothing is known before the first.
    assert column.tolist() == [1001 * BPS, BPS, 21 * BPS, 41 * BPS, 61 * BPS]


def test_portfolios_have_the_same_costs_by_columns_and_by_events() -> None:
    candles = wavy_candles(600)
    root = where(close > open_, 1.0, 0.0)
    costs = Costs(
        volatility=by_true_range(Ppb(PPB // 10), 14), impact=by_mean_volume(Ppb(50 * BPS), 14), has_tiers=True
    )
    desks = tuple(
        DeskSettings(spot_instrument(Symbol(symbol)), root, 0.4, name=symbol, impact=costs.impact)
        for symbol in ("tBTCUSD", "tETHUSD")
    )
    portfolio = Portfolio(desks, costs, atoms(900_000))
    by_columns, by_core = (run(portfolio, [candles, candles]) for run in (run_columns, run_core))
    assert len(by_columns.fills) > 100
    assert decision_hash(by_columns, portfolio) == decision_hash(by_core, portfolio)
    assert np.array_equal(by_columns.equity, by_core.equity)


def test_the_optimism_ledger_prices_each_measured_part() -> None:
    candles, impact = wavy_candles(600), by_mean_volume(Ppb(50 * BPS), 14)
    costs = Costs(volatility=by_true_range(Ppb(PPB // 10), 14), impact=impact)
    plain = terms_of(costs=Costs())
    terms = evolve(plain, costs=costs, desk=evolve(plain.desk, impact=impact))
    entries = {each.name: each for each in optimism_ledger(terms, candles)}
    calm = evolve(terms, costs=evolve(costs, volatility=None))
    assert entries["Calm market"].final_equity == run_columnar(calm, candles).record.final_equity
    free = Terms(plain.desk, evolve(costs, impact=None), plain.cash)
    assert entries["No impact"].final_equity == run_columnar(free, candles).record.final_equity


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: VolatilitySlippage(Ppb(0), close), "above 0"),
        (lambda: VolatilitySlippage(Ppb(1), close, Ppb(PPB)), "cap of a slippage"),
        (lambda: Impact(Ppb(PPB), close), "share of volume"),
        (lambda: Costs(slippage=Ppb(PPB - 1), volatility=VolatilitySlippage(Ppb(1), close)), "together"),
        (lambda: Costs(maker_fee=Ppb(-1)), "maker fee"),
        (lambda: Terms(terms_of().desk, Costs(impact=by_mean_volume(Ppb(1), 2)), atoms(1)), "impact"),
    ],
)
def test_costs_that_mean_nothing_are_refused(make: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()

"""Portfolios by columns and by the trading core: the same fills, cash and equity, to the last atom."""

import math
from collections.abc import Mapping
from decimal import Decimal

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.app.portfolio_core import run_core
from genesis.domain.candle import DAY_MS, Candle, Candles
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import AlertCode
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import Side
from genesis.domain.risk.budget import Budget, RegimeBudget
from genesis.domain.risk.guards import OnBreach, RiskLimits
from genesis.domain.risk.margin import Margin
from genesis.domain.simulation.market_orders import costs_from_bps
from genesis.domain.simulation.portfolio import Portfolio, PortfolioRun, decision_hash, run_columns
from genesis.domain.statistics.portfolio_figures import portfolio_figures
from genesis.domain.strategy.columns import NO_OTHERS
from genesis.domain.strategy.features import close, of, volume, where
from genesis.domain.units import PPB, Mts, Ppb, Symbol, atoms

SYMBOLS = ("tBTCUSD", "tETHUSD", "tLTCUSD")
REGIMES = RegimeBudget(where(close > 150.0, 1.0, 2.0), ((1.0, Ppb(PPB)), (2.0, Ppb(PPB // 3))))

prices = st.integers(10_000, 20_000).map(lambda cents: cents / 100)
targets = st.one_of(st.just(math.nan), st.sampled_from([0.0, 0.3, 1.0]))
rows = st.lists(st.tuples(st.sampled_from([1, 1, 2, 700]), prices, prices, targets), max_size=25)
limits = st.builds(
    RiskLimits,
    st.sampled_from([None, Ppb(PPB // 4)]),
    st.sampled_from([None, Ppb(PPB // 50), Ppb(PPB // 5)]),
    st.sampled_from([None, atoms(40)]),
    st.sampled_from(OnBreach),
    st.sampled_from([None, 1, 2]),
    st.sampled_from([60_000, 3_600_000]),
)


def candles_of(given_: list[tuple[int, float, float, float]]) -> Candles:
    mts, made = 0, []
    for minutes, opened, closed, target in given_:
        mts += minutes * 60_000
        made.append(Candle(Mts(mts), opened, max(opened, closed), min(opened, closed), closed, target))
    return Candles.from_rows(made)


def portfolio_of(count: int, own: RiskLimits, together: RiskLimits, has_budget: bool, size: float) -> Portfolio:
    budget = Budget(regimes=REGIMES) if has_budget else Budget()
    desks = tuple(
        DeskSettings(spot_instrument(Symbol(symbol)), volume, size, own, symbol, budget=budget)
        for symbol in SYMBOLS[:count]
    )
    return Portfolio(desks, costs_from_bps(Decimal(20), Decimal(5)), atoms(10_000), together)


def both(portfolio: Portfolio, candles: list[Candles], others: Mapping[Symbol, Candles] = NO_OTHERS) -> PortfolioRun:
    by_columns, by_core = run_columns(portfolio, candles, others), run_core(portfolio, candles, others)
    assert by_columns.fills == by_core.fills
    assert (by_columns.cash, by_columns.positions) == (by_core.cash, by_core.positions)
    assert np.array_equal(by_columns.equity, by_core.equity)
    assert by_columns.alerts == by_core.alerts
    assert by_columns.refusals == by_core.refusals
    assert decision_hash(by_columns, portfolio) == decision_hash(by_core, portfolio)
    return by_columns


@settings(max_examples=200)
@given(st.lists(rows, min_size=1, max_size=3), limits, limits, st.booleans(), st.sampled_from([1.0, 0.4]))
def test_columns_equal_the_core_to_the_last_atom(
    given_: list[list[tuple[int, float, float, float]]],
    own: RiskLimits,
    together: RiskLimits,
    has_budget: bool,
    size: float,
) -> None:
    both(portfolio_of(len(given_), own, together, has_budget, size), [candles_of(each) for each in given_])


@settings(max_examples=60)
@given(st.lists(rows.filter(bool), min_size=2, max_size=3), rows, limits, limits)
def test_strategies_that_read_each_other_and_what_is_not_traded_are_the_same(
    given_: list[list[tuple[int, float, float, float]]],
    beside: list[tuple[int, float, float, float]],
    own: RiskLimits,
    together: RiskLimits,
) -> None:
    read = [of(SYMBOLS[(at + 1) % len(given_)], volume) for at in range(len(given_))]
    read[0] = where(read[0] > 0.2, of("tXRPUSD", volume), read[0])
    portfolio = portfolio_of(len(given_), own, together, has_budget=False, size=0.4)
    desks = tuple(evolve(desk, strategy=each) for desk, each in zip(portfolio.desks, read, strict=True))
    portfolio = evolve(portfolio, desks=desks)
    both(portfolio, [candles_of(each) for each in given_], {Symbol("tXRPUSD"): candles_of(beside)})


@settings(max_examples=60)
@given(st.lists(rows.filter(bool), min_size=1, max_size=3), limits)
def test_the_profits_of_the_parts_add_up_to_all(
    given_: list[list[tuple[int, float, float, float]]], together: RiskLimits
) -> None:
    portfolio = portfolio_of(len(given_), RiskLimits(), together, has_budget=False, size=0.4)
    candles = [candles_of(each) for each in given_]
    figures = portfolio_figures(portfolio, run_columns(portfolio, candles), candles)
    assert sum(part.profit for part in figures.parts) == figures.final_equity - portfolio.cash
    assert figures.days[-1][1] == figures.final_equity
    assert len(figures.days) == len({int(mts) // DAY_MS for each in candles for mts in each.mts})


def steady(count: int, price: float, target: float) -> list[tuple[int, float, float, float]]:
    return [(1, price, price, target)] * count


def test_two_instruments_share_the_cash() -> None:
    portfolio = portfolio_of(2, RiskLimits(), RiskLimits(), has_budget=False, size=0.6)
    run = both(portfolio, [candles_of(steady(3, 100.0, 1.0)), candles_of(steady(3, 150.0, 1.0))])
    first, second = run.fills
    assert (first.symbol, second.symbol) == ("tBTCUSD", "tETHUSD")
    assert first.amount * 100 == pytest.approx(6_000 * 10**8, rel=0.001)
    assert second.amount * 150 == pytest.approx(4_000 * 10**8, rel=0.001)  # what the first left


def test_a_breach_of_all_together_flattens_every_instrument_at_once() -> None:
    portfolio = portfolio_of(2, RiskLimits(), RiskLimits(max_drawdown=Ppb(PPB // 10)), has_budget=False, size=0.5)
    falling = [*steady(2, 100.0, 1.0), (1, 100.0, 70.0, 1.0), *steady(3, 70.0, 1.0)]
    run = both(portfolio, [candles_of(falling), candles_of(steady(6, 150.0, 1.0))])
    assert [alert.code for alert in run.alerts] == [AlertCode.MAX_DRAWDOWN]
    assert [(fill.side, fill.mts) for fill in run.fills[2:]] == [(Side.SELL, 240_000), (Side.SELL, 240_000)]
    assert set(run.positions.values()) == {0}


def test_no_order_of_a_minute_knows_a_close_of_it() -> None:
    rising = [(1, 100.0, 100.0, 1.0), (1, 100.0, 190.0, 1.0), (1, 190.0, 190.0, 1.0)]
    portfolio = portfolio_of(2, RiskLimits(), RiskLimits(), has_budget=False, size=0.5)
    run = both(portfolio, [candles_of(rising), candles_of(steady(3, 150.0, 1.0))])
    # Sized on the first one at its fill, not at the close of the minute in which both fill.
    assert run.fills[1].amount * 150 == pytest.approx(5_000 * 10**8, rel=0.002)


def test_portfolios_that_mean_nothing_are_refused() -> None:
    desk = DeskSettings(spot_instrument(Symbol("tBTCUSD")), volume)
    costs, cash = costs_from_bps(Decimal(20), Decimal(5)), atoms(1)
    for desks, said in (
        ((), "at least one"),
        ((desk, desk), "each once"),
        ((desk, DeskSettings(spot_instrument(Symbol("tETHEUR")), volume)), "one quote"),
        ((DeskSettings(desk.instrument, volume, margin=Margin()),), "spot"),
    ):
        with pytest.raises(ValueError, match=said):
            Portfolio(desks, costs, cash)

"""The benchmark buys once at what an order costs then, and not at what it costs while nothing is measured yet."""

import numpy as np
import pytest

from genesis.app.backtest import Terms, run_columnar, run_event
from genesis.app.buy_and_hold import buy_and_hold, held_terms
from genesis.app.portfolio import plan_portfolio, run_portfolio
from genesis.app.research_options import CostOptions, MarketOptions, PortfolioOptions, TradingOptions
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.instrument import spot_instrument
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.simulation.slippage import by_mean_volume, by_true_range
from genesis.domain.statistics.record import decision_hash
from genesis.domain.strategy.expression import Constant
from genesis.domain.units import Ppb, Symbol, atoms
from tests.reports import wavy_candles

VOLATILITY, IMPACT = by_true_range(Ppb(1_000_000), 14), by_mean_volume(Ppb(1_000_000), 14)
MEASURED = {
    "volatility": Costs(volatility=VOLATILITY),
    "impact": Costs(impact=IMPACT),
    "both": Costs(volatility=VOLATILITY, impact=IMPACT),
}


@pytest.mark.parametrize("name", list(MEASURED))
def test_it_buys_once_when_the_slippage_is_known(name: str) -> None:
    candles = wavy_candles(400)
    costs = MEASURED[name]
    desk = DeskSettings(spot_instrument(Symbol("tBTCUSD")), Constant(1.0), impact=costs.impact)
    terms = Terms(desk, costs, atoms(100))
    run = buy_and_hold(terms, candles)
    (fill,) = run.record.fills
    at = int(np.searchsorted(candles.mts, fill.mts))
    assert at == (14 if costs.volatility is None else 15), "a true range needs the close before it"
    opened = terms.desk.instrument.price_from_market(float(candles.open[at]))
    assert fill.price / opened - 1.0 < 0.01, "not the cap of a tenth"
    by_events = run_event(held_terms(terms), candles)
    assert decision_hash(by_events.record) == decision_hash(run.record)
    at_once = run_columnar(terms, candles).record.fills[0]
    assert at_once.price / terms.desk.instrument.price_from_market(float(candles.open[1])) - 1.0 > 0.09


def test_at_fixed_costs_it_buys_at_the_second_candle() -> None:
    candles = wavy_candles(50)
    terms = Terms(DeskSettings(spot_instrument(Symbol("tBTCUSD")), Constant(0.0)), Costs(), atoms(100))
    assert [fill.mts for fill in buy_and_hold(terms, candles).record.fills] == [candles.mts[1]]


def test_holding_a_portfolio_pays_no_cap_either(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENESIS_HOME", str(tmp_path))
    market = MarketOptions(data=("tBTCUSD=synthetic:1:2", "tETHUSD=synthetic:2:2"), timeframe="5m")
    costs = CostOptions(slippage_impact_bps="10")
    plan = plan_portfolio(PortfolioOptions(), TradingOptions(market, cost=costs)).held()
    bought = run_portfolio(plan, "columnar").run.fills
    assert {fill.symbol for fill in bought[:2]} == {"tBTCUSD", "tETHUSD"}
    for fill in bought[:2]:
        candles = next(each.candles for each in plan.markets if each.symbol == fill.symbol)
        assert fill.mts > candles.mts[1]

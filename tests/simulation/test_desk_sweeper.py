"""Runs of a sweep under every kind of terms are the runs of the event engine, to the last atom."""

from collections.abc import Mapping

import numpy as np
import pytest
from attrs import evolve, fields

from genesis.app.backtest import Terms, run_event
from genesis.app.desk_sweeper import DeskSweeper
from genesis.app.sweep import with_expression
from genesis.app.sweeper import Sweeper, sweeper_of, takes
from genesis.domain.candle import Timeframe
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.execution.plans import LimitEntry
from genesis.domain.execution.protection import Bracket, Trailing
from genesis.domain.instrument import spot_instrument
from genesis.domain.risk.budget import Budget, RegimeBudget, VolatilityTarget, realised_volatility
from genesis.domain.risk.guards import OnBreach, RiskLimits
from genesis.domain.risk.margin import Margin
from genesis.domain.risk.refusal import RefusalCode
from genesis.domain.simulation.fee_tiers import tier_of
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.simulation.slippage import by_mean_volume, by_true_range
from genesis.domain.simulation.sweep import Outcomes, fills_digest
from genesis.domain.simulation.synthetic import synthetic_candles
from genesis.domain.statistics.summary import summarise
from genesis.domain.strategy.expression import Expr, Held
from genesis.domain.strategy.features import KEEP, close, ema, high, rsi, where
from genesis.domain.units import PPB, Atoms, Ppb, Symbol, atoms

CANDLES = synthetic_candles(3, 2.0)[:1_500]
ROOTS: list[Expr] = [
    where(ema(close, 3) > ema(close, 8), 1.0, 0.0),
    where(ema(close, 8) > ema(close, 20), 0.7, -0.4),
    where(rsi(close, 5) < 30.0, 1.0, where(rsi(close, 5) > 70.0, 0.0, float("nan"))),
]
PLAIN = DeskSettings(spot_instrument(Symbol("tBTCUSD")), ROOTS[0], 0.9)
IMPACT = by_mean_volume(Ppb(500_000), 14, Ppb(PPB // 10))
REGIME = where(close > ema(close, 50), 1.0, 0.0)
MEASURE = realised_volatility(60, Timeframe.M1)
DESKS: Mapping[str, DeskSettings] = {
    "stop and target": evolve(PLAIN, protection=Bracket(Ppb(PPB // 200), Ppb(PPB // 100))),
    "trailing stop": evolve(PLAIN, protection=Trailing(Ppb(PPB // 200))),
    "entries by limit": evolve(PLAIN, plan=LimitEntry(Ppb(PPB // 2000), 900_000)),
    "margin": evolve(PLAIN, margin=Margin(Ppb(3 * PPB)), size=1.0),
    "volatility": evolve(PLAIN, budget=Budget(VolatilityTarget(MEASURE, Ppb(PPB // 2)))),
    "regime": evolve(PLAIN, budget=Budget(None, RegimeBudget(REGIME, ((1.0, Ppb(PPB)),)))),
    "reduce-only": evolve(PLAIN, limits=RiskLimits(max_daily_loss=Atoms(10**10), on_breach=OnBreach.REDUCE_ONLY)),
    "cool-down": evolve(PLAIN, limits=RiskLimits(cool_down_losses=2, cool_down_ms=7_200_000)),
    "halt": evolve(PLAIN, limits=RiskLimits(max_drawdown=Ppb(PPB // 50)), protection=Trailing(Ppb(PPB // 200))),
}
COSTS: Mapping[str, Costs] = {
    "tiers": Costs(tier_of(0).taker, Ppb(100_000), maker_fee=tier_of(0).maker, has_tiers=True),
    "measured slippage": Costs(volatility=by_true_range(Ppb(PPB // 10), 14, Ppb(PPB // 10)), impact=IMPACT),
}
TERMS: Mapping[str, Terms] = {
    **{name: Terms(desk, Costs(), atoms(10_000)) for name, desk in DESKS.items()},
    **{name: Terms(evolve(PLAIN, impact=each.impact), each, atoms(1_000_000)) for name, each in COSTS.items()},
}


@pytest.mark.parametrize("name", list(TERMS))
def test_a_run_of_a_sweep_is_that_of_the_event_engine(name: str) -> None:
    terms = TERMS[name]
    assert not takes(terms)
    with sweeper_of(CANDLES, terms, 2) as sweeper:
        assert isinstance(sweeper, DeskSweeper)
        outcomes = sweeper.run(ROOTS)
    assert outcomes is not None
    for at, root in enumerate(ROOTS):
        record = run_event(with_expression(terms, root), CANDLES).record
        summary = summarise(record)
        assert outcomes.final_equity[at] == record.final_equity
        assert outcomes.cash[at] == record.final_cash
        assert outcomes.position[at] == record.final_position
        assert outcomes.fills[at] == len(record.fills) > 0
        assert outcomes.fees[at] == summary.total_fees
        assert outcomes.round_trips[at] == summary.round_trips
        assert outcomes.max_drawdown[at] == record.max_drawdown
        assert outcomes.candles_in_position[at] == record.candles_in_position
        assert outcomes.refused[at] == record.refusals.get(RefusalCode.AMOUNT_BELOW_MINIMUM, 0)
        assert outcomes.day_equity[at].tolist() == [equity for _, equity in record.days]
        has_halted = terms.desk.limits.on_breach is OnBreach.HALT and bool(record.alerts)
        assert (outcomes.halted_at[at] >= 0) == has_halted


FIRST = 700
BEGINS = evolve(CANDLES, high=np.where(np.arange(len(CANDLES)) == FIRST, 1e7, CANDLES.high))
"""A high that is seen once, so that an expression can tell from which row on it may trade."""
HAS_BEGUN = Held(where(high > 1e6, 1.0, KEEP)) > 0.5


@pytest.mark.parametrize("name", ["tiled", *TERMS])
def test_a_run_that_begins_late_knows_what_was_before(name: str) -> None:
    terms = TERMS.get(name, Terms(evolve(PLAIN, limits=RiskLimits(max_daily_loss=atoms(150))), Costs(), atoms(10_000)))
    assert takes(terms) == (name == "tiled")
    with sweeper_of(BEGINS, terms, 2, FIRST) as sweeper:
        outcomes = sweeper.run(ROOTS)
    with sweeper_of(BEGINS[FIRST:], terms, 2) as sweeper:
        cold = sweeper.run(ROOTS)
    assert outcomes is not None
    assert cold is not None
    assert not np.array_equal(outcomes.digest, cold.digest), "without it, other decisions are made"
    for at, root in enumerate(ROOTS):
        record = run_event(with_expression(terms, where(HAS_BEGUN, root, 0.0)), BEGINS).record
        rows = np.searchsorted(BEGINS.mts, [fill.mts for fill in record.fills]) - FIRST
        amounts, prices, fees = (
            np.array(column, dtype=np.int64)
            for column in zip(*((f.amount * f.side.sign, f.price, f.fee) for f in record.fills), strict=True)
        )
        assert outcomes.digest[at] == fills_digest(rows, amounts, prices, fees)
        assert outcomes.cash[at] == record.final_cash
        assert outcomes.position[at] == record.final_position
        assert outcomes.refused[at] == record.refusals.get(RefusalCode.AMOUNT_BELOW_MINIMUM, 0)
        assert outcomes.max_drawdown[at] == record.max_drawdown
        assert outcomes.candles_in_position[at] == record.candles_in_position
        assert outcomes.day_equity[at, -1] == record.final_equity
        assert outcomes.day_equity.shape[1] <= len(record.days)


def test_both_sweepers_find_the_same_where_the_tiled_one_can() -> None:
    terms = Terms(evolve(PLAIN, limits=RiskLimits(max_drawdown=Ppb(PPB // 50))), Costs(), atoms(10_000))
    with Sweeper(CANDLES, terms, 1) as tiled, DeskSweeper(CANDLES, terms, 2) as alone:
        first, second = tiled.run(ROOTS), alone.run(ROOTS)
    assert first is not None
    assert second is not None
    for each in fields(Outcomes):
        assert np.array_equal(getattr(first, each.name), getattr(second, each.name)), each.name

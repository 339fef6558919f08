"""Runs walked together are the runs walked alone: any strategy, market, costs and guards, to the last atom."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.app.backtest import Run, Terms, run_columnar, run_event
from genesis.domain.candle import DAY_MS, Candles
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.instrument import spot_instrument
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.risk.refusal import RefusalCode
from genesis.domain.simulation.columnar import BREACHES, terms_of, walk
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.simulation.sweep import Outcomes, empty_store, fills_digest, market_of, put, walk_runs
from genesis.domain.simulation.synthetic import synthetic_candles
from genesis.domain.statistics.summary import summarise
from genesis.domain.statistics.sweep_figures import sweep_figures
from genesis.domain.strategy import columns
from genesis.domain.strategy.by_events import expression_of
from genesis.domain.strategy.expression import Constant, Expr
from genesis.domain.strategy.features import KEEP, close, ema, high, lag, low, maximum, open_, rsi, volume, where
from genesis.domain.strategy.programs import programs_of
from genesis.domain.units import Atoms, Ppb, Symbol, atoms

CANDLES = synthetic_candles(3, 3.0)
ROOTS: list[Expr] = [
    where(ema(close, 3) > ema(close, 8), 1.0, 0.0),
    where(ema(close, 8) > ema(close, 3), 0.0, 1.0),
    where(ema(close, 20) >= ema(close, 50), 0.7, 0.2),
    where(rsi(close, 5) < 30.0, 1.0, where(rsi(close, 5) > 70.0, 0.0, KEEP)),
    where(close > lag(close, 7), 1.0, KEEP) * where(volume > 0.3, 1.0, 0.5),
    (close - ema(close, 12)) / (maximum(high - low, 0.01)),
    abs(-(open_ - close)) / ema(high - low, 9) - 0.3,
    rsi(close, 14) / 100.0,
    Constant(1.0),
    KEEP,
    ema(close, 4) - ema(close, 4),
    (close > open_) & ~(low > lag(low, 1)) | (close > ema(close, 30)),
]


def outcomes_of(roots: list[Expr], candles: Candles, terms: Terms) -> Outcomes:
    programs = programs_of(roots)
    store = empty_store(len(candles), len(programs.columns))
    for index, column in enumerate(columns.evaluate_all(programs.columns, candles)):
        put(store, index, column)
    core = terms.desk
    numbers = terms_of(core.instrument, terms.costs, core.limits, core.size, terms.cash)
    return walk_runs(numbers, market_of(candles), store, programs, 0, len(roots))


def terms_for(root: Expr, costs: Costs, limits: RiskLimits, size: float, cash: int, least: int) -> Terms:
    instrument = spot_instrument(Symbol("tBTCUSD"), Atoms(least))
    return Terms(DeskSettings(instrument, root, size, limits), costs, Atoms(cash))


def assert_same(outcomes: Outcomes, at: int, run: Run, terms: Terms, candles: Candles) -> None:
    record, summary, core = run.record, summarise(run.record), terms.desk
    targets = columns.evaluate(expression_of(core.strategy), candles)
    alone = walk(targets, candles, core.instrument, terms.costs, core.limits, core.size, terms.cash)
    assert outcomes.bad[at] == -1
    assert outcomes.cash[at] == record.final_cash
    assert outcomes.position[at] == record.final_position
    assert outcomes.final_equity[at] == record.final_equity
    assert outcomes.fills[at] == len(record.fills)
    assert outcomes.digest[at] == fills_digest(alone.row, alone.net_amount, alone.price, alone.fee)
    assert outcomes.refused[at] == record.refusals.get(RefusalCode.AMOUNT_BELOW_MINIMUM, 0)
    assert outcomes.max_drawdown[at] == record.max_drawdown
    assert outcomes.candles_in_position[at] == record.candles_in_position
    assert outcomes.fees[at] == summary.total_fees
    assert outcomes.round_trips[at] == summary.round_trips
    assert (outcomes.halted_at[at], BREACHES[outcomes.breach[at]]) == (alone.halted_at, alone.breach)
    ends, calendar = dict(record.days), range(record.days[0][0], record.days[-1][0] + 1, DAY_MS)
    assert len(outcomes.day_equity[at]) == len(calendar)
    assert [equity for day, equity in zip(calendar, outcomes.day_equity[at].tolist(), strict=True) if day in ends] == [
        *ends.values()
    ]
    ratio = sweep_figures(outcomes, terms.cash, len(candles))["sharpe"][at]
    assert (None if np.isnan(ratio) else ratio) == summary.sharpe
    assert (outcomes.gains[at] / outcomes.losses[at] if outcomes.losses[at] else None) == summary.profit_factor
    wins = 100.0 * outcomes.wins[at] / summary.round_trips if summary.round_trips else None
    assert wins == summary.win_rate_pct


costs = st.builds(
    Costs, st.sampled_from([0, 123_456, 2_000_000, 50_000_000]).map(Ppb), st.sampled_from([0, 100_000]).map(Ppb)
)
limits = st.builds(
    RiskLimits,
    st.sampled_from([None, 125_000_000, 0]).map(lambda each: None if each is None else Ppb(each)),
    st.sampled_from([None, 1_000_000, 200_000_000, 10**9]).map(lambda each: None if each is None else Ppb(each)),
    st.sampled_from([None, "0", "3.5", "100"]).map(lambda each: None if each is None else atoms(each)),
)
cash = st.sampled_from([0, 10**8, 9 * 10**8, 10**10, 105 * 10**8, 10**12, 10**15])


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(ROOTS), min_size=1, max_size=6),
    st.tuples(st.integers(0, 4000), st.integers(1, 3500)),
    costs,
    limits,
    st.sampled_from([1.0, 0.5, 1e-7]),
    cash,
    st.sampled_from([1, 10_000, 10**7]),
)
def test_runs_walked_together_equal_runs_walked_alone(
    roots: list[Expr], part: tuple[int, int], costs: Costs, limits: RiskLimits, size: float, cash: int, least: int
) -> None:
    candles = CANDLES[part[0] : part[0] + part[1]]
    candles = candles if len(candles) else CANDLES
    terms = [terms_for(root, costs, limits, size, cash, least) for root in roots]
    outcomes = outcomes_of(roots, candles, terms[0])
    for at, each in enumerate(terms):
        assert_same(outcomes, at, run_columnar(each, candles), each, candles)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(1, 3000), st.floats(90.0, 110.0), st.floats(90.0, 110.0)), min_size=1, max_size=60),
    st.lists(st.sampled_from([math.nan, 0.0, 0.25, 1.0, 1.5, -1.0]), min_size=60, max_size=60),
    costs,
    limits,
    cash,
    st.sampled_from([1, 10_000, 10**8]),
)
def test_any_targets_on_any_market_walk_alike(
    rows: list[tuple[int, float, float]], targets: list[float], costs: Costs, limits: RiskLimits, cash: int, least: int
) -> None:
    mts = np.cumsum([minutes for minutes, _, _ in rows]) * 60_000
    opens = np.array([round(each, 2) for _, each, _ in rows])
    closes = np.array([round(each, 2) for _, _, each in rows])
    wanted = np.array(targets[: len(rows)])
    candles = Candles(mts, opens, np.maximum(opens, closes), np.minimum(opens, closes), closes, wanted)
    terms = terms_for(volume, costs, limits, 1.0, cash, least)
    assert_same(outcomes_of([volume], candles, terms), 0, run_columnar(terms, candles), terms, candles)


def test_a_sweep_equals_the_event_engine() -> None:
    candles = CANDLES[:2500]
    limits = RiskLimits(max_drawdown=Ppb(20_000_000))
    terms = [terms_for(root, Costs(), limits, 0.9, 10**12, 10_000) for root in ROOTS]
    outcomes = outcomes_of(ROOTS, candles, terms[0])
    for at, each in enumerate(terms):
        assert_same(outcomes, at, run_event(each, candles), each, candles)


@pytest.mark.parametrize("bad", [math.nan, math.inf, 0.0, -5.0, 1e12])
@pytest.mark.parametrize("at", [700, 1023, 1024, 1040])
def test_a_price_that_is_none_is_found_where_it_would_be_used(at: int, bad: float) -> None:
    candles = CANDLES[:2000]
    closes = candles.close.copy()
    closes[at] = bad
    broken = Candles(candles.mts, candles.open, candles.high, candles.low, closes, candles.volume)
    terms = terms_for(Constant(1.0), Costs(), RiskLimits(), 1.0, 10**12, 10_000)
    assert outcomes_of([Constant(1.0)], broken, terms).bad.tolist() == [at]
    assert outcomes_of([Constant(0.0)], broken, terms).bad.tolist() == [-1]


def test_runs_that_could_buy_more_atoms_than_can_be_counted_are_found_where_they_would() -> None:
    candles = CANDLES[:100]
    flat = np.full(100, 0.00001)
    cheap = Candles(candles.mts, flat, flat, flat, flat, candles.volume)
    for cash, bad in ((10**14, 1), (10**13, -1)):
        terms = terms_for(Constant(1.0), Costs(), RiskLimits(), 1.0, cash, 10_000)
        assert outcomes_of([Constant(1.0)], cheap, terms).bad.tolist() == [bad]


def test_the_columns_that_runs_share_are_listed_once() -> None:
    roots: list[Expr] = [where(ema(close, a) > ema(close, b), 1.0, 0.0) for a in (2, 3) for b in (5, 6, 7)]
    assert len(programs_of(roots).columns) == 5

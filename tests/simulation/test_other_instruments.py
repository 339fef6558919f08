"""Strategies that read other instruments decide the same by every way, whatever is missing or late there."""

from collections.abc import Mapping
from decimal import Decimal

import numpy as np
import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genesis.app.backtest import Terms, run_columnar, run_event
from genesis.app.parity import Way, prove
from genesis.app.strategies import find_lone_strategy
from genesis.app.sweeper import Sweeper
from genesis.domain.candle import Candles, Timeframe
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.instrument import spot_instrument
from genesis.domain.risk.guards import OnBreach, RiskLimits
from genesis.domain.risk.margin import Margin
from genesis.domain.simulation.market_orders import costs_from_bps
from genesis.domain.simulation.synthetic import synthetic_candles
from genesis.domain.strategy import features
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.shipped import PAIRED
from genesis.domain.units import PPB, Ppb, Symbol, atoms
from genesis.ports.errors import InputError

BTC, ETH, LTC = Symbol("tBTCUSD"), Symbol("tETHUSD"), Symbol("tLTCUSD")
OWN, ETHS, LTCS = (synthetic_candles(seed, 0.3) for seed in (5, 6, 7))
QUIET = [Way.COLUMNAR, Way.EVENT, Way.JOURNAL]

prices = st.sampled_from([features.open_, features.close, features.high])
averages = st.tuples(prices, st.integers(1, 12)).map(lambda t: features.ema(*t))
plain: st.SearchStrategy[Expr] = st.one_of(prices, averages)
read: st.SearchStrategy[Expr] = st.one_of(
    st.tuples(st.sampled_from([BTC, ETH, LTC]), plain).map(lambda t: features.of(*t)),
    st.tuples(st.sampled_from([ETH, LTC]), plain).map(lambda t: features.on("5m", features.of(*t))),
    st.tuples(st.sampled_from([ETH, LTC]), plain).map(lambda t: features.of(t[0], features.on("5m", t[1]))),
    plain.map(lambda x: features.of(ETH, features.of(LTC, x))),
)
signals = st.tuples(read, st.integers(1, 5)).map(lambda t: t[0] / features.lag(t[0], t[1]))
expressions = st.tuples(signals, signals, plain).map(
    lambda t: features.where(t[0] > t[1], features.clip(t[1] * t[2] / features.close, 0.0, 1.0), 0.0)
)
limits = st.builds(
    RiskLimits,
    st.sampled_from([None, Ppb(PPB // 3)]),
    st.sampled_from([None, Ppb(PPB // 100)]),
    st.sampled_from([None, atoms(20)]),
    st.sampled_from(OnBreach),
    st.sampled_from([None, 1]),
    st.just(60_000),
)
kept = st.sets(st.integers(0, 149), max_size=60).map(lambda gone: [row for row in range(150) if row not in gone])


def terms_of(expression: Expr, others: Mapping[Symbol, Candles], guarded: RiskLimits | None = None) -> Terms:
    desk = DeskSettings(spot_instrument(BTC), expression, 1.0, guarded or RiskLimits())
    return Terms(desk, costs_from_bps(Decimal(20), Decimal(1)), atoms(10_000), others)


def rows(candles: Candles, kept_: list[int]) -> Candles:
    return Candles.from_rows(candles[row] for row in kept_)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(expressions, limits, kept, kept, kept)
def test_any_expression_over_instruments_with_holes_is_the_same(
    expression: Expr, guarded: RiskLimits, own: list[int], eths: list[int], ltcs: list[int]
) -> None:
    others = {ETH: rows(ETHS, eths), LTC: rows(LTCS, ltcs)}
    assert prove(terms_of(expression, others, guarded), rows(OWN, own), Timeframe.M1, QUIET).difference == ""


@settings(max_examples=4, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(expressions, kept, kept, kept)
def test_any_expression_over_instruments_is_the_same_over_the_wire(
    expression: Expr, own: list[int], eths: list[int], ltcs: list[int]
) -> None:
    others = {ETH: rows(ETHS, eths[:60]), LTC: rows(LTCS, ltcs[:60])}
    found = prove(terms_of(expression, others), rows(OWN, own[:50]), Timeframe.M1, [Way.COLUMNAR, Way.WIRE])
    assert found.difference == ""
    assert not found.left_out


@pytest.mark.parametrize("strategy", PAIRED)
def test_every_shipped_strategy_that_reads_others_trades_alike_by_every_way(strategy: str) -> None:
    expression = PAIRED[strategy].build({"window": 20, "least": "-0.9"})
    desk = DeskSettings(spot_instrument(ETH), expression, 1.0)
    terms = Terms(desk, costs_from_bps(Decimal(20), Decimal(1)), atoms(10_000), {BTC: OWN})
    found = prove(terms, ETHS, Timeframe.M1)
    assert found.difference == ""
    assert [each.way for each in found.outcomes] == list(Way)
    assert found.outcomes[0].fills


def test_on_margin_it_is_the_same_by_columns_and_events() -> None:
    eth = features.of(ETH, features.close / features.ema(features.close, 5))
    terms = terms_of(features.where(eth > 1.0, 1.0, -1.0), {ETH: ETHS})
    terms = evolve(terms, desk=evolve(terms.desk, margin=Margin(Ppb(2 * PPB))))
    assert run_columnar(terms, OWN).record == run_event(terms, OWN).record


def test_the_future_of_another_instrument_changes_no_decision_of_the_past() -> None:
    eth = features.of(ETH, features.ema(features.close, 3) > features.ema(features.close, 9))
    cut = int(OWN.mts[200])
    known = ETHS.between(None, cut)
    before = run_event(terms_of(eth, {ETH: ETHS}), OWN[:201]).record
    assert before == run_event(terms_of(eth, {ETH: known}), OWN[:201]).record
    assert before.fills


def test_the_candle_of_the_same_start_is_not_seen() -> None:
    read_ = features.of(ETH, features.close)
    moved = evolve(ETHS, close=np.where(ETHS.mts == OWN.mts[-1], 10 * ETHS.close, ETHS.close))
    target = features.where(read_ > 0.0, read_ / 100_000.0, 0.0)
    runs = [run_event(terms_of(target, {ETH: each}), OWN).record for each in (ETHS, moved)]
    assert runs[0] == runs[1]


def test_a_sweep_over_strategies_that_read_others_is_their_event_runs() -> None:
    roots = [PAIRED["follow_the_leader"].build({"window": window, "least": "-0.9"}) for window in (20, 40)]
    terms = Terms(DeskSettings(spot_instrument(ETH), roots[0]), costs_from_bps(Decimal(20), Decimal(1)), atoms(10_000))
    terms = evolve(terms, others={BTC: OWN})
    with Sweeper(ETHS, terms, 1) as sweeper:
        outcomes = sweeper.run(roots)
        with pytest.raises(InputError, match="--other"):
            sweeper.run([features.of(LTC, features.close)])
    assert outcomes is not None
    for at, root in enumerate(roots):
        record = run_event(evolve(terms, desk=evolve(terms.desk, strategy=root)), ETHS).record
        assert (outcomes.cash[at], outcomes.position[at]) == (record.final_cash, record.final_position)
        assert record.fills


def test_a_regime_and_a_replay_of_frames_have_one_instrument_alone() -> None:
    with pytest.raises(InputError, match=r"tBTCUSD too: a regime has those of one"):
        find_lone_strategy("follow_the_leader", "a regime")

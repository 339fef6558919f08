"""Every way to run a strategy makes the same decisions: the shipped ones, and any that hypothesis writes."""

from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genesis.app import parity
from genesis.app.backtest import Run, Terms, run_columnar
from genesis.app.code_version import code_sha256
from genesis.app.parity import Way, certificate, prove
from genesis.domain.candle import Candles, Timeframe
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.instrument import spot_instrument
from genesis.domain.risk.guards import OnBreach, RiskLimits
from genesis.domain.risk.margin import Margin
from genesis.domain.simulation.market_orders import costs_from_bps
from genesis.domain.simulation.synthetic import synthetic_candles
from genesis.domain.strategy import features
from genesis.domain.strategy.expression import Constant, Expr
from genesis.domain.strategy.shipped import SHIPPED
from genesis.domain.units import PPB, Ppb, Symbol, atoms

prices = st.sampled_from([features.open_, features.high, features.low, features.close])
leaves: st.SearchStrategy[Expr] = st.one_of(
    prices,
    st.tuples(prices, st.integers(1, 30)).map(lambda t: features.ema(*t)),
    st.tuples(prices, st.integers(2, 20)).map(lambda t: features.bollinger(*t).upper),
    st.integers(2, 20).map(lambda n: features.rsi(features.close, n)),
    st.integers(2, 10).map(lambda n: features.supertrend(n).line),
    st.integers(2, 10).map(lambda n: features.on("5m", features.sma(features.close, n))),
    st.sampled_from([0.0, 1.0, 50.0]).map(Constant),
)


def _grown(children: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    pairs = st.tuples(children, children)
    return st.one_of(
        pairs.map(lambda p: p[0] - p[1]),
        pairs.map(lambda p: p[0] / p[1]),
        pairs.map(lambda p: p[0] > p[1]),
        pairs.map(lambda p: features.latch(*p)),
        pairs.map(lambda p: features.crosses_above(*p)),
        st.tuples(children, st.integers(1, 4)).map(lambda t: features.lag(*t)),
    )


signals = st.recursive(leaves, _grown, max_leaves=6)
expressions = st.tuples(signals, signals, signals, st.sampled_from([0.0, 0.25, 1.0])).map(
    lambda t: features.where(t[0] > t[1], features.clip(t[2] / features.close, 0.0, 1.0), t[3])
)
"""Targets that trade: one signal against another, so that the size changes too."""

MINUTES = synthetic_candles(5, 0.4)
QUIET = [Way.COLUMNAR, Way.EVENT, Way.JOURNAL]


def terms_of(expression: Expr, size: float = 1.0, limits: RiskLimits | None = None, fee_bps: int = 20) -> Terms:
    desk = DeskSettings(spot_instrument(Symbol("tBTCUSD")), expression, size, limits or RiskLimits())
    return Terms(desk, costs_from_bps(Decimal(fee_bps), Decimal(1)), atoms(10_000))


@pytest.mark.parametrize("strategy", SHIPPED)
def test_every_shipped_strategy_is_the_same_by_every_way(strategy: str) -> None:
    found = prove(terms_of(SHIPPED[strategy].build()), MINUTES, Timeframe.M1)
    assert found.difference == ""
    assert [each.way for each in found.outcomes] == list(Way)


limits = st.builds(
    RiskLimits,
    st.sampled_from([None, Ppb(PPB // 3)]),
    st.sampled_from([None, Ppb(PPB // 100)]),
    st.sampled_from([None, atoms(20)]),
    st.sampled_from(OnBreach),
    st.sampled_from([None, 1, 3]),
    st.sampled_from([60_000, 86_400_000]),
)
sizes = st.sampled_from([1.0, 0.37, 1e-6])


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(expressions, sizes, limits)
def test_any_expression_is_the_same_by_columns_events_and_journal(
    expression: Expr, size: float, guarded: RiskLimits
) -> None:
    assert prove(terms_of(expression, size, guarded), MINUTES[:150], Timeframe.M1, QUIET).difference == ""


@settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(expressions, sizes, limits)
def test_any_expression_is_the_same_over_the_wire(expression: Expr, size: float, guarded: RiskLimits) -> None:
    found = prove(terms_of(expression, size, guarded), MINUTES[:60], Timeframe.M1, [Way.COLUMNAR, Way.WIRE])
    assert found.difference == ""


@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(2, 20), st.integers(21, 60))
def test_any_parameters_are_the_same(fast: int, slow: int) -> None:
    expression = SHIPPED["ema_cross"].build({"fast": fast, "slow": slow})
    assert prove(terms_of(expression), MINUTES[:400], Timeframe.M1, QUIET).difference == ""


def test_margin_is_the_same_by_all_ways_but_the_wire_which_says_why() -> None:
    terms = terms_of(SHIPPED["rsi_reversion"].build())
    found = prove(evolve(terms, desk=evolve(terms.desk, margin=Margin(Ppb(3 * PPB)))), MINUTES, Timeframe.M1)
    assert found.difference == ""
    assert [way for way, _ in found.left_out] == [Way.WIRE]


def test_a_way_that_differs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def dearer(terms: Terms, candles: Candles) -> Run:
        return run_columnar(evolve(terms, costs=costs_from_bps(Decimal(21), Decimal(1))), candles)

    monkeypatch.setattr(parity, "run_columnar", dearer)
    found = prove(terms_of(SHIPPED["ema_cross"].build()), MINUTES, Timeframe.M1, QUIET)
    assert "by columnar" in found.difference
    assert "by event" in found.difference
    document = certificate(found, {})
    assert document["same"] is False
    assert document["code_sha256"] == code_sha256()

"""Strategies that decide event by event run on the same path as expressions, and alike in every way that they have."""

import math
from decimal import Decimal

import numpy as np
import pytest
from attrs import frozen

from genesis.app.backtest import Terms, run_columnar, run_event
from genesis.app.parity import Way, prove
from genesis.domain.candle import Timeframe
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import AlertCode, CandleClosed, Event
from genesis.domain.instrument import spot_instrument
from genesis.domain.risk.guards import OnBreach, RiskLimits
from genesis.domain.simulation.market_orders import costs_from_bps
from genesis.domain.simulation.synthetic import synthetic_candles
from genesis.domain.strategy.by_events import ByEvents, Deciding, NoExpression, targets_of
from genesis.domain.strategy.event_strategy import AnyEventStrategy, Target, Targets
from genesis.domain.strategy.features import close, lag, of, where
from genesis.domain.strategy.shipped_events import SHIPPED_EVENTS
from genesis.domain.units import PPB, Ppb, Symbol, atoms

BTC, ETH = Symbol("tBTCUSD"), Symbol("tETHUSD")
OWN, ETHS = synthetic_candles(5, 0.4), synthetic_candles(6, 0.4)
LIMITS = RiskLimits(Ppb(PPB // 2), Ppb(PPB // 200), None, OnBreach.REDUCE_ONLY, 1, 600_000)


@frozen
class FollowsEth:
    """Holds what ETH says: long while its last close is above the one before; what it has seen is its state."""

    reads: tuple[str, ...] = (ETH,)

    def start(self) -> tuple[float, float]:
        return math.nan, math.nan

    def decide(self, state: tuple[float, float], event: Event) -> tuple[tuple[float, float], Targets]:
        if not isinstance(event, CandleClosed):
            raise TypeError("only closed candles are shown")
        if event.symbol == ETH:
            return (state[1], event.candle.close), ()
        before, last = state
        return state, (Target(event.symbol, math.nan if before != before else float(last > before)),)


@frozen
class Breaks:
    """Buys, and breaks after some candles."""

    candles: int
    gives: Targets | None = None

    def start(self) -> int:
        return 0

    def decide(self, state: int, event: Event) -> tuple[int, Targets]:
        assert isinstance(event, CandleClosed)
        if state == self.candles:
            if self.gives is not None:
                return state + 1, self.gives
            raise ZeroDivisionError("by design")
        return state + 1, (Target(BTC, 1.0),)


def deciding(strategy: AnyEventStrategy, *reads: Symbol) -> ByEvents:
    return ByEvents(type(strategy).__name__, strategy, reads)


def terms_of(decides: Deciding, guarded: RiskLimits | None = None) -> Terms:
    desk = DeskSettings(spot_instrument(BTC), decides, 1.0, guarded or RiskLimits())
    return Terms(desk, costs_from_bps(Decimal(20), Decimal(1)), atoms(10_000), {ETH: ETHS})


@pytest.mark.parametrize("strategy", SHIPPED_EVENTS)
@pytest.mark.parametrize("guarded", [RiskLimits(), LIMITS])
def test_every_shipped_one_is_the_same_by_events_journal_and_wire(strategy: str, guarded: RiskLimits) -> None:
    shipped = SHIPPED_EVENTS[strategy]
    terms = terms_of(shipped.deciding(shipped.resolve({"period": 10, "pause": 3})), guarded)
    found = prove(terms, OWN, Timeframe.M1)
    assert found.difference == ""
    assert [each.way for each in found.outcomes] == [Way.EVENT, Way.JOURNAL, Way.WIRE]
    assert [way for way, _ in found.left_out] == [Way.COLUMNAR]
    assert found.outcomes[0].fills


def test_one_that_reads_another_instrument_decides_what_its_expression_does() -> None:
    expression = of(ETH, where(close > lag(close), 1.0, 0.0))
    by_events, by_columns = terms_of(deciding(FollowsEth(), ETH)), terms_of(expression)
    assert run_event(by_events, OWN).record == run_columnar(by_columns, OWN).record
    found = prove(by_events, OWN[:80], Timeframe.M1)
    assert found.difference == ""
    assert len(found.outcomes) == 3
    assert found.outcomes[0].fills


@pytest.mark.parametrize(
    ("gives", "said"),
    [
        (None, "ZeroDivisionError: by design"),
        ((Target(ETH, 1.0),), "tETHUSD 1.0 is no target"),
        ((Target(BTC, 1.5),), "tBTCUSD 1.5 is no target"),
    ],
)
def test_one_that_breaks_gets_out_and_halts_and_says_why(gives: Targets | None, said: str) -> None:
    found = prove(terms_of(deciding(Breaks(7, gives))), OWN[:30], Timeframe.M1)
    assert found.difference == ""
    record = run_event(terms_of(deciding(Breaks(7, gives))), OWN[:30]).record
    (alert,) = record.alerts
    assert (alert.code, alert.mts) == (AlertCode.STRATEGY_FAILED, OWN.mts[7])
    assert said in alert.text
    assert [(fill.side.value, fill.mts) for fill in record.fills] == [("buy", OWN.mts[1]), ("sell", OWN.mts[8])]


def test_columns_refuse_it_and_its_targets_can_be_had_all_the_same() -> None:
    terms = terms_of(deciding(FollowsEth(), ETH))
    with pytest.raises(NoExpression, match="--engine event"):
        run_columnar(terms, OWN)
    expression = of(ETH, where(close > lag(close), 1.0, 0.0))
    by_events, by_columns = (
        targets_of(BTC, each, OWN, terms.beside(OWN)) for each in (terms.desk.strategy, expression)
    )
    assert np.array_equal(by_events, by_columns, equal_nan=True)

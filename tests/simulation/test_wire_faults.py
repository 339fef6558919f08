"""A session over a wire that fails: what provably did no harm is got over, what may have is not traded on."""

from itertools import pairwise

import pytest
from attrs import evolve

from genesis.adapters.venue.faults import Fault, Rule
from genesis.app.backtest import run_event
from genesis.domain.candle import Timeframe
from genesis.domain.events import AlertCode
from genesis.domain.link import Link
from genesis.domain.simulation.synthetic import synthetic_candles
from genesis.domain.statistics.record import decision_hash
from genesis.domain.units import atoms
from genesis.ports.errors import ExchangeError
from tests.simulation.wire_house import Listener, over_the_wire, terms_of

CANDLES = synthetic_candles(1, 0.2)
TERMS = terms_of("ema_cross")


@pytest.mark.parametrize("kind", ["te", "tu", "oc", "n", "wu", "candles", "book"])
def test_a_message_that_comes_twice_counts_once(kind: str) -> None:
    listener = Listener()
    wired = over_the_wire(TERMS, CANDLES, listener, Timeframe.M1, Rule("twice", Fault.DUPLICATE, kind, times=2))
    assert listener.faults
    assert decision_hash(wired) == decision_hash(run_event(TERMS, CANDLES).record)


@pytest.mark.parametrize("nth", [1, 100, 333])
def test_a_market_connection_lost_between_decisions_changes_none(nth: int) -> None:
    listener = Listener()
    wired = over_the_wire(TERMS, CANDLES, listener, Timeframe.M1, Rule("cut", Fault.DISCONNECT, "candles", nth=nth))
    assert [fault.id for fault in listener.faults] == ["cut"]
    assert [state.link for state in listener.links if state.name != "account"] == [
        Link.OPEN,
        Link.RECONNECT,
        Link.OPEN,
    ]
    assert decision_hash(wired) == decision_hash(run_event(TERMS, CANDLES).record)


def test_an_order_that_is_refused_is_told_and_tried_again_after_the_next_close() -> None:
    listener = Listener()
    poor = evolve(TERMS, cash=atoms(1))
    wired = over_the_wire(TERMS, CANDLES, listener, funded=poor)
    assert not wired.fills
    assert {alert.code for alert in wired.alerts} == {AlertCode.ORDER_REJECTED}
    assert "not enough" in wired.alerts[0].text
    assert any(after.mts - before.mts == 60_000 for before, after in pairwise(wired.alerts))


@pytest.mark.parametrize(
    "rule",
    [
        Rule("lost", Fault.GAP, "te", nth=1),
        Rule("cut", Fault.DISCONNECT, "te", nth=1),
        Rule("cut", Fault.DISCONNECT, "n", nth=2),
        Rule("unanswered", Fault.DROP, "n", nth=2),
        Rule("silent", Fault.DROP, "oc", nth=1),
    ],
    ids=["gap", "cut", "cut with the answer", "no answer", "no end"],
)
def test_i2_d5_what_may_be_missing_is_looked_up_and_the_decisions_stay_the_same(rule: Rule) -> None:
    listener = Listener()
    wired = over_the_wire(TERMS, CANDLES, listener, Timeframe.M1, rule)
    assert listener.faults
    assert decision_hash(wired) == decision_hash(run_event(TERMS, CANDLES).record)


def test_a_key_that_is_refused_ends_the_session() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        over_the_wire(TERMS, CANDLES, Listener(), Timeframe.M1, Rule("key", Fault.AUTH_FAILURE, "auth"))
    assert caught.value.subgroup(ExchangeError) is not None

"""I15: the limits of a strategy can change while it trades, and what they say counts before the next order."""

import pytest

from genesis.domain.candle import DAY_MS, Candle
from genesis.domain.events import Alert, AlertCode, CandleClosed, RequestQuote, StrategyLimitsApplied
from genesis.domain.journal.encoding import decode, encode
from genesis.domain.order import Side
from genesis.domain.recall import recall
from genesis.domain.risk.guards import Breach, EquityGuards, OnBreach, RiskLimits
from genesis.domain.saved import restore, saved
from genesis.domain.units import PPB, Atoms, Mts, Ppb, atoms
from tests.unit.domain.accounts import BTC, World
from tests.unit.domain.test_recall import Written

TENTH = RiskLimits(max_drawdown=Ppb(PPB // 10))


def candle(world: World, price: float) -> Candle:
    return Candle(Mts(60_000 * world.minute), price, price, price, price, 1.0)


def limited(world: World, limits: RiskLimits, strategy: str = "one") -> list[AlertCode]:
    decisions = world.handle(StrategyLimitsApplied(Mts(60_000 * world.minute), strategy, limits))
    return [each.code for each in decisions if isinstance(each, Alert)]


def test_i15_a_lower_cap_counts_from_the_next_order_on() -> None:
    world = World("one")
    limited(world, RiskLimits(position_cap=Ppb(PPB // 4)))
    world.close(1.0)
    assert [order.amount for order in world.sent] == [atoms("2.5")]


def test_i15_what_waits_for_a_quote_is_sized_by_the_new_cap() -> None:
    world = World("one")
    world.minute = 1
    decisions = world.core.handle(CandleClosed(BTC, candle(world, 100.0)))
    assert decisions == (RequestQuote(BTC),)
    limited(world, RiskLimits(position_cap=Ppb(PPB // 4)))
    world.handle(world.quote(BTC, 1))
    assert [order.amount for order in world.sent] == [atoms("2.5")]


def test_i15_a_drawdown_that_is_too_deep_already_ends_it_at_once() -> None:
    world = World("one")
    world.close(1.0)
    world.price = 80
    world.core.desks["one"].recall_close(candle(world, 80.0))
    assert limited(world, TENTH) == [AlertCode.MAX_DRAWDOWN]
    assert world.sides() == [Side.BUY, Side.SELL]
    world.close(1.0)
    assert len(world.sent) == 2


def test_i15_a_wider_drawdown_lets_what_is_not_breached_go_on() -> None:
    world = World("one", guards=TENTH)
    world.close(1.0)
    assert limited(world, RiskLimits(max_drawdown=Ppb(PPB // 2))) == []
    world.price = 80
    world.close(1.0)
    assert world.sides() == [Side.BUY]


def test_a_breach_that_only_reduces_drops_what_would_grow() -> None:
    world = World("one")
    world.close(0.5)
    world.price = 80
    world.core.desks["one"].recall_close(candle(world, 80.0))
    reduce = RiskLimits(max_drawdown=Ppb(PPB // 100), on_breach=OnBreach.REDUCE_ONLY)
    assert limited(world, reduce) == [AlertCode.MAX_DRAWDOWN]
    world.close(1.0)
    assert world.sides() == [Side.BUY]
    world.close(0.0)
    assert world.sides() == [Side.BUY, Side.SELL]


def test_limits_of_one_strategy_leave_the_others_alone() -> None:
    world = World("one", "two")
    limited(world, RiskLimits(position_cap=Ppb(0)), "two")
    world.close(1.0, 1.0)
    assert [order.amount for order in world.sent] == [atoms(10)]


@pytest.mark.parametrize(
    ("before", "after", "equity", "breach"),
    [
        (100, 50, 960, None),
        (100, 50, 949, Breach.MAX_DAILY_LOSS),
        (50, 100, 949, None),
        (50, 100, 899, Breach.MAX_DAILY_LOSS),
        (None, 50, 949, None),  # the day had no start until now
        (50, None, 1, None),
    ],
)
def test_the_loss_of_the_day_counts_from_the_start_of_the_day(
    before: int | None, after: int | None, equity: int, breach: Breach | None
) -> None:
    guards = EquityGuards(RiskLimits(max_daily_loss=None if before is None else Atoms(before)), 1_000)
    guards.observe(DAY_MS, 1_000)
    guards.observe(DAY_MS + 1, 960)
    guards.limit(RiskLimits(max_daily_loss=None if after is None else Atoms(after)))
    assert guards.breach(equity) is breach


def test_i24_limits_that_changed_come_back_from_a_journal_and_from_a_saved_state() -> None:
    world = Written("one", "two")
    world.close(1.0, 0.0)
    limited(world, TENTH)
    state = saved(world.core)
    again, once = world.fresh(), world.fresh()
    for entry in world.journal:
        recall(again, decode(*encode(entry)))
    recalled = decode(*encode(state))
    assert recalled == state
    restore(once, state)
    for core in (again, once):
        assert saved(core).desks[0].drawdown_floor == state.desks[0].drawdown_floor == atoms(900)
        assert core.desks["one"].settings.limits == TENTH
        assert core.desks["two"].settings.limits == RiskLimits()

"""Positions stay guarded at the exchange: while they grow, while nothing can be sold, whatever one order may be."""

import pytest
from attrs import evolve

from genesis.domain.core import TradingCore
from genesis.domain.core_settings import CoreSettings
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import (
    Alert,
    AlertCode,
    Asked,
    Crossed,
    LimitsApplied,
    OperatorAsked,
    OrderRefused,
    OrderReported,
    Submit,
    TimePassed,
    WakeAt,
)
from genesis.domain.execution.evidence import Accepted, Closed, Refused, Traded
from genesis.domain.execution.plans import Market, Plan, PostOnly, Twap
from genesis.domain.execution.protection import Bracket, Protection, Trailing
from genesis.domain.fill import Fill
from genesis.domain.guarding import LONGEST_AGAIN_MS
from genesis.domain.instrument import Instrument
from genesis.domain.ledger import Ledger
from genesis.domain.link import Link, LinkState
from genesis.domain.order import NO_CID, OrderId, OrderRequest, OrderType, Side
from genesis.domain.risk.limits import AccountLimits, InstrumentLimits
from genesis.domain.risk.refusal import RefusalCode
from genesis.domain.saved import restore, saved
from genesis.domain.strategy.features import close, volume
from genesis.domain.units import PPB, Atoms, Mts, Ppb, atoms
from tests.unit.domain.accounts import BTC, CASH, INSTRUMENT, World

STOP = Bracket(Ppb(PPB // 20))
PAIR = Bracket(Ppb(PPB // 20), Ppb(PPB // 25))


class Guarded(World):
    """A world of one guarded strategy; the exchange confirms cancels when `confirm` is called."""

    def __init__(
        self,
        protection: Protection = STOP,
        *,
        limits: AccountLimits | None = None,
        plan: Plan | None = None,
        instrument: Instrument = INSTRUMENT,
    ) -> None:
        limits = AccountLimits(max_positions=1) if limits is None else limits
        super().__init__("one", protection=protection, limits=limits, plan=plan, instruments={"one": instrument})

    @property
    def guards(self) -> list[OrderRequest]:
        """What guards the position at the exchange."""
        return self.core.guarding.guards_of(self.core.desks["one"])

    @property
    def guarded(self) -> int:
        return sum(each.amount for each in self.guards)

    @property
    def position(self) -> int:
        return self.core.position(BTC)

    def confirm(self) -> None:
        """Let the exchange confirm all cancels that are open."""
        for own in list(self.core.books.orders.open()):
            if own.life.order.cid in self.canceled:
                self.end(own.life.order, own.life.filled)

    def at(self, seconds: int) -> list[Alert]:
        """Let the time of the minute be so many seconds later; return what a person is told then."""
        before = len(self.decisions)
        self.handle(TimePassed(Mts(60_000 * self.minute + 1_000 * seconds)))
        return [each for each in self.decisions[before:] if isinstance(each, Alert)]


# While a position grows


@pytest.mark.parametrize("protection", [STOP, Trailing(Ppb(PPB // 20))])
def test_while_a_position_grows_its_stop_stays_and_then_one_covers_all(protection: Protection) -> None:
    world = Guarded(protection)
    world.close(0.5)
    (stop,) = world.guards
    world.fills = False
    world.close(1.0)
    growth = world.sent[-1]
    assert growth.side is Side.BUY
    assert not world.canceled  # it is on its way, and the stop still there
    world.fills = True
    world.fill(growth, growth.amount)
    assert world.canceled == [stop.cid]
    world.confirm()
    assert world.guarded == world.position == atoms(10)
    assert len(world.guards) == 1


def test_a_growth_that_is_refused_does_not_touch_the_stop() -> None:
    world = Guarded(limits=AccountLimits(max_exposure=atoms(600)))
    world.close(0.5)
    for _ in range(3):
        world.close(1.0)
    assert world.core.refusals == {RefusalCode.EXPOSURE_TOTAL: 3}
    assert not world.canceled
    assert world.guarded == world.position == atoms(5)


def test_a_growth_that_the_exchange_rejects_does_not_touch_the_stop() -> None:
    world = Guarded()
    world.close(0.5)
    world.fills = False
    world.close(1.0)
    world.report(world.sent[-1], Refused("not enough balance"))
    assert not world.canceled
    assert world.guarded == world.position == atoms(5)


def test_each_part_that_a_growth_has_bought_is_guarded_at_once() -> None:
    world = Guarded()
    world.close(0.5)
    (stop,) = world.guards
    world.fills = False
    world.close(1.0)
    growth = world.sent[-1]
    world.fill(growth, growth.amount // 2)
    assert not world.canceled
    assert world.guarded == world.position == atoms("7.5")
    world.fill(growth, growth.amount // 2)
    world.confirm()
    assert stop.cid in world.canceled
    assert world.guarded == world.position == atoms(10)


@pytest.mark.parametrize("plan", [PostOnly(3_600_000, 36_000_000), Twap(2, 60_000)])
def test_a_stop_stays_while_a_plan_makes_the_position_larger(plan: Plan) -> None:
    world = Guarded(plan=plan)
    world.close(0.4)
    while world.core.books.under_way:
        for own in list(world.core.books.orders.open()):
            if own.undertaking > 0:
                world.fill(own.life.order, own.life.order.amount)
        world.minute += 1
        world.handle(TimePassed(Mts(60_000 * world.minute)))
        world.confirm()
    held, stops = world.position, [each.cid for each in world.guards]
    assert world.guarded == held == atoms(4)
    world.fills = False
    world.close(0.8)
    assert [each.cid for each in world.guards] == stops
    part = world.sent[-1]
    world.fill(part, part.amount)
    world.confirm()
    assert world.guarded == world.position > held


def test_a_take_profit_that_a_purchase_could_meet_makes_way_only_for_an_order_that_leaves() -> None:
    world = Guarded(PAIR)
    world.close(0.5)
    (pair,) = world.guards
    world.close(1.0)
    assert world.canceled == [pair.cid]
    world.confirm()
    assert world.position == atoms(10)
    assert world.guarded == atoms(10)
    refused = Guarded(PAIR, limits=AccountLimits(max_exposure=atoms(600)))
    refused.close(0.5)
    for _ in range(3):
        refused.close(1.0)
    assert not refused.canceled
    assert refused.core.refusals == {RefusalCode.EXPOSURE_TOTAL: 3}


def test_a_take_profit_beyond_the_reach_of_a_purchase_stays() -> None:
    world = Guarded(Bracket(Ppb(PPB // 20), Ppb(PPB // 10)), limits=AccountLimits(price_collar=Ppb(PPB // 50)))
    world.close(0.5)
    world.fills = False
    world.close(1.0)
    assert [each.type for each in world.sent] == [OrderType.MARKET, OrderType.LIMIT, OrderType.MARKET]
    assert not world.canceled


def test_a_stop_that_was_met_whole_and_is_not_booked_yet_is_outgrown_like_any() -> None:
    world = Guarded()
    world.close(0.5)
    (stop,) = world.guards
    world.fills = False
    world.close(1.0)
    growth = world.sent[-1]
    world.fills = True
    world.fill(growth, growth.amount // 2)
    met = Traded(world.trades + 1, OrderId(stop.cid), Mts(60_000), stop.amount, INSTRUMENT.price(95))
    world.report(stop, met)
    world.end(growth, growth.amount // 2)
    world.report(stop, met._replace(fee=Atoms(0)))
    assert world.guarded == world.position == atoms("2.5")


def test_a_stop_is_not_given_up_for_one_that_the_gate_would_refuse() -> None:
    world = Guarded(limits=AccountLimits(max_data_age_ms=1_000))
    world.close(0.5)
    world.fills = False
    world.close(1.0)
    world.age_ms = 5_000
    world.fill(world.sent[-1], world.sent[-1].amount)
    assert not world.canceled
    assert world.guarded == atoms(5)
    world.age_ms, world.fills = 0, True
    world.at(2)
    world.confirm()
    assert world.guarded == world.position == atoms(10)


def test_more_is_never_guarded_than_is_held() -> None:
    world = Guarded()
    for target in (0.3, 0.6, 0.9, 0.5, 1.0, 0.0):
        world.close(target)
        assert world.guarded <= world.position
        world.confirm()
        assert world.guarded == world.position


# What cannot be sold


@pytest.mark.parametrize("plan", [PostOnly(3_600_000, 36_000_000), Market()])
def test_a_rest_that_no_order_can_buy_takes_no_stop_away(plan: Plan) -> None:
    world = Guarded(plan=plan)
    world.fills = isinstance(plan, PostOnly)
    world.close(1.0)
    (order,) = world.sent
    world.fills = True
    if isinstance(plan, Market):
        world.report(order, Accepted(OrderId(order.cid)))
    bought = order.amount - 500
    world.fill(order, bought)
    world.end(order, bought)
    world.confirm()
    canceled, sent = len(world.canceled), len(world.sent)
    for _ in range(5):
        world.close(1.0)
    assert (len(world.canceled), len(world.sent)) == (canceled, sent)
    assert world.guarded == world.position == bought


def test_a_sale_that_is_refused_takes_no_stop_away() -> None:
    world = Guarded(limits=AccountLimits(max_data_age_ms=1_000))
    world.close(1.0)
    world.age_ms = 5_000
    for _ in range(3):
        world.close(0.0)
    assert not world.canceled
    assert world.core.refusals == {RefusalCode.STALE_DATA: 3}
    world.age_ms = 0
    world.close(0.0)
    world.confirm()
    assert world.position == 0
    assert not world.guards


# What one order may be


@pytest.mark.parametrize("protection", [STOP, PAIR, Trailing(Ppb(PPB // 20))])
def test_a_position_beyond_the_largest_order_is_guarded_whole_at_once(protection: Protection) -> None:
    world = Guarded(protection, limits=AccountLimits(max_order_notional=atoms(450)))
    for _ in range(3):
        world.close(1.0)
        world.confirm()
    assert world.position == atoms(10)
    assert world.guarded == atoms(10)
    assert len(world.guards) == 3
    assert not world.core.refusals


def test_what_is_larger_than_one_order_may_be_is_guarded_in_equal_parts() -> None:
    world = Guarded()
    world.fills = False
    world.close(1.0)
    world.handle(LimitsApplied(Mts(60_000), AccountLimits(instruments=(InstrumentLimits(BTC, atoms("3.3")),))))
    world.fills = True
    world.fill(world.sent[0], atoms(10))
    assert [each.amount for each in world.guards] == [atoms("2.5")] * 4  # three of 3.3 would leave a part too small


def test_a_part_that_is_sold_takes_no_more_stops_away_than_it_needs() -> None:
    world = Guarded()
    world.fills = False
    world.close(1.0)
    world.handle(LimitsApplied(Mts(60_000), AccountLimits(instruments=(InstrumentLimits(BTC, atoms("2.5")),))))
    world.fills = True
    world.fill(world.sent[0], atoms(10))
    assert [each.amount for each in world.guards] == [atoms("2.5")] * 4
    for left in ("7.5", "5", "2.5", "0"):
        before = len(world.canceled)
        world.close(0.0)
        assert len(world.canceled) == before + 1
        world.confirm()
        assert world.guarded == world.position == atoms(left)
    assert len(world.sent) == 1 + 4 + 4


def test_a_stop_that_was_met_in_part_keeps_nobody_in() -> None:
    world = Guarded(PAIR, limits=AccountLimits(max_order_notional=atoms(520)))
    for _ in range(3):
        world.close(1.0)
        world.confirm()
    world.price = 104
    pair = world.guards[-1]
    world.fill(pair, pair.amount // 2)  # its limit, and what is left of that rests: less than it was
    assert [each.amount for each in world.guards] == [atoms(5)] * 2
    for _ in range(4):
        world.close(0.0)
        world.confirm()
    assert world.position == 0


def test_parts_are_no_smaller_than_the_exchange_takes() -> None:
    least = INSTRUMENT.amount_min
    world = Guarded(limits=AccountLimits())
    world.fills = False
    world.close(1.0)
    limit = Atoms(least * 6 // 5)
    world.handle(LimitsApplied(Mts(60_000), AccountLimits(instruments=(InstrumentLimits(BTC, limit),))))
    world.fills = True
    world.fill(world.sent[0], least * 3 // 2)
    assert [each.amount for each in world.guards] == [limit]
    assert not world.core.refusals


def test_what_a_plan_will_not_sell_stays_guarded() -> None:
    world = Guarded(plan=PostOnly(3_600_000, 36_000_000))
    world.close(1.0)
    entry = world.sent[0]
    world.fill(entry, entry.amount)
    assert world.guarded == world.position == atoms(10)
    world.close(0.8)
    world.confirm()
    assert world.sent[-2].side is Side.SELL
    assert world.sent[-2].amount == atoms(2)
    assert world.guarded == atoms(8)
    world.fill(world.sent[-2], atoms(2))
    assert world.guarded == world.position == atoms(8)


# After a restart


def _restart(world: Guarded, protection: Protection | None) -> None:
    settings = world.core.settings
    desks = tuple(evolve(each, protection=protection) for each in settings.desks)
    core = TradingCore(evolve(settings, desks=desks), {"one": Ledger(Atoms(0))})
    restore(core, saved(world.core))
    core.is_new = True
    world.core = core
    world.canceled.clear()


def test_a_stop_of_a_strategy_that_is_configured_without_goes_and_lets_it_out() -> None:
    world = Guarded()
    world.close(1.0)
    (stop,) = world.guards
    _restart(world, None)
    world.show()
    assert world.canceled == [stop.cid]
    world.confirm()
    world.close(0.0)
    assert world.position == 0
    assert not world.core.refusals


def test_a_restart_knows_which_stop_a_position_has_outgrown() -> None:
    world = Guarded()
    world.close(0.5)
    (stop,) = world.guards
    world.close(1.0)
    assert world.canceled == [stop.cid]
    _restart(world, STOP)  # nobody knows whether the cancel left
    world.show()
    assert world.canceled == [stop.cid]
    world.confirm()
    assert world.guarded == world.position == atoms(10)


def test_a_restart_knows_that_stops_are_refused() -> None:
    world = Rejecting()
    world.rejects = False
    world.close(0.5)
    (stop,) = world.guards
    world.rejects = True
    world.fills = False
    world.close(1.0)
    growth = world.sent[-1]
    world.fills = True
    world.fill(growth, growth.amount // 2)
    world.fill(growth, growth.amount // 2)
    _restart(world, STOP)
    world.show()
    assert world.guards == [stop]
    assert not world.canceled


def test_a_stop_that_has_to_go_and_is_open_still_is_asked_for_again_at_each_look() -> None:
    world = Guarded()
    world.close(1.0)
    (stop,) = world.guards
    world.close(0.0)
    world.show()
    world.show()
    assert world.canceled == [stop.cid] * 3
    world.confirm()
    assert world.position == 0


def test_what_is_larger_than_the_exchange_takes_is_guarded_in_parts() -> None:
    world = Guarded(instrument=evolve(INSTRUMENT, amount_max=atoms(6)))
    world.close(0.5)
    world.close(1.0)
    world.confirm()
    assert world.guarded == world.position == atoms(10)
    assert all(each.amount <= atoms(6) for each in world.guards)


# What strategies trade with each other


def _crossed(world: World) -> list[int]:
    return [each.amount for each in world.decisions if isinstance(each, Crossed)]


def _guarded(world: World, name: str) -> list[int]:
    return [each.amount for each in world.core.guarding.guards_of(world.core.desks[name])]


def _confirm(world: World) -> None:
    for own in list(world.core.books.orders.open()):
        if own.life.order.cid in world.canceled:
            world.end(own.life.order, own.life.filled)


def test_nobody_sells_inside_what_a_stop_still_guards() -> None:
    limits = AccountLimits(instruments=(InstrumentLimits(BTC, atoms("3.3")),))
    world = World("one", "two", protection=STOP, limits=limits)
    world.close(1.0)
    world.close(1.0)
    one, two = world.core.desks.values()
    assert (one.position, _guarded(world, "one")) == (atoms("6.6"), [atoms("3.3")])
    world.close(0.0, 1.0)  # the cancel of the old stop is still on its way
    assert not _crossed(world)
    for _ in range(9):
        _confirm(world)
        world.close(0.0, 1.0)
    assert (one.position, _guarded(world, "one")) == (0, [])
    assert two.position == sum(_guarded(world, "two")) == atoms(10)
    assert RefusalCode.BALANCE not in world.core.refusals


def test_what_is_sold_inside_alone_takes_no_stop_away_that_it_does_not_need() -> None:
    world = World("one", "two", protection=STOP, limits=AccountLimits(max_order_notional=atoms(520)))
    for _ in range(3):
        world.close(1.0)
        _confirm(world)
    assert _guarded(world, "one") == [atoms(5)] * 2
    world.canceled.clear()
    world.close(0.5, 0.5)
    assert len(world.canceled) == 1
    assert _guarded(world, "one") == [atoms(5)] * 2  # the other is open until its end is told


def test_a_strategy_sells_inside_only_after_all_of_its_stops_are_gone() -> None:
    world = World("one", "two", protection=STOP, limits=AccountLimits())
    world.fills = False
    world.close(1.0)
    world.report(world.sent[0], Accepted(OrderId(1)))
    world.handle(LimitsApplied(Mts(60_000), AccountLimits(instruments=(InstrumentLimits(BTC, atoms(5)),))))
    world.fills = True
    world.fill(world.sent[0], atoms(10))
    stops = world.core.guarding.guards_of(world.core.desks["one"])
    assert [each.amount for each in stops] == [atoms(5)] * 2
    world.end(stops[1], 0)  # one order of 5 could leave beside the other
    world.close(0.0, 1.0)
    assert not _crossed(world)
    assert world.canceled == [stops[0].cid]


def test_a_stop_over_more_than_is_held_is_cancelled_at_once() -> None:
    world = World("one", "two", protection=STOP, limits=AccountLimits(max_positions=1))
    world.close(1.0)
    one = world.core.desks["one"]
    sold = Fill(Mts(60_000), BTC, NO_CID, Side.SELL, atoms(10), INSTRUMENT.price(100), Atoms(0))
    one.book(sold)
    world.handle(TimePassed(Mts(61_000)))
    assert len(world.canceled) == 1


# A stop that is refused


class Rejecting(Guarded):
    """A world whose exchange rejects stops while *rejects* is on."""

    rejects = True

    def report(self, order: OrderRequest, evidence: object) -> list[object]:  # type: ignore[override]  # wider
        if self.rejects and order.type is OrderType.STOP and isinstance(evidence, Accepted):
            evidence = Refused("not now")
        return super().report(order, evidence)  # type: ignore[arg-type,return-value]

    def tries(self) -> int:
        return sum(each.type is OrderType.STOP for each in self.sent)


def test_a_stop_that_is_refused_is_tried_again_after_twice_as_long_each_time() -> None:
    world = Rejecting()
    world.close(1.0)
    tried = []
    for second in range(260):
        before = world.tries()
        world.at(second)
        tried += [second] * (world.tries() - before)
    assert tried == [1, 3, 7, 15, 31, 63, 123, 183, 243]
    waits = {each.mts - 60_000 for each in world.decisions if isinstance(each, WakeAt)}
    assert {1_000, 3_000, 7_000, 15_000, 63_000} <= waits
    assert LONGEST_AGAIN_MS == 60_000


def test_a_person_is_told_once_how_long_a_position_stood_without_a_stop_and_when_it_is_guarded() -> None:
    world = Rejecting()
    world.close(1.0)
    told = [each for second in range(1, 10) for each in world.at(second)]
    assert [each.code for each in told] == [AlertCode.POSITION_UNGUARDED]
    assert "10 of its position have stood without a stop at the exchange for 1 s: not now" in told[0].text
    world.rejects = False
    world.at(15)
    alerts = [each for each in world.decisions if isinstance(each, Alert)]
    assert [each.code for each in alerts] == [AlertCode.POSITION_UNGUARDED, AlertCode.POSITION_GUARDED]
    assert "guarded again, after 15 s" in alerts[1].text
    assert world.guarded == atoms(10)


def test_a_stop_that_is_placed_at_the_second_try_alarms_nobody() -> None:
    world = Rejecting()
    world.close(1.0)
    world.rejects = False
    assert not world.at(1)
    assert world.guarded == atoms(10)


def test_a_look_at_the_account_tries_at_once() -> None:
    world = Rejecting()
    world.close(1.0)
    world.at(1)
    world.rejects = False
    world.show()
    assert world.guarded == atoms(10)


def test_a_stop_that_fails_while_nothing_may_be_sent_sets_no_timer_and_is_placed_after_the_look() -> None:
    world = Guarded()
    world.close(1.0)
    (stop,) = world.guards
    world.handle(LinkState(Mts(60_000), "account", Link.RECONNECT, "lost"))
    world.report(stop, Closed(OrderId(stop.cid), Atoms(0), "CANCELED"))
    assert not [each for each in world.decisions if isinstance(each, WakeAt)]
    world.handle(LinkState(Mts(60_000), "account", Link.OPEN, "back"))
    world.show()
    assert world.guarded == atoms(10)


def test_a_stop_that_somebody_cancelled_is_placed_anew_a_second_later() -> None:
    world = Guarded()
    world.close(1.0)
    (stop,) = world.guards
    world.handle(OperatorAsked(Mts(60_000), Asked.CANCEL, str(stop.cid), "not this one"))
    world.confirm()
    assert not world.guards
    world.at(1)
    assert world.guarded == atoms(10)


def test_who_has_left_is_missed_no_stop() -> None:
    world = Rejecting()
    world.close(1.0)
    world.close(0.0)
    assert world.position == 0
    assert not [told for second in range(1, 200) for told in world.at(second)]
    assert world.tries() == 1


def test_the_same_events_try_at_the_same_times() -> None:
    def run() -> list[object]:
        world = Rejecting()
        world.close(1.0)
        for second in range(100):
            world.at(second)
        return list(world.decisions)

    assert run() == run()


def test_a_stop_stays_beside_a_growth_for_which_the_exchange_takes_none() -> None:
    world = Rejecting()
    world.rejects = False
    world.close(0.5)
    (stop,) = world.guards
    world.rejects = True
    world.fills = False
    world.close(1.0)
    growth = world.sent[-1]
    world.fills = True
    world.fill(growth, growth.amount // 2)
    world.fill(growth, growth.amount // 2)
    for second in range(60):
        world.at(second)
        world.confirm()
    assert world.guards == [stop]
    assert not world.canceled
    world.rejects = False
    world.minute += 2
    world.at(0)
    world.confirm()
    assert world.canceled == [stop.cid]
    assert world.guarded == world.position == atoms(10)


def test_a_part_of_a_stop_that_was_hit_leaves_the_rest_to_another() -> None:
    world = Guarded()
    world.close(1.0)
    (stop,) = world.guards
    traded = Traded(99, OrderId(stop.cid), Mts(60_000), Atoms(atoms(4)), INSTRUMENT.price(95), Atoms(0))
    world.handle(OrderReported(Mts(60_000), BTC, stop.cid, traded))
    world.handle(OrderReported(Mts(60_000), BTC, stop.cid, Closed(OrderId(stop.cid), atoms(4), "CANCELED")))
    world.at(1)
    assert world.guarded == world.position == atoms(6)


# Coins that somebody moved away


def _moved(*, coins: str, world: Guarded | None = None) -> Guarded:
    """Return a world that holds 10 of which only *coins* are there any more, as the last look showed."""
    world = world or Guarded()
    world.show()
    world.close(1.0)
    (stop,) = world.guards
    world.end(stop, 0)  # the owner cancels it, to move what it reserved
    world.coins = atoms(coins)
    world.show()
    return world


def _balance_refusals(world: World) -> int:
    return world.core.refusals[RefusalCode.BALANCE]


def test_what_is_there_of_coins_that_somebody_moved_is_guarded() -> None:
    world = _moved(coins="4")
    assert [each.amount for each in world.guards] == [atoms(4)]
    submits = [each for each in world.decisions if isinstance(each, Submit)]
    assert submits[-1].wished == atoms(10)
    assert _balance_refusals(world) == 1  # the 6 that are not there
    told = [each for second in range(10) for each in world.at(second)]
    assert [each.code for each in told] == [AlertCode.POSITION_UNGUARDED]
    assert "6 of its position have stood without a stop" in told[0].text


@pytest.mark.parametrize("plan", [Market(), PostOnly(60_000, 86_400_000)])
def test_what_is_there_of_coins_that_somebody_moved_can_be_left_and_the_rest_is_refused_once_a_candle(
    plan: Plan,
) -> None:
    world = Guarded(plan=plan)
    world.show()
    world.close(1.0)
    if not isinstance(plan, Market):
        world.fill(world.sent[0], world.sent[0].amount)
    (stop,) = world.guards
    world.coins = atoms(4)  # its stop stands over all of the position
    world.show()
    world.close(0.0)
    assert world.canceled == [stop.cid]
    world.confirm()
    sale = world.sent[-1]
    assert (sale.side, sale.amount) == (Side.SELL, atoms(4))
    if not isinstance(plan, Market):
        world.fill(sale, sale.amount)
    assert (world.position, world.coins) == (atoms(6), 0)
    sent, refused = len(world.sent), _balance_refusals(world)
    for _ in range(3):
        world.close(0.0)
    assert len(world.sent) == sent
    sales = [each for each in world.decisions if isinstance(each, OrderRefused) and each.amount == atoms(6)]
    assert len(sales) == _balance_refusals(world)
    assert _balance_refusals(world) - refused == 6  # the sale and, a minute after the last try, its stop: once each


def test_a_person_who_flattens_leaves_with_what_is_there() -> None:
    world = _moved(coins="4")
    world.handle(OperatorAsked(Mts(60_000), Asked.FLATTEN, "", "out"))
    world.confirm()
    assert (world.position, world.coins) == (atoms(6), 0)


def test_a_smaller_target_is_not_kept_in_by_the_stop_over_all_that_is_there() -> None:
    world = _moved(coins="4")
    (stop,) = world.guards
    world.close(0.5)
    assert world.canceled == [stop.cid]
    world.confirm()
    assert (world.position, world.coins) == (atoms(6), 0)


def test_coins_that_are_too_few_for_an_order_are_no_reason_to_cut_one() -> None:
    world = _moved(coins="0.00001")
    assert not world.guards
    world.close(0.0)
    refused = [each for each in world.decisions if isinstance(each, OrderRefused)]
    assert [(each.code, each.amount) for each in refused] == [(RefusalCode.BALANCE, atoms(10))] * len(refused)
    assert world.position == atoms(10)


def test_two_who_hold_what_is_no_longer_there_share_the_rest() -> None:
    world = World("one", "two", limits=AccountLimits(max_positions=1))
    world.show()
    world.close(1.0)
    world.close(1.0, 1.0)
    world.coins = atoms(14)
    world.show()
    world.close(0.0, 0.0)
    assert [each.amount for each in world.sent if each.side is Side.SELL] == [atoms(10), atoms(4)]


def test_a_purchase_is_never_cut_to_the_cash_that_somebody_left() -> None:
    world = Guarded()
    world.show()
    world.cash = atoms(400)
    world.show()
    world.close(1.0)
    assert not world.sent
    assert _balance_refusals(world) == 1


# A take-profit that is met in part


def _taken_in_part(limits: AccountLimits | None = None) -> tuple[Guarded, OrderRequest]:
    """Return a world of 10 behind one pair, at the price of its take-profit, and the pair."""
    world = Guarded(PAIR, limits=limits)
    world.close(1.0)
    (pair,) = world.guards
    world.price = 104
    return world, pair


def _prices(guard: OrderRequest) -> tuple[object, ...]:
    return guard.type, guard.side, guard.price, guard.oco_stop


def test_what_is_left_of_a_take_profit_that_was_met_in_part_gets_a_stop_again() -> None:
    world, pair = _taken_in_part()
    world.fill(pair, atoms(4))
    assert world.canceled == [pair.cid]
    assert world.guards == [pair]  # until its end is told, all of it may fill
    world.confirm()
    (rest,) = world.guards
    assert rest.amount == world.position == atoms(6)
    assert _prices(rest) == _prices(pair)
    assert not [each for each in world.decisions if isinstance(each, Alert)]
    world.fill(rest, atoms(6))
    assert (world.position, world.guards) == (0, [])


def test_a_take_profit_that_fills_while_its_cancel_is_on_its_way_leaves_nothing_to_guard() -> None:
    world, pair = _taken_in_part()
    world.fill(pair, atoms(4))
    world.fill(pair, atoms(6))
    assert (world.position, world.guards) == (0, [])
    assert len(world.sent) == 2


def test_a_pair_whose_stop_was_met_in_part_is_left_alone() -> None:
    world, pair = _taken_in_part()
    world.price = 95
    world.fill(pair, atoms(4))
    assert not world.canceled
    world.fill(pair, atoms(6))
    assert (world.position, world.canceled) == (0, [])


def test_nobody_knows_which_half_of_a_pair_was_met_before_its_match_is_told() -> None:
    world, pair = _taken_in_part()
    world.report(pair, Accepted(OrderId(pair.cid), atoms(4)))
    world.at(1)
    assert not world.canceled
    world.fill(pair, atoms(4))
    assert world.canceled == [pair.cid]


def test_what_is_left_of_a_take_profit_and_too_small_for_an_order_rests_where_it_is() -> None:
    world, pair = _taken_in_part()
    world.fill(pair, pair.amount - INSTRUMENT.amount_min + 1)
    world.at(1)
    assert not world.canceled
    assert world.guards == [pair]


def test_only_the_pair_that_was_met_is_replaced() -> None:
    world = Guarded(PAIR, limits=AccountLimits(max_order_notional=atoms(520)))
    for _ in range(3):
        world.close(1.0)
        world.confirm()
    kept, pair = world.guards
    world.canceled.clear()
    world.price = 104
    world.fill(pair, atoms(2))
    world.confirm()
    assert world.canceled == [pair.cid]
    assert kept in world.guards
    assert world.guarded == world.position == atoms(8)


def test_a_restart_knows_which_take_profit_was_met_in_part() -> None:
    world, pair = _taken_in_part()
    world.fill(pair, atoms(4))
    _restart(world, PAIR)  # nobody knows whether the cancel left
    world.show()
    assert world.canceled == [pair.cid]
    world.confirm()
    (rest,) = world.guards
    assert rest.amount == world.position == atoms(6)
    assert _prices(rest) == _prices(pair)


def test_a_take_profit_stays_while_the_gate_would_refuse_what_follows_it_and_a_person_is_told() -> None:
    world, pair = _taken_in_part(AccountLimits(max_data_age_ms=1_000))
    world.age_ms = 5_000
    world.fill(pair, atoms(4))
    told = [each for second in range(1, 10) for each in world.at(second)]
    assert not world.canceled
    assert [each.code for each in told] == [AlertCode.POSITION_UNGUARDED]
    assert "6 of its position have stood without a stop at the exchange for 1 s: stale_data" in told[0].text
    world.age_ms = 0
    told = [each for second in range(10, 80) for each in world.at(second)]
    assert world.canceled == [pair.cid]
    world.confirm()
    assert world.guarded == world.position == atoms(6)
    assert [each.code for each in world.decisions if isinstance(each, Alert)][-1] is AlertCode.POSITION_GUARDED


# A pair that an order of another strategy is in the way of


def _kept_out(plan: Plan | None = None) -> tuple[World, OrderRequest]:
    """Return a world of "one", whose pair is refused for a purchase that "rests" has in the book, and that purchase."""
    plan = plan or PostOnly(60_000, 86_400_000)
    desks = (
        DeskSettings(INSTRUMENT, volume, 1.0, name="rests", plan=plan),
        DeskSettings(INSTRUMENT, close - 100.0, 1.0, name="one", protection=PAIR),
    )
    limits = AccountLimits(max_positions=5)
    world = World("rests", "one", limits=limits)
    world.core = TradingCore(CoreSettings(desks, limits), {each.name: Ledger(CASH) for each in desks})
    world.price = 104
    world.close(1.0, 0.0)
    (resting,) = world.sent
    world.price = 100
    world.close(1.0, 1.0)
    assert world.core.refusals == {RefusalCode.SELF_CROSS: 1}
    return world, resting


def _tick(world: World, seconds: int) -> None:
    world.handle(TimePassed(Mts(60_000 * world.minute + 1_000 * seconds)))


def test_an_order_of_another_strategy_makes_way_for_a_stop_which_is_placed_once_it_is_gone() -> None:
    world, resting = _kept_out()
    assert world.canceled == [resting.cid]
    assert not _guarded(world, "one")
    world.end(resting, 0)
    assert _guarded(world, "one") == [atoms(10)]
    assert not [each for each in world.decisions if isinstance(each, Alert)]


def test_who_makes_way_for_a_stop_places_nothing_before_that_stands_and_then_what_does_not_meet_it() -> None:
    world, resting = _kept_out()
    world.fills = False  # the pair is on its way until the exchange shows it
    world.end(resting, 0)
    pair = world.sent[-1]
    assert pair.oco_stop is not None
    for second in range(1, 10):
        _tick(world, second)
    assert world.sent[-1] == pair
    world.report(pair, Accepted(OrderId(pair.cid)))
    _tick(world, 10)
    assert (world.sent[-1].post_only, world.sent[-1].price) == (True, INSTRUMENT.price(100))
    assert world.canceled == [resting.cid]


def test_who_made_way_for_a_stop_and_would_meet_it_again_waits_and_takes_it_away_no_more() -> None:
    world, resting = _kept_out()
    world.end(resting, 0)
    world.price = 104
    sent = len(world.sent)
    for _ in range(5):
        world.close(1.0, 1.0)
        _tick(world, 30)
    assert (len(world.sent), world.canceled) == (sent, [resting.cid])
    assert _guarded(world, "one") == [atoms(10)]
    assert world.core.refusals[RefusalCode.SELF_CROSS] == 6  # its purchase, once a candle


def test_a_stop_that_the_exchange_rejects_keeps_what_made_way_for_it_out_until_it_stands() -> None:
    world, resting = _kept_out()
    world.fills = False
    world.end(resting, 0)
    world.report(world.sent[-1], Refused("not now"))
    _tick(world, 1)
    assert not [each for each in world.sent[2:] if each.post_only]
    for second in range(2, 30):
        _tick(world, second)
    pair = world.sent[-1]
    world.report(pair, Accepted(OrderId(pair.cid)))
    _tick(world, 30)
    assert world.sent[-1].post_only
    assert world.canceled == [resting.cid]


def test_after_ten_minutes_who_made_way_for_a_stop_that_does_not_come_goes_on() -> None:
    world, resting = _kept_out()
    world.fills = False
    world.end(resting, 0)
    world.report(world.sent[-1], Refused("never"))
    world.price = 90  # far below the pair
    for _ in range(11):
        world.minute += 1
        _tick(world, 0)
        if world.sent[-1].oco_stop is not None:
            world.report(world.sent[-1], Refused("never"))
    assert [each for each in world.sent if each.post_only][1:]


def test_a_resting_entry_makes_way_for_the_stop_of_its_own_strategy_and_is_placed_once_more_below_it() -> None:
    world = Guarded(plan=PostOnly(30_000, 86_400_000))
    world.close(0.5)
    entry = world.sent[-1]
    world.fills = False
    world.fill(entry, atoms(2))
    world.report(world.sent[-1], Refused("not now"))
    world.fills = True
    world.price = 90  # the stop would trigger at once, and meet the entry
    world.at(1)
    assert world.canceled == [entry.cid]
    world.confirm()
    assert world.guarded == world.position == atoms(2)
    for second in range(2, 600):
        world.at(second)
        world.confirm()
    assert [each.price for each in world.sent if each.post_only] == [entry.price, INSTRUMENT.price(90)]
    assert world.canceled == [entry.cid]
    assert world.guarded == atoms(2)


def test_an_order_of_another_strategy_makes_way_for_a_stop_that_was_rejected_and_would_trigger_at_once() -> None:
    desks = (
        DeskSettings(INSTRUMENT, volume, 1.0, name="one", protection=STOP),
        DeskSettings(INSTRUMENT, close - 100.0, 1.0, name="rests", plan=PostOnly(3_600_000, 36_000_000)),
    )
    limits = AccountLimits(max_positions=5)
    world = World("one", "rests", limits=limits)
    world.core = TradingCore(CoreSettings(desks, limits), {each.name: Ledger(CASH) for each in desks})
    world.close(0.5)
    world.report(world.sent[-1], Closed(OrderId(world.sent[-1].cid), Atoms(0), "CANCELED"))
    world.price = 90
    world.close(0.5, 0.5)
    for second in range(1, 600):
        _tick(world, second)
        _confirm(world)
    first, *again = [each for each in world.sent if each.post_only]
    assert (world.canceled, len(again)) == ([first.cid], 1)
    assert _guarded(world, "one") == [atoms(5)]


# A way out that an order of another strategy is in the way of


def _kept_in(protection: Protection | None = None) -> tuple[World, OrderRequest]:
    """Return a world of "one", whose way out is refused for a purchase that "rests" has in the book, and that one."""
    desks = (
        DeskSettings(INSTRUMENT, volume, 1.0, name="one", protection=protection),
        DeskSettings(INSTRUMENT, close - 100.0, 1.0, name="rests", plan=PostOnly(3_600_000, 86_400_000)),
    )
    limits = AccountLimits(max_positions=5)
    world = World("one", "rests", limits=limits)
    world.core = TradingCore(CoreSettings(desks, limits), {each.name: Ledger(CASH) for each in desks})
    world.close(0.5)
    world.close(0.5, 0.5)
    resting = world.sent[-1]
    world.close(0.0, 0.5)
    assert world.core.refusals == {RefusalCode.SELF_CROSS: 1}
    assert world.canceled == [resting.cid]
    return world, resting


def test_whoever_has_to_get_out_does_once_the_order_in_its_way_is_gone_and_waits_for_no_close() -> None:
    world, resting = _kept_in()
    world.end(resting, 0)
    assert world.core.desks["one"].position == 0
    _tick(world, 1)
    assert (world.sent[-1].post_only, world.canceled) == (True, [resting.cid])  # nobody is in anybody's way now


def test_who_is_guarded_gets_out_once_the_order_in_its_way_is_gone_and_then_its_stop() -> None:
    world, resting = _kept_in(STOP)
    (stop,) = world.core.guarding.guards_of(world.core.desks["one"])
    world.end(resting, 0)
    assert world.canceled == [resting.cid, stop.cid]
    world.end(stop, 0)
    assert world.core.desks["one"].position == 0


def test_a_close_on_which_a_strategy_wants_to_stay_ends_its_wait_for_a_way_out() -> None:
    world, resting = _kept_in()
    world.close(0.5, 0.5)
    world.end(resting, 0)
    assert world.core.desks["one"].position == atoms(5)


@pytest.mark.parametrize("restarts", [False, True])
def test_a_restart_knows_which_stop_a_trade_between_strategies_has_outgrown(restarts: bool) -> None:
    limits = AccountLimits(max_positions=5)
    desks = (
        DeskSettings(INSTRUMENT, volume, 1.0, name="one", protection=STOP),
        DeskSettings(INSTRUMENT, close - 100.0, 1.0, name="two"),
    )
    world = World("one", "two", limits=limits)
    world.core = TradingCore(CoreSettings(desks, limits), {each.name: Ledger(CASH) for each in desks})
    world.close(0.4, 0.5)
    world.price = 120
    world.close(0.8, 0.0)
    assert _crossed(world)
    if restarts:
        core = TradingCore(world.core.settings, {name: Ledger(Atoms(0)) for name in world.core.desks})
        restore(core, evolve(saved(world.core), is_new=True))
        world.core = core
        world.canceled.clear()  # the cancel did not leave any more
        world.show()
    for second in range(3):
        _confirm(world)
        _tick(world, second)
    one = world.core.desks["one"]
    guards = world.core.guarding.guards_of(one)
    assert [(each.amount, each.stop_price) for each in guards] == [(one.position, INSTRUMENT.price(114))]

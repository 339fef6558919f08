"""Plans: what is due, never more than was ordered, and the same step from the same facts."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.domain.events import Asked, OperatorAsked, TimePassed
from genesis.domain.execution.evidence import Accepted, AnswerLost, Closed, ProvenAbsent, Refused, Traded
from genesis.domain.execution.plans import Iceberg, LimitEntry, Market, Plan, PostOnly, Twap
from genesis.domain.execution.protection import Bracket, Trailing
from genesis.domain.order import OrderId, OrderType, Side
from genesis.domain.risk.limits import AccountLimits
from genesis.domain.units import PPB, Mts, Ppb, atoms
from tests.unit.domain.accounts import BTC, INSTRUMENT, World

MINUTE = 60_000


def tick(world: World, minutes: int) -> None:
    world.minute += minutes
    world.handle(TimePassed(Mts(MINUTE * world.minute)))


def test_a_twap_sends_a_part_whenever_one_is_due() -> None:
    world = World("one", plan=Twap(4, MINUTE))
    world.close(1.0)
    for _ in range(6):
        tick(world, 1)
    assert [order.amount for order in world.sent] == [atoms("2.5")] * 4
    assert world.core.books.under_way == {}
    assert world.core.position(BTC) == atoms(10)


def test_a_twap_that_slept_sends_one_slice_a_time() -> None:
    world = World("one", plan=Twap(4, MINUTE))
    world.close(1.0)
    for sent in (2, 3, 4):
        tick(world, 3 if sent == 2 else 1)
        assert [order.amount for order in world.sent] == [atoms("2.5")] * sent
    assert world.core.books.under_way == {}


def test_a_twap_that_slept_far_beyond_its_end_sends_nothing_more_by_itself() -> None:
    world = World("one", plan=Twap(4, MINUTE))
    world.close(1.0)
    tick(world, 3 * 24 * 60)
    assert [order.amount for order in world.sent] == [atoms("2.5")]
    assert world.core.books.under_way == {}
    world.close(1.0)  # the strategy, asked again, wants the rest
    assert world.core.books.under_way


def test_an_unknown_part_is_never_sent_again_until_it_is_proven_absent() -> None:
    world = World("one", plan=Twap(2, MINUTE))
    world.fills = False
    world.close(1.0)
    world.report(world.sent[0], AnswerLost("gone"))
    tick(world, 1)
    assert [order.amount for order in world.sent] == [atoms(5), atoms(5)]
    tick(world, 5)
    assert len(world.sent) == 2
    world.report(world.sent[0], ProvenAbsent("everywhere"))
    tick(world, 1)
    assert [order.amount for order in world.sent] == [atoms(5)] * 3


def test_a_plan_whose_parts_are_refused_gives_up_after_three() -> None:
    world = World("one", plan=Twap(2, MINUTE))
    world.fills = False
    world.close(1.0)
    for _ in range(9):
        if len(world.sent) and not world.core.books.orders.by_cid[world.sent[-1].cid].life.status.is_terminal:
            world.report(world.sent[-1], Refused("no"))
        tick(world, 1)
    assert len(world.sent) == 3
    assert world.core.books.under_way == {}


def test_a_post_only_order_follows_the_market_and_is_given_up() -> None:
    world = World("one", plan=PostOnly(MINUTE, 10 * MINUTE))
    world.close(1.0)
    (first,) = world.sent
    assert (first.type, first.post_only, first.price) == (OrderType.LIMIT, True, INSTRUMENT.price(100))
    tick(world, 1)
    assert world.canceled == []
    world.price = 99
    world.handle(world.quote(BTC, 1))
    tick(world, 1)
    assert world.canceled == [first.cid]
    tick(world, 1)
    assert world.canceled == [first.cid]  # asked for once
    world.end(first, 0)
    assert [order.price for order in world.sent] == [INSTRUMENT.price(100), INSTRUMENT.price(99)]
    tick(world, 10)
    world.end(world.sent[1], 0)
    assert world.core.books.under_way == {}
    assert len(world.sent) == 2


def test_an_iceberg_shows_its_tip_alone() -> None:
    world = World("one", plan=Iceberg(atoms(4), MINUTE, 100 * MINUTE))
    world.close(1.0)
    for at in range(3):
        world.fill(world.sent[at], world.sent[at].amount)
        tick(world, 1)
    assert [order.amount for order in world.sent] == [atoms(4), atoms(4), atoms(2)]
    assert world.core.position(BTC) == atoms(10)


PLANS = st.sampled_from(
    [Market(), Twap(3, MINUTE), PostOnly(MINUTE, 4 * MINUTE), Iceberg(atoms(3), MINUTE, 5 * MINUTE)]
)


@settings(max_examples=200, deadline=None)
@given(PLANS, st.data())
def test_whatever_becomes_of_the_parts_never_more_is_at_risk_than_was_ordered(plan: Plan, data: st.DataObject) -> None:
    world = World("one", plan=plan)
    world.fills = False
    world.close(1.0)
    for _ in range(12):
        for order in list(world.sent):
            life = world.core.books.orders.by_cid[order.cid].life
            if life.status.is_terminal:
                continue
            left = order.amount - life.filled
            what = data.draw(st.sampled_from(["wait", "fill", "part", "end", "lose", "refuse"]))
            if what == "fill":
                world.fill(order, left)
            elif what == "part" and left > 1:
                world.fill(order, left // 2)
            elif what == "end":
                world.end(order, life.filled)
            elif what == "lose" and life.status.value == "sending":
                world.report(order, AnswerLost("gone"))
            elif what == "refuse" and not life.filled and life.id is None:
                world.report(order, Refused("no"))
        tick(world, data.draw(st.integers(0, 2)))
        lives = [world.core.books.orders.by_cid[order.cid].life for order in world.sent]
        assert sum(life.filled + life.at_risk for life in lives) <= atoms(10)


@pytest.mark.parametrize("target", [0.5, 1.0])
def test_a_bracket_guards_what_was_bought_with_one_pair_and_goes_before_the_strategy_leaves(target: float) -> None:
    world = World("one", protection=Bracket(Ppb(PPB // 20), Ppb(PPB // 10)))
    world.close(target)
    entry, guard = world.sent
    assert (guard.side, guard.type, guard.amount) == (Side.SELL, OrderType.LIMIT, entry.amount)
    assert (guard.price, guard.oco_stop) == (INSTRUMENT.price(110), INSTRUMENT.price(95))
    world.close(0.0)
    assert world.canceled == [guard.cid]
    assert len(world.sent) == 2
    world.end(guard, 0)
    assert [order.type for order in world.sent] == [OrderType.MARKET, OrderType.LIMIT, OrderType.MARKET]
    assert world.core.position(BTC) == 0


def test_a_bracket_that_was_hit_leaves_nothing_to_guard_and_no_new_entry() -> None:
    world = World("one", protection=Bracket(Ppb(PPB // 20)))
    world.close(1.0)
    _, guard = world.sent
    assert (guard.type, guard.stop_price) == (OrderType.STOP, INSTRUMENT.price(95))
    world.price = 95
    world.fill(guard, guard.amount)
    world.close(1.0)
    assert world.core.position(BTC) == 0
    assert len(world.sent) == 2


def test_what_is_left_after_a_sale_of_a_part_is_guarded_at_once() -> None:
    world = World("one", protection=Bracket(Ppb(PPB // 20)))
    world.close(1.0)
    world.close(0.5)
    world.end(world.sent[1], 0)
    assert [(order.type, order.side, order.amount) for order in world.sent[2:]] == [
        (OrderType.MARKET, Side.SELL, atoms(5)),
        (OrderType.STOP, Side.SELL, atoms(5)),
    ]


def test_an_entry_by_limit_rests_behind_the_market_and_is_left_at_it() -> None:
    world = World("one", plan=LimitEntry(Ppb(PPB // 100), 2 * MINUTE))
    world.fills = False
    world.close(1.0)
    (entry,) = world.sent
    assert (entry.type, entry.price, entry.post_only) == (OrderType.LIMIT, INSTRUMENT.price(99), True)
    world.fills = True
    world.fill(entry, entry.amount)
    world.close(0.0)
    assert [(order.type, order.side) for order in world.sent[1:]] == [(OrderType.MARKET, Side.SELL)]
    assert world.core.position(BTC) == 0


def test_an_entry_by_limit_is_given_up_where_it_stands_and_tried_again() -> None:
    world = World("one", plan=LimitEntry(Ppb(PPB // 100), 2 * MINUTE))
    world.fills = False
    world.close(1.0)
    (entry,) = world.sent
    world.report(entry, Accepted(OrderId(5)))
    world.price = 105
    tick(world, 1)
    assert world.canceled == []
    tick(world, 1)
    assert world.canceled == [entry.cid]
    world.report(entry, Closed(OrderId(5), atoms(0), "CANCELED"))
    assert world.core.books.under_way == {}
    world.close(1.0)
    assert [order.price for order in world.sent[1:]] == [INSTRUMENT.price(Decimal("103.95"))]


def test_each_part_of_an_entry_is_guarded_by_its_own_order() -> None:
    world = World("one", plan=Twap(2, MINUTE), protection=Trailing(Ppb(PPB // 10)))
    world.close(1.0)
    tick(world, 1)
    kinds = [(order.type, order.amount) for order in world.sent]
    assert kinds == [(OrderType.MARKET, atoms(5)), (OrderType.TRAILING_STOP, atoms(5))] * 2
    assert {order.trail for order in world.sent if order.trail} == {INSTRUMENT.price(10)}


def test_a_halt_withdraws_what_is_under_way_and_then_gets_out() -> None:
    world = World("one", plan=PostOnly(MINUTE, 100 * MINUTE))
    world.close(1.0)
    (part,) = world.sent
    world.fill(part, atoms(4))
    world.handle(OperatorAsked(Mts(1), Asked.HALT, "", "enough"))
    tick(world, 1)
    assert world.canceled == [part.cid]
    world.end(part, atoms(4))
    world.close(1.0)
    assert [(order.type, order.side, order.amount) for order in world.sent[1:]] == [
        (OrderType.MARKET, Side.SELL, atoms(4))
    ]


def test_parts_larger_than_one_order_may_be_are_cut_and_follow() -> None:
    world = World("one", plan=Twap(1, MINUTE), limits=AccountLimits(max_order_notional=atoms(400)))
    world.close(1.0)
    for _ in range(4):
        tick(world, 1)
    assert [order.amount for order in world.sent] == [atoms(4), atoms(4), atoms(2)]


def test_what_leaves_in_parts_is_not_guarded_beside_them() -> None:
    world = World("one", plan=Twap(2, 2 * MINUTE), protection=Bracket(Ppb(PPB // 20)))
    world.close(1.0)
    tick(world, 2)
    guards = [order for order in world.sent if order.type is OrderType.STOP]
    world.close(0.0)
    for guard in guards:
        world.end(guard, 0)
    for _ in range(3):
        world.close(0.0)
    assert world.core.position(BTC) == 0
    assert [order for order in world.sent if order.type is OrderType.STOP] == guards


def test_a_plan_ends_when_the_gate_refuses_its_next_part_and_its_strategy_is_free() -> None:
    world = World("one", plan=Twap(4, MINUTE), limits=AccountLimits(max_exposure=atoms(300)))
    world.close(1.0)
    tick(world, 1)
    assert [order.amount for order in world.sent] == [atoms("2.5")]
    world.close(0.0)
    assert [(order.side, order.amount) for order in world.sent[1:]] == [(Side.SELL, atoms("0.625"))]


def test_a_part_that_shows_itself_after_its_cancel_is_cancelled_again() -> None:
    world = World("one", plan=PostOnly(MINUTE, 2 * MINUTE))
    world.fills = False
    world.close(1.0)
    (part,) = world.sent
    world.handle(OperatorAsked(Mts(1), Asked.HALT, "", "enough"))
    assert world.canceled == [part.cid]
    world.report(part, Accepted(OrderId(5)))
    tick(world, 1)
    assert world.canceled == [part.cid, part.cid]


def test_a_plan_is_not_over_before_its_last_match_is_booked() -> None:
    world = World("one", plan=PostOnly(MINUTE, 100 * MINUTE))
    world.fills = False
    world.close(1.0)
    (part,) = world.sent
    price = INSTRUMENT.price(world.price)
    world.report(part, Traded(1, OrderId(5), Mts(1), atoms(4), price))
    world.handle(OperatorAsked(Mts(1), Asked.HALT, "", "enough"))
    world.report(part, Closed(OrderId(5), atoms(4), "CANCELED"))
    assert world.core.books.under_way
    world.report(part, Traded(1, OrderId(5), Mts(1), atoms(4), price, atoms(0)))
    world.close(1.0)
    assert [(order.side, order.amount) for order in world.sent[1:]] == [(Side.SELL, atoms(4))]

"""Several strategies on one account: netting, the gate, reconciliation, and the operator."""

from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.domain.candle import Candle
from genesis.domain.core import TradingCore
from genesis.domain.core_settings import CoreSettings
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.dispatch import TOO_LOW
from genesis.domain.events import (
    Adopted,
    Alert,
    AlertCode,
    Asked,
    Cancel,
    CandleClosed,
    Crossed,
    LimitsApplied,
    LookUp,
    OperatorAsked,
    OrderRefused,
    Quote,
    RequestQuote,
    StrategyEnabled,
    Submit,
    TimePassed,
)
from genesis.domain.exchange.orders import FillReport, OrderReport, ReportedStatus
from genesis.domain.execution.evidence import (
    Accepted,
    AnswerLost,
    Closed,
    Evidence,
    NothingLeft,
    ProvenAbsent,
    Refused,
    SendBegan,
    Traded,
)
from genesis.domain.execution.look import Look
from genesis.domain.execution.netting import Wanted, net
from genesis.domain.execution.orders import KEPT_ENDED
from genesis.domain.execution.plans import PostOnly, Twap
from genesis.domain.execution.protection import Bracket
from genesis.domain.instrument import Instrument, spot_instrument
from genesis.domain.ledger import Ledger
from genesis.domain.link import Link, LinkState
from genesis.domain.order import Cid, OrderId, OrderRequest, OrderType, Side
from genesis.domain.risk.account_guards import price_collar
from genesis.domain.risk.guards import OnBreach, RiskLimits
from genesis.domain.risk.limits import OFF, AccountLimits, InstrumentLimits, RateLimit
from genesis.domain.risk.refusal import RefusalCode
from genesis.domain.saved import restarted
from genesis.domain.strategy.features import close, volume
from genesis.domain.units import PPB, Atoms, Mts, Ppb, Symbol, atoms
from tests.order_reports import RESTING
from tests.unit.domain.accounts import BTC, CASH, INSTRUMENT, World, wallet

WISHES = st.dictionaries(
    st.text(min_size=1, max_size=3),
    st.builds(Wanted, st.sampled_from(Side), st.integers(1, 10**12).map(Atoms)),
    max_size=6,
)


@given(WISHES)
def test_netting_leaves_one_side_and_changes_no_sum(wishes: dict[str, Wanted]) -> None:
    netted = net(wishes)
    wanted = sum(each.side.sign * each.amount for each in wishes.values())
    left = sum(wishes[name].side.sign * amount for name, amount in netted.left.items())
    assert left == wanted
    assert len({wishes[name].side for name, amount in netted.left.items() if amount}) <= 1
    for name, each in wishes.items():
        matched = sum(match.amount for match in netted.matches if name in (match.buyer, match.seller))
        assert matched + netted.left[name] == each.amount
    assert all(match.amount > 0 for match in netted.matches)


TARGETS = st.sampled_from([0.0, 0.25, 0.5, 1.0])


# Prices stay near each other: who always buys low would outgrow the largest sum of money there is.
@settings(max_examples=150)
@given(st.lists(st.tuples(TARGETS, TARGETS, st.integers(50, 200), st.integers(0, 1000)), max_size=12))
def test_the_strategies_and_the_house_together_are_the_account_always(
    moves: list[tuple[float, float, int, int]],
) -> None:
    world = World("one", "two", "three")
    for target, other, price, fee in moves:
        world.price = price
        world.fills = fee == 0
        world.close(target, other)
        if fee:
            for order in world.sent:
                life = world.core.books.orders.by_cid[order.cid].life
                if not life.status.is_terminal:
                    world.fill(order, order.amount, min(fee, order.amount))
        assert world.core.books.net_amount(BTC) == world.coins
        assert world.core.books.cash() == world.cash


def test_what_strategies_want_of_each_other_never_leaves() -> None:
    world = World("one", "two")
    world.close(1.0, 0.0)
    assert world.sides() == [Side.BUY]
    decisions = world.close(0.0, 1.0)
    assert isinstance(decisions[0], RequestQuote)
    crossed = [each for each in world.decisions if isinstance(each, Crossed)]
    assert [(each.buyer, each.seller, each.amount) for each in crossed] == [("two", "one", atoms(10))]
    assert world.sides() == [Side.BUY]
    assert [desk.position for desk in world.core.desks.values()] == [0, atoms(10)]


def test_what_is_left_after_netting_goes_to_the_exchange() -> None:
    world = World("one", "two")
    world.close(1.0, 0.0)
    world.close(0.0, 0.5)
    assert [(order.side, order.amount) for order in world.sent] == [(Side.BUY, atoms(10)), (Side.SELL, atoms(5))]


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (AccountLimits(max_exposure=atoms(999)), RefusalCode.EXPOSURE_TOTAL),
        (AccountLimits(max_positions=0), RefusalCode.POSITIONS),
    ],
)
def test_i11_what_the_account_may_not_hold_is_refused_and_counted(limits: AccountLimits, code: RefusalCode) -> None:
    world = World("one", limits=limits)
    world.close(1.0)
    assert world.sent == []
    assert world.core.refusals == {code: 1}


def test_i11_orders_of_two_strategies_count_together_while_neither_is_filled() -> None:
    world = World("one", "two", limits=AccountLimits(max_exposure=atoms(1_500)))
    world.fills = False
    world.close(1.0, 1.0)
    assert len(world.sent) == 1
    assert world.core.desks["two"].refusals == {RefusalCode.EXPOSURE_TOTAL: 1}


def test_i11_an_unknown_order_counts_until_it_is_proven_absent() -> None:
    world = World("one", "two", limits=AccountLimits(max_exposure=atoms(1_500)))
    world.fills = False
    world.close(1.0, 0.0)
    decisions = world.report(world.sent[0], AnswerLost("10 s passed"))
    assert any(isinstance(each, LookUp) for each in decisions)
    world.close(1.0, 1.0)
    assert len(world.sent) == 1
    world.report(world.sent[0], ProvenAbsent("everywhere, twice"))
    world.fills = True
    world.close(0.0, 1.0)
    assert [order.side for order in world.sent] == [Side.BUY, Side.BUY]


@pytest.mark.parametrize(
    ("limits", "instrument"),
    [
        (AccountLimits(max_order_notional=atoms(400)), INSTRUMENT),
        (OFF, evolve(INSTRUMENT, amount_max=atoms(4))),  # as the exchange has it
    ],
)
def test_an_order_beyond_the_largest_is_cut_and_the_rest_follows(limits: AccountLimits, instrument: Instrument) -> None:
    world = World("one", limits=limits, instruments={"one": instrument})
    for _ in range(4):
        world.close(1.0)
    assert [order.amount for order in world.sent] == [atoms(4), atoms(4), atoms(2)]
    world.handle(OperatorAsked(Mts(60_000 * world.minute), Asked.FLATTEN, "", "out"))
    for _ in range(2):
        world.close(1.0)
    assert [order.amount for order in world.sent[3:]] == [atoms(4), atoms(4), atoms(2)]
    assert world.core.position(BTC) == 0


@pytest.mark.parametrize("protection", [None, Bracket(Ppb(PPB // 2))])
@pytest.mark.parametrize(
    "limits",
    [
        AccountLimits(max_order_notional=Atoms(INSTRUMENT.amount_min * 100 - 1)),
        AccountLimits((InstrumentLimits(BTC, max_order_amount=Atoms(INSTRUMENT.amount_min - 1)),)),
    ],
)
def test_a_limit_below_the_least_order_says_that_it_keeps_a_strategy_in(
    limits: AccountLimits, protection: Bracket | None
) -> None:
    world = World("one", protection=protection)
    world.close(1.0)
    world.handle(LimitsApplied(Mts(1), limits))
    refused, *_ = [each for each in world.close(0.0) + world.decisions if isinstance(each, OrderRefused)]
    assert refused.code is RefusalCode.AMOUNT_BELOW_MINIMUM
    assert refused.allowed == f">= 0.0001, and {TOO_LOW}"
    world.handle(LimitsApplied(Mts(1), OFF))
    world.close(0.0)
    for guard in world.canceled:
        world.end(world.order_of(guard), 0)
    assert world.core.position(BTC) == 0


def test_i12_no_more_orders_leave_than_the_rate_allows() -> None:
    world = World("one", limits=AccountLimits(rates=(RateLimit(2, 600_000),)))
    for _ in range(6):
        world.close(1.0)
        world.close(0.0)
    assert len(world.sent) == 4
    assert world.core.refusals[RefusalCode.ORDER_RATE] > 0


def test_i12_a_strategy_that_does_the_same_again_and_again_is_stopped() -> None:
    world = World("one", limits=AccountLimits(max_repeats=3, repeat_window_ms=86_400_000))
    world.fills = False
    for _ in range(9):
        world.close(1.0)
        if world.sent:
            world.report(world.sent[-1], Refused("no")) if len(world.sent) <= 3 else None
    assert len(world.sent) == 3
    assert world.core.refusals[RefusalCode.REPEATED] > 0


@pytest.mark.parametrize(
    "limits", [AccountLimits(max_repeats=3), AccountLimits(rates=(RateLimit(4, 86_400_000),))], ids=["repeats", "rate"]
)
def test_what_counts_orders_takes_no_stop_away_and_keeps_nobody_in(limits: AccountLimits) -> None:
    world = World("one", limits=limits, protection=Bracket(Ppb(PPB // 20)))
    desk = world.core.desks["one"]
    world.close(0.5)
    world.close(1.0)
    for _ in range(3):
        canceled = [each for each in world.core.guarding.guards_of(desk) if each.cid in world.canceled]
        for guard in canceled or world.core.guarding.guards_of(desk):
            world.end(guard, 0)
        world.close(1.0)
        assert sum(each.amount for each in world.core.guarding.guards_of(desk)) == desk.position == atoms(10)
    world.close(0.0)
    for guard in world.core.guarding.guards_of(desk):
        world.end(guard, 0)
    assert desk.position == 0
    assert not world.core.refusals


def test_i12_a_stop_between_two_purchases_hides_no_row() -> None:
    world = World("one", limits=AccountLimits(max_repeats=2), protection=Bracket(Ppb(PPB // 20)))
    for _ in range(4):
        world.close(1.0)
        for guard in world.core.guarding.guards_of(world.core.desks["one"]):  # stopped out, and in again
            world.fill(guard, guard.amount)
            world.end(guard, guard.amount)
        world.close(0.0)
    assert [each.side for each in world.sent if each.type is OrderType.MARKET] == [Side.BUY, Side.BUY]
    assert set(world.core.refusals) == {RefusalCode.REPEATED}


class Unguarded(World):
    """A world that is entered and whose stop did not come to be: *stop_ends* is how it ends, else it is refused."""

    def __init__(self, stop_ends: Evidence | None) -> None:
        super().__init__("one", protection=Bracket(Ppb(PPB // 20)), limits=AccountLimits(max_data_age_ms=1_000))
        self.fills = False
        self.close(1.0)
        self.age_ms = 0 if stop_ends else 5_000
        self.fill(self.sent[0], self.sent[0].amount)
        self.fills = True
        if stop_ends:
            self.report(self.sent[-1], stop_ends)
        self.age_ms = 0
        assert not self.guards

    @property
    def guards(self) -> list[OrderRequest]:
        """What guards the position."""
        return self.core.guarding.guards_of(self.core.desks["one"])


STOP_ENDS = [None, NothingLeft("the disk is slow"), Closed(OrderId(2), Atoms(0), "CANCELED"), Refused("no")]


@pytest.mark.parametrize("stop_ends", STOP_ENDS, ids=["refused", "never left", "canceled", "rejected"])
def test_a_stop_that_is_missing_is_placed_after_the_next_look(stop_ends: Evidence | None) -> None:
    world = Unguarded(stop_ends)
    world.show()
    assert [each.amount for each in world.guards] == [atoms(10)]
    world.show()
    assert len(world.guards) == 1


@pytest.mark.parametrize("stop_ends", STOP_ENDS, ids=["refused", "never left", "canceled", "rejected"])
def test_a_stop_that_is_missing_is_placed_at_the_next_tick(stop_ends: Evidence | None) -> None:
    world = Unguarded(stop_ends)
    world.handle(TimePassed(Mts(90_000)))
    assert [each.amount for each in world.guards] == [atoms(10)]


def test_a_stop_whose_quote_came_while_the_link_was_down_is_placed_once_it_is_back() -> None:
    world = World("one", protection=Bracket(Ppb(PPB // 20)))
    world.close(1.0)
    (guard,) = world.core.guarding.guards_of(world.core.desks["one"])
    world.handle(LinkState(Mts(60_000), "account", Link.RECONNECT, "lost"))
    world.end(guard, 0)
    world.handle(TimePassed(Mts(90_000)))
    assert not world.core.refusals
    world.handle(LinkState(Mts(60_000), "account", Link.OPEN, "back"))
    world.show()
    assert len(world.core.guarding.guards_of(world.core.desks["one"])) == 1


def test_a_stop_that_is_refused_is_asked_for_again_once_a_look() -> None:
    world = Unguarded(None)
    world.age_ms = 5_000
    for _ in range(3):
        world.show()
    assert world.core.refusals == {RefusalCode.STALE_DATA: 4}


@pytest.mark.parametrize("protection", [None, Bracket(Ppb(PPB // 20))])
def test_who_was_halted_while_the_link_was_down_gets_out_once_it_is_back(protection: Bracket | None) -> None:
    world = World("one", protection=protection)
    desk = world.core.desks["one"]
    world.close(1.0)
    world.handle(LinkState(Mts(60_000), "account", Link.RECONNECT, "lost"))
    ask(world, Asked.FLATTEN)
    world.handle(LinkState(Mts(60_000), "account", Link.OPEN, "back"))
    world.show()
    for guard in world.core.guarding.guards_of(desk):
        assert guard.cid in world.canceled
        world.end(guard, 0)
    assert desk.position == 0
    sent = len(world.sent)
    world.show()
    assert len(world.sent) == sent


def test_a_look_sends_nobody_out_of_a_paused_instrument() -> None:
    world = World("one")
    world.close(1.0)
    world.core.desks["one"].halt(Alert(Mts(60_000), AlertCode.SYMBOL_PAUSED, "symbol_paused: not traded"))
    world.core.desks["one"].intent = None
    world.show()
    assert not world.core.refusals


def test_i15_a_limit_that_is_lowered_holds_the_next_order() -> None:
    world = World("one")
    world.close(0.5)
    world.handle(LimitsApplied(Mts(1), AccountLimits(max_exposure=atoms(600))))
    world.close(1.0)
    assert len(world.sent) == 1
    world.close(0.0)
    assert world.sides() == [Side.BUY, Side.SELL]


@pytest.mark.parametrize(
    "limits",
    [
        AccountLimits(max_exposure=atoms(999)),
        AccountLimits(max_order_notional=atoms(999)),
        AccountLimits(instruments=(InstrumentLimits(BTC, max_order_amount=atoms(9)),)),
        AccountLimits(max_positions=0),
    ],
)
def test_i15_an_order_that_waits_to_leave_is_withdrawn_when_limits_are_lowered_below_it(limits: AccountLimits) -> None:
    world = World("one")
    world.fills = False
    world.close(1.0)
    (order,) = world.sent
    assert world.handle(LimitsApplied(Mts(1), AccountLimits(max_exposure=atoms(1_001)))) == []
    (cancel,) = world.handle(LimitsApplied(Mts(2), limits))
    assert isinstance(cancel, Cancel)
    assert cancel.cid == order.cid
    assert world.handle(LimitsApplied(Mts(3), limits)) == []  # once
    world.report(order, NothingLeft("cancelled before it was sent"))
    world.handle(LimitsApplied(Mts(4), AccountLimits()))
    world.fills = True
    world.close(1.0)
    assert world.core.position(BTC) == atoms(10)


def test_i15_what_the_exchange_has_already_stays_when_limits_are_lowered() -> None:
    world = World("one")
    world.fills = False
    world.close(1.0)
    world.report(world.sent[0], Accepted(OrderId(7)))
    assert world.handle(LimitsApplied(Mts(1), AccountLimits(max_exposure=atoms(999)))) == []


def test_old_prices_and_torn_books_refuse() -> None:
    world = World("one", limits=AccountLimits(max_data_age_ms=1_000, price_collar=Ppb(PPB // 100)))
    world.age_ms = 1_001
    world.close(1.0)
    assert world.core.refusals == {RefusalCode.STALE_DATA: 1}
    world.age_ms = 0
    world.handle(LimitsApplied(Mts(1), AccountLimits(price_collar=Ppb(PPB // 100))))
    quote = world.quote(BTC, 1)
    world.close(1.0)
    assert len(world.sent) == 1
    torn = quote._replace(ask=INSTRUMENT.price(102))
    world.core.books.quotes[BTC] = torn
    scene = world.core.books.scene(world.sent[0], "one", Mts(0))
    refused = price_collar(world.sent[0], INSTRUMENT, world.core.dispatch.limits, scene)
    assert refused is not None
    assert (refused.code, refused.observed, refused.allowed) == (
        RefusalCode.PRICE_COLLAR,
        "102.00000000",
        "<= 101.00000000",
    )


def test_a_fact_that_cannot_be_read_freezes_once_and_not_after_every_look() -> None:
    world = World("one", needs_account=True)
    world.show()
    world.fills = False
    world.close(1.0)
    (order,) = world.sent
    world.report(order, Accepted(OrderId(50)))
    fine, side = Decimal("0.0000081234"), Side.BUY
    fill = FillReport(5, BTC, Mts(9), OrderId(50), order.cid, side, Decimal(10), fine, False, Decimal(0), "BTC")
    ended = shown(order.cid, 50, side, "10", ReportedStatus.EXECUTED)
    look = Look(history=(ended,), fills=(fill,), wallets=(wallet("USD", Decimal(1000)),))
    world.show(look)
    assert world.core.books.standings.is_frozen
    world.handle(OperatorAsked(Mts(60_000), Asked.RESUME, "", "the account was looked at"))
    world.show(look)
    assert not world.core.books.standings.is_frozen


def shown(cid: int | None, order_id: int, side: Side, amount: str, status: ReportedStatus) -> OrderReport:
    return evolve(
        RESTING,
        id=OrderId(order_id),
        cid=None if cid is None else Cid(cid),
        side=side,
        amount=Decimal(amount),
        amount_remaining=Decimal(0) if status is ReportedStatus.EXECUTED else Decimal(amount),
        status=status,
        status_text=status.value,
        mts_created=Mts(1),
        mts_updated=Mts(2),
    )


def test_nothing_is_decided_before_the_account_was_shown() -> None:
    world = World("one", needs_account=True)
    world.close(1.0)
    assert world.sent == []
    world.show()
    world.close(1.0)
    assert len(world.sent) == 1


def test_after_a_lost_connection_the_account_has_to_be_shown_again() -> None:
    world = World("one", needs_account=True)
    world.show()
    world.handle(LinkState(Mts(1), "account", Link.RECONNECT, "gone"))
    world.close(1.0)
    world.handle(LinkState(Mts(2), "account", Link.OPEN, "back"))
    world.close(1.0)
    assert world.core.refusals == {RefusalCode.LINK_DOWN: 1, RefusalCode.RECONCILING: 1}
    world.show()
    world.close(1.0)
    assert len(world.sent) == 1


def test_in_maintenance_nothing_leaves() -> None:
    world = World("one", needs_account=True)
    world.show()
    world.handle(LinkState(Mts(1), "public-1", Link.MAINTENANCE, "20060"))
    world.close(1.0)
    assert world.core.refusals == {RefusalCode.MAINTENANCE: 1}


def test_i18_what_the_books_do_not_have_is_adopted_with_its_cause_once() -> None:
    world = World("one", needs_account=True)
    world.cash += atoms(7)
    first = [each for each in world.show() if isinstance(each, Adopted)]
    assert [(each.currency, each.amount, each.cause) for each in first] == [
        ("USD", atoms(7), "there before the session")
    ]
    world.coins += atoms(1)
    world.cash += 3
    causes = {each.currency: each.cause for each in world.show() if isinstance(each, Adopted)}
    assert causes == {"BTC": "a transfer, a fee or funding", "USD": "rounding"}
    assert world.show() == []
    assert world.core.books.cash() == world.cash
    assert world.core.desks["one"].ledger.cash == CASH


def test_d7_a_foreign_order_counts_and_is_not_touched() -> None:
    world = World("one", needs_account=True, limits=AccountLimits(max_exposure=atoms(1_500)))
    wallets = (wallet("USD", Decimal(1_000)),)
    look = Look((shown(None, 77, Side.BUY, "6", ReportedStatus.ACTIVE),), wallets=wallets)
    (alert,) = [each for each in world.show(look) if isinstance(each, Alert)]
    assert alert.code is AlertCode.FOREIGN_ORDER
    world.close(1.0)
    assert (world.sent, world.canceled) == ([], [])
    assert [each for each in world.show(look) if isinstance(each, Alert)] == []


def test_d5_what_filled_while_we_were_away_is_booked_from_the_look() -> None:
    world = World("one", needs_account=True)
    world.show()
    world.fills = False
    world.close(1.0)
    (order,) = world.sent
    world.report(order, AnswerLost("gone"))
    fill = FillReport(
        5, BTC, Mts(9), OrderId(50), order.cid, Side.BUY, Decimal(10), Decimal(100), False, Decimal(0), "BTC"
    )
    done = shown(int(order.cid), 50, Side.BUY, "10", ReportedStatus.EXECUTED)
    wallets = (wallet("USD", Decimal(0)), wallet("BTC", Decimal(10)))
    world.show(Look(history=(done,), fills=(fill,), wallets=wallets))
    assert world.core.desks["one"].position == atoms(10)
    assert world.core.books.house.balances == {}


@pytest.mark.parametrize(
    ("side", "price", "said"),
    [(Side.SELL, "100", "its fill 5 is a sell"), (Side.BUY, "0.0000081234", "has more than 8 decimals")],
)
def test_a_fill_of_a_look_that_cannot_be_read_stops_everything_and_is_not_booked(
    side: Side, price: str, said: str
) -> None:
    world = World("one", needs_account=True)
    world.show()
    world.fills = False
    world.close(1.0)
    (order,) = world.sent
    world.report(order, Accepted(OrderId(50)))
    fill = FillReport(
        5, BTC, Mts(9), OrderId(50), order.cid, side, Decimal(10), Decimal(price), False, Decimal(0), "BTC"
    )
    done = shown(int(order.cid), 50, Side.BUY, "10", ReportedStatus.EXECUTED)
    world.show(Look(history=(done,), fills=(fill,)))
    assert halted_for(world) is AlertCode.ORDER_CONTRADICTION
    assert said in str(world.core.halted)
    assert world.core.position(BTC) == 0
    assert world.core.books.standings.is_frozen


def test_d6_an_order_that_the_look_lacks_is_looked_up_and_stays() -> None:
    world = World("one", needs_account=True)
    world.show()
    world.fills = False
    world.close(1.0)
    (order,) = world.sent
    world.report(order, AnswerLost("gone"))
    assert [each.cid for each in world.show() if isinstance(each, LookUp)] == [order.cid]
    world.close(1.0)
    assert len(world.sent) == 1


def test_i6_a_second_account_of_one_trade_stops_everything() -> None:
    world = World("one")
    world.fills = False
    world.close(1.0)
    (order,) = world.sent
    price = INSTRUMENT.price(100)
    world.report(order, Traded(1, OrderId(1), Mts(1), atoms(1), price, Atoms(0)))
    alert, *_ = world.report(order, Traded(1, OrderId(1), Mts(1), atoms(2), price, Atoms(0)))
    assert isinstance(alert, Alert)
    assert alert.code is AlertCode.ORDER_CONTRADICTION
    assert world.core.halted == alert
    assert world.core.position(BTC) == atoms(1)
    world.close(1.0)
    assert len(world.sent) == 1
    assert world.core.refusals[RefusalCode.FROZEN] == 0  # nothing was even wished: the order is not over


def test_i6_a_fill_after_the_end_is_booked() -> None:
    world = World("one")
    world.fills = False
    world.close(1.0)
    (order,) = world.sent
    world.report(order, Closed(OrderId(1), Atoms(0), "CANCELED"))
    world.fill(order, atoms(3))
    assert world.core.position(BTC) == atoms(3)
    assert world.core.halted is not None


def test_i6_a_look_may_show_a_match_of_an_order_that_it_lets_be_forgotten() -> None:
    world = World("one", needs_account=True)
    world.show()
    orders = world.core.books.orders
    for number in range(1, KEPT_ENDED + 1):
        cid, price = Cid(number), INSTRUMENT.price(100)
        orders.intend(OrderRequest(cid, BTC, Side.BUY, OrderType.MARKET, atoms(1), Mts(number)), "one", 0)
        whole = Traded(number, OrderId(number), Mts(number), atoms(1), price, Atoms(0))
        for evidence in (SendBegan(), whole):
            orders.report(orders.by_cid[cid], evidence, INSTRUMENT)
    world.fills = False
    world.close(0.5)
    (last,) = world.sent
    world.report(last, Accepted(OrderId(last.cid)))
    oldest = FillReport(
        1, BTC, Mts(1), OrderId(1), Cid(1), Side.BUY, Decimal(1), Decimal(100), False, Decimal(0), "BTC"
    )
    ended = shown(int(last.cid), int(last.cid), Side.BUY, "5", ReportedStatus.CANCELED)
    world.show(Look(history=(ended,), fills=(oldest,), wallets=(wallet("USD", Decimal(1_000)),)))
    assert Cid(1) not in orders.by_cid
    assert not list(orders.open())


def ask(world: World, asked: Asked, target: str = "") -> None:
    world.handle(OperatorAsked(Mts(1), asked, target, "because"))


def test_a_halt_gets_out_and_a_resume_lets_trade_again() -> None:
    world = World("one")
    world.close(1.0)
    ask(world, Asked.HALT)
    assert world.sides() == [Side.BUY, Side.SELL]
    world.close(1.0)
    assert len(world.sent) == 2
    ask(world, Asked.RESUME)
    world.close(1.0)
    assert world.sides() == [Side.BUY, Side.SELL, Side.BUY]


def test_what_one_contradiction_stopped_stays_until_each_strategy_was_looked_at() -> None:
    world = World("one", "two")
    world.fills = False
    world.close(1.0, 0.0)
    (order,) = world.sent
    for amount in (1, 2):
        world.report(order, Traded(1, OrderId(1), Mts(1), atoms(amount), INSTRUMENT.price(100), Atoms(0)))
    ask(world, Asked.RESUME, "two")
    assert world.core.books.standings.is_frozen
    ask(world, Asked.RESUME, "one")
    assert not world.core.books.standings.is_frozen


def test_i8_a_contradiction_freezes_strategies_that_were_halted_before_until_they_are_resumed() -> None:
    world = World("one")
    world.fills = False
    world.close(1.0)
    ask(world, Asked.HALT)
    for amount in (1, 2):
        world.report(world.sent[0], Traded(1, OrderId(1), Mts(1), atoms(amount), INSTRUMENT.price(100), Atoms(0)))
    assert halted_for(world) is AlertCode.ORDER_CONTRADICTION
    ask(world, Asked.RESUME)  # who looked at the contradiction did not take back the halt
    assert not world.core.books.standings.is_frozen
    assert halted_for(world) is AlertCode.OPERATOR_HALT
    ask(world, Asked.RESUME)
    assert halted_for(world) is None


def halted_for(world: World) -> AlertCode | None:
    return None if world.core.halted is None else world.core.halted.code


def test_what_an_operator_switched_off_is_switched_on_by_no_resume_and_no_configuration() -> None:
    world = World("one")
    ask(world, Asked.STRATEGY_OFF, "one")
    ask(world, Asked.HALT)
    ask(world, Asked.RESUME)
    world.handle(StrategyEnabled(Mts(1), "one", is_enabled=True))
    world.close(1.0)
    assert world.sent == []
    ask(world, Asked.STRATEGY_ON, "one")
    world.close(1.0)
    assert world.sides() == [Side.BUY]


def test_a_strategy_that_the_configuration_no_longer_enables_drops_what_it_was_about_to_send() -> None:
    world = World("one")
    world.core.handle(CandleClosed(BTC, Candle(Mts(60_000), 100.0, 200.0, 1.0, 100.0, 1.0)))
    world.handle(StrategyEnabled(Mts(1), "one", is_enabled=False))
    world.handle(world.quote(BTC, 1))
    assert world.sent == []
    world.handle(StrategyEnabled(Mts(1), "one", is_enabled=True))
    world.close(1.0)
    assert world.sides() == [Side.BUY]


def test_one_strategy_can_be_switched_off_and_on() -> None:
    world = World("one", "two")
    ask(world, Asked.STRATEGY_OFF, "one")
    world.close(1.0, 1.0)
    assert [each.strategy for each in world.decisions if isinstance(each, Submit)] == ["two"]
    ask(world, Asked.STRATEGY_ON, "one")
    world.close(1.0, 1.0)
    assert [each.strategy for each in world.decisions if isinstance(each, Submit)] == ["two", "one"]


def test_reduce_only_lets_nothing_grow() -> None:
    world = World("one")
    world.close(0.5)
    ask(world, Asked.REDUCE_ONLY)
    world.close(1.0)
    assert world.sides() == [Side.BUY]
    world.close(0.25)
    assert world.sides() == [Side.BUY, Side.SELL]


def minutes(world: World, count: int) -> None:
    for _ in range(count):
        world.minute += 1
        world.handle(TimePassed(Mts(60_000 * world.minute)))


@pytest.mark.parametrize("asked", [Asked.REDUCE_ONLY, Asked.STRATEGY_OFF])
def test_i13_a_plan_that_adds_risk_ends_when_a_person_lets_it_only_reduce(asked: Asked) -> None:
    world = World("one", plan=Twap(4, 60_000))
    world.close(1.0)
    assert world.sides() == [Side.BUY]
    ask(world, asked, "one")
    minutes(world, 5)
    assert world.sides() == [Side.BUY]
    assert not world.core.books.under_way


def test_i13_a_plan_that_gets_out_goes_on_when_no_risk_may_be_added() -> None:
    world = World("one", plan=Twap(4, 60_000))
    world.close(1.0)
    minutes(world, 5)
    world.close(0.0)
    ask(world, Asked.REDUCE_ONLY)
    minutes(world, 5)
    assert world.core.position(BTC) == 0


def test_i13_a_plan_that_adds_risk_ends_with_the_breach_of_a_guard() -> None:
    guards = RiskLimits(max_daily_loss=atoms(10), on_breach=OnBreach.REDUCE_ONLY)
    world = World("one", plan=Twap(4, 60_000), guards=guards)
    world.close(1.0)
    minutes(world, 1)
    bought = world.sides()
    world.handle(CandleClosed(BTC, Candle(Mts(60_000 * world.minute), 90.0, 90.0, 90.0, 90.0, 1.0)))
    minutes(world, 5)
    assert world.sides() == bought == [Side.BUY] * 2
    assert not world.core.books.under_way


def test_i13_what_waits_for_a_quote_is_dropped_when_a_person_lets_it_only_reduce() -> None:
    world = World("one")
    world.core.handle(CandleClosed(BTC, Candle(Mts(0), 100.0, 100.0, 100.0, 100.0, 1.0)))
    ask(world, Asked.REDUCE_ONLY)
    world.handle(world.quote(BTC, 1))
    assert not world.sent


def test_i13_who_may_only_reduce_keeps_what_a_part_of_an_order_brought() -> None:
    world = World("one")
    world.fills = False
    world.close(1.0)
    world.fill(world.sent[0], atoms(3))
    world.end(world.sent[0], atoms(3))
    world.fills = True
    ask(world, Asked.REDUCE_ONLY)
    world.close(1.0)
    assert world.core.position(BTC) == atoms(3)
    world.close(0.0)
    assert world.core.position(BTC) == 0


def test_i12_the_rate_holds_while_the_clock_is_behind() -> None:
    world = World("one", limits=AccountLimits(rates=(RateLimit(3, 30 * 60_000),)))
    world.minute = 60
    world.close(1.0)
    world.minute = 0  # set back by an hour
    for number in range(20):
        world.close(float(number % 2))
    assert world.sides() == [Side.BUY, Side.SELL, Side.BUY, Side.SELL]


@pytest.mark.parametrize("dust", [0, 1])
def test_i11_dust_is_no_position(dust: int) -> None:
    other = spot_instrument(Symbol("tETHUSD"), atoms("0.001"))
    world = World("one", "two", limits=AccountLimits(max_positions=1), instruments={"two": other})
    world.core.books.house.add("ETH", dust)
    world.close(1.0)
    world.close(0.0, 1.0, other.symbol)
    assert [order.symbol for order in world.sent] == [BTC]
    assert world.core.refusals[RefusalCode.POSITIONS] == 1


def test_i18_an_order_in_doubt_hides_nothing_that_somebody_else_did() -> None:
    world = World("one", "two", limits=AccountLimits(max_exposure=atoms(1_100)), needs_account=True)
    world.show()
    world.fills = False
    world.close(0.01)
    (order,) = world.sent
    world.report(order, AnswerLost("10 s passed"))
    world.coins += atoms(100)  # ten thousand dollars' worth
    world.show()
    assert world.core.books.net_amount(BTC) == atoms(100) - order.amount  # which may be what the order brought
    world.close(0.01, 1.0)
    assert len(world.sent) == 1
    world.report(order, ProvenAbsent("everywhere, twice"))
    world.show()
    assert world.core.books.net_amount(BTC) == atoms(100)


def test_i18_a_match_without_its_fee_is_not_adopted_by_the_house() -> None:
    world = World("one", needs_account=True)
    world.show()
    world.fills = False
    world.close(1.0)
    (order,) = world.sent
    price = INSTRUMENT.price(100)
    traded = Traded(1, OrderId(order.cid), Mts(1), order.amount, price, None)
    world.report(order, traded)
    world.coins, world.cash = world.coins + order.amount, world.cash - order.amount * 100
    world.show()
    world.report(order, traded._replace(fee=Atoms(0)))
    assert (world.core.books.net_amount(BTC), world.core.books.cash()) == (order.amount, 0)


def test_what_came_from_another_strategy_is_guarded_too() -> None:
    world = World("one", "two", protection=Bracket(Ppb(PPB // 20)))
    world.close(1.0)
    world.close(0.0, 1.0)
    assert world.core.desks["two"].position == atoms(10)
    for _ in range(3):  # the guard of the one goes first
        for cid in world.canceled:
            world.report(world.order_of(cid), Closed(OrderId(cid), Atoms(0), "CANCELED"))
        world.canceled.clear()
        world.close(0.0, 1.0)
    assert world.core.desks["two"].position == atoms(10)
    [guard] = world.core.guarding.guards_of(world.core.desks["two"])
    assert (guard.side, guard.amount) == (Side.SELL, atoms(10))


@pytest.mark.parametrize("behind", [0, 60])
def test_who_has_to_get_out_is_not_kept_in_by_an_order_that_another_one_rests(behind: int) -> None:
    desks = (
        DeskSettings(INSTRUMENT, volume, 1.0, name="rests", plan=PostOnly(60_000, 86_400_000)),
        DeskSettings(INSTRUMENT, close - 100.0, 1.0, name="out"),
    )
    world = World("rests", "out", limits=AccountLimits(max_positions=5))
    limits = world.core.dispatch.limits
    world.core = TradingCore(CoreSettings(desks, limits), {each.name: Ledger(CASH) for each in desks})
    world.close(0.0, 1.0)
    world.close(1.0, 1.0)
    resting = world.sent[-1]
    assert resting.post_only
    world.handle(TimePassed(Mts(60_000 * (world.minute + behind))))  # then the clock is set back
    ask(world, Asked.FLATTEN, "out")
    world.close(1.0, 1.0)
    assert world.core.refusals == {RefusalCode.SELF_CROSS: 2}
    assert world.canceled == [resting.cid]
    assert world.sent[-1] == resting
    world.end(resting, 0)
    assert world.core.desks["out"].position == 0
    minutes(world, 1)
    assert world.sent[-1].post_only  # the other one goes on


def test_letting_trade_both_ways_again_lifts_no_halt() -> None:
    world = World("one")
    world.close(1.0)
    ask(world, Asked.REDUCE_ONLY)
    ask(world, Asked.HALT)
    ask(world, Asked.BOTH_WAYS)
    assert world.core.halted is not None
    world.close(1.0)
    assert world.core.position(BTC) == 0
    ask(world, Asked.RESUME)
    world.close(1.0)
    assert world.core.position(BTC) == atoms(10)


def test_an_order_is_canceled_by_its_cid() -> None:
    world = World("one")
    world.fills = False
    world.close(1.0)
    ask(world, Asked.CANCEL, str(world.sent[0].cid))
    assert world.canceled == [world.sent[0].cid]


def test_an_account_that_is_known_trades_at_once_but_not_after_it_was_out_of_sight() -> None:
    world = World("one")
    world.close(0.5)
    world.handle(LinkState(Mts(1), "account", Link.RECONNECT, "gone"))
    world.handle(LinkState(Mts(2), "account", Link.OPEN, "back"))
    world.close(1.0)
    assert len(world.sent) == 1
    world.show()
    world.close(1.0)
    assert len(world.sent) == 2


def test_a_fill_that_is_dearer_than_the_strategy_could_pay_is_booked_and_told_once() -> None:
    world = World("one")
    world.fills = False
    world.close(1.0)
    (order,) = world.sent
    world.price = 110
    world.fill(order, atoms(9))
    decisions = world.fill(order, atoms(1))
    assert [each.code for each in decisions if isinstance(each, Alert)] == [AlertCode.OVERDRAWN]
    assert world.core.desks["one"].ledger.cash == -atoms(100)
    assert world.core.books.cash() == world.cash


def test_i12_a_rate_that_is_new_counts_what_left_before_it() -> None:
    world = World("one")
    world.close(1.0)
    world.close(0.0)
    world.handle(LimitsApplied(Mts(120_000), AccountLimits(rates=(RateLimit(2, 600_000),))))
    world.close(1.0)
    assert len(world.sent) == 2
    assert world.core.refusals == {RefusalCode.ORDER_RATE: 1}


def test_i11_a_fill_whose_fee_is_not_told_yet_still_counts() -> None:
    world = World("one", "two", limits=AccountLimits(max_exposure=atoms(1_500)))
    world.fills = False
    world.close(1.0)
    (order,) = world.sent
    price = INSTRUMENT.price(100)
    world.report(order, Traded(1, OrderId(1), Mts(1), order.amount, price))
    world.report(order, Closed(OrderId(1), order.amount, "EXECUTED"))
    world.close(1.0, 1.0)
    assert len(world.sent) == 1
    assert world.core.desks["two"].refusals == {RefusalCode.EXPOSURE_TOTAL: 1}


def test_a_position_that_no_target_asked_for_is_left_although_the_first_way_out_fails() -> None:
    world = World("one", limits=AccountLimits(max_order_notional=atoms(400)))
    world.close(1.0)
    world.fills = False
    world.close(0.0)
    world.report(world.sent[1], Refused("no"))
    world.fills = True
    world.close(0.0)
    assert world.core.position(BTC) == 0


def test_what_a_strategy_got_from_another_one_is_left_although_the_rest_was_refused() -> None:
    world = World("one", "two")
    world.close(0.5, 0.0)
    world.handle(LimitsApplied(Mts(1), AccountLimits(max_exposure=atoms(500))))
    world.close(0.0, 1.0)
    assert world.core.desks["two"].position == atoms(5)
    world.close(0.0, 0.0)
    assert world.core.position(BTC) == 0


def test_i10_what_is_not_asked_for_quotes_counts_at_its_last_close_where_that_is_dearer() -> None:
    eth = spot_instrument(Symbol("tETHUSD"))
    world = World("one", "two", instruments={"two": eth}, limits=AccountLimits(max_exposure=atoms(2_500)))
    world.close(1.0)
    assert world.core.position(BTC) == atoms(10)  # bought at 100
    world.minute += 1
    world.handle(CandleClosed(BTC, Candle(Mts(60_000 * world.minute), 200.0, 200.0, 200.0, 200.0, 1.0)))
    world.close(1.0, 1.0, eth.symbol)  # 1000 more would make 3000
    assert world.core.position(eth.symbol) == 0
    assert world.core.refusals == {RefusalCode.EXPOSURE_TOTAL: 1}


@pytest.mark.parametrize(
    ("limits", "age_ms", "code"),
    [
        (AccountLimits(max_data_age_ms=10_000), 3_600_000, RefusalCode.STALE_DATA),
        (AccountLimits(price_collar=Ppb(PPB // 100)), 0, RefusalCode.PRICE_COLLAR),
    ],
)
def test_strategies_trade_with_each_other_only_at_a_price_at_which_they_might_trade(
    limits: AccountLimits, age_ms: int, code: RefusalCode
) -> None:
    world = World("one", "two", limits=limits)
    world.close(1.0)
    held = world.core.desks["one"].position
    assert held > 0
    torn = INSTRUMENT.price(1), INSTRUMENT.price(1_999)
    world.minute += 1
    at = Mts(60_000 * world.minute)
    world.fills = False
    asked = world.core.handle(CandleClosed(BTC, Candle(at, 100.0, 200.0, 1.0, 101.0, 0.0)))
    assert any(isinstance(each, RequestQuote) for each in asked)
    decisions = world.handle(Quote(BTC, at, *torn, (), age_ms))
    assert not [each for each in decisions if isinstance(each, Crossed)]
    assert world.core.refusals == {code: 2}
    assert world.core.desks["one"].position == held


def test_what_a_person_and_its_plan_want_cancelled_is_asked_for_once_a_look_after_a_restart() -> None:
    world = World("one", plan=PostOnly(60_000, 600_000), needs_account=True)
    world.show()
    world.close(0.5)
    (part,) = world.sent
    ask(world, Asked.CANCEL, str(part.cid))
    ask(world, Asked.HALT)
    world.core = restarted(world.core)
    for _ in range(2):  # each look asks again, once: no cancel of before has left for certain
        world.canceled.clear()
        world.show(Look((shown(part.cid, part.cid, Side.BUY, "5", ReportedStatus.ACTIVE),)))
        assert world.canceled == [part.cid]


def test_an_order_that_is_refused_takes_no_id_from_who_waits_behind_it() -> None:
    """Else who got none asks for another quote, at which the same happens, without end."""
    world = World("one", "two", limits=AccountLimits(max_exposure=atoms(600)))
    world.core.handle(CandleClosed(BTC, Candle(Mts(60_000), 100.0, 200.0, 1.0, 100.5, 1.0)))
    price = INSTRUMENT.price(100)
    decisions = world.core.handle(Quote(BTC, Mts(60_000), price, price, (Cid(7_777),), 0))
    (sent,) = [each for each in decisions if isinstance(each, Submit)]
    assert (sent.strategy, sent.order.order.cid) == ("two", 7_777)
    assert world.core.refusals == {RefusalCode.EXPOSURE_TOTAL: 1}

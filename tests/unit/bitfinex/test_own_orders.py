"""What becomes of our orders, told in any order and more than once."""

from decimal import Decimal
from itertools import permutations

import pytest
from attrs import evolve

from genesis.adapters.bitfinex.own_orders import OwnOrders
from genesis.domain.account_events import FillNews, News, OrderNews
from genesis.domain.events import Event, OrderReported
from genesis.domain.exchange.orders import Account, FillReport, OrderReport, ReportedStatus
from genesis.domain.execution.evidence import Closed, Traded
from genesis.domain.instrument import spot_instrument
from genesis.domain.market import Print
from genesis.domain.order import Cid, OrderId, OrderRequest, OrderType, Side
from genesis.domain.units import Mts, Symbol, atoms
from genesis.ports.errors import ProtocolViolation

BTC = Symbol("tBTCUSD")
INSTRUMENT = spot_instrument(BTC)
CID = Cid(7)
ORDER = OrderRequest(CID, BTC, Side.BUY, OrderType.MARKET, atoms("1"), Mts(1))


def fill(number: int, amount: str, fee: str | None = "0.001", print_: Print = Print.CONFIRMED) -> FillNews:
    told = None if fee is None else Decimal(fee)
    report = FillReport(
        number, BTC, Mts(5), OrderId(1), CID, Side.BUY, Decimal(amount), Decimal("100.5"), False, told, "BTC"
    )
    return FillNews(print_, report)


def ended(left: str, status: ReportedStatus = ReportedStatus.EXECUTED) -> OrderNews:
    report = OrderReport(
        id=OrderId(1),
        cid=CID,
        group_id=None,
        symbol=BTC,
        account=Account.EXCHANGE,
        side=Side.BUY,
        type=OrderType.MARKET,
        amount=Decimal(1),
        amount_remaining=Decimal(left),
        status=status,
        status_text=f"{status.value} @ 100.5(1)",
        mts_created=Mts(2),
        mts_updated=Mts(6),
        price=None,
        price_average=None,
        price_trailing=None,
        price_auxiliary=None,
        post_only=False,
        reduce_only=False,
        hidden=False,
        placed_id=None,
        mts_expiry=None,
    )
    return OrderNews(News.CLOSED, report)


def told(*news: FillNews | OrderNews) -> list[Event]:
    orders = OwnOrders(INSTRUMENT)
    orders.send(ORDER)
    events: list[Event] = []
    for each in news:
        events += orders.fill(each) if isinstance(each, FillNews) else orders.order(each)
    is_over = any(isinstance(event, OrderReported) and isinstance(event.evidence, Closed) for event in events)
    assert bool(orders.in_flight) is not is_over
    return events


def booked(number: int, amount: str, fee: str) -> OrderReported:
    price = INSTRUMENT.price(Decimal("100.5"))
    traded = Traded(number, OrderId(1), Mts(5), atoms(amount), price, atoms(fee), "BTC")
    return OrderReported(Mts(5), BTC, CID, traded)


def closed(filled: str, status: str = "EXECUTED @ 100.5(1)") -> OrderReported:
    return OrderReported(Mts(6), BTC, CID, Closed(OrderId(1), atoms(filled), status))


def test_every_order_of_the_messages_gives_each_fill_once_and_then_the_end() -> None:
    messages: list[FillNews | OrderNews] = [
        fill(1, "0.4", None, Print.EXECUTED),
        fill(2, "0.6", None, Print.EXECUTED),
        fill(1, "0.4"),
        fill(2, "0.6"),
        fill(2, "0.6"),
        ended("0"),
    ]
    for order in permutations(messages):
        *fills, end = told(*order)
        assert sorted(map(repr, fills)) == [repr(booked(1, "0.4", "0.001")), repr(booked(2, "0.6", "0.001"))]
        assert end == closed("1")


def test_an_order_without_its_last_confirmation_is_still_in_flight() -> None:
    assert told(ended("0"), fill(1, "0.4")) == [booked(1, "0.4", "0.001")]


def test_what_was_not_filled_is_told_with_the_end() -> None:
    assert told(fill(1, "0.4"), ended("0.6", ReportedStatus.CANCELED))[-1] == closed("0.4", "CANCELED @ 100.5(1)")


def test_an_order_that_ended_without_a_fill_says_so_in_the_words_of_the_exchange() -> None:
    assert told(ended("1", ReportedStatus.CANCELED)) == [closed("0", "CANCELED @ 100.5(1)")]


def test_a_fee_finer_than_an_atom_counts_as_a_whole_one_and_a_rebate_never_grows() -> None:
    assert told(fill(1, "0.4", "0.000000011"))[0] == booked(1, "0.4", "0.00000002")
    assert told(fill(1, "0.4", "-0.000000019"))[0] == booked(1, "0.4", "-0.00000001")


def test_orders_of_others_are_none_of_our_business() -> None:
    other = fill(1, "0.4")
    assert told(FillNews(Print.CONFIRMED, evolve(other.fill, cid=Cid(8)))) == []
    assert told(FillNews(Print.CONFIRMED, evolve(other.fill, cid=None))) == []


REPORT = fill(1, "0.4").fill


@pytest.mark.parametrize(
    "wrong",
    [
        evolve(REPORT, side=Side.SELL),
        evolve(REPORT, fee=None),
    ],
    ids=["side", "no fee"],
)
def test_a_fill_that_cannot_be_booked_is_a_violation(wrong: FillReport) -> None:
    with pytest.raises(ProtocolViolation, match="fill 1 of order 7"):
        told(FillNews(Print.CONFIRMED, wrong))

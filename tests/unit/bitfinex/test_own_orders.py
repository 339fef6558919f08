"""What becomes of our orders, told in any order and more than once: each fact once, and nothing of anybody else's."""

from decimal import Decimal
from itertools import permutations

import pytest
from attrs import evolve

from genesis.adapters.bitfinex.own_orders import OwnOrders
from genesis.adapters.bitfinex.pairs import LATE_MS, whole_pairs
from genesis.domain.account_events import FillNews, News, OrderNews
from genesis.domain.events import OrderReported
from genesis.domain.exchange.orders import FillReport, ReportedStatus
from genesis.domain.execution.evidence import Accepted, AnswerLost, Closed, NothingLeft, SendBegan, Traded
from genesis.domain.execution.look import Look
from genesis.domain.execution.order_life import OrderLife, Status, advance
from genesis.domain.instrument import spot_instrument
from genesis.domain.market import Print
from genesis.domain.order import Cid, OrderId, OrderRequest, OrderType, Side
from genesis.domain.units import Mts, Price, Symbol, atoms
from genesis.ports.errors import ProtocolViolation
from tests.order_reports import RESTING

BTC = Symbol("tBTCUSD")
INSTRUMENT = spot_instrument(BTC)
CID = Cid(7)
ID = OrderId(1)
ORDER = OrderRequest(CID, BTC, Side.BUY, OrderType.MARKET, atoms("1"), Mts(1))


def fill(number: int, amount: str, fee: str | None = "0.001", print_: Print = Print.CONFIRMED) -> FillNews:
    told, currency = (None, None) if fee is None else (Decimal(fee), "BTC")
    report = FillReport(
        number, BTC, Mts(5), ID, CID, Side.BUY, Decimal(amount), Decimal("100.5"), False, told, currency
    )
    return FillNews(print_, report)


def ended(left: str, status: ReportedStatus = ReportedStatus.EXECUTED) -> OrderNews:
    report = evolve(
        RESTING,
        id=ID,
        cid=CID,
        type=OrderType.MARKET,
        amount_remaining=Decimal(left),
        status=status,
        status_text=f"{status.value} @ 100.5(1)",
        mts_created=Mts(2),
        mts_updated=Mts(6),
        price=None,
    )
    return OrderNews(News.CLOSED, report)


def resting() -> OrderNews:
    news = ended("1", ReportedStatus.ACTIVE)
    return OrderNews(News.NEW, news.order)


def sent() -> OwnOrders:
    orders = OwnOrders({BTC: INSTRUMENT})
    orders.begin(ORDER)
    return orders


def told(orders: OwnOrders, *news: FillNews | OrderNews) -> list[OrderReported]:
    found: list[OrderReported] = []
    for each in news:
        found += orders.fill(each) if isinstance(each, FillNews) else orders.order(each)
    return found


MESSAGES: list[FillNews | OrderNews] = [
    resting(),
    fill(1, "0.4", None, Print.EXECUTED),
    fill(2, "0.6", None, Print.EXECUTED),
    fill(1, "0.4"),
    fill(2, "0.6"),
    ended("0"),
]


def test_d3_every_order_of_the_messages_ends_in_the_same_life_and_tells_no_fact_twice() -> None:
    lives = set()
    for order in permutations(MESSAGES):
        orders = sent()
        reports = told(orders, *order, *order)
        assert len(reports) == len(set(map(repr, reports)))
        life = advance(OrderLife(ORDER), SendBegan())
        for report in reports:
            life = advance(life, report.evidence)
        assert (life.status, life.fee_is_known, life.filled_unbooked) == (Status.FILLED, True, 0)
        lives.add(life)
        assert orders.is_quiet
        assert not orders.in_flight
    assert len(lives) == 1


def test_an_order_is_quiet_when_it_rests_and_when_all_its_fills_are_confirmed() -> None:
    orders = sent()
    seen = [orders.is_quiet]
    for news in (resting(), fill(1, "0.4", None, Print.EXECUTED), fill(1, "0.4"), ended("0"), fill(2, "0.6")):
        told(orders, news)
        seen.append(orders.is_quiet)
    assert seen == [False, True, False, True, False, True]


def test_a_late_fill_of_an_order_that_never_left_is_told_all_the_same() -> None:
    orders = sent()
    orders.told(CID, Mts(2), NothingLeft("not sent"))
    assert not orders.in_flight
    (report,) = told(orders, fill(1, "0.4"))
    assert isinstance(report.evidence, Traded)


def test_the_fee_is_rounded_against_us() -> None:
    (report,) = told(sent(), fill(1, "0.4", "0.000000001"))
    assert isinstance(report.evidence, Traded)
    assert report.evidence.fee == 1


def test_orders_of_others_are_none_of_its_business() -> None:
    orders = OwnOrders({BTC: INSTRUMENT})
    assert told(orders, *MESSAGES) == []
    orders.begin(evolve(ORDER, side=Side.SELL))
    assert told(orders, resting()) == []


def test_a_fill_on_the_wrong_side_or_finer_than_an_atom_cannot_be_booked() -> None:
    orders = sent()
    wrong = fill(1, "0.4")
    with pytest.raises(ProtocolViolation, match="is a sell"):
        orders.fill(FillNews(Print.CONFIRMED, evolve(wrong.fill, side=Side.SELL)))
    with pytest.raises(ProtocolViolation, match="fill 1 of order 7"):
        orders.fill(fill(1, "0.000000001"))


def test_what_a_look_has_that_cannot_be_read_keeps_nothing_else_of_it_from_being_noted() -> None:
    orders = sent()
    wrong = evolve(fill(1, "0.4").fill, side=Side.SELL)
    orders.see(Look(history=(ended("0").order,), fills=(wrong, fill(2, "0.000000001").fill, fill(3, "0.6").fill)))
    (flight,) = orders.in_flight
    assert flight.booked == {3: atoms("0.6")}


def test_lives_that_a_journal_remembers_are_ours_again() -> None:
    life = advance(advance(OrderLife(ORDER), SendBegan()), AnswerLost("crashed"))
    orders = OwnOrders({BTC: INSTRUMENT}, [life])
    assert [flight.order.cid for flight in orders.in_flight] == [CID]
    assert [type(report.evidence) for report in told(orders, resting())] == [Accepted]
    again = OwnOrders({BTC: INSTRUMENT}, [advance(life, Accepted(ID))])
    nameless = fill(1, "1")
    (report,) = again.fill(FillNews(nameless.print, evolve(nameless.fill, cid=None)))
    assert report.cid == CID


def test_what_a_look_shows_is_known_and_not_told_again() -> None:
    orders = sent()
    orders.see(Look(history=(ended("0").order,), fills=(fill(1, "0.4").fill, fill(2, "0.6").fill)))
    assert orders.is_quiet
    assert told(orders, *MESSAGES[3:]) == []
    flight = orders.find(CID)
    assert flight is not None
    assert flight.end == Closed(ID, atoms(1), "EXECUTED")


def test_the_stop_of_a_pair_that_fills_before_its_limit_is_told_belongs_to_the_limit() -> None:
    orders = OwnOrders({BTC: INSTRUMENT})
    orders.begin(evolve(ORDER, side=Side.SELL, type=OrderType.LIMIT, price=Price(5), oco_stop=Price(1)))
    met = evolve(fill(9, "1").fill, side=Side.SELL, order_id=OrderId(202), cid=None)
    assert orders.match(met) == []  # nobody can tell yet whose it is
    stop = evolve(ended("1", ReportedStatus.ACTIVE).order, id=OrderId(202), placed_id=OrderId(201), side=Side.SELL)
    orders.order(OrderNews(News.NEW, stop))
    [told_] = orders.match(met)
    assert isinstance(told_.evidence, Traded)
    assert told_.evidence.order_id == 201


LIMIT = evolve(resting().order, id=OrderId(201), side=Side.SELL, type=OrderType.LIMIT, price_auxiliary=Decimal(90))
STOP = evolve(LIMIT, id=OrderId(202), placed_id=LIMIT.id, type=OrderType.STOP, price_auxiliary=None)
NOW = LIMIT.mts_updated


def test_a_stop_that_was_cancelled_for_a_limit_which_the_look_lacks_is_not_the_end_of_its_pair() -> None:
    cancelled = evolve(STOP, status=ReportedStatus.CANCELED)
    look = whole_pairs(Look(history=(cancelled,)), NOW)
    assert (look.open_orders, look.history) == ((), ())
    filled = evolve(LIMIT, status=ReportedStatus.EXECUTED, amount_remaining=Decimal(0))
    (pair,) = whole_pairs(Look(history=(cancelled, filled)), NOW).history
    assert (pair.id, pair.status) == (LIMIT.id, ReportedStatus.EXECUTED)


def test_a_stop_that_is_open_or_has_filled_speaks_for_a_pair_whose_limit_the_look_lacks() -> None:
    (pair,) = whole_pairs(Look(open_orders=(STOP,)), NOW).open_orders
    assert (pair.id, pair.placed_id, pair.status) == (LIMIT.id, None, ReportedStatus.ACTIVE)
    hit = evolve(STOP, status=ReportedStatus.EXECUTED, amount_remaining=Decimal(0))
    report = evolve(fill(3, "1").fill, order_id=STOP.id, side=Side.SELL)
    look = whole_pairs(Look(history=(hit,), fills=(report,)), NOW)
    assert [each.id for each in look.history] == [each.order_id for each in look.fills] == [LIMIT.id]


def test_a_limit_that_was_cancelled_for_a_stop_which_the_look_lacks_is_not_the_end_of_its_pair() -> None:
    cancelled = evolve(LIMIT, status=ReportedStatus.CANCELED)
    look = whole_pairs(Look(history=(cancelled,)), NOW)
    assert (look.open_orders, look.history) == ((), ())
    hit = evolve(STOP, status=ReportedStatus.EXECUTED, amount_remaining=Decimal(0))
    (pair,) = whole_pairs(Look(history=(cancelled, hit)), NOW).history
    assert (pair.id, pair.status, pair.amount_filled) == (LIMIT.id, ReportedStatus.EXECUTED, LIMIT.amount)


def test_a_limit_that_ended_long_ago_is_taken_at_its_word_without_its_stop() -> None:
    cancelled = evolve(LIMIT, status=ReportedStatus.CANCELED)
    (pair,) = whole_pairs(Look(history=(cancelled,)), Mts(NOW + LATE_MS + 1)).history
    assert (pair.id, pair.status) == (LIMIT.id, ReportedStatus.CANCELED)


def test_what_was_asked_over_a_socket_is_answered_no_more_once_that_was_closed_for_the_first_time() -> None:
    orders = OwnOrders({BTC: INSTRUMENT})
    by_socket, by_rest = orders.begin(ORDER), orders.begin(evolve(ORDER, cid=Cid(8)))
    by_socket.sent_s, by_rest.sent_s, by_rest.by_socket = 1.0, 1.0, False
    waiting = orders.begin(evolve(ORDER, cid=Cid(9)))
    orders.socket_closed(5.0)
    orders.socket_closed(9.0)  # the next socket: nothing of before was waited for over it
    assert (by_socket.closed_s, by_rest.closed_s, waiting.closed_s) == (5.0, None, None)

"""The market's contract: what becomes of an order comes as evidence, whatever fails, and no order is sent twice."""

import json
from decimal import Decimal

import pytest
from attrs import evolve

from genesis.adapters.bitfinex.exchange_time import ExchangeTime
from genesis.adapters.bitfinex.market_time import CandleTime, LiveTime
from genesis.adapters.bitfinex.order_sender import UNDERWAY_MAX
from genesis.adapters.bitfinex.reconciler import LookRules
from genesis.adapters.bitfinex.trading_market import MarketRules
from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.venue.faults import Fault, Rule
from genesis.adapters.venue.http import Request
from genesis.adapters.venue.session import ConnectionId
from genesis.domain.core import one_desk
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import AccountShown, Alert, Cancel, LookUp, OrderReported, Quote, TimePassed
from genesis.domain.exchange.orders import OrderReference, OrderReport
from genesis.domain.execution.evidence import (
    Accepted,
    AnswerLost,
    Closed,
    NothingLeft,
    ProvenAbsent,
    Refused,
    SendBegan,
    Traded,
)
from genesis.domain.execution.order_life import OrderLife, Status, advance
from genesis.domain.execution.protection import has_lost_its_stop
from genesis.domain.instrument import spot_instrument
from genesis.domain.link import Link, LinkState
from genesis.domain.order import Cid, OrderRequest, OrderType, Side
from genesis.domain.risk.gate import Approved
from genesis.domain.strategy.features import close
from genesis.domain.units import Mts, Price, Symbol, atoms
from genesis.ports.errors import RateLimited, Rejected, Unreachable
from genesis.ports.socket import Socket
from genesis.ports.transport import HttpAnswer, HttpRequest
from tests.e2e.venue_house import BTC, ETH, START, place, quiet_venue, trade
from tests.fakes.rest import approved
from tests.fakes.traded_world import INSTRUMENTS, TradedWorld, traded_world


def cancel_of(world: TradedWorld, cid: int) -> Cancel:
    return Cancel(BTC, Cid(cid), None, world.clock.now(), "no longer wanted")


async def test_a_market_begins_with_its_links_and_a_look_at_the_account() -> None:
    async with traded_world() as world:
        links = [(event.name, event.link) for event in world.of(LinkState)]
        assert sorted(links) == [("account", Link.OPEN), ("market", Link.OPEN)]
        (shown,) = world.shown
        assert {wallet.currency for wallet in shown.look.wallets} >= {"USD", "BTC"}


async def test_a_market_order_is_accepted_traded_with_its_fee_and_closed() -> None:
    async with traded_world() as world:
        world.market.submit(world.order(1, "2.5"))
        await world.clock.advance(1)
        evidence = world.evidence(1)
        assert isinstance(evidence[0], Accepted)
        booked = [each for each in evidence if isinstance(each, Traded) and each.fee is not None]
        assert [each.amount for each in booked] == [atoms(1), atoms(1), atoms("0.5")]
        assert {each.fee_currency for each in booked} == {"BTC"}
        assert [each.filled for each in evidence if isinstance(each, Closed)] == [atoms("2.5")]
        assert len(evidence) == len(set(map(repr, evidence)))
        assert (world.shell.submits, len(world.watcher.round_trips)) == (1, 1)


async def test_what_the_exchange_dates_far_ahead_is_told_at_the_time_of_the_market() -> None:
    clock = ManualClock(Mts(START - 30 * 86_400_000))
    rules = MarketRules(LiveTime(clock, ExchangeTime(clock, MemoryMetrics())))
    async with traded_world(rules) as world:
        world.market.submit(world.order(1, "2.5"))
        await world.clock.advance(1)
        assert any(isinstance(each, Closed) for each in world.evidence(1))
        assert {each.mts for each in world.of(OrderReported)} == {clock.now()}


async def test_quotes_come_for_several_instruments_with_as_many_ids_as_were_asked_for() -> None:
    async with traded_world() as world:
        for symbol in (BTC, ETH):
            trade(world.venue, symbol, "100.25")
        await world.clock.advance(1)
        world.market.request_quote(BTC, 3)
        world.market.request_quote(ETH, 1)
        world.market.wake_at(world.clock.now())
        await world.clock.advance(1)
        quotes = world.of(Quote)
        assert [(quote.symbol, len(quote.cids)) for quote in quotes] == [(BTC, 3), (ETH, 1)]
        assert len({cid for quote in quotes for cid in quote.cids}) == 4
        assert all(0 <= quote.mts - START <= 4000 for quote in quotes)


async def test_a_quote_says_for_how_long_its_book_told_nothing_new() -> None:
    async with traded_world() as world:
        ages = []
        for waits_s in (0, 20):
            trade(world.venue, BTC, "100.25")
            await world.clock.advance(1)
            place(world.venue, BTC, Side.BUY, "0.1", f"{90 + waits_s / 10}")
            await world.clock.advance(1 + waits_s)
            world.clock.step_wall(-3600.0)  # the age is by a clock that nobody sets
            world.market.request_quote(BTC, 1)
            world.market.wake_at(world.clock.now())
            await world.clock.advance(1)
            ages.append(world.of(Quote)[-1].age_ms)
        assert 0 <= ages[0] < 5_000
        assert 18_000 <= ages[1] < 25_000


async def test_a_spread_that_is_finer_than_the_decimals_of_an_instrument_is_no_spread_of_nothing() -> None:
    coarse = {symbol: evolve(each, price_decimals=1) for symbol, each in INSTRUMENTS.items()}
    async with traded_world(instruments=coarse) as world:
        trade(world.venue, BTC, "100.25")
        place(world.venue, BTC, Side.BUY, "1", "100.21")
        place(world.venue, BTC, Side.SELL, "1", "100.24")
        await world.clock.advance(5)
        world.market.request_quote(BTC, 1)
        world.market.wake_at(world.clock.now())
        await world.clock.advance(1)
        assert [(quote.bid, quote.ask) for quote in world.of(Quote)] == [(1002, 1003)]


async def test_a_timer_comes_when_it_is_due() -> None:
    async with traded_world() as world:
        due = Mts(world.clock.now() + 90_500)
        world.market.wake_at(due)
        await world.clock.advance(90)
        assert not world.of(TimePassed)
        await world.clock.advance(1)
        assert [event.mts for event in world.of(TimePassed)] == [due]


async def test_a_refusal_is_told_with_its_words() -> None:
    """D17."""
    async with traded_world() as world:
        world.market.submit(world.order(1, "900000", price="50"))
        await world.clock.advance(1)
        (refused,) = world.evidence(1)
        assert isinstance(refused, Refused)
        assert "not enough" in refused.reason


async def test_a_resting_order_is_cancelled_by_its_cid_before_its_id_is_known() -> None:
    async with traded_world() as world:
        world.market.submit(world.order(1, price="50"))
        await world.clock.advance(1)
        world.market.cancel(cancel_of(world, 1))
        world.market.cancel(cancel_of(world, 1))
        await world.clock.advance(1)
        assert [type(each) for each in world.evidence(1)] == [Accepted, Closed]
        assert sum('"oc"' in frame for frame in world.shell.frames) == 1


async def test_i36_a_cancel_overtakes_the_orders_that_wait() -> None:
    async with traded_world() as world:
        world.market.submit(world.order(1, price="50"))
        await world.clock.advance(1)
        for cid in range(2, 200):
            world.market.submit(world.order(cid, "0.001", price="49"))
        world.market.cancel(cancel_of(world, 1))
        world.market.cancel(cancel_of(world, 150))  # it waits here still: it never leaves
        await world.clock.advance(5)
        writes = [frame for frame in world.shell.frames if '"on"' in frame or '"oc"' in frame]
        assert '"oc"' in writes[1]
        assert [type(each) for each in world.evidence(150)] == [NothingLeft]
        assert (world.shell.submits, len(world.open_orders)) == (198, 197)


async def test_a_cancel_that_overtook_its_order_on_the_way_is_asked_again() -> None:
    async with traded_world() as world:
        receive, late = world.venue.receive, list[tuple[ConnectionId, str]]()

        def hold_orders(connection: ConnectionId, text: str, at_ms: int) -> None:
            if '"on"' in text:
                late.append((connection, text))
            else:
                receive(connection, text, at_ms)

        world.venue.receive = hold_orders  # type: ignore[method-assign]  # the way is what is tried
        world.market.submit(world.order(1, price="50"))
        await world.clock.advance(1)
        world.market.cancel(cancel_of(world, 1))
        await world.clock.advance(1)
        for connection, text in late:
            receive(connection, text, world.clock.now())
        await world.clock.advance(3)
        assert not world.open_orders
        assert type(world.evidence(1)[-1]) is Closed


async def test_a_cancel_that_was_refused_for_a_passing_reason_is_asked_again() -> None:
    async with traded_world() as world:
        world.market.submit(world.order(1, price="50"))
        await world.clock.advance(1)
        cancel, refused = world.account.cancel, list[OrderReference]()

        async def refuse_once(order: OrderReference) -> OrderReport:
            if not refused:
                refused.append(order)
                raise Rejected("Internal error: temporarily unavailable", endpoint="ws oc")
            return await cancel(order)

        world.account.cancel = refuse_once  # type: ignore[method-assign]  # an answer that the venue never gives
        world.market.cancel(cancel_of(world, 1))
        await world.clock.advance(5)
        assert refused
        assert not world.open_orders


async def test_i36_a_cancel_that_is_asked_for_again_cuts_no_wait_for_a_rate_limit() -> None:
    """D12: neither its own wait nor that of others."""
    async with traded_world() as world:
        for cid in range(1, 4):
            world.market.submit(world.order(cid, price="50"))
        await world.clock.advance(1)
        asked = list[OrderReference]()

        async def limit(order: OrderReference) -> OrderReport:
            asked.append(order)
            raise RateLimited("ratelimit: error", endpoint="ws oc", retry_after_s=60.0)

        world.account.cancel = limit  # type: ignore[method-assign]  # an exchange that wants to be left alone
        for cid in (1, 2, 3, 1, 1):
            world.market.cancel(cancel_of(world, cid))
            await world.clock.advance(1)
        assert len(asked) == 3


async def test_i36_cancels_that_wait_keep_no_order_from_leaving() -> None:
    """Orders in doubt are asked about until they are proven absent: that must not hold up a way out."""
    async with traded_world() as world:
        for cid in range(1, UNDERWAY_MAX + 1):
            world.market.submit(world.order(cid, price="50"))
        await world.clock.advance(1)

        async def refuse(order: OrderReference) -> OrderReport:
            raise Rejected(f"{order} was not found", endpoint="ws oc")

        world.account.cancel = refuse  # type: ignore[method-assign]  # rare at the venue
        for cid in range(1, UNDERWAY_MAX + 1):
            world.market.cancel(cancel_of(world, cid))
        await world.clock.advance(1)
        world.market.submit(world.order(999, price="50"))
        await world.clock.advance(1)
        assert [type(each) for each in world.evidence(999)] == [Accepted]


async def test_a22_an_order_whose_decision_waited_too_long_for_the_disk_does_not_leave() -> None:
    async with traded_world() as world:
        trade(world.venue, BTC, "100.25")
        world.market.request_quote(BTC, 1)
        world.market.wake_at(world.clock.now())
        await world.clock.advance(1)
        await world.clock.advance(5)
        world.market.submit(world.order(1, price="50"))
        await world.clock.advance(1)
        assert [type(each) for each in world.evidence(1)] == [NothingLeft]
        assert world.shell.submits == 0


def slow_down_ids(world: TradedWorld, seconds: float) -> list[Cid]:
    """Let the next ids take that long, as on a slow disk; return those that are taken from now on, as they come."""
    take = world.nonces.next_cid
    taken: list[Cid] = []

    async def slow() -> Cid:
        await world.clock.sleep(seconds)
        taken.append(await take())
        return taken[-1]

    world.nonces.next_cid = slow  # type: ignore[method-assign]  # its disk is slow
    return taken


async def test_a22_a_quote_whose_ids_waited_for_the_disk_is_of_after_the_wait_and_comes_after_what_happened() -> None:
    async with traded_world() as world:
        for symbol in (BTC, ETH):
            trade(world.venue, symbol, "100.25")
        await world.clock.advance(1)
        taken = slow_down_ids(world, 15)
        begun = len(world.events)
        world.market.request_quote(BTC, 2)
        world.market.request_quote(ETH, 1)
        world.market.wake_at(world.clock.now())
        await world.clock.advance(5)
        world.account.reconnect("the network was gone")
        await world.clock.advance(5)
        place(world.venue, BTC, Side.BUY, "0.2", "100.5")
        await world.clock.advance(40)
        quote, other = world.of(Quote)
        assert quote.bid == INSTRUMENTS[BTC].price(Decimal("100.5"))
        assert [*quote.cids, *other.cids] == taken
        since = world.events[begun:]
        before = since[: since.index(quote)]
        links = [each.link for each in before if isinstance(each, LinkState)]
        assert links == [Link.RECONNECT, Link.OPEN]
        assert any(isinstance(each, AccountShown) for each in before)
        assert quote.age_ms > 15_000


async def test_ids_that_were_taken_for_a_quote_that_cannot_be_had_are_thrown_away() -> None:
    async with traded_world() as world:
        trade(world.venue, BTC, "100.25")
        await world.clock.advance(1)
        taken = slow_down_ids(world, 3)
        world.market.request_quote(BTC, 1)
        world.market.wake_at(world.clock.now())
        place(world.venue, BTC, Side.BUY, "31", "200")  # nobody asks any more
        await world.clock.advance(5)
        assert (len(taken), world.of(Quote)) == (1, [])
        place(world.venue, BTC, Side.SELL, "1", "201")
        await world.clock.advance(10)
        assert [quote.cids for quote in world.of(Quote)] == [(taken[1],)]


async def test_i7_an_order_does_not_leave_when_the_connection_was_lost_since_it_was_decided() -> None:
    async with traded_world() as world:
        world.account.reconnect("a drill")
        await world.clock.advance(0)
        world.market.submit(world.order(1, price="50"))
        await world.clock.advance(0)
        assert [type(each) for each in world.evidence(1)] == [NothingLeft]


async def test_i7_orders_that_wait_for_others_do_not_leave_once_the_connection_was_lost() -> None:
    async with traded_world() as world:
        world.venue.faults.add(Rule("slow", Fault.DROP_ACK, "on", times=1000))
        for cid in range(1, 101):
            world.market.submit(world.order(cid, "0.001", price="50"))
        await world.clock.advance(1)
        left = world.shell.submits
        assert left < 100
        world.account.reconnect("lost")
        await world.clock.advance(30)
        assert world.shell.submits == left
        assert "auth/w/order/submit" not in world.shell.paths
        assert all(NothingLeft in map(type, world.evidence(cid)) for cid in range(left + 1, 101))


async def test_d1_a_lost_answer_is_told_and_the_account_stream_shows_the_order() -> None:
    async with traded_world() as world:
        world.venue.faults.add(Rule("lost", Fault.DROP_ACK, "on", times=1))
        world.market.submit(world.order(1, price="50"))
        await world.clock.advance(20)
        kinds = [type(each) for each in world.evidence(1)]
        assert set(kinds) <= {Accepted, AnswerLost}
        assert Accepted in kinds
        assert world.shell.submits == 1


async def test_i2_a_connection_lost_with_an_order_in_flight_leaves_it_to_the_next_look() -> None:
    async with traded_world() as world:
        world.venue.faults.add(Rule("cut", Fault.DISCONNECT, "n", times=1))
        world.venue.faults.add(Rule("drop", Fault.DROP, "n", times=1))
        world.market.submit(world.order(1, price="50"))
        await world.clock.advance(5)
        assert world.shell.submits == 1
        assert len(world.open_orders) == 1
        assert [order.cid for order in world.shown[-1].look.open_orders] == [1]


async def test_while_the_socket_is_down_orders_go_by_rest_and_looks_tell_of_them() -> None:
    async with traded_world() as world:
        connect = world.shell.connect
        world.shell.connect = refuse_connections  # type: ignore[method-assign]  # the host is gone
        world.account.reconnect("a drill")
        await world.clock.advance(20)
        assert not world.account.is_open
        last = [event for event in world.of(LinkState) if event.name == "account"][-1]
        assert (last.link, last.reason) == (Link.OPEN, "by REST, the socket is down")
        world.market.submit(world.order(1, "0.5"))
        world.market.submit(world.order(2, price="50"))
        await world.clock.advance(30)
        assert world.shell.paths.count("auth/w/order/submit") == 2
        assert world.shell.submits == 2
        assert {fill.cid for fill in world.shown[-1].look.fills} == {1}
        world.market.cancel(cancel_of(world, 2))
        await world.clock.advance(2)
        assert not world.open_orders
        world.shell.connect = connect  # type: ignore[method-assign]  # and back
        await world.clock.advance(60)
        links = [event.link for event in world.of(LinkState) if event.name == "account"]
        assert links == [Link.OPEN, Link.RECONNECT, Link.OPEN, Link.RECONNECT, Link.OPEN]
        assert isinstance(world.events[-1], AccountShown)


async def refuse_connections(url: str) -> Socket:
    raise Unreachable("a drill", endpoint=url)


async def test_d15_in_maintenance_nothing_leaves_and_cancels_follow_its_end() -> None:
    async with traded_world() as world:
        world.market.submit(world.order(1, price="50"))
        await world.clock.advance(1)
        maintain(world, on=True)
        await world.clock.advance(1)
        world.market.submit(world.order(2, price="50"))
        world.market.cancel(cancel_of(world, 1))
        await world.clock.advance(30)
        assert [type(each) for each in world.evidence(2)] == [NothingLeft]
        assert (world.shell.submits, len(world.open_orders)) == (1, 1)
        maintain(world, on=False)
        await world.clock.advance(5)
        assert not world.open_orders
        assert len(world.shown) == 2


async def test_d15_what_is_missed_in_maintenance_neither_brings_the_account_back_nor_asks_for_it() -> None:
    async with traded_world() as world:
        world.market.submit(world.order(1, price="100"))
        await world.clock.advance(1)
        maintain(world, on=True)
        await world.clock.advance(1)
        asked, heard = len(world.shell.paths), len(world.of(LinkState))
        world.venue.faults.add(Rule("gap", Fault.GAP, "te", times=1))
        place(world.venue, BTC, Side.SELL, "2", "100")
        await world.clock.advance(20)
        assert world.venue.faults.log
        assert {each.link for each in world.of(LinkState)[heard:]} == {Link.MAINTENANCE}
        assert "auth/r/orders" not in world.shell.paths[asked:]
        maintain(world, on=False)
        await world.clock.advance(5)
        assert world.shown[-1].look.fills


def maintain(world: TradedWorld, *, on: bool) -> None:
    body = b'{"on": true}' if on else b'{"on": false}'
    world.venue.request("/sim/maintenance", Request("POST", "", {}, {}, body, "", 0))


async def test_i5_an_order_that_never_arrived_is_proven_absent_late_and_twice() -> None:
    async with traded_world() as world:
        world.venue.faults.add(Rule("void", Fault.DROP_ACK, "on", times=1))
        swallow_orders(world)
        world.market.submit(world.order(1, price="50"))
        sent = world.clock.now()
        await world.clock.advance(11)
        assert [type(each) for each in world.evidence(1)] == [AnswerLost]
        world.market.look_up(LookUp(BTC, Cid(1), sent))
        await world.clock.advance(60)
        assert [type(each) for each in world.evidence(1)] == [AnswerLost]
        while len(world.evidence(1)) < 2:
            await world.clock.advance(1)
        assert [type(each) for each in world.evidence(1)] == [AnswerLost, ProvenAbsent]
        proven = world.clock.now()
        await world.clock.advance(2)  # what the doubt hid is looked at now, and not with the next minute
        assert world.shown[-1].mts >= proven - 1_000


async def test_i5_an_order_in_doubt_of_an_earlier_session_keeps_no_newer_one_in_doubt() -> None:
    """D9: only a person can settle the old one, and its answer comes over no socket of today."""
    old = OrderRequest(Cid(999), BTC, Side.BUY, OrderType.MARKET, atoms("1"), Mts(START - 20 * 86_400_000))
    lost = advance(advance(OrderLife(old), SendBegan()), AnswerLost("lost long ago"))
    async with traded_world(known=[lost]) as world:
        world.market.look_up(LookUp(BTC, old.cid, old.mts))
        world.venue.faults.add(Rule("void", Fault.DROP_ACK, "on", times=1))
        swallow_orders(world)
        world.market.submit(world.order(1, price="50"))
        sent = world.clock.now()
        await world.clock.advance(11)
        world.market.look_up(LookUp(BTC, Cid(1), sent))
        await world.clock.advance(120)
        assert [type(each) for each in world.evidence(1)] == [AnswerLost, ProvenAbsent]
        assert not world.evidence(999)


async def lose_and_find(world: TradedWorld, order: Approved) -> None:
    """Lose *order* on its way, and let the first search find what cannot be read under its id, a purchase at 50."""
    world.market.submit(world.order(2, price="50"))
    await world.clock.advance(1)
    world.venue.faults.add(Rule("void", Fault.DROP_ACK, "on", times=1))
    swallow_orders(world)
    world.market.submit(order)
    sent = world.clock.now()
    await world.clock.advance(11)
    show_unreadable(world, order.order.cid)
    world.market.look_up(LookUp(BTC, order.order.cid, sent))
    await world.clock.advance(300)


async def test_i5_an_order_that_was_found_once_is_not_absent_even_where_what_was_found_cannot_be_read() -> None:
    async with traded_world() as world:
        await lose_and_find(world, world.order(1, price="50"))
        assert [type(each) for each in world.evidence(1)] == [AnswerLost]


def show_unreadable(world: TradedWorld, cid: int) -> None:
    """Let the next list of open orders have them under *cid*, filled by what has too many decimals."""
    ask = world.shell.request

    async def once_otherwise(request: HttpRequest) -> HttpAnswer:
        answer = await ask(request)
        if "auth/r/orders" not in request.url or not (rows := json.loads(answer.body)):
            return answer
        world.shell.request = ask  # type: ignore[method-assign]
        for row in rows:
            row[0], row[2], row[6] = row[0] + 1_000, cid, 0.123456789
        return evolve(answer, body=json.dumps(rows).encode())

    world.shell.request = once_otherwise  # type: ignore[method-assign]  # a hostile wire


async def test_i5_what_somebody_else_has_under_our_id_keeps_no_order_in_doubt() -> None:
    async with traded_world() as world:
        await lose_and_find(world, world.order(1, price="50", side=Side.SELL))
        assert [type(each) for each in world.evidence(1)] == [AnswerLost, ProvenAbsent]


async def test_i5_an_order_that_was_seen_to_rest_and_is_on_no_list_is_not_absent() -> None:
    async with traded_world() as world:
        world.market.submit(world.order(1, price="50"))
        await world.clock.advance(1)
        hide_orders(world)
        world.market.look_up(LookUp(BTC, Cid(1), world.clock.now()))
        await world.clock.advance(300)
        assert [type(each) for each in world.evidence(1)] == [Accepted]


def hide_orders(world: TradedWorld) -> None:
    """Let no list of orders show any."""
    ask = world.shell.request

    async def without_orders(request: HttpRequest) -> HttpAnswer:
        answer = await ask(request)
        return evolve(answer, body=b"[]") if "auth/r/orders" in request.url else answer

    world.shell.request = without_orders  # type: ignore[method-assign]  # an exchange that forgot


async def test_i35_orders_that_are_searched_together_ask_for_the_platform_s_status_together() -> None:
    async with traded_world() as world:
        world.venue.faults.add(Rule("void", Fault.DROP_ACK, "on", times=5))
        swallow_orders(world)
        take_time(world)
        sent = world.clock.now()
        for cid in range(1, 6):
            world.market.submit(world.order(cid, price="50"))
        await world.clock.advance(11)
        asked = world.shell.paths.count("platform/status")
        for cid in range(1, 6):
            world.market.look_up(LookUp(BTC, Cid(cid), sent))
        await world.clock.advance(0.5)
        assert world.shell.paths.count("platform/status") - asked == 2
        await world.clock.advance(120)
        assert [[type(each) for each in world.evidence(cid)][-1] for cid in range(1, 6)] == [ProvenAbsent] * 5


def take_time(world: TradedWorld) -> None:
    """Let each request over REST take a while."""
    ask = world.shell.request

    async def slowly(request: HttpRequest) -> HttpAnswer:
        await world.clock.sleep(0.05)
        return await ask(request)

    world.shell.request = slowly  # type: ignore[method-assign]  # a slow wire


def swallow_orders(world: TradedWorld) -> None:
    """Let new orders vanish on their way, as if the socket had been half open."""
    receive = world.venue.receive

    def without_orders(connection: ConnectionId, text: str, at_ms: int) -> None:
        if '"on"' not in text:
            receive(connection, text, at_ms)

    world.venue.receive = without_orders  # type: ignore[method-assign]  # a lossy wire


async def test_d24_a_fill_that_the_stream_dropped_is_shown_within_a_minute() -> None:
    async with traded_world() as world:
        for kind in ("te", "tu", "oc", "wu"):
            world.venue.faults.add(Rule(kind, Fault.DROP, kind))
        world.market.submit(world.order(1, "0.5"))
        await world.clock.advance(61)
        assert {fill.cid for fill in world.shown[-1].look.fills} == {1}
        assert [order.cid for order in world.shown[-1].look.history] == [1]


async def test_i18_a_fill_is_looked_at_within_half_a_minute_and_many_are_looked_at_together() -> None:
    """The exchange rounds what a fill costs its way: our cash is that of the exchange after a look."""
    async with traded_world() as world:
        await world.clock.advance(20)
        first = world.clock.now()
        for cid in range(1, 5):
            world.market.submit(world.order(cid, "0.5"))
            await world.clock.advance(5)
        await world.clock.advance(60)
        looks = [each.mts - first for each in world.shown[1:]]
        assert looks == [pytest.approx(30_000, abs=1_000), pytest.approx(45_000, abs=1_000)]
        assert [{fill.cid for fill in each.look.fills} for each in world.shown[1:]] == [{1, 2, 3, 4}] * 2


async def test_i18_a_fill_that_a_look_may_have_come_too_early_for_is_looked_at_again() -> None:
    """Lists may come late."""
    async with traded_world() as world:
        await world.clock.advance(57.5)
        filled = world.clock.now()
        world.market.submit(world.order(1, "0.5"))
        await world.clock.advance(80)
        looks = [each.mts - filled for each in world.shown[1:]]
        assert looks == [pytest.approx(1_000, abs=1_000), pytest.approx(30_000, abs=1_000)]


async def test_a_fill_asks_for_no_look_in_a_market_that_has_none() -> None:
    async with traded_world(MarketRules(CandleTime(), LookRules(at_start=False, every_s=None))) as world:
        world.market.submit(world.order(1, "0.5"))
        await world.clock.advance(120)
        assert any(isinstance(each, Traded) for each in world.evidence(1))
        assert world.shown == []


async def test_a_quiet_minute_is_looked_at_once_and_one_in_which_anything_moved_twice() -> None:
    """Lists that are those of the last look prove that nothing moved; a stranger's order is a movement like ours."""
    async with traded_world() as world:

        async def readings_of_a_minute() -> int:
            before, shown = world.shell.paths.count("auth/r/wallets"), len(world.shown)
            await world.clock.advance(60)
            assert len(world.shown) == shown + 1
            return world.shell.paths.count("auth/r/wallets") - before

        assert await readings_of_a_minute() == 1
        place(world.venue, BTC, Side.BUY, "0.5", "90", world.user)
        assert await readings_of_a_minute() == 2
        assert [order.id for order in world.shown[-1].look.open_orders] == [world.open_orders[0].id]
        world.market.submit(world.order(1, "0.5"))
        assert await readings_of_a_minute() == 2
        assert await readings_of_a_minute() == 1


def selling(world: TradedWorld, cid: int, kind: OrderType) -> OrderRequest:
    """Return a sale of one unit, yet without its prices."""
    return OrderRequest(Cid(cid), BTC, Side.SELL, kind, atoms("1"), world.clock.now())


def price_of(value: int) -> Price:
    return INSTRUMENTS[BTC].price(value)


def pair_of(world: TradedWorld, stop: int) -> Approved:
    """Return a sale at 103 that a stop below the market belongs to."""
    return approved(evolve(selling(world, 1, OrderType.LIMIT), price=price_of(103), oco_stop=price_of(stop)))


def life_of(world: TradedWorld, order: Approved) -> OrderLife:
    """Return the life that the evidence makes: every step of it is possible, and nothing contradicts."""
    life = advance(OrderLife(order.order), SendBegan())
    for each in world.evidence(order.order.cid):
        life = advance(life, each)
    return life


async def test_at_a_fill_that_cannot_be_read_the_market_goes_on_and_a_look_shows_it_before_anything_is_decided() -> (
    None
):
    coarse = {symbol: evolve(each, price_decimals=1) for symbol, each in INSTRUMENTS.items()}
    async with traded_world(instruments=coarse) as world:
        trade(world.venue, BTC, "100.25")
        place(world.venue, BTC, Side.SELL, "1", "100.75")
        await world.clock.advance(1)
        begun = len(world.events)
        world.market.submit(world.order(1))
        await world.clock.advance(5)
        since = world.events[begun:]
        links = [each for each in since if isinstance(each, LinkState)]
        (shown,) = (each for each in since if isinstance(each, AccountShown))
        assert [each.link for each in links] == [Link.RECONNECT, Link.OPEN] * 2  # the match, and its fee
        assert "100.75 has more than 1 decimals" in links[0].reason
        assert since.index(links[-1]) < since.index(shown)
        assert [fill.price for fill in shown.look.fills] == [Decimal("100.75")]
        world.market.look_up(LookUp(BTC, Cid(1), world.clock.now()))
        await world.clock.advance(120)
        assert len(world.shown) > 2
        assert not world.running.done()
        assert Closed in map(type, world.evidence(1))
        assert Traded not in map(type, world.evidence(1))


@pytest.mark.parametrize("by_rest", [False, True], ids=["socket", "rest"])
@pytest.mark.parametrize("price", [99, 103], ids=["stop", "limit"])
async def test_a_pair_is_one_order_whichever_half_is_filled(price: int, by_rest: bool) -> None:
    async with traded_world() as world:
        if by_rest:
            world.shell.connect = refuse_connections  # type: ignore[method-assign]  # the host is gone
            world.account.reconnect("a drill")
            await world.clock.advance(20)
        order = pair_of(world, 99)
        world.market.submit(order)
        await world.clock.advance(2)
        assert len(world.open_orders) == 2
        place(world.venue, BTC, Side.BUY, "4", "103") if price == 103 else trade_down(world, "98")
        await world.clock.advance(30)
        assert not world.open_orders
        if by_rest:
            look = world.shown[-1].look
            assert not look.open_orders
            assert [type(each) for each in world.evidence(1)] == [Accepted]
            assert [(one.cid, one.amount_filled) for one in look.history] == [(Cid(1), Decimal(1))]
            assert {fill.order_id for fill in look.fills} == {look.history[0].id}
            return
        assert not [each for each in world.evidence(1) if isinstance(each, AnswerLost)]
        life = life_of(world, order)
        assert (life.status, life.filled_unbooked, life.contradiction) == (Status.FILLED, 0, "")


def trade_down(world: TradedWorld, price: str) -> None:
    """Let the last price fall: somebody sells into the bids until there."""
    place(world.venue, BTC, Side.SELL, "2", price)


async def test_a_pair_is_cancelled_as_one() -> None:
    async with traded_world() as world:
        order = pair_of(world, 90)
        world.market.submit(order)
        await world.clock.advance(1)
        world.market.cancel(cancel_of(world, 1))
        await world.clock.advance(1)
        assert not world.open_orders
        assert life_of(world, order).status is Status.CANCELED


async def test_a_take_profit_that_is_met_in_part_has_lost_its_stop_and_its_rest_can_be_cancelled() -> None:
    async with traded_world() as world:
        order = pair_of(world, 99)
        world.market.submit(order)
        await world.clock.advance(1)
        place(world.venue, BTC, Side.BUY, "3.4", "103")  # three are offered before it
        await world.clock.advance(5)
        (rest,) = world.open_orders
        assert rest.type is OrderType.LIMIT
        life = life_of(world, order)
        assert (life.status, life.filled, has_lost_its_stop(life)) == (Status.PARTIAL, atoms("0.4"), True)
        world.market.cancel(cancel_of(world, 1))
        await world.clock.advance(1)
        assert not world.open_orders
        life = life_of(world, order)
        assert (life.status, life.filled, has_lost_its_stop(life)) == (Status.CANCELED, atoms("0.4"), False)


async def test_stops_trails_and_post_only_work_at_the_exchange() -> None:
    async with traded_world() as world:
        stop = approved(evolve(selling(world, 1, OrderType.STOP), stop_price=price_of(99)))
        trail = approved(evolve(selling(world, 2, OrderType.TRAILING_STOP), trail=price_of(1)))
        maker = approved(evolve(world.order(3, price="101").order, post_only=True))
        for order in (stop, trail, maker):
            world.market.submit(order)
        await world.clock.advance(1)
        assert life_of(world, maker).status is Status.CANCELED
        assert [life_of(world, order).status for order in (stop, trail)] == [Status.WORKING, Status.WORKING]
        trade_down(world, "98")
        await world.clock.advance(1)
        assert [life_of(world, order).status for order in (stop, trail)] == [Status.FILLED, Status.FILLED]


async def test_d7_an_order_of_others_on_what_nobody_trades_here_is_heard_and_shown() -> None:
    venue, xrp = quiet_venue(), Symbol("tXRPUSD")
    venue.list_instrument(spot_instrument(xrp, atoms("0.0001")))
    async with traded_world(venue=venue) as world:
        place(venue, xrp, Side.BUY, "100", "0.5", world.user)
        await world.clock.advance(65)
        assert not world.running.done()
        shown = world.shown[-1]
        assert [(each.symbol, each.amount_remaining) for each in shown.look.open_orders] == [(xrp, Decimal(100))]
        core = one_desk(DeskSettings(INSTRUMENTS[BTC], close), atoms(1_000), needs_account=True)
        alerts = [each.text for each in core.handle(shown) if isinstance(each, Alert)]
        order_id = shown.look.open_orders[0].id
        counted = "it counts as 50 USD of exposure, and may take 50 USD"
        assert alerts == [f"order {order_id} tXRPUSD: buy 100 is not ours; {counted}"]

"""The contract of `MarketStream` and of the account's stream, in memory and over real sockets on 127.0.0.1."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date

import pytest

from genesis.adapters.bitfinex.session import SessionRules
from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.bitfinex.streams import PublicStreams
from genesis.adapters.bitfinex.streams_account import AccountStream, SocketKey
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.nonces import MemoryNonces
from genesis.domain.account_events import AccountEvent, FillNews, News, Notice, OrderNews, SnapshotsComplete
from genesis.domain.book import BookTop, PriceBook
from genesis.domain.channel import BookChannel, Channel, TickerChannel, TradesChannel
from genesis.domain.exchange.market import Ticker
from genesis.domain.exchange.orders import Account, ByCid, ById, CancelMany, Everything, OrderAck, OrderChange
from genesis.domain.instrument import Instrument
from genesis.domain.link import Link, LinkState
from genesis.domain.market import Gap, GapReason, MarketEvent, PrintedTrade
from genesis.domain.order import Cid, OrderId, OrderRequest, OrderType, Side
from genesis.domain.resilience import Backoff
from genesis.domain.risk.gate import Approved
from genesis.domain.units import Atoms, Currency, Mts, Price, Symbol
from genesis.ports.errors import (
    AuthRefused,
    KeyContended,
    Maintenance,
    OutcomeUnknown,
    Rejected,
    Unreachable,
)
from genesis.ports.exchange import OrderGateway
from genesis.ports.secrets import Secret
from genesis.ports.streams import AccountStream as AccountPort
from genesis.ports.streams import MarketStream
from tests.fakes.rest import approved, approved_change
from tests.fakes.socket_exchange import FakePeer
from tests.fakes.socket_server import World, loopback, memory

BTC = Symbol("tBTCUSD")
BOOK, TICKER, TRADES = BookChannel(BTC), TickerChannel(BTC), TradesChannel(BTC)
RULES = SessionRules(backoff=Backoff(base_s=0.001, max_s=0.002), tick_s=0.01)
INSTRUMENT = Instrument(BTC, Currency("BTC"), Currency("USD"), Atoms(1000), price_decimals=5)
ORDER_ROW = (
    '[{id},null,{cid},"tBTCUSD",1700000000123,1700000000123,{amount},{amount},"EXCHANGE LIMIT",null,null,null,0,'
    '"{status}",null,null,{price},0,0,0,null,null,null,0,0,null,null,null,"API>BFX",null,null,{{}}]'
)


@pytest.fixture(params=["memory", "loopback"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with memory() if request.param == "memory" else loopback() as world:
        yield world


@asynccontextmanager
async def public(world: World, **options: float) -> AsyncIterator[PublicStreams]:
    streams = PublicStreams(
        world.connector,
        SystemClock(),
        MemoryMetrics(),
        url=world.url,
        session_rules=RULES,
        **options,  # type: ignore[arg-type]  # a test's options
    )
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(streams.run())
        yield streams
        running.cancel()


def as_ports(public: PublicStreams, own: AccountStream) -> tuple[MarketStream, AccountPort, OrderGateway]:
    """Both are what their ports say; mypy looks."""
    return public, own, own


async def until(streams: PublicStreams, channel: Channel, kind: type) -> MarketEvent:
    while True:
        item = await streams.next()
        if not isinstance(item, LinkState) and item[0] == channel and isinstance(item[1], kind):
            return item[1]


async def until_link(streams: PublicStreams | AccountStream, link: Link) -> LinkState:
    while True:
        item = await streams.next()
        if isinstance(item, LinkState) and item.link is link:
            return item


async def test_a_subscription_returns_when_taken_and_its_data_flows(world: World) -> None:
    async with public(world) as streams:
        await streams.subscribe(TICKER)
        await streams.subscribe(TICKER)
        assert len(world.exchange.peer().channels) == 1
        assert isinstance(await until(streams, TICKER, Ticker), Ticker)


async def test_a_refused_subscription_raises_code_and_text(world: World) -> None:
    world.exchange.refused["tNOPE:USD"] = (10300, "symbol: invalid")
    async with public(world) as streams:
        with pytest.raises(Rejected, match="symbol: invalid") as caught:
            await streams.subscribe(TickerChannel(Symbol("tNOPE:USD")))
        assert caught.value.code == 10300
        await streams.subscribe(TICKER)


async def test_a_subscription_without_an_answer_fails_at_its_deadline(world: World) -> None:
    world.exchange.unanswered.add(BTC)
    async with public(world, subscribe_s=0.2) as streams:
        with pytest.raises(OutcomeUnknown, match=r"no answer within 0\.2 s"):
            await streams.subscribe(TICKER)
        world.exchange.unanswered.clear()
        await streams.subscribe(TICKER)


async def test_two_who_wait_for_one_subscription_hear_the_same(world: World) -> None:
    world.exchange.unanswered.add(BTC)
    async with public(world) as streams:
        waiting = [asyncio.ensure_future(streams.subscribe(TICKER)) for _ in range(2)]
        await asyncio.sleep(0)
        await streams.unsubscribe(TICKER)
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [OutcomeUnknown, OutcomeUnknown]
        world.exchange.unanswered.clear()
        await asyncio.gather(*(streams.subscribe(TICKER) for _ in range(2)))
        assert len(world.exchange.peer().channels) == 1


async def test_a_cancelled_subscription_is_no_subscription(world: World) -> None:
    world.exchange.unanswered.add(BTC)
    async with public(world) as streams:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await streams.subscribe(BOOK)
        with pytest.raises(KeyError):
            streams.book(BOOK)


async def test_unsubscribing_returns_when_the_exchange_agrees(world: World) -> None:
    async with public(world) as streams:
        await streams.subscribe(TICKER)
        await streams.subscribe(TRADES)
        await streams.unsubscribe(TICKER)
        await streams.unsubscribe(TICKER)
        assert [asked["channel"] for asked in world.exchange.peer().channels.values()] == ["trades"]


async def test_a_book_is_kept_current_and_its_top_is_told(world: World) -> None:
    async with public(world) as streams:
        await streams.subscribe(BOOK)
        assert await until(streams, BOOK, BookTop) == BookTop(100.5, 1.25, 101.0, 0.75)
        peer = world.exchange.peer()
        peer.data(peer.channel(channel="book"), "[100.75,1,0.4]")
        assert await until(streams, BOOK, BookTop) == BookTop(100.75, 0.4, 101.0, 0.75)
        assert not streams.book(BOOK).is_stale


async def test_many_channels_spread_over_connections(world: World) -> None:
    channels = [TickerChannel(Symbol(f"tX{i:02d}USD")) for i in range(60)]
    async with public(world) as streams:
        await asyncio.gather(*(streams.subscribe(channel) for channel in channels))
        assert [len(peer.channels) for peer in world.exchange.peers] == [25, 25, 10]


async def test_d28_a_connection_that_is_full_early_sends_the_channel_elsewhere(world: World) -> None:
    world.exchange.channels_max = 2
    async with public(world) as streams:
        for channel in (TICKER, TRADES, BOOK):
            await streams.subscribe(channel)
        assert sorted(len(peer.channels) for peer in world.exchange.peers) == [1, 2]


@pytest.mark.parametrize("code", [1000, 1006, 1011])
async def test_a_lost_connection_is_replaced_with_all_its_channels(world: World, code: int) -> None:
    async with public(world) as streams:
        for channel in (BOOK, TRADES):
            await streams.subscribe(channel)
        book = streams.book(BOOK)
        world.exchange.peer().drop(code)
        await until_link(streams, Link.RECONNECT)
        gap = await until(streams, BOOK, Gap)
        assert gap == Gap(GapReason.LINK, 0)
        await until_link(streams, Link.OPEN)
        await until(streams, TRADES, PrintedTrade)
        while streams.book(BOOK).is_stale:
            await streams.next()
        assert streams.book(BOOK) is book
        assert len(world.exchange.peers) == 2


async def test_d14_a_restart_is_followed_by_a_new_connection(world: World) -> None:
    async with public(world) as streams:
        await streams.subscribe(TICKER)
        world.exchange.peer().event(event="info", code=20051, msg="Stopping. Please try to reconnect")
        assert "20051" in (await until_link(streams, Link.RECONNECT)).reason
        await until_link(streams, Link.OPEN)
        await until(streams, TICKER, Ticker)


async def test_d15_maintenance_is_told_and_so_is_its_end(world: World) -> None:
    async with public(world) as streams:
        await streams.subscribe(BOOK)
        world.exchange.peer().event(event="info", code=20060, msg="maintenance")
        await until_link(streams, Link.MAINTENANCE)
        assert streams.book(BOOK).is_stale
        world.exchange.peer().event(event="info", code=20061, msg="resumed")
        await until_link(streams, Link.OPEN)
        assert (await until(streams, BOOK, Gap)) == Gap(GapReason.LINK, 0)
        while streams.book(BOOK).is_stale:  # noqa: ASYNC110  # the fake exchange has no event to wait for
            await asyncio.sleep(0)
        assert len(world.exchange.peers) == 1


async def test_a_slow_consumer_gets_the_newest_and_a_gap_and_never_slows_the_reading(world: World) -> None:
    async with public(world, items_max=10) as streams:
        await streams.subscribe(TRADES)
        await streams.subscribe(BOOK)
        peer = world.exchange.peer()
        for i in range(1000):
            peer.data(peer.channel(channel="trades"), f'"te",[{i},1700000000000,1,100]')
            peer.data(peer.channel(channel="book"), f"[100.5,1,{i + 1}]")
        book = streams.book(BOOK)
        assert isinstance(book, PriceBook)
        while book.top.bid_amount != 1000.0:  # noqa: ASYNC110  # the fake exchange has no event to wait for
            await asyncio.sleep(0)
        gap = await until(streams, TRADES, Gap)
        assert isinstance(gap, Gap)
        assert gap.reason is GapReason.SLOW_CONSUMER
        assert gap.missed >= 990
        seen = [await until(streams, TRADES, PrintedTrade) for _ in range(5)]
        assert all(isinstance(event, PrintedTrade) and event.trade.id >= 990 for event in seen)


async def test_garbage_bad_text_and_oversize_do_not_stop_the_stream(world: World) -> None:
    async with public(world) as streams:
        await streams.subscribe(TICKER)
        peer = world.exchange.peer()
        for text in ("garbage", "[1,", '{"event":"x"}', "[" * 10_000, "[NaN]"):
            peer.wire.deliver(text)
        peer.data(peer.channel(channel="ticker"), "[1,2,3,4,5,6,7,8,9,10]")
        while Ticker(*(await until(streams, TICKER, Ticker))).bid != 1.0:
            pass
        assert len(streams.ring.frames) == 5


# --- the account
# ---------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def account(world: World, secret: str = "demo-secret", answer_s: float = 5.0) -> AsyncIterator[AccountStream]:
    clock = SystemClock()
    key = SocketKey(Signer(Secret("K"), Secret(secret)), MemoryNonces(clock))
    stream = AccountStream(
        key,
        world.connector,
        clock,
        MemoryMetrics(),
        {BTC: INSTRUMENT},
        Account.EXCHANGE,
        url=world.url,
        session_rules=RULES,
        answer_s=answer_s,
    )
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(stream.run())
        await until_event(stream, SnapshotsComplete)
        yield stream
        running.cancel()


async def until_event(stream: AccountStream, kind: type) -> AccountEvent:
    while True:
        event = await stream.next()
        if isinstance(event, kind):
            return event


def order(cid: int = 77) -> Approved:
    return approved(
        OrderRequest(Cid(cid), BTC, Side.BUY, OrderType.LIMIT, Atoms(50_000_000), Mts(1), price=Price(10_000_000))
    )


def row(cid: int = 77, id_: int = 12, amount: str = "0.5", status: str = "ACTIVE", price: str = "100") -> str:
    return ORDER_ROW.format(id=id_, cid=cid, amount=amount, status=status, price=price)


def notify(peer: FakePeer, kind: str, data: str, status: str = "SUCCESS", text: str = "done") -> None:
    peer.data(0, f'"n",[1700000000123,"{kind}",null,null,{data},null,"{status}","{text}"]')


def agree(peer: FakePeer, kind: str, data: object) -> None:
    """Answer as the exchange does when all is well."""
    match kind, data:
        case "on", {"cid": int(cid)}:
            notify(peer, "on-req", row(cid))
            peer.data(0, f'"on",{row(cid)}')
        case "ou", {"id": int(id_)}:
            notify(peer, "ou-req", row(id_=id_, price="101"))
        case "oc", {"id": int(id_)}:
            notify(peer, "oc-req", row(id_=id_))
        case "oc", {"cid": int(cid)}:
            notify(peer, "oc-req", row(cid))
        case "oc_multi", _:
            notify(peer, "oc_multi-req", f"[{row(1, 1)},{row(2, 2)}]")
        case "ox_multi", list(operations):
            for inner, body in operations:
                agree(peer, inner, body)


async def test_the_account_opens_with_snapshots(world: World) -> None:
    async with account(world) as stream:
        assert stream.is_open
        (asked,) = [asked for asked in world.exchange.peer().asked if asked["event"] == "auth"]
        assert asked["authPayload"] == f"AUTH{asked['authNonce']}"


async def test_an_order_is_sent_once_and_its_echo_returned(world: World) -> None:
    world.exchange.answer = agree
    async with account(world) as stream:
        ack = await stream.submit(order())
        assert (ack.order.id, ack.order.cid, ack.text, ack.differences) == (12, 77, "done", ())
        assert world.exchange.inputs == [
            ("on", {"type": "EXCHANGE LIMIT", "symbol": BTC, "amount": "0.5", "price": "100", "cid": 77})
        ]
        notice = await until_event(stream, Notice)
        news = await until_event(stream, OrderNews)
        assert isinstance(notice, Notice)
        assert isinstance(news, OrderNews)
        assert news.news is News.NEW


async def test_changes_and_cancellations_are_answered_by_id_and_cid(world: World) -> None:
    world.exchange.answer = agree
    async with account(world) as stream:
        change = OrderChange(OrderId(12), BTC, Side.BUY, price=Price(10_200_000))
        placed = (await stream.submit(order())).order
        ack = await stream.update(approved_change(change, placed))
        assert ack.differences == ("price was 102, accepted 101",)
        assert (await stream.cancel(ById(OrderId(12)))).id == 12
        assert (await stream.cancel(ByCid(Cid(77), date(2023, 11, 14)))).cid == 77
        assert [o.id for o in await stream.cancel_many(Everything())] == [1, 2]
        assert len(await stream.cancel_many(CancelMany((ById(OrderId(1)), ById(OrderId(2)))))) == 2
        assert [kind for kind, _ in world.exchange.inputs] == ["on", "ou", "oc", "oc", "oc_multi", "oc_multi"]
        assert world.exchange.inputs[4][1] == {"all": 1}


async def test_d33_operations_together_have_an_outcome_each(world: World) -> None:
    def answer(peer: FakePeer, _kind: str, operations: list[tuple[str, dict[str, int]]]) -> None:
        agree(peer, *operations[0])
        refused = row(78).replace("[12,", "[null,", 1)
        notify(peer, "on-req", refused, "ERROR", "Invalid order: not enough exchange balance for 0.5 BTCUSD at 100")

    world.exchange.answer = answer
    async with account(world, answer_s=0.3) as stream:
        outcomes = await stream.execute([order(77), order(78), order(79)])
        assert isinstance(outcomes[0], OrderAck)
        assert isinstance(outcomes[1], Rejected)
        assert isinstance(outcomes[2], OutcomeUnknown)
        assert len(world.exchange.inputs) == 1


async def test_d17_a_refused_order_is_rejected_with_the_exchange_s_words(world: World) -> None:
    refused = row().replace("[12,", "[null,", 1)
    world.exchange.answer = lambda peer, _k, _d: notify(peer, "on-req", refused, "ERROR", "amount: invalid")
    async with account(world) as stream:
        with pytest.raises(Rejected, match="amount: invalid"):
            await stream.submit(order())


async def test_a_refused_cancellation_without_an_id_is_matched_while_it_is_the_only_one(world: World) -> None:
    world.exchange.answer = lambda peer, _k, _d: notify(peer, "oc-req", "null", "ERROR", "Order not found.")
    async with account(world, answer_s=0.3) as stream:
        with pytest.raises(Rejected, match="Order not found"):
            await stream.cancel(ById(OrderId(5)))
        world.exchange.answer = lambda peer, _k, data: (
            notify(peer, "oc-req", "null", "ERROR", "Order not found.") if data["id"] == 6 else None
        )
        outcomes = await asyncio.gather(
            stream.cancel(ById(OrderId(5))), stream.cancel(ById(OrderId(6))), return_exceptions=True
        )
        assert [type(outcome) for outcome in outcomes] == [
            OutcomeUnknown,
            OutcomeUnknown,
        ], "which one it was, nobody can say"


async def test_d1_an_order_without_an_answer_is_unknown_and_never_sent_again(world: World) -> None:
    async with account(world, answer_s=0.2) as stream:
        with pytest.raises(OutcomeUnknown, match="no notification in time"):
            await stream.submit(order())
        assert len(world.exchange.inputs) == 1


async def test_d14_a_connection_lost_before_the_answer_leaves_the_order_unknown(world: World) -> None:
    world.exchange.answer = lambda peer, _k, _d: peer.drop()
    async with account(world) as stream:
        with pytest.raises(OutcomeUnknown):
            await stream.submit(order())
        await until_link(stream, Link.RECONNECT)
        await until_event(stream, SnapshotsComplete)
        assert len(world.exchange.inputs) == 1
        assert stream.is_open


async def test_c19_the_echo_of_another_order_proves_nothing(world: World) -> None:
    world.exchange.answer = lambda peer, _k, data: notify(peer, "on-req", row(data["cid"], amount="-0.5"))
    async with account(world) as stream:
        with pytest.raises(OutcomeUnknown, match="another order's"):
            await stream.submit(order())


async def test_d15_in_maintenance_nothing_is_sent(world: World) -> None:
    async with account(world) as stream:
        world.exchange.peer().event(event="info", code=20060, msg="maintenance")
        await until_link(stream, Link.MAINTENANCE)
        with pytest.raises(Maintenance):
            await stream.submit(order())
        with pytest.raises(Maintenance):
            await stream.cancel(ById(OrderId(1)))
        assert world.exchange.inputs == []
        world.exchange.peer().event(event="info", code=20061, msg="resumed")
        await until_event(stream, SnapshotsComplete)
        assert stream.is_open


async def test_without_a_connection_nothing_is_sent(world: World) -> None:
    stream = AccountStream(
        SocketKey(Signer(Secret("K"), Secret("s")), MemoryNonces(SystemClock())),
        world.connector,
        SystemClock(),
        MemoryMetrics(),
        {BTC: INSTRUMENT},
        Account.EXCHANGE,
    )
    with pytest.raises(Unreachable, match="nothing was sent"):
        await stream.submit(order())


async def test_d11_a_refused_key_ends_the_stream_and_is_not_tried_again(world: World) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        async with account(world, secret="wrong"):
            raise AssertionError("it must not open")
    assert isinstance(caught.value.exceptions[0], AuthRefused)
    assert len(world.exchange.peers) == 1


async def test_d10_one_stale_nonce_is_followed_by_the_next_and_two_say_that_someone_else_signs(world: World) -> None:
    failures = [(10114, "nonce: small")]
    real = world.exchange.on_auth

    def once(peer: FakePeer, asked: dict[str, object]) -> None:
        world.exchange.auth_failure = failures.pop() if failures else None
        real(peer, asked)

    world.exchange.on_auth = once  # type: ignore[method-assign]  # the fake is told how to misbehave
    async with account(world) as stream:
        assert stream.is_open
        assert len(world.exchange.peers) == 2
    failures.extend([(10114, "nonce: small")] * 5)
    with pytest.raises(ExceptionGroup) as caught:
        async with account(world):
            raise AssertionError("it must not open")
    assert isinstance(caught.value.exceptions[0], KeyContended)
    assert len(failures) == 3


async def test_d3_frames_of_a_filled_order_come_in_any_order(world: World) -> None:
    async with account(world) as stream:
        peer = world.exchange.peer()
        trade = '[800001,"tBTCUSD",1700000001000,12,0.5,100.5,"EXCHANGE LIMIT",101,-1,null,null,null]'
        peer.data(0, f'"oc",{row(status="EXECUTED @ 100.5(0.5)")}')
        peer.data(0, f'"te",{trade}')
        peer.data(0, f'"on",{row()}')
        peer.data(0, f'"tu",{trade}')
        seen = [await stream.next() for _ in range(4)]
        assert [type(event) for event in seen] == [OrderNews, FillNews, OrderNews, FillNews]


async def test_computed_values_are_asked_for_as_lists_of_lists(world: World) -> None:
    async with account(world) as stream:
        await stream.calculate(["margin_base", "wallet_exchange_BTC"])
        while not world.exchange.inputs:  # noqa: ASYNC110  # the fake exchange has no event to wait for
            await asyncio.sleep(0)
        assert world.exchange.inputs == [("calc", [["margin_base"], ["wallet_exchange_BTC"]])]


async def test_an_upgrade_that_is_answered_with_429_backs_off(world: World) -> None:
    world.refuse_with = 429
    async with public(world, subscribe_s=0.2) as streams:
        with pytest.raises(OutcomeUnknown):
            await streams.subscribe(TICKER)
        assert world.exchange.peers == []

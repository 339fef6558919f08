"""The socket adapter against the local venue, drills included: what one writes the other must read, sequence and
checksum too."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime

import pytest

from genesis.adapters.bitfinex.session import SessionRules
from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.bitfinex.socket_aiohttp import AiohttpConnector
from genesis.adapters.bitfinex.streams import PublicStreams
from genesis.adapters.bitfinex.streams_account import AccountStream, SocketKey
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.nonces import MemoryNonces
from genesis.adapters.venue.faults import Fault, Rule
from genesis.adapters.venue.shell import serving
from genesis.adapters.venue.venue import DEMO_KEYS, Venue
from genesis.domain.account_events import AccountEvent, FillNews, News, OrderNews, SnapshotsComplete, WalletNews
from genesis.domain.book import BookTop
from genesis.domain.channel import BookChannel, Channel, Grouping, channel_from_text
from genesis.domain.exchange.orders import Account, ByCid, ById, Everything, OrderAck, OrderChange, ReportedStatus
from genesis.domain.instrument import spot_instrument
from genesis.domain.link import Link, LinkState
from genesis.domain.market import Gap, GapReason, MarketEvent
from genesis.domain.order import Cid, OrderRequest, OrderType, Side
from genesis.domain.resilience import Backoff
from genesis.domain.risk.gate import Approved, ApprovedChange, check_change
from genesis.domain.risk.limits import OFF
from genesis.domain.units import Mts, Price, atoms
from genesis.ports.errors import OutcomeUnknown, Rejected
from genesis.ports.secrets import Secret
from tests.e2e.venue_house import BTC, START, place, quiet_venue
from tests.fakes.rest import approved
from tests.fakes.scene import quiet_scene

RULES = SessionRules(backoff=Backoff(base_s=0.001, max_s=0.002), tick_s=0.01)
INSTRUMENT = spot_instrument(BTC, atoms("0.0001"))
RAW = BookChannel(BTC, Grouping.R0)
CHANNELS = [
    channel_from_text(text)
    for text in (
        "ticker:tBTCUSD",
        "trades:tBTCUSD",
        "book:tBTCUSD",
        "book:tBTCUSD:R0",
        "book:tBTCUSD:P1:100",
        "candles:1m:tBTCUSD",
        "status:tBTCF0:USTF0",
        "liquidations",
    )
]
TODAY = datetime.fromtimestamp(START / 1000, UTC).date()


@asynccontextmanager
async def public(venue: Venue) -> AsyncIterator[PublicStreams]:
    async with serving(venue) as port, AiohttpConnector() as connector, asyncio.timeout(20):
        url = f"ws://127.0.0.1:{port}/ws/2"
        streams = PublicStreams(connector, SystemClock(), MemoryMetrics(), url=url, session_rules=RULES)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(streams.run())
            yield streams
            running.cancel()


@asynccontextmanager
async def account(venue: Venue, answer_s: float = 5.0) -> AsyncIterator[AccountStream]:
    async with serving(venue) as port, AiohttpConnector() as connector, asyncio.timeout(20):
        clock = SystemClock()
        key = SocketKey(Signer(Secret(DEMO_KEYS[0].key), Secret(DEMO_KEYS[0].secret)), MemoryNonces(clock))
        stream = AccountStream(
            *(key, connector, clock, MemoryMetrics(), {BTC: INSTRUMENT}, Account.EXCHANGE),
            url=f"ws://127.0.0.1:{port}/ws/2",
            session_rules=RULES,
            answer_s=answer_s,
        )
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(stream.run())
            await heard(stream, SnapshotsComplete)
            yield stream
            running.cancel()


async def until(streams: PublicStreams, channel: Channel, kind: type) -> MarketEvent:
    while True:
        item = await streams.next()
        if not isinstance(item, LinkState) and item[0] == channel and isinstance(item[1], kind):
            return item[1]


async def heard(stream: AccountStream, kind: type) -> AccountEvent:
    while True:
        event = await stream.next()
        if isinstance(event, kind):
            return event


def trade(venue: Venue, price: str) -> None:
    """Let the market trade at *price* with itself; the shell delivers with the next thing that happens."""
    place(venue, BTC, Side.SELL, "0.1", price)
    place(venue, BTC, Side.BUY, "0.1", price)


def order(cid: int, price: str = "90", amount: str = "0.5", kind: OrderType = OrderType.LIMIT) -> Approved:
    limit = None if kind is OrderType.MARKET else Price(atoms(price))
    return approved(OrderRequest(Cid(cid), BTC, Side.BUY, kind, atoms(amount), Mts(1), price=limit))


async def test_all_channels_flow_with_sequence_and_checksum_and_no_gap() -> None:
    venue = quiet_venue()
    async with public(venue) as streams:
        for channel in CHANNELS:
            await streams.subscribe(channel)
        for at in range(30):
            trade(venue, f"100.{at + 10}")
            place(venue, BTC, Side.BUY, "0.7", f"98.{at + 10}")
        venue.beat()
        await streams.subscribe(channel_from_text("ticker:tETHUSD"))
        seen: set[Channel] = set()
        while not streams.book(BookChannel(BTC)).is_stale and len(seen) < len(CHANNELS) - 1:
            item = await streams.next()
            if not isinstance(item, LinkState):
                assert not isinstance(item[1], Gap), item
                seen.add(item[0])
        assert await until(streams, channel_from_text("ticker:tETHUSD"), object)
        assert not streams.book(RAW).is_stale


async def test_a_wrong_checksum_is_found_and_healed() -> None:
    venue = quiet_venue()
    book = BookChannel(BTC)
    async with public(venue) as streams:
        await streams.subscribe(book)
        await until(streams, book, BookTop)
        venue.faults.add(Rule("bad", Fault.BAD_CHECKSUM, "cs", times=1))
        place(venue, BTC, Side.BUY, "1", "100.5")
        await streams.subscribe(channel_from_text("ticker:tBTCUSD"))
        gap = await until(streams, book, Gap)
        assert isinstance(gap, Gap)
        assert gap.reason is GapReason.CHECKSUM
        top = await until(streams, book, BookTop)
        assert isinstance(top, BookTop)
        assert top.bid == 100.5
        assert [firing.id for firing in venue.faults.log] == ["bad"]


async def test_a_dropped_frame_is_found_by_its_number() -> None:
    venue = quiet_venue()
    trades = channel_from_text("trades:tBTCUSD")
    async with public(venue) as streams:
        await streams.subscribe(trades)
        venue.faults.add(Rule("lost", Fault.DROP, "trades", times=1))
        trade(venue, "100.6")
        trade(venue, "100.7")
        await streams.subscribe(channel_from_text("ticker:tBTCUSD"))
        gap = await until(streams, trades, Gap)
        assert isinstance(gap, Gap)
        assert gap.reason is GapReason.SEQUENCE


async def test_a_restart_is_survived() -> None:
    venue = quiet_venue()
    book = BookChannel(BTC)
    async with public(venue) as streams:
        await streams.subscribe(book)
        await until(streams, book, BookTop)
        venue.sockets.announce(20051, "Stopping. Please try to reconnect")
        venue.sockets.close_all(1012)
        await streams.subscribe(channel_from_text("ticker:tBTCUSD"))
        item = await streams.next()
        while not (isinstance(item, LinkState) and item.link is Link.OPEN):
            item = await streams.next()
        await until(streams, book, BookTop)


async def test_an_order_lives_over_the_socket() -> None:
    async with account(quiet_venue()) as stream:
        ack = await stream.submit(order(5))
        assert (ack.order.status, ack.differences) == (ReportedStatus.ACTIVE, ())
        assert ack.order.id is not None
        change = OrderChange(ack.order.id, BTC, Side.BUY, amount=atoms("0.7"), price=Price(atoms("91")))
        approved = check_change(change, ack.order, INSTRUMENT, 0, is_halted=False, limits=OFF, scene=quiet_scene())
        assert isinstance(approved, ApprovedChange)
        assert (await stream.update(approved)).differences == ()
        assert (await stream.cancel(ById(ack.order.id))).cid == 5
        end = await heard(stream, OrderNews)
        while isinstance(end, OrderNews) and end.news is not News.CLOSED:
            end = await heard(stream, OrderNews)
        assert isinstance(end, OrderNews)
        assert end.order.status is ReportedStatus.CANCELED


async def test_a_fill_brings_its_fee_and_the_wallets() -> None:
    async with account(quiet_venue()) as stream:
        await stream.submit(order(6, kind=OrderType.MARKET))
        fill = await heard(stream, FillNews)
        assert isinstance(fill, FillNews)
        assert fill.fill.fee is None
        wallets = [await heard(stream, WalletNews) for _ in range(3)]
        assert [event.wallet.currency for event in wallets if isinstance(event, WalletNews)] == ["BTC", "USD", "BTC"]
        settled = await heard(stream, FillNews)
        assert isinstance(settled, FillNews)
        assert (settled.fill.id, settled.fill.fee_currency) == (fill.fill.id, "BTC")


async def test_refusals_and_many_operations_have_their_answers() -> None:
    async with account(quiet_venue()) as stream:
        with pytest.raises(Rejected, match="not enough exchange balance"):
            await stream.submit(order(7, amount="1000000"))
        with pytest.raises(Rejected, match="Order not found"):
            await stream.cancel(ByCid(Cid(99), date(2023, 11, 14)))
        good, bad = await stream.execute([order(8), order(9, amount="1000000")])
        assert isinstance(good, OrderAck)
        assert isinstance(bad, Rejected)
        assert (await stream.cancel(ByCid(Cid(8), TODAY))).cid == 8
        await stream.submit(order(10))
        assert len(await stream.cancel_many(Everything())) == 1


async def test_d1_a_lost_acknowledgement_is_an_unknown_outcome_and_the_order_stands() -> None:
    venue = quiet_venue()
    async with account(venue, answer_s=0.3) as stream:
        venue.faults.add(Rule("lost", Fault.DROP_ACK, "on", times=1))
        with pytest.raises(OutcomeUnknown):
            await stream.submit(order(11))
        news = await heard(stream, OrderNews)
        assert isinstance(news, OrderNews)
        assert news.order.cid == 11
        assert [firing.id for firing in venue.faults.log] == ["lost"]

"""The streams against the local venue: another reading of the protocol, with a matching engine behind it."""

import asyncio
from decimal import Decimal

from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.bitfinex.socket_aiohttp import AiohttpConnector
from genesis.adapters.bitfinex.streams import PublicStreams
from genesis.adapters.bitfinex.streams_account import AccountStream, SocketKey
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.nonces import MemoryNonces
from genesis.adapters.venue.shell import serving
from genesis.adapters.venue.venue import DEMO_KEYS
from genesis.domain.account_events import FillNews, News, OrderNews, SnapshotsComplete
from genesis.domain.book import PriceBook, RawBook
from genesis.domain.channel import BookChannel, CandlesChannel, Channel, Grouping, TickerChannel, TradesChannel
from genesis.domain.exchange.orders import Account, ById
from genesis.domain.instrument import spot_instrument
from genesis.domain.link import LinkState
from genesis.domain.market import Gap, Print, PrintedTrade
from genesis.domain.order import OrderRequest, OrderType, Side
from genesis.domain.units import Mts, Symbol, atoms
from tests.e2e.venue_house import quiet_venue
from tests.fakes.line import counted
from tests.fakes.rest import approved

BTC = Symbol("tBTCUSD")
BOOK, RAW = BookChannel(BTC), BookChannel(BTC, Grouping.R0)
CHANNELS: tuple[Channel, ...] = (TickerChannel(BTC), TradesChannel(BTC), BOOK, RAW, CandlesChannel(BTC, "1m"))


async def test_orders_go_from_one_stream_to_the_other_and_books_agree() -> None:
    clock, metrics = SystemClock(), MemoryMetrics()
    instrument = spot_instrument(BTC, atoms("0.0001"))
    async with serving(quiet_venue(), speed=5.0) as port, AiohttpConnector() as connector, asyncio.timeout(20):
        url = f"ws://127.0.0.1:{port}/ws/2"
        public = PublicStreams(connector, clock, metrics, url=url)
        key = SocketKey(Signer(DEMO_KEYS[0].key, DEMO_KEYS[0].secret), MemoryNonces(clock))
        account = AccountStream(key, connector, clock, metrics, {BTC: instrument}, Account.EXCHANGE, url=url)
        cids = MemoryNonces(clock)

        async def wish(side: Side, amount: str, price: int) -> OrderRequest:
            cid = await cids.next_cid()
            return OrderRequest(
                cid, BTC, side, OrderType.LIMIT, atoms(amount), Mts(1), price=instrument.price(Decimal(price))
            )

        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(public.run()), tasks.create_task(account.run())]
            for channel in CHANNELS:
                await public.subscribe(channel)
            while not isinstance(await account.next(), SnapshotsComplete):
                pass
            resting = await account.submit(approved(await wish(Side.BUY, "0.5", 99)))
            taking = await account.submit(approved(await wish(Side.BUY, "0.25", 101)))
            assert resting.order.amount == Decimal("0.5")
            assert (await account.cancel(ById(resting.order.id))).id == resting.order.id
            closed: set[int] = set()
            prints: set[Print] = set()
            while closed != {resting.order.id, taking.order.id} or len(prints) < 2:
                match await account.next():
                    case OrderNews(News.CLOSED, order):
                        closed.add(order.id)
                    case FillNews(print_, fill):
                        assert (fill.price, fill.amount) == (Decimal(101), Decimal("0.25"))
                        prints.add(print_)
            seen: set[Print] = set()
            while not seen >= {Print.EXECUTED, Print.CONFIRMED}:
                item = await public.next()
                if not isinstance(item, LinkState):
                    assert not isinstance(item[1], Gap), item
                    if isinstance(item[1], PrintedTrade):
                        seen.add(item[1].print)
            book, raw = public.book(BOOK), public.book(RAW)
            assert isinstance(book, PriceBook)
            assert isinstance(raw, RawBook)
            assert book.top == raw.top
            assert (book.top.bid, book.top.ask, book.top.ask_amount) == (100.0, 101.0, 0.75)
            assert not book.is_stale
            assert not raw.is_stale
            assert counted(metrics, "ws_resync_total") == counted(metrics, "ws_frames_unreadable_total") == 0
            assert counted(metrics, "ws_sequence_gap_total") == 0
            for task in running:
                task.cancel()

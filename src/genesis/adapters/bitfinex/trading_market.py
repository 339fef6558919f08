"""One instrument to trade on: the `Market` over Bitfinex's streams.

Candles come from their channel, quotes from the top of the raw book, and orders go over the account's connection, which
tells what becomes of them. The order of events is: what the exchange did, oldest first; then a quote, once everything
that came before is decided on, so that whoever catches up trades on the newest candle alone.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from typing import Final, NoReturn, Protocol

from genesis.adapters.bitfinex.closed_candles import ClosedCandles
from genesis.adapters.bitfinex.own_orders import OwnOrders
from genesis.domain.account_events import FillNews, OrderNews, SnapshotsComplete
from genesis.domain.candle import Candle, Timeframe
from genesis.domain.channel import BookChannel, CandlesChannel, Grouping, channel_name
from genesis.domain.events import Cancel, CandleClosed, Event, LookUp, OrderReported, Quote
from genesis.domain.exchange.orders import OrderAck
from genesis.domain.execution.evidence import NothingLeft
from genesis.domain.instrument import Instrument
from genesis.domain.link import Link, LinkState
from genesis.domain.market import CandleSnapshot, Gap, GapReason, MarketEvent
from genesis.domain.risk.gate import Approved
from genesis.domain.units import Mts, Symbol
from genesis.ports.clock import Clock
from genesis.ports.errors import NotProcessed, OutcomeUnknown, Rejected, Unreachable
from genesis.ports.nonces import NonceStore
from genesis.ports.streams import AccountStream, MarketStream

SETTLE_S: Final = 30.0
"""How long what is due within this machine may take."""


class TradingAccount(AccountStream, Protocol):
    """An account that takes orders."""

    async def submit(self, order: Approved) -> OrderAck:
        """Send a new order and return its echo; see `OrderGateway.submit`."""


class WireObserver(Protocol):
    """Whoever wants to see the connections. Must neither block nor raise."""

    def link(self, state: LinkState) -> None:
        """Take the new state of a connection."""

    def round_trip(self, seconds: float) -> None:
        """Take the time from sending an order to its acknowledgement."""


class TradingMarket:
    """See the module. The streams are run by `run`; the client order ids of quotes come from *cids*."""

    def __init__(
        self,
        instrument: Instrument,
        timeframe: Timeframe,
        public: MarketStream,
        account: TradingAccount,
        cids: NonceStore,
        clock: Clock,
        observer: WireObserver,
    ) -> None:
        self._instrument = instrument
        self._public = public
        self._account = account
        self._cids = cids
        self._clock = clock
        self._observer = observer
        self._candles_channel = CandlesChannel(instrument.symbol, timeframe.value)
        self._book_channel = BookChannel(instrument.symbol, Grouping.R0)
        self._candles = ClosedCandles()
        self._orders = OwnOrders(instrument)
        self._pending: deque[Event] = deque()
        self._quote_orders = 0
        self._outbox: asyncio.Queue[Approved] = asyncio.Queue()
        self._is_ending = self._is_ended = False
        self._wake = asyncio.Event()
        self._is_resting = False
        self._rested = asyncio.Event()
        self._has_account = asyncio.Event()
        self._has_channels = asyncio.Event()

    async def run(self) -> None:
        """Keep the connections alive and listen until cancelled.

        Raises `OutcomeUnknown` when an order was in flight while something of the account may have been missed,
        `Unreachable` when the exchange stops giving a channel, and what the streams raise.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._public.run(), name="market stream")
            tasks.create_task(self._account.run(), name="account stream")
            tasks.create_task(self._subscribe(), name="subscribe")
            tasks.create_task(self._hear_market(), name="market events")
            tasks.create_task(self._hear_account(), name="account events")
            tasks.create_task(self._send(), name="orders")

    async def ready(self) -> None:
        """Return once the channels are subscribed and orders are taken."""
        await self._has_channels.wait()
        await self._has_account.wait()

    async def settled(self, mts: Mts) -> None:
        """Return once the candle of *mts* runs and everything that followed from it is done.

        For lock-step, where nothing new comes meanwhile. Raises `Unreachable` when that takes too long.
        """
        try:
            async with asyncio.timeout(SETTLE_S):
                while not self._is_settled(mts):
                    self._rested.clear()
                    await self._rested.wait()
        except TimeoutError:
            text = f"what follows from the candle of {mts} did not come within {SETTLE_S:g} s"
            raise Unreachable(text, endpoint=channel_name(self._candles_channel)) from None

    async def finish(self) -> None:
        """End the stream with the running candle, whose interval is over.

        Its last state is read anew. Raises what `MarketStream.subscribe` does.
        """
        await self._public.unsubscribe(self._candles_channel)
        self._is_ending = True
        await self._public.subscribe(self._candles_channel)

    # The port

    async def events(self) -> AsyncIterator[Event]:
        while True:
            while self._pending:
                yield self._pending.popleft()
            quote = await self._quote() if self._quote_orders else None
            if quote is not None:
                self._quote_orders = 0
                yield quote
                continue
            if self._is_ended:
                return
            self._is_resting = True
            self._rested.set()
            await self._wake.wait()
            self._wake.clear()
            self._is_resting = False

    def request_quote(self, symbol: Symbol, orders: int) -> None:
        assert symbol == self._instrument.symbol
        self._quote_orders = max(self._quote_orders, orders)

    def submit(self, order: Approved) -> None:
        self._orders.send(order.order)
        self._outbox.put_nowait(order)

    def cancel(self, cancel: Cancel) -> None:
        """Not asked for by a core that sends market orders alone."""

    def look_up(self, wanted: LookUp) -> None:
        """Not asked for: an order whose outcome is unknown ends the session."""

    def wake_at(self, mts: Mts) -> None:
        """Not asked for by a core that sends market orders alone."""

    async def _send(self) -> NoReturn:
        while True:
            order = await self._outbox.get()
            request = order.order
            begun_s = self._clock.monotonic_s()
            try:
                await self._account.submit(order)
            except (NotProcessed, Rejected) as refusal:
                self._orders.forget(request.cid)
                left = NothingLeft(str(refusal))
                self._put([OrderReported(request.mts, request.symbol, request.cid, left)])
            else:
                self._observer.round_trip(self._clock.monotonic_s() - begun_s)

    async def _quote(self) -> Quote | None:
        """Return the top of the book as it is; None while there is no book to be trusted, or none with two sides."""
        book, running = self._public.book(self._book_channel), self._candles.running
        top = book.top
        if book.is_stale or running is None or not (top.bid and top.ask) or top.is_crossed:
            return None
        price = self._instrument.price_from_market
        cids = tuple([await self._cids.next_cid() for _ in range(self._quote_orders)])
        return Quote(self._instrument.symbol, running.mts, price(top.bid), price(top.ask), cids)

    # What comes in

    def _put(self, events: Iterable[Event]) -> None:
        self._pending.extend(events)
        self._wake.set()

    def _is_settled(self, mts: Mts) -> bool:
        running = self._candles.running
        has_come = running is not None and running.mts >= mts
        is_idle = self._is_resting and not self._wake.is_set() and not self._quote_orders
        return has_come and is_idle and not self._orders.in_flight

    async def _subscribe(self) -> None:
        # The book first: with the candle that makes us decide, the book around it is there.
        await self._public.subscribe(self._book_channel)
        await self._public.subscribe(self._candles_channel)
        self._has_channels.set()

    async def _hear_market(self) -> NoReturn:
        while True:
            item = await self._public.next()
            if isinstance(item, LinkState):
                self._observer.link(item)
            elif isinstance(item[1], Gap) and item[1].reason is GapReason.REFUSED:
                raise Unreachable("the exchange no longer gives this channel", endpoint=channel_name(item[0]))
            elif item[0] == self._candles_channel:
                await self._hear_candles(item[1])
            else:
                self._wake.set()  # a book that is to be quoted may have come back

    async def _hear_candles(self, event: MarketEvent) -> None:
        match event:
            case Candle():
                self._close(self._candles.take(event))
            case CandleSnapshot(candles):
                self._close(self._candles.take_all(candles))
                if self._is_ending:
                    self._close(self._candles.close())
                    self._is_ended = True
            case Gap(reason) if reason is not GapReason.LINK:  # after that one a snapshot comes by itself
                await self._public.unsubscribe(self._candles_channel)
                await self._public.subscribe(self._candles_channel)

    def _close(self, candles: Iterable[Candle]) -> None:
        self._put(CandleClosed(self._instrument.symbol, candle) for candle in candles)

    async def _hear_account(self) -> NoReturn:
        while True:
            event = await self._account.next()
            match event:
                case FillNews():
                    self._put(self._orders.fill(event))
                case OrderNews():
                    self._put(self._orders.order(event))
                case LinkState(link=link):
                    self._observer.link(event)
                    if link is not Link.OPEN:
                        self._missed(event.reason)
                case Gap(GapReason.SEQUENCE, 0):
                    pass  # a message came twice, none is missing
                case Gap(reason):
                    self._missed(reason.value)
                case SnapshotsComplete():
                    self._has_account.set()
                case _:
                    pass

    def _missed(self, reason: str) -> None:
        for cid in self._orders.in_flight:
            text = f"order {cid} was in flight when messages may have been lost ({reason}): look it up"
            raise OutcomeUnknown(text, endpoint="account stream")

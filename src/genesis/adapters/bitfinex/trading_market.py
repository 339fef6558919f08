"""What is traded live: the `Market` over Bitfinex's streams and REST.

Candles come from their channels, quotes from the tops of raw books; orders go the way that the gateway chooses, and the
account's stream, looks and searches tell what becomes of them. The order of events is: what the exchange did, oldest
first; then quotes, once everything that came before is decided on, so that whoever catches up trades on the newest
candle alone.
"""

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final, NoReturn

from attrs import field, frozen

from genesis.adapters.bitfinex.candle_line import CandleLine, ReadInstrument
from genesis.adapters.bitfinex.candle_order import CandleOrder
from genesis.adapters.bitfinex.market_line import MarketLine, TradedInstrument
from genesis.adapters.bitfinex.market_time import MarketTime
from genesis.adapters.bitfinex.market_timers import MarketTimers
from genesis.adapters.bitfinex.market_wires import WireObserver, Wires
from genesis.adapters.bitfinex.order_sender import OrderSender
from genesis.adapters.bitfinex.own_orders import OwnOrders
from genesis.adapters.bitfinex.pulse import BEAT_S, Pulse
from genesis.adapters.bitfinex.reconciler import LookRules, Reconciler
from genesis.adapters.bitfinex.searcher import Searcher
from genesis.adapters.bitfinex.wanted_quotes import WantedQuotes
from genesis.domain.account_events import FillNews, OrderNews, SnapshotsComplete
from genesis.domain.channel import Channel, channel_name
from genesis.domain.events import AccountShown, Cancel, Event, LookUp, OrderReported
from genesis.domain.execution.order_life import OrderLife
from genesis.domain.link import Link, LinkState
from genesis.domain.market import Gap, GapReason
from genesis.domain.order import Cid
from genesis.domain.risk.gate import Approved
from genesis.domain.units import Mts, Symbol
from genesis.ports.clock import Clock
from genesis.ports.errors import ProtocolViolation, Unreachable
from genesis.ports.kill import KillLatch

SETTLE_S: Final = 30.0
"""How long what is due within this machine may take."""

DECIDED_S: Final = 5.0
"""How old a decision may be when its order is to leave."""

HISTORY_MAX: Final = 10_000
"""Candles in one answer. Source: Bitfinex reference, "Candles"."""

PENDING_MAX: Final = 10_000
"""Events that may wait to be decided on. Then the streams are no longer read: their own queues fill, and they say so.

What comes beside the streams is bounded by itself: a few looks at the account a minute and facts for each order."""

MARKET: Final = "market"
ACCOUNT: Final = "account"


@frozen(eq=False)
class MarketRules:
    """How a market behaves.

    *time* is the wall's or the candles'; *known* the orders that a journal remembers, and *since* its last fill.
    *keeps_pace* says that this process has to notice when it stood still: not where time waits for it. It looks every
    *beat_s*.
    """

    time: MarketTime
    looks: LookRules = field(factory=LookRules)
    known: tuple[OrderLife, ...] = ()
    since: Mts | None = None
    latch: KillLatch | None = None
    keeps_pace: bool = False
    beat_s: float = BEAT_S


class TradingMarket:
    """See the module. `run` keeps everything going; the client order ids of quotes come from the wires' store."""

    def __init__(
        self,
        instruments: Sequence[TradedInstrument],
        wires: Wires,
        clock: Clock,
        observer: WireObserver,
        rules: MarketRules,
        reads: Sequence[ReadInstrument] = (),
    ) -> None:
        """*reads* are the instruments that strategies of *instruments* read; the exchange tells their candles alone."""
        self._wires = wires
        self._clock = clock
        self._observer = observer
        self._time = rules.time
        self._lines = {each.instrument.symbol: MarketLine(each, wires.public) for each in instruments}
        self._all_lines: dict[Symbol, CandleLine] = {
            **{each.symbol: CandleLine(each, wires.public) for each in reads if each.symbol not in self._lines},
            **self._lines,
        }
        self._order = CandleOrder(self._all_lines, {each.instrument.symbol: each.reads for each in instruments})
        self._channels: dict[Channel, CandleLine] = {
            channel: line for line in self._all_lines.values() for channel in line.channels
        }
        self._orders = OwnOrders({each.instrument.symbol: each.instrument for each in instruments}, rules.known)
        common = (self._orders, clock, rules.time.now)
        self._pulse = Pulse(clock, self._stood_still, self._wake_up, rules.beat_s) if rules.keeps_pace else None
        is_open = lambda: wires.account.is_open  # noqa: E731  # a property, asked when an order leaves
        ways = (rules.latch, is_open, self._outdated)
        self._sender = OrderSender(wires.gateway, *common, self._put, observer, *ways)
        self._reconciler = Reconciler(wires.reader, *common, self._show, rules.looks, rules.since)
        ends = (self._put, observer.operator_must, wires.account.reconnect)
        self._searcher = Searcher(wires.reader, wires.platform, *common, *ends, look=self._reconciler.want)
        self._looks_at_once = rules.looks.at_start
        self._pending: deque[Event] = deque()
        self._quotes = WantedQuotes(self._lines, wires.cids, clock, rules.time.now)
        self._timers = MarketTimers(rules.time, clock, self._put)
        self._links: dict[str, Link] = {}
        self._market_link: Link | None = None
        self._account_link: Link | None = None
        self._account_lost_s = -math.inf
        self._is_by_rest = False
        self._is_ended = self._is_resting = False
        self._wake, self._has_room = asyncio.Event(), asyncio.Event()
        self._rested, self._was_shown, self._has_channels = asyncio.Event(), asyncio.Event(), asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many events wait to be decided on."""
        return len(self._pending)

    async def run(self) -> None:
        """Keep the connections alive, listen and send, until cancelled.

        Raises `Unreachable` when the exchange stops giving a channel, and what the streams and the sender raise:
        `AuthRefused`, `StoreError`.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._wires.public.run(), name="market stream")
            tasks.create_task(self._wires.account.run(), name="account stream")
            tasks.create_task(self._subscribe(), name="subscribe")
            tasks.create_task(self._hear_market(), name="market events")
            tasks.create_task(self._hear_account(), name="account events")
            tasks.create_task(self._sender.run(), name="orders")
            tasks.create_task(self._reconciler.run(), name="looks")
            tasks.create_task(self._timers.run(), name="timers")
            tasks.create_task(self._searcher.run(), name="searches")
            if self._pulse is not None:
                tasks.create_task(self._pulse.run(), name="pulse")

    async def ready(self) -> None:
        """Return once the channels are subscribed and the account was shown."""
        await self._has_channels.wait()
        await self._was_shown.wait()

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
            raise Unreachable(text, endpoint="candles") from None

    async def cancelled(self) -> None:
        """Return once every cancel that was asked for is done with; `run` has to go on meanwhile."""
        await self._sender.cancelled()

    def uncancelled(self) -> list[Cid]:
        """Return the orders whose cancels are not done with."""
        return self._sender.uncancelled()

    async def finish(self) -> None:
        """End the stream with the running candles, whose intervals are over.

        Their last states are read anew. Raises what `MarketStream.subscribe` does.
        """
        for line in self._all_lines.values():
            await line.end()

    # The port

    async def events(self) -> AsyncIterator[Event]:
        while True:
            while self._pending:
                yield self._pending.popleft()
                self._has_room.set()
            if self._is_steady():
                quote = self._quotes.quote()
                if quote is not None:
                    yield quote
                    continue
                if await self._quotes.take_ids():
                    continue  # that may have taken long: what came in meanwhile goes first, and the book is read anew
            self._quotes.drop_ids()
            if self._is_ended:
                return
            self._is_resting = True
            self._rested.set()
            await self._wake.wait()
            self._wake.clear()
            self._is_resting = False

    def request_quote(self, symbol: Symbol, orders: int) -> None:
        self._quotes.want(symbol, orders)

    def submit(self, order: Approved) -> None:
        self._sender.submit(order, self._quotes.quoted_s(order.order.symbol))

    def cancel(self, cancel: Cancel) -> None:
        self._sender.cancel(cancel)

    def look_up(self, wanted: LookUp) -> None:
        self._searcher.want(wanted)

    def wake_at(self, mts: Mts) -> None:
        self._timers.set(mts)

    def _outdated(self, quoted_s: float) -> str:
        """Return why an order that was decided on a quote of then may not leave any more, empty where it may.

        Its intent had to become durable first, which takes long on a slow disk (A22), and many may wait before it: what
        was decided on is over then.
        """
        if not self._is_steady():
            return "this process stood still: what the order was decided on is old"
        waited_s = self._clock.monotonic_s() - quoted_s
        if waited_s > DECIDED_S:
            return f"it was decided {waited_s:.1f} s ago: the disk is slow, or many orders go before it"
        if self._account_lost_s >= quoted_s or (self._account_link is not Link.OPEN and not self._is_by_rest):
            return "the account's connection was lost since it was decided"
        if self._market_link is not Link.OPEN:
            return "the market's connection was lost since it was decided"
        return ""

    # What comes in

    def _put(self, events: Iterable[Event]) -> None:
        self._pending.extend(self._timely(each) if isinstance(each, OrderReported) else each for each in events)
        self._wake.set()

    def _timely(self, reported: OrderReported) -> OrderReported:
        """Return a report at a time that can be: the core's time never goes back from what it was told once."""
        return reported._replace(mts=self._time.bounded(reported.mts))

    async def _room(self) -> None:
        while len(self._pending) >= PENDING_MAX:
            self._has_room.clear()
            await self._has_room.wait()

    def _show(self, shown: AccountShown) -> None:
        if self._account_link is Link.RECONNECT and not self._is_by_rest:
            self._is_by_rest = True
            self._put([LinkState(shown.mts, ACCOUNT, Link.OPEN, "by REST, the socket is down")])
        self._put([shown])
        self._was_shown.set()

    def _is_settled(self, mts: Mts) -> bool:
        has_come = all(line.has_come(mts) for line in self._lines.values())
        is_idle = self._is_resting and not self._wake.is_set() and self._quotes.are_given and self._sender.is_idle
        return has_come and is_idle and not self._reconciler.is_busy and self._orders.is_quiet

    async def _subscribe(self) -> None:
        for line in self._all_lines.values():
            await self._warm_up(line)
            await line.subscribe()
        self._has_channels.set()

    async def _warm_up(self, line: CandleLine) -> None:
        """Tell the past that strategies need before they decide; the channel's own candles go on from there."""
        symbol, timeframe, count = line.read.symbol, line.read.timeframe, line.read.warm_up
        if not count:
            return
        candles = await self._wires.platform.candles(symbol, timeframe, limit=min(count + 1, HISTORY_MAX))
        self._put(self._order.take(line.warm(tuple(sorted(candles, key=lambda candle: candle.mts)))))

    async def _hear_market(self) -> NoReturn:
        while True:
            await self._room()
            item = await self._wires.public.next()
            if isinstance(item, LinkState):
                self._observer.link(item)
                self._hear_market_link(item)
                continue
            channel, event = item
            if isinstance(event, Gap) and event.reason is GapReason.REFUSED:
                raise Unreachable("the exchange no longer gives this channel", endpoint=channel_name(channel))
            line = self._channels[channel]
            if channel != line.candles_channel:
                self._quotes.moved(line.read.symbol)
                self._wake.set()  # a book that is to be quoted may have come back
                continue
            closed = self._order.take(await line.hear(event))
            if line.running_mts is not None:
                self._time.heard(line.running_mts)
            self._is_ended = all(each.is_ended for each in self._all_lines.values())
            self._put(closed)
            self._timers.fire()

    def _hear_market_link(self, state: LinkState) -> None:
        """Tell the worst of the connections as the state of the one market that the core knows."""
        others: dict[str, Link] = {
            name: link for name, link in self._links.items() if link is not Link.CLOSED and name != state.name
        }
        # The channels of a connection that is closed have gone over to others.
        self._links = others if state.link is Link.CLOSED and others else {**others, state.name: state.link}
        link = next((each for each in self._links.values() if each is not Link.OPEN), Link.OPEN)
        if link is not self._market_link:
            self._market_link = link
            self._put([LinkState(self._time.now(), MARKET, link, state.reason)])

    async def _hear_account(self) -> NoReturn:
        while True:
            await self._room()
            event = await self._wires.account.next()
            match event:
                case FillNews() | OrderNews():
                    self._hear_news(event)
                case LinkState():
                    self._hear_account_link(event)
                case Gap(GapReason.SEQUENCE, 0):
                    pass  # a message came twice, none is missing
                case Gap(reason):
                    self._missed(f"something may have been missed ({reason.value})")
                case SnapshotsComplete():
                    self._begin_connection()
                case _:
                    pass

    def _hear_news(self, news: FillNews | OrderNews) -> None:
        """Tell what becomes of our orders; for what cannot be booked a look is wanted, at which the core stops."""
        try:
            reported = self._orders.fill(news) if isinstance(news, FillNews) else self._orders.order(news)
        except ProtocolViolation as problem:
            self._missed(str(problem))
            return
        self._put(reported)
        if reported and isinstance(news, FillNews):
            self._reconciler.filled()

    def _hear_account_link(self, state: LinkState) -> None:
        self._observer.link(state)
        previous, self._account_link = self._account_link, state.link
        if state.link in {Link.RECONNECT, Link.CLOSED}:
            self._orders.socket_closed(self._clock.monotonic_s())
        if state.link is Link.RECONNECT is previous:
            return  # one more attempt failed; what goes by REST goes on
        if state.link is not Link.OPEN:
            self._account_lost_s = self._clock.monotonic_s()
        if self._is_by_rest:  # what the socket did not tell is to be looked at first
            self._put([LinkState(self._time.now(), ACCOUNT, Link.RECONNECT, "the socket is back")])
        self._is_by_rest = False
        self._put([LinkState(self._time.now(), ACCOUNT, state.link, state.reason)])
        self._reconciler.link(is_open=state.link is Link.OPEN, is_held=state.link is Link.MAINTENANCE)

    def _begin_connection(self) -> None:
        if self._looks_at_once:
            self._reconciler.want()
        else:
            self._looks_at_once = True
            self._was_shown.set()
        self._sender.resume()

    def _missed(self, reason: str) -> None:
        """Let nothing be decided until the account was looked at; the connection is as good as before.

        Where it is not open, as in maintenance, a look follows once it is back.
        """
        if self._account_link is not Link.OPEN and not self._is_by_rest:
            return
        self._put(LinkState(self._time.now(), ACCOUNT, link, reason) for link in (Link.RECONNECT, Link.OPEN))
        self._reconciler.want()

    # Time that was lost

    def _is_steady(self) -> bool:
        return self._pulse is None or self._pulse.is_steady

    def _wake_up(self) -> None:
        self._wake.set()

    def _stood_still(self, seconds: float) -> None:
        """A9, A30, B4: trust nothing of before, and let nothing be decided until the account was looked at."""
        reason = f"this process stood still for {seconds:.1f} s"
        self._wires.public.reconnect(reason)
        self._wires.account.reconnect(reason)
        self._missed(reason)

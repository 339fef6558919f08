"""Public market data over as many connections as the channels need, within the exchange's limits.

Each connection holds at most 25 channels (source: Bitfinex documentation, "Requirements and limitations"); all share
one budget for connecting. A channel belongs to one connection; when that is lost, its books are stale, each of its
channels gets a `Gap`, and everything is subscribed again on the next one.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from attrs import Factory, define, evolve

from genesis.adapters.bitfinex.connection import Connection
from genesis.adapters.bitfinex.happenings import (
    ConnectionRules,
    Full,
    LinkChanged,
    Refused,
    Ring,
    Subscribed,
    Unsubscribed,
)
from genesis.adapters.bitfinex.maintenance import StatusPoll
from genesis.adapters.bitfinex.queues import MARKET_ITEMS_MAX, MarketQueue
from genesis.adapters.bitfinex.readers_book import empty_book
from genesis.adapters.bitfinex.session import PUBLIC_CONNECTIONS, PUBLIC_URL, Session, SessionRules, converse
from genesis.domain.book import Book
from genesis.domain.channel import BookChannel, Channel, channel_name
from genesis.domain.link import Link, LinkState
from genesis.domain.market import Gap, GapReason, MarketEvent
from genesis.domain.resilience import RequestBudget
from genesis.ports.budgets import Budget
from genesis.ports.clock import Clock
from genesis.ports.errors import ExchangeError, OutcomeUnknown, Rejected
from genesis.ports.metrics import Metrics
from genesis.ports.socket import Connector, Socket
from genesis.ports.streams import MarketItem

CHANNELS_MAX: Final = 25
SUBSCRIBE_S: Final = 15.0
"""How long a subscription may take, a connection included that is yet to be made."""

ValueT = TypeVar("ValueT")


@define(eq=False)
class _Member:
    """One connection of the pool and the channels that are its own."""

    name: str
    channels: set[Channel] = Factory(set)
    line: Connection | None = None
    wake: asyncio.Event = Factory(asyncio.Event)
    is_full: bool = False


class PublicStreams:
    """A `MarketStream` of Bitfinex. Everything it needs from the world is a parameter."""

    def __init__(
        self,
        connector: Connector,
        clock: Clock,
        metrics: Metrics,
        *,
        url: str = PUBLIC_URL,
        rules: ConnectionRules | None = None,
        session_rules: SessionRules | None = None,
        budget: Budget | None = None,
        random: Callable[[], float] | None = None,
        items_max: int = MARKET_ITEMS_MAX,
        subscribe_s: float = SUBSCRIBE_S,
        status: StatusPoll | None = None,
    ) -> None:
        """*status* is asked when maintenance does not end; *budget* is for connections, its own by default."""
        self.ring = Ring()
        """The last frames that could not be read."""
        self._clock = clock
        self._metrics = metrics
        self._status = status
        self._rules = evolve(rules or ConnectionRules(), status_is_polled=status is not None)
        self._session_rules = session_rules or SessionRules()
        random = random or secrets.SystemRandom().random
        budget = budget or RequestBudget(PUBLIC_CONNECTIONS.limit, PUBLIC_CONNECTIONS.window_s)
        self._session = Session(url, connector, clock, metrics, budget, random, self._session_rules, "public")
        self._subscribe_s = subscribe_s
        self._queue = MarketQueue(items_max)
        self._members: list[_Member] = []
        self._started: asyncio.Queue[_Member] = asyncio.Queue()
        self._count = 0
        self._home: dict[Channel, _Member] = {}
        self._books: dict[Channel, Book] = {}
        self._answers: dict[Channel, asyncio.Future[None]] = {}
        self._waiters: Counter[Channel] = Counter()
        self._goodbyes: dict[Channel, asyncio.Future[None]] = {}

    async def run(self) -> None:
        """Keep the connections alive until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                member = await self._started.get()
                tasks.create_task(self._keep(member), name=f"ws.{member.name}")

    async def next(self) -> MarketItem:
        """Return the next item."""
        return await self._queue.next()

    def reconnect(self, reason: str) -> None:
        """End the connections of the moment: their books are stale, and the next ones are made at once."""
        for member in self._members:
            if member.line is not None:
                member.line.ended = member.line.ended or reason
                member.wake.set()
                self._make_stale(member)

    def book(self, channel: BookChannel) -> Book:
        """Return the book of a subscribed channel."""
        return self._books[channel]

    async def subscribe(self, channel: Channel) -> None:
        """Subscribe; see the port."""
        if channel in self._home and channel not in self._answers:
            return
        answer = self._answers.get(channel)
        if answer is None:
            answer = self._answers[channel] = asyncio.get_running_loop().create_future()
            self._place(channel)
        self._waiters[channel] += 1
        try:
            await within(self._clock, self._subscribe_s, asyncio.shield(answer))
        except TimeoutError:
            name = f"subscribe {channel_name(channel)}"
            self._give_up(channel)
            raise OutcomeUnknown(f"no answer within {self._subscribe_s} s", endpoint=name) from None
        except asyncio.CancelledError:
            self._give_up(channel)
            raise
        finally:
            self._waiters[channel] -= 1
            self._waiters += Counter()  # forgets the channels for which nobody waits

    async def unsubscribe(self, channel: Channel) -> None:
        """Unsubscribe; see the port."""
        member = self._home.get(channel)
        if member is None:
            return
        goodbye = self._goodbyes.setdefault(channel, asyncio.get_running_loop().create_future())
        self._abandon(channel)
        try:
            await within(self._clock, self._rules.answer_s, asyncio.shield(goodbye))
        except TimeoutError:
            pass  # the connection will be found dead, or drops the channel's frames: for us it has ended
        finally:
            self._goodbyes.pop(channel, None)

    def _place(self, channel: Channel) -> None:
        """Give a channel to the first connection with room, or to a new one."""
        for member in self._members:
            if len(member.channels) < CHANNELS_MAX and not member.is_full:
                break
        else:
            self._count += 1
            member = _Member(f"public-{self._count}")
            self._members.append(member)
            self._started.put_nowait(member)
        member.channels.add(channel)
        self._home[channel] = member
        if isinstance(channel, BookChannel) and self._rules.keeps_books:
            self._books.setdefault(channel, empty_book(channel))
        if member.line is not None:
            member.line.subscribe(channel, self._books.get(channel))
            member.wake.set()

    def _give_up(self, channel: Channel) -> None:
        """Stop waiting for a channel; the last one who waits stops wanting it."""
        if self._waiters[channel] == 1:
            self._abandon(channel)

    def _abandon(self, channel: Channel) -> None:
        """Stop wanting a channel, whatever its state."""
        name = f"subscribe {channel_name(channel)}"
        self._answer(channel, OutcomeUnknown("given up before the exchange answered", endpoint=name))
        member = self._home.pop(channel, None)
        self._books.pop(channel, None)
        if member is None:
            return
        member.is_full = False
        self._take_from(member, channel)
        if member.line is not None and channel in member.line:
            member.line.unsubscribe(channel)
            self._step(member)
            member.wake.set()
        elif (goodbye := self._goodbyes.get(channel)) is not None and not goodbye.done():
            goodbye.set_result(None)

    async def _keep(self, member: _Member) -> None:
        """Keep one connection alive for as long as it has channels."""

        async def use(socket: Socket) -> str:
            now_s = self._clock.monotonic_s()
            member.line = line = Connection(self._rules, self._emit, self._metrics, self.ring, now_s)
            for channel in sorted(member.channels, key=channel_name):
                line.subscribe(channel, self._books.get(channel))
            member.wake.set()
            try:
                return await converse(
                    line,
                    socket,
                    self._clock,
                    self._session_rules,
                    member.wake,
                    lambda: self._step(member),
                    *([self._status.watch(line)] if self._status else []),
                )
            finally:
                member.line = None
                self._lost(member)

        def changed(link: Link, reason: str) -> None:
            self._queue.put_link(LinkState(self._clock.now(), member.name, link, reason))

        await self._session.run(use, changed, lambda: bool(member.channels))
        changed(Link.CLOSED, "no channel is left on this connection")

    def _lost(self, member: _Member) -> None:
        self._make_stale(member)
        for channel in member.channels:
            self._queue.put(channel, Gap(GapReason.LINK, 0))
        for channel in [channel for channel in self._goodbyes if channel not in self._home]:
            self._said_goodbye(channel)

    def _make_stale(self, member: _Member) -> None:
        for channel in member.channels:
            if (book := self._books.get(channel)) is not None:
                book.is_stale = True

    def _emit(self, channel: Channel, event: MarketEvent) -> None:
        self._queue.put(channel, event)

    def _step(self, member: _Member) -> None:
        """Pass on what happened on a connection, and end one that nobody needs."""
        line = member.line
        if line is None:
            return
        while line.happenings:
            match line.happenings.popleft():
                case Subscribed(channel):
                    self._answer(channel, None)
                case Refused(channel, error):
                    self._refused(member, channel, error)
                case Full(channel):
                    member.is_full = True
                    self._take_from(member, channel)
                    self._place(channel)
                case Unsubscribed(channel):
                    self._said_goodbye(channel)
                case LinkChanged(link, reason):
                    self._queue.put_link(LinkState(self._clock.now(), member.name, link, reason))
        if not member.channels and not len(line):
            line.ended = line.ended or "no channel is left on this connection"

    def _answer(self, channel: Channel, error: ExchangeError | None) -> bool:
        answer = self._answers.pop(channel, None)
        if answer is None or answer.done():
            return False
        if error is None:
            answer.set_result(None)
        else:
            answer.set_exception(error)
            answer.exception()  # whoever waited may have gone: that is no error of its own
        return True

    def _refused(self, member: _Member, channel: Channel, error: ExchangeError) -> None:
        was_waited_for = self._answer(channel, error)
        if not was_waited_for and not isinstance(error, Rejected) and channel in member.channels:
            # It was taken once, and this time nobody answered: the connection is to be made anew with all its channels.
            if member.line is not None:
                member.line.ended = member.line.ended or str(error)
            return
        self._take_from(member, channel)
        self._home.pop(channel, None)
        self._books.pop(channel, None)
        if not was_waited_for:
            self._metrics.increment("ws_channel_lost_total")
            self._queue.put(channel, Gap(GapReason.REFUSED, 0))

    def _take_from(self, member: _Member, channel: Channel) -> None:
        """Take a channel from its connection; one without channels ends and gets no further ones."""
        member.channels.discard(channel)
        if not member.channels and member in self._members:
            self._members.remove(member)

    def _said_goodbye(self, channel: Channel) -> None:
        goodbye = self._goodbyes.get(channel)
        if goodbye is not None and not goodbye.done():
            goodbye.set_result(None)


async def within(clock: Clock, seconds: float, result: Awaitable[ValueT]) -> ValueT:
    """Return *result*, or raise `TimeoutError` once *seconds* of *clock* have passed; it is then cancelled."""
    waiting = asyncio.ensure_future(result)
    timer = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({waiting, timer}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            raise TimeoutError
        return waiting.result()
    finally:
        timer.cancel()
        waiting.cancel()

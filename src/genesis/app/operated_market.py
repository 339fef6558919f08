"""A market whose stream also carries what an operator asks: at once, and in one order with all that happens.

So a command is an event like any other: it is in the journal before the core sees it, and a replay decides the same.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import Final, Protocol

from genesis.app.loop_pulse import LoopPulse
from genesis.domain.events import Cancel, Event, LookUp
from genesis.domain.risk.gate import Approved
from genesis.domain.units import Mts, Symbol
from genesis.ports.errors import NotPossible
from genesis.ports.market import Market

ASKED_MAX: Final = 64
HANDLED_WITHIN_S: Final = 5.0

MakeEvent = Callable[[Mts], Event]


class OperatorInbox:
    """Takes commands from any thread, for the one stream that is running; bounded."""

    def __init__(self) -> None:
        self._asked: deque[tuple[MakeEvent | None, asyncio.Event, asyncio.AbstractEventLoop]] = deque()
        self._stream: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    async def ask(self, make: MakeEvent) -> bool:
        """Put the event that *make* makes of the market's time into the stream; tell whether it was handled in time.

        Raises `NotPossible` when no stream runs, or too many commands wait.
        """
        return await self._put(make)

    async def settle(self) -> bool:
        """Let the stream take in what was applied; tell whether it did in time. Raises like `ask`."""
        return await self._put(None)

    def wake(self) -> None:
        """Let the stream look for news, if it runs in this loop or any other."""
        if self._stream is not None:
            loop, wake = self._stream
            with suppress(RuntimeError):  # the session has just ended
                loop.call_soon_threadsafe(wake.set)

    async def _put(self, make: MakeEvent | None) -> bool:
        if self._stream is None:
            raise NotPossible("the session is not trading yet, or no longer")
        if len(self._asked) >= ASKED_MAX:
            raise NotPossible(f"{ASKED_MAX} commands wait already")
        handled = asyncio.Event()
        loop, wake = self._stream
        self._asked.append((make, handled, asyncio.get_running_loop()))
        try:
            loop.call_soon_threadsafe(wake.set)
        except RuntimeError:
            raise NotPossible("the session has just ended") from None
        try:
            async with asyncio.timeout(HANDLED_WITHIN_S):
                await handled.wait()
        except TimeoutError:
            return False
        return True

    def open(self) -> asyncio.Event:
        """Begin to take commands, for the running loop; the event is set when there is one."""
        wake = asyncio.Event()
        self._stream = (asyncio.get_running_loop(), wake)
        return wake

    def close(self) -> None:
        """Take no more commands."""
        self._stream = None

    def next(self) -> tuple[MakeEvent | None, Callable[[], None]] | None:
        """Return the next command, None where it is only to settle, and what to call once it was handled."""
        if not self._asked:
            return None
        make, handled, loop = self._asked.popleft()

        def was_handled() -> None:
            with suppress(RuntimeError):  # whoever asked is gone
                loop.call_soon_threadsafe(handled.set)

        return make, was_handled


class News(Protocol):
    """What a session has to hear besides its market: the configuration that was applied."""

    def has_news(self) -> bool:
        """Tell whether there may be any; asked before every event, so it must be quick."""

    async def news(self) -> Sequence[MakeEvent]:
        """Return it, in order; what a slow disk still owes comes with a later call."""

    def close(self) -> None:
        """End what is still being looked for."""


Operate = Callable[[Market], Market]


def unoperated(market: Market) -> Market:
    """Return *market* as it is: nobody operates it."""
    return market


class Follower(Protocol):
    """Whoever follows a stream: knows its time, and hears of everything that was handled."""

    @property
    def market_mts(self) -> Mts:
        """The time of the last event."""

    def saw(self, event: Event) -> None:
        """Take an event that the core has handled."""


class OperatedMarket:
    """*market*, with the commands of *inbox* and the *news* in its stream, before whatever else comes.

    *follower* is told of everything that was handled, *pulse* when each event begins to be.
    """

    def __init__(
        self, market: Market, inbox: OperatorInbox, follower: Follower, pulse: LoopPulse, news: News | None = None
    ) -> None:
        self._market = market
        self._inbox = inbox
        self._follower = follower
        self._pulse = pulse
        self._news = news

    async def events(self) -> AsyncIterator[Event]:
        wake = self._inbox.open()
        source = self._market.events()
        coming: asyncio.Future[Event] | None = None
        woken = asyncio.ensure_future(wake.wait())
        try:
            while True:
                asked = self._inbox.next()  # first, so that what was applied before it was asked is taken before it
                for event in await self._applied():
                    with self._pulse.at_event():
                        yield event
                    self._follower.saw(event)
                if asked is not None:
                    make, was_handled = asked
                    if make is not None:
                        event = make(self._follower.market_mts)
                        with self._pulse.at_event():
                            yield event
                        self._follower.saw(event)
                    was_handled()
                    continue
                coming = coming or asyncio.ensure_future(anext(source))
                await asyncio.wait((coming, woken), return_when=asyncio.FIRST_COMPLETED)
                if woken.done():
                    wake.clear()
                    woken = asyncio.ensure_future(wake.wait())
                    continue
                try:
                    event = coming.result()
                except StopAsyncIteration:
                    return
                coming = None
                for applied in await self._applied():
                    with self._pulse.at_event():
                        yield applied
                    self._follower.saw(applied)
                with self._pulse.at_event():
                    yield event
                self._follower.saw(event)
        finally:
            self._inbox.close()
            woken.cancel()
            if self._news is not None:
                self._news.close()
            if coming is not None:
                coming.cancel()

    async def _applied(self) -> list[Event]:
        if self._news is None or not self._news.has_news():
            return []
        return [make(self._follower.market_mts) for make in await self._news.news()]

    def request_quote(self, symbol: Symbol, orders: int) -> None:
        self._market.request_quote(symbol, orders)

    def submit(self, order: Approved) -> None:
        self._market.submit(order)

    def cancel(self, cancel: Cancel) -> None:
        self._market.cancel(cancel)

    def look_up(self, wanted: LookUp) -> None:
        self._market.look_up(wanted)

    def wake_at(self, mts: Mts) -> None:
        self._market.wake_at(mts)

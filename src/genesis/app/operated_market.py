"""A market whose stream also carries what an operator asks: at once, and in one order with all that happens.

So a command is an event like any other: it is in the journal before the core sees it, and a replay decides the same.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Final, Protocol

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
        self._asked: deque[tuple[MakeEvent, asyncio.Event, asyncio.AbstractEventLoop]] = deque()
        self._stream: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    async def ask(self, make: MakeEvent) -> bool:
        """Put the event that *make* makes of the market's time into the stream; tell whether it was handled in time.

        Raises `NotPossible` when no stream runs, or too many commands wait.
        """
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

    def next(self) -> tuple[MakeEvent, Callable[[], None]] | None:
        """Return the next command, and what to call once it was handled."""
        if not self._asked:
            return None
        make, handled, loop = self._asked.popleft()

        def was_handled() -> None:
            with suppress(RuntimeError):  # whoever asked is gone
                loop.call_soon_threadsafe(handled.set)

        return make, was_handled


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
    """*market*, with the commands of *inbox* in its stream, for *follower*."""

    def __init__(self, market: Market, inbox: OperatorInbox, follower: Follower) -> None:
        self._market = market
        self._inbox = inbox
        self._follower = follower

    async def events(self) -> AsyncIterator[Event]:
        wake = self._inbox.open()
        source = self._market.events()
        coming: asyncio.Future[Event] | None = None
        woken = asyncio.ensure_future(wake.wait())
        try:
            while True:
                while (asked := self._inbox.next()) is not None:
                    make, was_handled = asked
                    event = make(self._follower.market_mts)
                    yield event
                    self._follower.saw(event)
                    was_handled()
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
                yield event
                self._follower.saw(event)
        finally:
            self._inbox.close()
            woken.cancel()
            if coming is not None:
                coming.cancel()

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

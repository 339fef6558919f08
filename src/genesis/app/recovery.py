"""Recovery: a journal through the core again, then what the end of the last process proves of each order.

Start-up is crash recovery: a session that ended well leaves nothing to do but to read. What the journal cannot say the
exchange does, in the look at the account that comes before any new decision.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Final, get_args

from genesis.domain.core import TradingCore
from genesis.domain.events import Cancel, CandleClosed, Event, LookUp, OperatorAsked, OrderReported
from genesis.domain.execution.reconciliation import after_crash
from genesis.domain.journal.entries import RecordedEntry
from genesis.domain.link import Link, LinkState
from genesis.domain.risk.gate import Approved
from genesis.domain.units import Mts, Symbol
from genesis.ports.journal import Journal
from genesis.ports.market import Market

LINKS: Final = ("market", "account")
EVENTS: Final = get_args(Event)


def replay_into(core: TradingCore, entries: Iterable[RecordedEntry]) -> dict[Symbol, Mts]:
    """Bring a fresh *core* to where the events of a journal lead, and return the last candle of each instrument.

    Decisions are made again and go nowhere: they were carried out, or never will be.
    """
    candles: dict[Symbol, Mts] = {}
    for entry in entries:
        if isinstance(entry, EVENTS):
            core.handle(entry)
            if isinstance(entry, CandleClosed):
                candles[entry.symbol] = entry.candle.mts
    return candles


async def begin_again(core: TradingCore, journal: Journal, now: Mts) -> None:
    """Record, durably, what the end of the last process means.

    Its connections are gone, so nothing is sent before the account was looked at. An intent without a record of sending
    never left. Of an order that was being sent nobody knows: the look finds it, or asks for a search.
    """
    for event in _what_a_start_means(core, now):
        await journal.append(event)
        for decision in core.handle(event):
            await journal.append(decision)
    await journal.commit()


def _what_a_start_means(core: TradingCore, now: Mts) -> Iterator[Event]:
    for name in LINKS:
        yield LinkState(now, name, Link.RECONNECT, "the session begins")
    for own in tuple(core.books.orders.open()):
        evidence = after_crash(own.life)
        if evidence is not None:
            yield OrderReported(now, own.life.order.symbol, own.life.order.cid, evidence)


class Resumed:
    """A `Market` that goes on where a journal ended: candles that the core has seen are not told again.

    What operators ask comes in between, as it comes.
    """

    def __init__(self, market: Market, candles: dict[Symbol, Mts], asks: "asyncio.Queue[OperatorAsked]") -> None:
        """*candles* are the last ones that the core has seen, *asks* what operators want."""
        self._market = market
        self._candles = candles
        self._asks = asks

    async def events(self) -> AsyncIterator[Event]:
        """Return the stream; see the port."""
        told = aiter(self._market.events())
        next_told = asyncio.ensure_future(anext(told))
        next_asked = asyncio.ensure_future(self._asks.get())
        try:
            while True:
                await asyncio.wait((next_told, next_asked), return_when=asyncio.FIRST_COMPLETED)
                if next_asked.done():
                    asked = next_asked.result()
                    next_asked = asyncio.ensure_future(self._asks.get())
                    yield asked
                    continue
                try:
                    event = next_told.result()
                except StopAsyncIteration:
                    return
                if not self._was_seen(event):
                    yield event
                next_told = asyncio.ensure_future(anext(told))
        finally:
            next_told.cancel()
            next_asked.cancel()

    def _was_seen(self, event: Event) -> bool:
        if not isinstance(event, CandleClosed):
            return False
        last = self._candles.get(event.symbol)
        if last is not None and event.candle.mts <= last:
            return True
        self._candles[event.symbol] = event.candle.mts
        return False

    def request_quote(self, symbol: Symbol, orders: int) -> None:
        """Hand on; see the port."""
        self._market.request_quote(symbol, orders)

    def submit(self, order: Approved) -> None:
        """Hand on; see the port."""
        self._market.submit(order)

    def cancel(self, cancel: Cancel) -> None:
        """Hand on; see the port."""
        self._market.cancel(cancel)

    def look_up(self, wanted: LookUp) -> None:
        """Hand on; see the port."""
        self._market.look_up(wanted)

    def wake_at(self, mts: Mts) -> None:
        """Hand on; see the port."""
        self._market.wake_at(mts)

"""Bounded queues between a reader that must never wait and a consumer that may be slow.

Market data: what is superseded is replaced in place (tickers, tops of books, running candles, statuses); of the rest
the oldest goes when the bound is reached, and the consumer gets a `Gap` for that channel before anything newer.
Account data is never dropped: when its queue is full the connection is ended instead, and the consumer reconciles
from the snapshots that follow.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

from genesis.domain.book import BookTop
from genesis.domain.candle import Candle
from genesis.domain.channel import Channel
from genesis.domain.exchange.market import DerivativeStatus, FundingTicker, Liquidation, Ticker
from genesis.domain.link import LinkState
from genesis.domain.market import Gap, GapReason, MarketEvent, PrintedTrade
from genesis.ports.streams import MarketItem

ItemT = TypeVar("ItemT")

MARKET_ITEMS_MAX: Final = 10_000
ACCOUNT_ITEMS_MAX: Final = 10_000
LINKS_MAX: Final = 256

_SUPERSEDED: Final = frozenset({Ticker, FundingTicker, BookTop, DerivativeStatus})
_LASTING: Final = frozenset({PrintedTrade, Liquidation})
"""What stands for itself: nothing on its channel is ever superseded."""


class _Waiting:
    """One consumer, woken when there is something."""

    def __init__(self) -> None:
        self._woken: asyncio.Future[None] | None = None

    def wake(self) -> None:
        """Wake the consumer."""
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)

    async def wait(self) -> None:
        """Wait to be woken."""
        self._woken = asyncio.get_running_loop().create_future()
        await self._woken


class MarketQueue:
    """Public events for one consumer; *put* never waits."""

    def __init__(self, items_max: int = MARKET_ITEMS_MAX) -> None:
        self._items_max = items_max
        self._items: OrderedDict[Hashable, tuple[Channel, MarketEvent]] = OrderedDict()
        self._links: deque[LinkState] = deque(maxlen=LINKS_MAX)
        self._dropped: dict[Channel, int] = {}
        self._eras: dict[Channel, int] = {}
        self._count = 0
        self._waiting = _Waiting()

    def __len__(self) -> int:
        return len(self._items) + len(self._links) + len(self._dropped)

    def put(self, channel: Channel, event: MarketEvent) -> None:
        """Add an event, or let it take the place of the one that it supersedes.

        It does so only where nothing else of its channel stands between: what comes after a snapshot must not be told
        before it.
        """
        kind = type(event)
        key: Hashable
        if kind in _SUPERSEDED:
            key = (channel, kind, self._eras.get(channel, 0))
        elif isinstance(event, Candle):
            key = (channel, event.mts, self._eras.get(channel, 0))
        else:
            key = self._count = self._count + 1
            if kind not in _LASTING:
                self._eras[channel] = key
        if len(self._items) >= self._items_max and key not in self._items:
            _, (victim, _) = self._items.popitem(last=False)
            self._dropped[victim] = self._dropped.get(victim, 0) + 1
        self._items[key] = (channel, event)
        self._waiting.wake()

    def put_link(self, state: LinkState) -> None:
        """Add a change of a connection's state; these overtake data."""
        self._links.append(state)
        self._waiting.wake()

    async def next(self) -> MarketItem:
        """Return the next item, waiting for one. One consumer at a time."""
        while not len(self):
            await self._waiting.wait()
        if self._links:
            return self._links.popleft()
        if self._dropped:
            channel, missed = self._dropped.popitem()
            return channel, Gap(GapReason.SLOW_CONSUMER, missed)
        return self._items.popitem(last=False)[1]


class AccountQueue(Generic[ItemT]):
    """Account events for one consumer, none ever dropped: *put* says no instead."""

    def __init__(self, items_max: int = ACCOUNT_ITEMS_MAX) -> None:
        self._items_max = items_max
        self._items: deque[ItemT] = deque()
        self._waiting = _Waiting()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: ItemT) -> bool:
        """Add an item and return True; with a full queue return False."""
        if len(self._items) >= self._items_max:
            return False
        self._items.append(item)
        self._waiting.wake()
        return True

    def put_always(self, item: ItemT) -> None:
        """Add an item that must not be refused: changes of the link.

        They are few; should nobody take any for days, the newest replaces the one before it.
        """
        if len(self._items) >= self._items_max + LINKS_MAX:
            self._items.pop()
        self._items.append(item)
        self._waiting.wake()

    async def next(self) -> ItemT:
        """Return the next item, waiting for one. One consumer at a time."""
        while not self._items:
            await self._waiting.wait()
        return self._items.popleft()

"""Live data from an exchange, as ports: public markets, and our own account."""

from typing import Protocol

from genesis.domain.account_events import AccountEvent
from genesis.domain.book import Book
from genesis.domain.channel import BookChannel, Channel
from genesis.domain.link import LinkState
from genesis.domain.market import MarketEvent

MarketItem = tuple[Channel, MarketEvent] | LinkState
"""What happened on a channel, or to a connection."""


class MarketStream(Protocol):
    """Public channels. A channel that was subscribed stays so over lost connections until it is unsubscribed.

    Items of one channel come in the order in which the exchange sent them. A consumer that falls behind gets the
    newest state and a `Gap`; it never slows the reading. After any `Gap` something of that channel may be missing: a
    book is whole again with its next `BookSnapshot`, trades and candles can be read again from history.
    """

    async def run(self) -> None:
        """Keep the connections alive until cancelled."""

    async def subscribe(self, channel: Channel) -> None:
        """Return once the exchange has taken the subscription; a channel that is subscribed already is fine.

        Raises `Rejected` with the exchange's code and text, and `OutcomeUnknown` when no answer came in time; either
        way the channel is not subscribed afterwards, nor if this is cancelled.
        """

    async def unsubscribe(self, channel: Channel) -> None:
        """Return once the channel has ended; one that is not subscribed is fine."""

    def book(self, channel: BookChannel) -> Book:
        """Return the book of a subscribed channel, which the reader keeps current; raises `KeyError` if it is none.

        Nothing awaits between two of its updates, so that whoever reads it without awaiting sees it whole. Heed
        `is_stale`.
        """

    async def next(self) -> MarketItem:
        """Return the next item, waiting for one. One consumer at a time."""


class AccountStream(Protocol):
    """Our account, live. After every connection snapshots come first and void what was known.

    Events come in the order in which the exchange sent them and none is dropped: a consumer that is too slow loses
    the connection instead, and reads everything anew from the next one. After `LinkState` RECONNECT, after a `Gap`,
    and after maintenance, reconcile before any decision.
    """

    async def run(self) -> None:
        """Keep the connection alive until cancelled.

        Raises `AuthRefused` (`KeyContended` when somebody else signs with the key) and `StoreError` when no nonce can
        be had; the last event is then `LinkState` CLOSED.
        """

    @property
    def is_open(self) -> bool:
        """Whether requests are taken now."""

    async def next(self) -> AccountEvent:
        """Return the next event, waiting for one. One consumer at a time."""

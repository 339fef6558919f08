"""What a traded market reaches the exchange by, and who wants to see how that goes."""

from typing import Protocol

from attrs import frozen

from genesis.adapters.bitfinex.order_sender import SendObserver
from genesis.domain.link import LinkState
from genesis.domain.order import Cid
from genesis.ports.exchange import AccountReader, MarketDataReader, OrderGateway
from genesis.ports.nonces import NonceStore
from genesis.ports.streams import AccountStream, MarketStream


class MarketSocket(MarketStream, Protocol):
    """The market's stream, which can be made to begin anew."""

    def reconnect(self, reason: str) -> None:
        """End the connections of the moment: what they told is stale."""


class AccountSocket(AccountStream, Protocol):
    """The account's stream, which can be made to begin anew."""

    def reconnect(self, reason: str) -> None:
        """End the connection of the moment, so that nothing more can come over it."""


class WireObserver(SendObserver, Protocol):
    """Whoever wants to see the connections. Must neither block nor raise."""

    def link(self, state: LinkState) -> None:
        """Take the new state of a connection."""

    def operator_must(self, cid: Cid, reason: str) -> None:
        """Take an order of which nothing can be proven any more: a person decides, its exposure stays counted."""


@frozen(eq=False)
class Wires:
    """What a market reaches the exchange by: streams, the way for orders, and readers."""

    public: MarketSocket
    account: AccountSocket
    gateway: OrderGateway
    reader: AccountReader
    platform: MarketDataReader
    cids: NonceStore

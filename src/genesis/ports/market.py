"""Where the trading loop gets its events from and takes its orders to."""

from collections.abc import AsyncIterator
from typing import Protocol

from genesis.domain.events import Event
from genesis.domain.risk.gate import Approved
from genesis.domain.units import Symbol


class Market(Protocol):
    """One merged, ordered stream of events, and the way for orders.

    Events come in the order in which they happened; the answer to a quote request and to an order comes as an event of
    the same stream, never from the call itself.
    """

    def events(self) -> AsyncIterator[Event]:
        """Return the stream; it ends when the data does. It may be asked for once."""

    def request_quote(self, symbol: Symbol) -> None:
        """Ask for the next `Quote` of *symbol*; asking twice before it came asks once."""

    async def submit(self, order: Approved) -> None:
        """Send *order*; what became of it follows in the stream: `OrderFilled` for each match and then `OrderClosed`,
        or `OrderRejected` where there was none.

        Raises `NotProcessed` when it certainly did not reach the exchange and `Rejected` when that said no: an
        `OrderRejected` follows all the same. Raises `OutcomeUnknown` when nothing is known.
        """

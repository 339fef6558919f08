"""Where the trading loop gets its events from and takes its decisions to."""

from collections.abc import AsyncIterator
from typing import Protocol

from genesis.domain.events import Cancel, Event, LookUp
from genesis.domain.risk.gate import Approved
from genesis.domain.units import Mts, Symbol


class Market(Protocol):
    """One merged, ordered stream of events, and the way for decisions.

    Events come in the order in which they happened. The calls hand something on and return at once; what comes of it is
    an event of the same stream, never an answer of the call itself. What ends everything, such as a refused key, is
    raised by whoever runs the market.
    """

    def events(self) -> AsyncIterator[Event]:
        """Return the stream; it ends when the data does. It may be asked for once."""

    def request_quote(self, symbol: Symbol, orders: int) -> None:
        """Ask for the next `Quote` of *symbol*, with ids for so many *orders* where ids have to be asked for.

        Asking again before it came asks once, for the larger number.
        """

    def submit(self, order: Approved) -> None:
        """Send *order*, once. Everything that becomes of it follows as `OrderReported`: `NothingLeft` when it
        certainly did not reach the exchange, `Refused` when that said no, `AnswerLost` when nothing is known, and what
        the exchange tells otherwise.
        """

    def cancel(self, cancel: Cancel) -> None:
        """Ask to cancel an order, before any order that waits to be sent; until it is reported ended it may fill."""

    def look_up(self, wanted: LookUp) -> None:
        """Search for an order until there is evidence either way, which follows as `OrderReported`."""

    def wake_at(self, mts: Mts) -> None:
        """Send a `TimePassed` at *mts* or soon after."""

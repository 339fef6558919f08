"""What becomes of our orders: messages of the account stream, in any order and more than once, as events of the core.

A fill counts when it is confirmed, for only then its fee is known, and once by its id. The end of an order may be told
before its last fills are confirmed, so it is passed on when all of them are.
"""

from attrs import define, field

from genesis.domain.account_events import FillNews, News, OrderNews
from genesis.domain.events import Event, OrderReported
from genesis.domain.exchange.orders import OrderReport
from genesis.domain.execution.evidence import Closed, evidence_from_fill
from genesis.domain.instrument import Instrument
from genesis.domain.market import Print
from genesis.domain.order import Cid, OrderRequest
from genesis.domain.units import atoms
from genesis.ports.errors import ProtocolViolation


@define(eq=False)
class _Flight:
    """An order that may still fill, or whose fills are not all confirmed."""

    order: OrderRequest
    fills: set[int] = field(factory=set)
    filled: int = 0
    end: OrderReport | None = None


class OwnOrders:
    """The orders in flight of one instrument. Orders of the account that it does not know are none of its business."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._flights: dict[Cid, _Flight] = {}

    @property
    def in_flight(self) -> tuple[Cid, ...]:
        """The ids of the orders that are not over."""
        return tuple(self._flights)

    def send(self, order: OrderRequest) -> None:
        """Note that *order* is about to leave."""
        self._flights[order.cid] = _Flight(order)

    def forget(self, cid: Cid) -> None:
        """Note that the order certainly is not there."""
        self._flights.pop(cid, None)

    def fill(self, news: FillNews) -> list[Event]:
        """Return what a fill means; raises `ProtocolViolation` or `InexactNumber` for one that cannot be booked."""
        report = news.fill
        flight = None if report.cid is None else self._flights.get(report.cid)
        if flight is None or news.print is not Print.CONFIRMED or report.id in flight.fills:
            return []
        order = flight.order
        if report.side is not order.side or report.fee is None:
            raise ProtocolViolation(f"fill {report.id} of order {order.cid} cannot be booked", endpoint="ws tu")
        flight.fills.add(report.id)
        flight.filled += atoms(report.amount)
        traded = evidence_from_fill(report, self._instrument)
        return [OrderReported(report.mts, order.symbol, order.cid, traded), *self._end(flight)]

    def order(self, news: OrderNews) -> list[Event]:
        """Return what became of an order, if it is over and all its fills are known."""
        report = news.order
        flight = None if report.cid is None else self._flights.get(report.cid)
        if flight is None or news.news is not News.CLOSED:
            return []
        flight.end = report
        return self._end(flight)

    def _end(self, flight: _Flight) -> list[Event]:
        order, report = flight.order, flight.end
        if report is None or flight.filled < atoms(report.amount_filled):
            return []
        del self._flights[order.cid]
        closed = Closed(report.id, atoms(report.amount_filled), report.status_text)
        return [OrderReported(report.mts_updated, order.symbol, order.cid, closed)]

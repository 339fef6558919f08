"""What messages say about our orders, as evidence for the core: in any order, and each fact once.

The core keeps the lives of orders. Here is only what the way to it needs: which cids are ours, which exchange id
belongs to which, what was told already, and when an order gives no cause to wait for more.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final

from attrs import define, field

from genesis.adapters.bitfinex.pairs import whole_order
from genesis.domain.account_events import FillNews, OrderNews
from genesis.domain.events import OrderReported
from genesis.domain.exchange.orders import FillReport, OrderReport
from genesis.domain.execution.evidence import (
    Accepted,
    Closed,
    Evidence,
    NothingLeft,
    ProvenAbsent,
    Refused,
    Traded,
    evidence_from_fill,
    evidence_from_report,
)
from genesis.domain.execution.look import Look
from genesis.domain.execution.order_life import OrderLife, Status
from genesis.domain.instrument import Instrument
from genesis.domain.order import Cid, OrderId, OrderRequest
from genesis.domain.units import InexactNumber, Mts, Symbol
from genesis.ports.errors import ProtocolViolation

ENDED_MAX: Final = 10_000
"""Orders that are over and still known, for a fill may come late."""


@define(eq=False)
class Flight:
    """An order of ours, as far as the market follows it; times are monotonic seconds."""

    order: OrderRequest
    id: OrderId | None = None
    sent_s: float | None = None
    by_socket: bool = True
    lost_s: float | None = None
    """Since when its answer is known to be lost."""
    closed_s: float | None = None
    """When the socket that it was sent over was closed: no answer comes over that any more."""
    is_over: bool = False
    """Whether it ended without the exchange having it: refused, never sent, proven absent."""
    shown: int | None = None
    """The atoms filled by the last report of it as open."""
    end: Closed | None = None
    booked: dict[int, int] = field(factory=dict)
    """Atoms by trade id, once the fee is known."""
    unconfirmed: set[int] = field(factory=set)
    told: set[tuple[type, Evidence]] = field(factory=set)
    halves: dict[OrderId, OrderReport] = field(factory=dict)
    """The last report of each half, where it is a pair at the exchange."""

    @property
    def is_known(self) -> bool:
        """Whether there is evidence of what became of it."""
        return self.is_over or self.id is not None

    @property
    def waits_on_socket(self) -> bool:
        """Whether its answer may still come over the socket that is open now."""
        is_sent = self.by_socket and self.sent_s is not None and self.closed_s is None
        return is_sent and self.lost_s is None and not self.is_known

    @property
    def is_quiet(self) -> bool:
        """Whether nothing more is due: it is over and booked, or rests and all its fills are confirmed."""
        if self.is_over:
            return True
        filled = self.end.filled if self.end is not None else self.shown
        return filled is not None and not self.unconfirmed and sum(self.booked.values()) >= filled


class OwnOrders:
    """The orders of one account that are ours. Others are none of its business."""

    def __init__(self, instruments: Mapping[Symbol, Instrument], known: Iterable[OrderLife] = ()) -> None:
        """*known* are the lives that a journal remembers."""
        self.version = 0
        """Rises with everything that is done or heard, so that a look can tell whether it was alone."""
        self._instruments = instruments
        self._flights: dict[Cid, Flight] = {}
        self._ended: OrderedDict[Cid, Flight] = OrderedDict()
        self._cids: dict[OrderId, Cid] = {}
        for life in known:
            self._remember(life)

    @property
    def in_flight(self) -> tuple[Flight, ...]:
        """The orders that are not over and booked."""
        return tuple(self._flights.values())

    @property
    def is_quiet(self) -> bool:
        """Whether nothing more is due for any order."""
        return all(flight.is_quiet for flight in self._flights.values())

    def find(self, cid: Cid) -> Flight | None:
        """Return an order of ours; None for one that is not, or ended long ago."""
        return self._flights.get(cid) or self._ended.get(cid)

    def begin(self, order: OrderRequest) -> Flight:
        """Note that *order* is about to leave."""
        self.version += 1
        flight = self._flights[order.cid] = Flight(order)
        return flight

    def socket_closed(self, now_s: float) -> None:
        """Note that the account's socket was closed; the next one answers for nothing that was asked before."""
        for flight in self._flights.values():
            if flight.by_socket and flight.sent_s is not None and flight.closed_s is None:
                flight.closed_s = now_s

    def adopt(self, order: OrderRequest) -> Flight:
        """Return the flight of *order*, making one for an order of an earlier session that nobody named."""
        return self.find(order.cid) or self.begin(order)

    def told(self, cid: Cid, mts: Mts, evidence: Evidence) -> list[OrderReported]:
        """Return what is to be reported of an order: nothing if it was said before, or is not ours."""
        flight = self.find(cid)
        if flight is None:
            return []
        key = (type(evidence), evidence)
        if key in flight.told:
            return []
        self.version += 1
        flight.told.add(key)
        self._note(flight, evidence)
        self._sort(flight)
        return [OrderReported(mts, flight.order.symbol, cid, evidence)]

    def order(self, news: OrderNews) -> list[OrderReported]:
        """Return what a message about an order, or about one half of a pair, means."""
        report = news.order
        cid = self.owner(report)
        flight = None if cid is None else self.find(cid)
        if cid is None or flight is None or flight.order.oco_stop is None:
            return self.report(report)
        self._cids[report.id] = cid
        flight.halves[report.id] = report
        whole = whole_order(flight.halves.values())
        return [] if whole is None else self.report(whole)

    def owner(self, report: OrderReport) -> Cid | None:
        """Return the order of ours that a report is of; None for one of somebody else, whatever cid that has."""
        known = self._cids.get(report.id)
        if known is None and report.placed_id is not None:
            known = self._cids.get(report.placed_id)
        if known is not None:
            return known
        flight = None if report.cid is None else self.find(report.cid)
        if flight is None or (flight.order.symbol, flight.order.side) != (report.symbol, report.side):
            return None
        return flight.order.cid

    def report(self, report: OrderReport) -> list[OrderReported]:
        """Return what a report of an order means; raises `ProtocolViolation` for one that cannot be read exactly."""
        cid = self.owner(report)
        if cid is None:
            return []
        try:
            evidence = evidence_from_report(report)
        except InexactNumber as error:
            raise ProtocolViolation(f"order {report.id}: {error}", endpoint="ws o") from error
        return self.told(cid, report.mts_updated, evidence)

    def fill(self, news: FillNews) -> list[OrderReported]:
        """Return what a message about a fill means."""
        return self.match(news.fill)

    def match(self, fill: FillReport) -> list[OrderReported]:
        """Return what a fill means; raises `ProtocolViolation` for one that cannot be booked."""
        cid = self._cids.get(fill.order_id) or fill.cid
        flight = None if cid is None else self.find(cid)
        if cid is None or flight is None or flight.order.symbol != fill.symbol:
            return []
        if fill.side is not flight.order.side:
            text = f"fill {fill.id} of order {cid} is a {fill.side.value}, the order a {flight.order.side.value}"
            raise ProtocolViolation(text, endpoint="ws tu")
        try:
            evidence = evidence_from_fill(fill, self._instruments[fill.symbol])
        except InexactNumber as error:
            raise ProtocolViolation(f"fill {fill.id} of order {cid}: {error}", endpoint="ws tu") from error
        if evidence.fee is None and evidence.trade_id in flight.booked:
            return []
        if flight.order.oco_stop is not None:  # whichever half of the pair was met
            limit = flight.id or next((half.placed_id for half in flight.halves.values() if half.placed_id), None)
            if limit is None:
                return []  # nobody can tell yet which half it was: the next look does
            evidence = evidence._replace(order_id=limit)
        return self.told(cid, fill.mts, evidence)

    def see(self, look: Look) -> None:
        """Note what a look shows of our orders; the core hears it from the look itself.

        So it does of what cannot be read, and stops at it (`domain.account_looks`): here that is passed over.
        """
        for report in (*look.open_orders, *look.history):
            with suppress(ProtocolViolation):
                self.report(report)
        for fill in look.fills:
            with suppress(ProtocolViolation):
                self.match(fill)

    def _note(self, flight: Flight, evidence: Evidence) -> None:
        match evidence:
            case Accepted(id, filled):
                self._identify(flight, id)
                flight.lost_s = None
                if flight.end is None:
                    flight.shown = max(filled, flight.shown or 0)
            case Closed(id):
                self._identify(flight, id)
                flight.end = evidence
            case Traded():
                self._identify(flight, evidence.order_id)
                if evidence.fee is None:
                    flight.unconfirmed.add(evidence.trade_id)
                else:
                    flight.unconfirmed.discard(evidence.trade_id)
                    flight.booked[evidence.trade_id] = evidence.amount
            case Refused() | NothingLeft() | ProvenAbsent():
                flight.is_over = flight.id is None
            case _:
                pass

    def _identify(self, flight: Flight, order_id: OrderId) -> None:
        flight.id = flight.id or order_id
        self._cids[order_id] = flight.order.cid

    def _sort(self, flight: Flight) -> None:
        cid = flight.order.cid
        if not flight.is_quiet or not (flight.is_over or flight.end is not None):
            return
        if self._flights.pop(cid, None) is not None:
            self._ended[cid] = flight
        while len(self._ended) > ENDED_MAX:
            _, old = self._ended.popitem(last=False)
            if old.id is not None:
                self._cids.pop(old.id, None)

    def _remember(self, life: OrderLife) -> None:
        flight = Flight(life.order, life.id, is_over=life.status in {Status.NOT_SENT, Status.REJECTED, Status.ABSENT})
        flight.end, flight.shown = life.closing, life.filled_reported if life.id is not None else None
        for trade in life.trades:
            self._note(flight, trade)
            flight.told.add((Traded, trade))
        self._flights[life.order.cid] = flight
        if life.id is not None:
            self._cids[life.id] = life.order.cid
        self._sort(flight)

"""Order requests, over REST and WebSocket alike: from their fields to the exchange, and what is answered."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from genesis.adapters.bitfinex.wire.number import Number
from genesis.adapters.bitfinex.wire.orders import OrderRow
from genesis.adapters.venue.complaints import GENERIC, Complaint, invalid, refusal_text
from genesis.adapters.venue.numbers import ZERO, decimal_from_wire, integer_from_wire, integer_or_none, number
from genesis.adapters.venue.order_texts import change_from_wire, cid_from_wire, ticket_from_wire, type_text
from genesis.adapters.venue.rows import order_row
from genesis.domain.order import Cid, OrderId
from genesis.domain.simulation.exchange import Exchange
from genesis.domain.simulation.exchange_events import ExchangeEvent
from genesis.domain.simulation.exchange_orders import PlacedOrder, Refusal
from genesis.domain.simulation.market import Market
from genesis.domain.simulation.matching_order import UserId
from genesis.domain.simulation.snapshot import snapshot
from genesis.domain.units import Mts, Symbol, format_atoms

Fields = Mapping[str, object]
Events = list[ExchangeEvent]

OPERATIONS_MAX = 75


class Answer(NamedTuple):
    """What a request is answered: the notification's type, data and words, and what happened on the exchange."""

    kind: str
    data: object
    status: str
    text: str
    events: Events


class OrderDesk:
    """Takes order requests of users."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._operations: Mapping[str, Callable[[UserId, Fields, Mts], Answer]] = {
            "on": self.submit,
            "ou": self.update,
            "oc": self.cancel,
            "oc_multi": self.cancel_many,
        }

    def submit(self, user: UserId, fields: Fields, mts: Mts) -> Answer:
        """Place an order; raises `Complaint`. The order in the answer is as accepted, whatever became of it since."""
        market = self._market(fields)
        ticket = ticket_from_wire(fields, market)
        result = self._exchange.submit(user, ticket, mts)
        if isinstance(result, Refusal):
            raise self._refused(result, market)
        rows = [order_row(order, market.instrument) for order in result.orders]
        order = result.orders[0]
        text = f"Submitting {_words(order, market)}."
        return Answer("on-req", rows, "SUCCESS", text, result.events)

    def update(self, user: UserId, fields: Fields, mts: Mts) -> Answer:
        """Change an order; raises `Complaint`."""
        order = self._find(user, fields)
        market = self._exchange.markets[order.symbol]
        result = self._exchange.update(user, order.id, change_from_wire(fields, order, market), mts)
        if isinstance(result, Refusal):
            raise self._refused(result, market)
        text = f"Submitting update to {_words(order, market)}."
        return Answer("ou-req", order_row(order, market.instrument), "SUCCESS", text, result)

    def cancel(self, user: UserId, fields: Fields, mts: Mts) -> Answer:
        """Cancel an order; raises `Complaint`. The order in the answer is as it was before."""
        order = self._find(user, fields)
        before = snapshot(order)
        result = self._exchange.cancel(user, order.id, mts)
        assert not isinstance(result, Refusal)
        text = f"Submitted for cancellation; waiting for confirmation (ID: {order.id})."
        row = order_row(before, self._exchange.markets[order.symbol].instrument)
        return Answer("oc-req", row, "SUCCESS", text, result)

    def cancel_many(self, user: UserId, fields: Fields, mts: Mts) -> Answer:
        """Cancel orders by id, group, client id, or all; those that are not there are not mentioned."""
        orders = self._selected(user, fields)
        rows = [order_row(order, self._exchange.markets[order.symbol].instrument) for order in orders]
        events: Events = []
        for order in orders:
            result = self._exchange.cancel(user, order.id, mts)
            if not isinstance(result, Refusal):  # cancelled by its pair
                events += result
        text = f"Submitting {len(orders)} order cancellations."
        return Answer("oc_multi-req", rows, "SUCCESS", text, events)

    def operate(self, user: UserId, operations: object, mts: Mts) -> list[Answer]:
        """Carry out several operations; each has its own answer, a refusal included. Raises `Complaint` for the list
        itself."""
        if not isinstance(operations, list) or not 0 < len(operations) <= OPERATIONS_MAX:
            raise invalid("ops")
        answers: list[Answer] = []
        for operation in operations:
            if not (isinstance(operation, list) and len(operation) == 2 and isinstance(operation[1], dict)):
                raise invalid("ops")
            name, fields = operation
            carry_out = self._operations.get(str(name))
            if carry_out is None:
                raise invalid("ops")
            try:
                answers.append(carry_out(user, fields, mts))
            except Complaint as complaint:
                answers.append(refused(f"{name}-req", fields, complaint))
        return answers

    def _market(self, fields: Fields) -> Market:
        market = self._exchange.markets.get(Symbol(str(fields.get("symbol"))))
        if market is None:
            raise Complaint(GENERIC, "symbol: invalid")
        return market

    def _find(self, user: UserId, fields: Fields) -> PlacedOrder:
        found = None
        if fields.get("id") is not None:
            found = self._exchange.find(user, OrderId(integer_from_wire(fields["id"], "id")))
        elif fields.get("cid") is not None:
            if not fields.get("cid_date"):
                raise Complaint(GENERIC, "cid_date: invalid")
            cid = cid_from_wire(fields["cid"])
            assert cid is not None
            found = self._by_cid(user, cid, str(fields["cid_date"]))
        if found is None:
            raise Complaint(GENERIC, "Order not found.")
        return found

    def _by_cid(self, user: UserId, cid: Cid, date: str) -> PlacedOrder | None:
        orders = self._exchange.open_orders(user)
        return next((order for order in orders if order.cid == cid and date_of(order.created) == date), None)

    def _selected(self, user: UserId, fields: Fields) -> list[PlacedOrder]:
        orders = self._exchange.open_orders(user)
        if fields.get("all") in (1, True, "1"):
            return orders
        ids = set(_integers(fields.get("id"), "id"))
        groups = set(_integers(fields.get("gid"), "gid"))
        pairs = fields.get("cid") or []
        if not isinstance(pairs, list) or any(not isinstance(pair, list) or len(pair) != 2 for pair in pairs):
            raise invalid("cid")
        cids = {(integer_from_wire(cid, "cid"), str(date)) for cid, date in pairs}
        return [
            order
            for order in orders
            if order.id in ids or order.gid in groups or (order.cid, date_of(order.created)) in cids
        ]

    def _refused(self, refusal: Refusal, market: Market) -> Complaint:
        instrument = market.instrument
        return Complaint(GENERIC, refusal_text(refusal, instrument.symbol, instrument.base, instrument.quote))


def refused(kind: str, fields: Fields, complaint: Complaint) -> Answer:
    """Return the answer to a refused request: its fields in the layout of an order, so that it can be told whose it
    is."""
    amount = _number(fields.get("amount"))
    row = OrderRow(
        id=integer_or_none(fields.get("id")),  # type: ignore[arg-type]  # there is none
        gid=integer_or_none(fields.get("gid")),
        cid=integer_or_none(fields.get("cid")),
        symbol=fields.get("symbol"),  # type: ignore[arg-type]  # an update or cancel has none
        mts_create=None,  # type: ignore[arg-type]  # the order never existed
        mts_update=None,  # type: ignore[arg-type]  # the order never existed
        amount=amount,
        amount_orig=amount,
        type=fields.get("type"),  # type: ignore[arg-type]  # an update or cancel has none
        type_prev=None,
        mts_tif=None,
        flags=integer_or_none(fields.get("flags")) or 0,
        status=None,  # type: ignore[arg-type]  # the order never existed
        price=_number(fields.get("price")),
        price_avg=ZERO,
        price_trailing=None,
        price_aux_limit=None,
        notify=0,
        hidden=0,
        placed_id=None,
        routing=None,
    )
    return Answer(kind, row, "ERROR", complaint.text, [])


def date_of(mts: int) -> str:
    """Return the UTC date of a time, as `cid_date` has it."""
    return datetime.fromtimestamp(mts / 1000, UTC).date().isoformat()


def _words(order: PlacedOrder, market: Market) -> str:
    kind = type_text(order.type, on_margin=order.ticket.on_margin).lower()
    return f"{kind} {order.side.value} order for {format_atoms(order.left * order.side.sign)} {market.base}"


def _integers(value: object, name: str) -> list[int]:
    """Return a list of ids; some clients send one bare, some nest the list."""
    if value is None:
        return []
    items = value if isinstance(value, list) else [value]
    flat = [inner for item in items for inner in (item if isinstance(item, list) else [item])]
    return [integer_from_wire(item, name) for item in flat]


def _number(value: object) -> Number:
    try:
        return ZERO if value is None else number(decimal_from_wire(value, "amount"))
    except Complaint:
        return ZERO

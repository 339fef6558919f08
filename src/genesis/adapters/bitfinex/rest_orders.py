"""Signed writes of orders: none is ever sent again unless it is proven that nothing happened."""

from collections.abc import Mapping, Sequence
from typing import Final

from genesis.adapters.bitfinex import endpoints
from genesis.adapters.bitfinex.convert import orders
from genesis.adapters.bitfinex.convert.operations import Bodies, Wish
from genesis.adapters.bitfinex.errors import Asked
from genesis.adapters.bitfinex.log import tell_unknown, telling_unknown
from genesis.adapters.bitfinex.notifications import Notified, accepted
from genesis.adapters.bitfinex.rest_client import RestClient
from genesis.adapters.bitfinex.wire.codec import Row, Unused, decode
from genesis.adapters.bitfinex.wire.orders import NotificationRow, OrderRow
from genesis.adapters.bitfinex.wire.requests import OrderCancel, OrderMulti, OrderSubmit, OrderUpdate
from genesis.domain.exchange.orders import (
    Account,
    ByCid,
    ById,
    CancelMany,
    Everything,
    OrderAck,
    OrderChange,
    OrderReference,
    OrderReport,
)
from genesis.domain.instrument import Instrument
from genesis.domain.order import OrderRequest
from genesis.domain.resilience import Priority
from genesis.domain.risk.gate import Approved, ApprovedChange
from genesis.domain.units import Symbol
from genesis.ports.errors import ExchangeError, InputError, OutcomeUnknown, ProtocolViolation

OPERATIONS_MAX: Final = 75
"""Operations in one request. Source: Bitfinex reference, "Order Multi-OP"."""

NEW: Final = frozenset({"on-req"})
CHANGED: Final = frozenset({"ou-req"})
CANCELED: Final = frozenset({"oc-req"})
CANCELED_MANY: Final = frozenset({"oc_multi-req"})
MANY: Final = frozenset({"ox_multi-req"})


class RefusedRow(Row, frozen=True):
    """The head of a refused order: what it was asked to be."""

    id: int | None
    group_id: Unused
    cid: int | None


class BitfinexOrders:
    """Sends orders of one account; an `OrderGateway`.

    *instruments* tell how many decimals a price has, *account* from which wallet orders trade.
    """

    def __init__(self, client: RestClient, instruments: Mapping[Symbol, Instrument], account: Account) -> None:
        self._client = client
        self._bodies = Bodies(instruments, account)

    async def submit(self, order: Approved) -> OrderAck:
        """`auth/w/order/submit`: send a new order; see `OrderGateway.submit`."""
        body = self._bodies.submit(order.order)
        with telling_unknown():
            notified = await self._client.write(endpoints.ORDER_SUBMIT.at(), body, NEW, _subject(order))
            return _submitted(order.order, body, notified)

    async def update(self, change: ApprovedChange) -> OrderAck:
        """`auth/w/order/update`: change an open order; see `OrderGateway.update`."""
        body = self._bodies.update(change.change)
        with telling_unknown():
            notified = await self._client.write(endpoints.ORDER_UPDATE.at(), body, CHANGED, _subject(change))
            return _changed(change.change, body, notified)

    async def cancel(self, order: OrderReference) -> OrderReport:
        """`auth/w/order/cancel`: ask to cancel one order; see `OrderGateway.cancel`."""
        body = orders.cancel_to_wire(order)
        with telling_unknown():
            notified = await self._client.write(endpoints.ORDER_CANCEL.at(), body, CANCELED, _subject(order))
            return _canceled(order, notified).order

    async def cancel_many(self, what: CancelMany | Everything) -> list[OrderReport]:
        """`auth/w/order/cancel/multi`: ask to cancel several orders or all; see `OrderGateway.cancel_many`."""
        body = orders.cancel_many_to_wire(what)
        with telling_unknown():
            notified = await self._client.write(endpoints.ORDER_CANCEL_MULTI.at(), body, CANCELED_MANY, "oc_multi")
            return notified.many(OrderRow, orders.order_from_wire)

    async def execute(self, operations: Sequence[Wish]) -> list[OrderAck | ExchangeError]:
        """`auth/w/order/multi`: several operations in one request, an outcome each; see `OrderGateway.execute`."""
        if not 0 < len(operations) <= OPERATIONS_MAX:
            raise InputError(f"one request carries 1 to {OPERATIONS_MAX} operations, not {len(operations)}")
        bodies = [self._bodies.operation(wish) for wish in operations]
        is_urgent = all(isinstance(wish, ById | ByCid) for wish in operations)
        endpoint = endpoints.ORDER_MULTI.at().urgent(Priority.CANCEL if is_urgent else Priority.ORDER)
        with telling_unknown():
            notified = await self._client.write(endpoint, OrderMulti(ops=tuple(bodies)), MANY, "ox_multi")
            answers: list[NotificationRow | None] = [*notified.many(NotificationRow, lambda row: row)]
            if len(answers) != len(operations):  # which one is missing cannot be told: none is taken at its word
                answers = [_find(wish, notified.asked, answers) for wish in operations]
            return [
                _outcome(wish, body, answer, notified.asked)
                for wish, (_, body), answer in zip(operations, bodies, answers, strict=True)
            ]


def _subject(wish: Wish) -> str:
    match wish:
        case Approved(order=order):
            return f"on-{order.cid}"
        case ApprovedChange(change=change):
            return f"ou-{change.id}"
        case ById(id=order_id):
            return f"oc-{order_id}"
        case ByCid(cid=cid):
            return f"oc-cid-{cid}"


def _submitted(order: OrderRequest, body: OrderSubmit, notified: Notified) -> OrderAck:
    echo = notified.one(OrderRow, orders.order_from_wire)
    mismatch = orders.echo_mismatch(order, echo)
    if mismatch:
        raise notified.asked.unknown(f"the echo is another order's: {mismatch}")
    return OrderAck(echo, notified.row.text or "", orders.echo_differences(body, echo))


def _changed(change: OrderChange, body: OrderUpdate, notified: Notified) -> OrderAck:
    echo = notified.one(OrderRow, orders.order_from_wire)
    if (echo.id, echo.symbol, echo.side) != (change.id, change.symbol, change.side):
        raise notified.asked.unknown(f"the echo is order {echo.id} {echo.symbol}'s, {change.id} was changed")
    return OrderAck(echo, notified.row.text or "", orders.echo_differences(body, echo))


def _canceled(order: OrderReference, notified: Notified) -> OrderAck:
    echo = notified.one(OrderRow, orders.order_from_wire)
    is_same = echo.id == order.id if isinstance(order, ById) else echo.cid == order.cid
    if not is_same:
        raise notified.asked.unknown(f"the echo is order {echo.id}'s (cid {echo.cid}), {order} was cancelled")
    return OrderAck(echo, notified.row.text or "")


def _outcome(
    wish: Wish,
    body: OrderSubmit | OrderUpdate | OrderCancel | object,
    answer: NotificationRow | None,
    asked: Asked,
) -> OrderAck | ExchangeError:
    """Return what one operation's own notification says; without one nothing is known."""
    try:
        if answer is None:
            raise asked.unknown(f"the answer does not mention {_subject(wish)}")
        if answer.status != "SUCCESS" and _names_another(wish, answer):
            raise asked.unknown(f"a refusal of another operation came in the place of {_subject(wish)}'s")
        match wish:
            case Approved(order=order):
                assert isinstance(body, OrderSubmit)
                return _submitted(order, body, accepted(answer, NEW, asked))
            case ApprovedChange(change=change):
                assert isinstance(body, OrderUpdate)
                return _changed(change, body, accepted(answer, CHANGED, asked))
            case ById() | ByCid():
                return _canceled(wish, accepted(answer, CANCELED, asked))
    except ExchangeError as error:
        if isinstance(error, OutcomeUnknown):
            tell_unknown(error)
        return error


def _names_another(wish: Wish, refusal: NotificationRow) -> bool:
    """Whether a refusal shows the id or client id of another wish; most show none, and then its place has to do."""
    try:
        named = decode(refusal.data, RefusedRow, endpoint="refusal")
    except ProtocolViolation:
        return False
    match wish:
        case Approved(order=order):
            return named.cid is not None and named.cid != order.cid
        case ApprovedChange(change=change):
            return named.id is not None and named.id != change.id
        case ById(id=order_id):
            return named.id is not None and named.id != order_id
        case ByCid(cid=cid):
            return named.cid is not None and named.cid != cid


def _find(wish: Wish, asked: Asked, answers: Sequence[NotificationRow | None]) -> NotificationRow | None:
    """Return the notification whose echo is the wish's, where the answer has not one for each operation."""
    for answer in answers:
        try:
            if answer is not None and _is_echo_of(wish, Notified(answer, asked)):
                return answer
        except OutcomeUnknown:
            continue
    return None


def _is_echo_of(wish: Wish, notified: Notified) -> bool:
    echo = notified.one(OrderRow, orders.order_from_wire)
    match wish:
        case Approved(order=order):
            return notified.row.type in NEW and echo.cid == order.cid
        case ApprovedChange(change=change):
            return notified.row.type in CHANGED and echo.id == change.id
        case ById(id=order_id):
            return notified.row.type in CANCELED and echo.id == order_id
        case ByCid(cid=cid):
            return notified.row.type in CANCELED and echo.cid == cid

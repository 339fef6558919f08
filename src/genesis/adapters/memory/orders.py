"""Orders into the simulated exchange, without a wire: nothing is ever unknown here."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from genesis.adapters.memory.exchange import MemoryExchange
from genesis.adapters.memory.order_reports import order_report
from genesis.domain.exchange.orders import (
    Account,
    ByCid,
    ById,
    CancelMany,
    Everything,
    OrderAck,
    OrderReference,
    OrderReport,
)
from genesis.domain.order import OrderRequest, OrderType
from genesis.domain.risk.gate import Approved, ApprovedChange
from genesis.domain.simulation.exchange import OrderChange as ExchangeChange
from genesis.domain.simulation.exchange_orders import OrderTicket, PlacedOrder, Refusal, RefusalCode
from genesis.domain.simulation.matching_order import NO_PRICE
from genesis.domain.units import Mts, Price
from genesis.ports.errors import ExchangeError, InputError, Rejected

ENDPOINT: Final = "memory"
OPERATIONS_MAX: Final = 75

Wish = Approved | ApprovedChange | OrderReference

LIMITED: Final = frozenset(
    {OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.FILL_OR_KILL, OrderType.IMMEDIATE_OR_CANCEL}
)


class MemoryOrders:
    """Sends orders of one account; an `OrderGateway`."""

    def __init__(self, exchange: MemoryExchange, account: Account) -> None:
        self._exchange = exchange
        self._account = account

    async def submit(self, order: Approved) -> OrderAck:
        """Place an order; see `OrderGateway.submit`."""
        request = order.order
        market = self._exchange.market(request.symbol)
        ticket = self._ticket(request, market.mark())
        result = self._exchange.exchange.submit(self._exchange.user, ticket, self._exchange.advance())
        if isinstance(result, Refusal):
            raise _rejected(result)
        self._exchange.record(result.events)
        return OrderAck(order_report(result.orders[0], market.instrument), "accepted")

    async def update(self, change: ApprovedChange) -> OrderAck:
        """Change an open order; see `OrderGateway.update`."""
        asked, mts = change.change, self._exchange.advance()
        order = self._found(ById(asked.id))
        is_limited = order.type in LIMITED
        is_stop_limit = order.type is OrderType.STOP_LIMIT
        wish = ExchangeChange(
            amount=asked.amount,
            price=asked.stop_limit_price if is_stop_limit else (asked.price if is_limited else None),
            stop_price=asked.price if is_stop_limit or order.type is OrderType.STOP else None,
            trail=asked.trail,
        )
        result = self._exchange.exchange.update(self._exchange.user, order.id, wish, mts)
        if isinstance(result, Refusal):
            raise _rejected(result)
        self._exchange.record(result)
        return OrderAck(self._report(order), "accepted")

    async def cancel(self, order: OrderReference) -> OrderReport:
        """Cancel an order and return it as it was before; see `OrderGateway.cancel`."""
        mts = self._exchange.advance()
        return self._cancel(self._found(order), mts)

    async def cancel_many(self, what: CancelMany | Everything) -> list[OrderReport]:
        """Cancel several orders or all; see `OrderGateway.cancel_many`."""
        mts = self._exchange.advance()
        orders = self._exchange.exchange.open_orders(self._exchange.user)
        if isinstance(what, CancelMany):
            orders = [order for order in orders if any(_is_meant(order, each) for each in what.orders)]
        # One that went with its pair is gone before its turn comes.
        return [self._cancel(order, mts) for order in orders if order.is_open]

    async def execute(self, operations: Sequence[Wish]) -> list[OrderAck | ExchangeError]:
        """Carry out operations in order, an outcome each; see `OrderGateway.execute`."""
        if not 0 < len(operations) <= OPERATIONS_MAX:
            raise InputError(f"one request carries 1 to {OPERATIONS_MAX} operations, not {len(operations)}")
        return [await self._outcome(wish) for wish in operations]

    async def _outcome(self, wish: Wish) -> OrderAck | ExchangeError:
        try:
            match wish:
                case Approved():
                    return await self.submit(wish)
                case ApprovedChange():
                    return await self.update(wish)
                case ById() | ByCid():
                    return OrderAck(await self.cancel(wish), "accepted")
        except ExchangeError as error:
            return error

    def _ticket(self, order: OrderRequest, mark: Price) -> OrderTicket:
        needed = {
            "a price": order.type in LIMITED and order.price is None,
            "a stop price": order.type in {OrderType.STOP, OrderType.STOP_LIMIT} and order.stop_price is None,
            "a trail": order.type is OrderType.TRAILING_STOP and order.trail is None,
        }
        for what, is_missing in needed.items():
            if is_missing:
                raise InputError(f"order {order.cid}: a {order.type.value} order needs {what}")
        return OrderTicket(
            order.symbol,
            order.side,
            order.type,
            order.amount,
            mark if order.type is OrderType.MARKET else order.price or NO_PRICE,
            order.stop_price or NO_PRICE,
            order.trail or NO_PRICE,
            on_margin=self._account is Account.MARGIN,
            hidden=order.hidden,
            post_only=order.post_only,
            reduce_only=order.reduce_only,
            cid=order.cid,
        )

    def _cancel(self, order: PlacedOrder, mts: Mts) -> OrderReport:
        before = self._report(order)
        result = self._exchange.exchange.cancel(self._exchange.user, order.id, mts)
        if isinstance(result, Refusal):
            raise _rejected(result)
        self._exchange.record(result)
        return before

    def _found(self, reference: OrderReference) -> PlacedOrder:
        for order in self._exchange.exchange.open_orders(self._exchange.user):
            if _is_meant(order, reference):
                return order
        raise _rejected(Refusal(RefusalCode.NOT_FOUND))

    def _report(self, order: PlacedOrder) -> OrderReport:
        return order_report(order, self._exchange.market(order.symbol).instrument)


def _is_meant(order: PlacedOrder, reference: OrderReference) -> bool:
    match reference:
        case ById(id=order_id):
            return order.id == order_id
        case ByCid(cid=cid, created=created):
            return order.cid == cid and datetime.fromtimestamp(order.created / 1000, UTC).date() == created


def _rejected(refusal: Refusal) -> Rejected:
    return Rejected(refusal.code.value, endpoint=ENDPOINT)

"""One `OrderGateway` over two: the account's socket, and REST for when that is down."""

from collections.abc import Sequence
from typing import Protocol

from genesis.domain.exchange.orders import CancelMany, Everything, OrderAck, OrderReference, OrderReport
from genesis.domain.execution.router import Way, way
from genesis.domain.link import Link
from genesis.domain.risk.gate import Approved, ApprovedChange
from genesis.ports.errors import ExchangeError, Maintenance, Unreachable
from genesis.ports.exchange import OrderGateway


class SocketOrders(OrderGateway, Protocol):
    """Orders over the account's socket, which may be down."""

    @property
    def is_open(self) -> bool:
        """Whether requests are taken now."""

    @property
    def is_in_maintenance(self) -> bool:
        """Whether the exchange has said that it is in maintenance."""


class RoutedOrders:
    """Sends each request one way, chosen by `domain.execution.router` in the moment it leaves.

    Both ways sign with one key: give them the same nonces and the same lane.
    """

    def __init__(self, socket: SocketOrders, rest: OrderGateway) -> None:
        self._socket = socket
        self._rest = rest

    @property
    def is_by_socket(self) -> bool:
        """Whether a request would go over the socket now."""
        return self._way() is Way.SOCKET

    async def submit(self, order: Approved) -> OrderAck:
        return await self._gateway("on").submit(order)

    async def update(self, change: ApprovedChange) -> OrderAck:
        return await self._gateway("ou").update(change)

    async def cancel(self, order: OrderReference) -> OrderReport:
        gateway = self._gateway("oc")
        try:
            return await gateway.cancel(order)
        except Unreachable:
            if gateway is self._rest or self._way() is Way.HOLD:
                raise
        return await self._rest.cancel(order)

    async def cancel_many(self, orders: CancelMany | Everything) -> list[OrderReport]:
        return await self._gateway("oc_multi").cancel_many(orders)

    async def execute(
        self, operations: Sequence[Approved | ApprovedChange | OrderReference]
    ) -> list[OrderAck | ExchangeError]:
        return await self._gateway("ox_multi").execute(operations)

    def _way(self) -> Way:
        if self._socket.is_open:
            return way(Link.OPEN)
        return way(Link.MAINTENANCE if self._socket.is_in_maintenance else Link.RECONNECT)

    def _gateway(self, endpoint: str) -> OrderGateway:
        match self._way():
            case Way.SOCKET:
                return self._socket
            case Way.REST:
                return self._rest
            case Way.HOLD:
                raise Maintenance("the platform is in maintenance; nothing was sent", endpoint=endpoint)

"""The gateway of a session with `dry_run`: everything is decided and written down, and no order leaves."""

from collections.abc import Sequence
from typing import NoReturn

from genesis.domain.exchange.orders import CancelMany, Everything, OrderAck, OrderReference, OrderReport
from genesis.domain.risk.gate import Approved, ApprovedChange
from genesis.ports.errors import ExchangeError, NotProcessed


class DryOrders:
    """An `OrderGateway` that proves of each request that it was not sent."""

    async def submit(self, order: Approved) -> OrderAck:
        self._refuse(f"order {order.order.cid}")

    async def update(self, change: ApprovedChange) -> OrderAck:
        self._refuse(f"the change of order {change.change.id}")

    async def cancel(self, order: OrderReference) -> OrderReport:
        self._refuse(f"the cancellation of {order}")

    async def cancel_many(self, orders: CancelMany | Everything) -> list[OrderReport]:
        self._refuse(f"the cancellation of {orders}")

    async def execute(
        self, operations: Sequence[Approved | ApprovedChange | OrderReference]
    ) -> list[OrderAck | ExchangeError]:
        self._refuse(f"{len(operations)} operations")

    def _refuse(self, what: str) -> NoReturn:
        raise NotProcessed(f"{what} was not sent: dry_run is on", endpoint="dry run")

"""Two ways to the exchange: each request takes one, whatever fails when."""

from collections.abc import Sequence
from datetime import date

import pytest
from attrs import define, field

from genesis.adapters.routed_orders import RoutedOrders, SocketOrders
from genesis.domain.exchange.orders import ByCid, CancelMany, Everything, OrderAck, OrderReference, OrderReport
from genesis.domain.execution.router import Way, way
from genesis.domain.link import Link
from genesis.domain.order import Cid, OrderRequest, OrderType, Side
from genesis.domain.risk.gate import Approved, ApprovedChange
from genesis.domain.units import Mts, atoms
from genesis.ports.errors import (
    AuthRefused,
    ExchangeError,
    Maintenance,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unreachable,
)
from tests.fakes.rest import SYMBOL, approved

ORDER = approved(OrderRequest(Cid(7), SYMBOL, Side.BUY, OrderType.MARKET, atoms("0.5"), Mts(1)))
PROBLEMS: Sequence[ExchangeError] = (
    Unreachable("not sent", endpoint="drill"),
    RateLimited("slowly", endpoint="drill", retry_after_s=1.0),
    OutcomeUnknown("no answer", endpoint="drill"),
    Rejected("no", endpoint="drill"),
    AuthRefused("no", endpoint="drill"),
    Maintenance("later", endpoint="drill"),
)


@define
class Telling:
    """A way that counts what it was asked, and fails as told."""

    problem: ExchangeError
    is_open: bool = True
    is_in_maintenance: bool = False
    asked: list[str] = field(factory=list)

    def _asked_to(self, what: str, _: object) -> ExchangeError:
        self.asked.append(what)
        return self.problem

    async def submit(self, order: Approved) -> OrderAck:
        raise self._asked_to("submit", order)

    async def update(self, change: ApprovedChange) -> OrderAck:
        raise self._asked_to("update", change)

    async def cancel(self, order: OrderReference) -> OrderReport:
        raise self._asked_to("cancel", order)

    async def cancel_many(self, orders: CancelMany | Everything) -> list[OrderReport]:
        raise self._asked_to("cancel_many", orders)

    async def execute(
        self, operations: Sequence[Approved | ApprovedChange | OrderReference]
    ) -> list[OrderAck | ExchangeError]:
        raise self._asked_to("execute", operations)


def routed(socket: SocketOrders, rest: Telling) -> RoutedOrders:
    return RoutedOrders(socket, rest)


def test_the_socket_comes_first_rest_second_and_maintenance_holds() -> None:
    assert [way(link) for link in Link] == [Way.SOCKET, Way.REST, Way.HOLD, Way.REST]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: type(problem).__name__)
@pytest.mark.parametrize("is_open", [True, False], ids=["open", "down"])
async def test_i2_a_submit_goes_one_way_and_never_the_other_as_well(problem: ExchangeError, is_open: bool) -> None:
    socket, rest = Telling(problem, is_open), Telling(problem)
    with pytest.raises(type(problem)):
        await routed(socket, rest).submit(ORDER)
    assert (socket.asked, rest.asked) == ((["submit"], []) if is_open else ([], ["submit"]))


async def test_d15_in_maintenance_nothing_goes_either_way() -> None:
    nothing = Unreachable("unreachable", endpoint="drill")
    socket, rest = Telling(nothing, is_open=False, is_in_maintenance=True), Telling(nothing)
    orders = routed(socket, rest)
    with pytest.raises(Maintenance):
        await orders.submit(ORDER)
    with pytest.raises(Maintenance):
        await orders.cancel(ByCid(Cid(7), date(2023, 11, 14)))
    assert socket.asked == rest.asked == []


async def test_a_cancel_that_never_left_the_socket_goes_by_rest() -> None:
    socket, rest = Telling(Unreachable("lost", endpoint="drill")), Telling(Rejected("gone", endpoint="drill"))
    with pytest.raises(Rejected):
        await routed(socket, rest).cancel(ByCid(Cid(7), date(2023, 11, 14)))
    assert (socket.asked, rest.asked) == (["cancel"], ["cancel"])

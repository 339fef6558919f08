"""I36: a cancel that the exchange did not take waits only until it is wanted again."""

import asyncio
from collections.abc import Iterable

from genesis.adapters.bitfinex.order_sender import OrderSender
from genesis.adapters.bitfinex.own_orders import OwnOrders
from genesis.adapters.memory.clock import ManualClock
from genesis.domain.events import Cancel, OrderReported
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import Cid, OrderId, OrderRequest, OrderType, Side
from genesis.domain.units import Mts, Price, atoms
from tests.fakes.bitfinex_server import NOW_MS, BitfinexServer, answering, error
from tests.fakes.rest import SYMBOL, desk

CANCEL = "auth/w/order/cancel"
ORDER = OrderRequest(Cid(7), SYMBOL, Side.BUY, OrderType.LIMIT, atoms("0.5"), Mts(NOW_MS), Price(10_050_000_000))
WISH = Cancel(SYMBOL, Cid(7), OrderId(9), Mts(NOW_MS), "no longer wanted")


class StoppedClock(ManualClock):
    """A clock that stands still, so that no pause ends by itself; *pauses* gets one for each that begins."""

    def __init__(self) -> None:
        super().__init__(Mts(NOW_MS))
        self.pauses: asyncio.Queue[float] = asyncio.Queue()

    async def sleep(self, seconds: float) -> None:
        self.pauses.put_nowait(seconds)
        await super().sleep(seconds)


class Unwatched:
    """Takes no interest in what the sender shows."""

    def round_trip(self, seconds: float) -> None:
        """See `SendObserver`."""

    def accepted_otherwise(self, cid: Cid, differences: tuple[str, ...]) -> None:
        """See `SendObserver`."""


def ignore(_: Iterable[OrderReported]) -> None:
    """No order leaves here, so there is nothing to report."""


async def test_i36_a_cancel_that_waits_is_sent_at_once_when_it_is_asked_for_again() -> None:
    clock = StoppedClock()
    async with BitfinexServer() as server, desk(server.url, clock=clock) as ours, asyncio.timeout(10):
        server.next(CANCEL, *[answering(lambda: error(10001, "not now"))] * 2)
        orders = OwnOrders({SYMBOL: spot_instrument(SYMBOL)})
        orders.begin(ORDER)
        sender = OrderSender(ours.orders, orders, clock, lambda: Mts(NOW_MS), ignore, Unwatched())
        task = asyncio.create_task(sender.run())
        for times in (1, 2):
            sender.cancel(WISH)
            await clock.pauses.get()
            assert server.count(CANCEL) == times
        task.cancel()

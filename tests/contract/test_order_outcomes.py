"""What each answer to an order proves, from the bytes of the answer to the life of the order.

Yes is an echo that is our order, no is on a list, and everything else leaves it unknown; only then is it looked for.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

import pytest
from aiohttp import web

from genesis.adapters.bitfinex.order_sender import OrderSender
from genesis.adapters.bitfinex.own_orders import OwnOrders
from genesis.domain.events import OrderReported
from genesis.domain.execution.evidence import SendBegan
from genesis.domain.execution.order_life import OrderLife, Status, advance
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import Cid, OrderRequest, OrderType, Side
from genesis.domain.units import Mts, Price, atoms
from genesis.ports.errors import AuthRefused
from tests.fakes.bitfinex_server import NOW_MS, BitfinexServer, Fault, Json, answering, error, hang_up, ok
from tests.fakes.rest import SYMBOL, approved, desk

SUBMIT = "auth/w/order/submit"
ORDER = OrderRequest(Cid(7), SYMBOL, Side.BUY, OrderType.LIMIT, atoms("0.5"), Mts(NOW_MS), Price(10_050_000_000))
PAGE = "<html>bad gateway</html>"


class Notes:
    """Takes what the sender shows."""

    def __init__(self) -> None:
        self.differences: list[str] = []

    def round_trip(self, seconds: float) -> None:
        """See `SendObserver`."""

    def accepted_otherwise(self, cid: Cid, differences: tuple[str, ...]) -> None:
        del cid
        self.differences += differences


async def sent(*behaviours: Fault) -> tuple[OrderLife, Notes, int]:
    """Send the order to an exchange that behaves so; return its life then, what was noted, and how often it left."""
    told: list[OrderReported] = []
    notes, done = Notes(), asyncio.Event()

    def report(events: Iterable[OrderReported]) -> None:
        told.extend(events)
        done.set()

    async with BitfinexServer() as server, desk(server.url) as ours:
        server.next(SUBMIT, *behaviours)
        orders = OwnOrders({SYMBOL: spot_instrument(SYMBOL)})
        sender = OrderSender(ours.orders, orders, ours.clock, lambda: Mts(NOW_MS), report, notes)
        sender.submit(approved(ORDER), 0.0)
        task = asyncio.create_task(sender.run())
        await done.wait()
        task.cancel()
        with suppress(asyncio.CancelledError, AuthRefused, ExceptionGroup):
            await task
    life = advance(OrderLife(ORDER), SendBegan())
    for event in told:
        life = advance(life, event.evidence)
    return life, notes, server.count(SUBMIT)


def echo(
    cid: int = 7, symbol: str = SYMBOL, amount: float = 0.5, status: str = "SUCCESS", price: float = 100.5
) -> Json:
    """Return the notification of a submitted order."""
    row: list[Json] = [None] * 32
    row[:9] = [9, None, cid, symbol, NOW_MS, NOW_MS, amount, amount, "EXCHANGE LIMIT"]
    row[12:14], row[16:20] = [0, "ACTIVE"], [price, 0, 0, 0]
    return [NOW_MS, "on-req", None, None, [row], None, status, "text"]


def page(status: int) -> Callable[[], web.Response]:
    return lambda: web.Response(status=status, text=PAGE)


NO: dict[str, Callable[[], web.Response]] = {
    **{
        f"{code} inside {status}": lambda code=code, status=status: error(code, "text", status)  # type: ignore[misc]  # bound now
        for code in (10020, 10100, 10111, 10112, 10113, 10300, 10305)
        for status in (200, 500)
    },
    "10001 with a text that is known": lambda: error(10001, "Invalid order: not enough exchange balance for 0.5"),
    "a notification with ERROR": lambda: ok(echo(status="ERROR")),
    "a notification with FAILURE": lambda: ok(echo(status="FAILURE")),
    **{
        f"{status} of the API itself": lambda status=status: error(98765, "text", status)  # type: ignore[misc]  # bound now
        for status in (400, 401, 403, 404)
    },
}
NOT_SENT: dict[str, Callable[[], web.Response]] = {
    "11000": lambda: error(11000, "ready: false"),
    "429 of the API itself": lambda: error(98765, "text", 429),
    "rate limit (D12)": lambda: error(11010, "ratelimit: error", 429),
    "maintenance (D15)": lambda: error(20060, "maintenance"),
}
UNKNOWN: dict[str, Callable[[], web.Response]] = {
    **{f"page in {status}": page(status) for status in (200, 403, 429, 500, 502, 503, 504, 520, 522, 526)},
    "10000": lambda: error(10000, "unknown"),
    "10008 (D13)": lambda: error(10008, "concurrency"),
    "10001 with new words": lambda: error(10001, "the moon is full"),
    "an undocumented code in 500": lambda: error(98765, "new"),
    "half an error": lambda: web.Response(status=500, text='["error",100'),
    "half an order": lambda: ok([NOW_MS, "on-req", None, None, [[1, 2]], None, "SUCCESS", "text"]),
    "nothing": lambda: web.Response(status=200),
    "an undocumented status": lambda: ok(echo(status="PENDING")),
    "an echo of another cid (C19)": lambda: ok(echo(cid=8)),
    "an echo of another symbol (C19)": lambda: ok(echo(symbol="tETHUSD")),
    "an echo of another side (C19)": lambda: ok(echo(amount=-0.5)),
    "an echo of another amount (D18)": lambda: ok(echo(amount=0.4)),
}


@pytest.mark.parametrize("response", NO.values(), ids=NO.keys())
async def test_c12_d10_d11_d17_a_no_on_the_list_ends_the_order(response: Callable[[], web.Response]) -> None:
    life, _, count = await sent(answering(response))
    assert (life.status, count) == (Status.REJECTED, 1)


async def test_d10_a_nonce_that_is_small_twice_ends_the_order_which_left_under_a_new_one_only() -> None:
    life, _, count = await sent(*[answering(lambda: error(10114, "nonce: small"))] * 2)
    assert (life.status, count) == (Status.REJECTED, 2)


@pytest.mark.parametrize("response", NOT_SENT.values(), ids=NOT_SENT.keys())
async def test_d12_d13_d15_what_was_not_carried_out_never_left(response: Callable[[], web.Response]) -> None:
    life, _, _ = await sent(*[answering(response)] * 20)
    assert life.status is Status.NOT_SENT


@pytest.mark.parametrize("response", UNKNOWN.values(), ids=UNKNOWN.keys())
async def test_c12_d13_d18_what_is_on_no_list_proves_nothing_and_is_not_sent_again(
    response: Callable[[], web.Response],
) -> None:
    life, _, count = await sent(answering(response))
    assert (life.status, count) == (Status.UNKNOWN, 1)


async def test_c3_a_reset_proves_nothing() -> None:
    life, _, count = await sent(hang_up)
    assert (life.status, count) == (Status.UNKNOWN, 1)


async def test_an_echo_that_is_our_order_is_a_yes() -> None:
    life, notes, count = await sent(answering(lambda: ok(echo())))
    assert (life.status, life.id, notes.differences, count) == (Status.WORKING, 9, [], 1)


async def test_d18_an_order_taken_at_another_price_is_taken_and_says_so() -> None:
    life, notes, _ = await sent(answering(lambda: ok(echo(price=100.4))))
    assert life.status is Status.WORKING
    assert notes.differences == ["price was 100.5, accepted 100.4"]


async def test_a_yes_whose_amounts_are_finer_than_an_atom_proves_nothing() -> None:
    damaged = echo()
    damaged[4][0][6] = 0.123456789  # what is left of it; the amount it was asked for is as it should be
    life, _, _ = await sent(answering(lambda: ok(damaged)))
    assert life.status is Status.UNKNOWN

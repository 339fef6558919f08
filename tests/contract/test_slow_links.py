"""Links that are slow, or on which nothing is taken any more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from genesis.adapters.bitfinex.rest_settings import RestSettings
from genesis.adapters.bitfinex.transport_aiohttp import AiohttpTransport
from genesis.adapters.memory.clock import ManualClock
from genesis.domain.exchange.orders import ById, Everything
from genesis.domain.order import Cid, OrderRequest, OrderType, Side
from genesis.domain.risk.gate import Approved
from genesis.domain.units import Mts, Price, atoms
from genesis.ports.errors import OutcomeUnknown
from genesis.ports.transport import HttpRequest, NoAnswer
from tests.fakes.bitfinex_server import NOW_MS, BitfinexServer
from tests.fakes.rest import SYMBOL, approved, desk
from tests.fakes.slow_link import Link, slow_link


def order(cid: int) -> Approved:
    return approved(
        OrderRequest(Cid(cid), SYMBOL, Side.BUY, OrderType.LIMIT, atoms("0.5"), Mts(NOW_MS), Price(10_050_000_000))
    )


@asynccontextmanager
async def deaf_server() -> AsyncIterator[tuple[str, list[asyncio.StreamWriter]]]:
    """Take connections and never read; the list holds them."""
    taken: list[asyncio.StreamWriter] = []

    async def connected(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport reads too
        taken.append(writer)
        await asyncio.Event().wait()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=1024)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v2/", taken
    finally:
        server.close()
        for writer in taken:
            writer.transport.abort()
        await server.wait_closed()


async def test_c14_an_upload_that_nobody_reads_ends_with_the_total_time() -> None:
    transport = AiohttpTransport()
    body = b"x" * (1 << 20)
    async with deaf_server() as (url, taken):
        request = HttpRequest("POST", url, 1.0, 0.3, 1000, {}, body)
        with pytest.raises(NoAnswer, match="nothing complete came within"):
            await transport.request(request)
        assert len(taken) == 1
    await transport.close()


async def test_c14_a_cancel_does_not_stand_behind_an_order_that_nobody_reads() -> None:
    """Both end unknown, each on a connection of its own: the cancel went out while the order still waited."""
    quick = RestSettings(total_timeout_s=0.5)
    async with deaf_server() as (url, taken), desk(url, settings=quick, clock=ManualClock()) as ours:
        ordering = asyncio.create_task(ours.orders.submit(order(1)))
        canceling = asyncio.create_task(ours.orders.cancel_many(Everything()))
        ended = await asyncio.gather(ordering, canceling, return_exceptions=True)
        assert [type(each) for each in ended] == [OutcomeUnknown, OutcomeUnknown]
        assert len(taken) == 2


async def test_c16_a_slow_and_lossy_link_makes_calls_slower_and_no_outcome_unknown() -> None:
    """64 kbit/s, a tenth of a second each way, one piece in ten sent again."""
    link = Link(delay_s=0.05, bytes_per_s=8000, loss=0.1, pause_s=0.1)
    async with (
        BitfinexServer() as server,
        slow_link(server.url, link) as url,
        desk(url, clock=ManualClock()) as ours,
    ):
        acks = await asyncio.gather(*(ours.orders.submit(order(cid)) for cid in range(1, 6)))
        assert sorted(ack.order.cid or 0 for ack in acks) == [1, 2, 3, 4, 5]
        assert len(await ours.account.open_orders()) == 5
        for ack in acks:
            await ours.orders.cancel(ById(ack.order.id))
        found = dict(ours.metrics.snapshot().counters)
    assert server.orders == {}
    assert ours.unknown == []
    assert not [name for name in found if "OutcomeUnknown" in name or "KeyContended" in name]
    # Five connections opened at once can swap two nonces on the way; each of those is proven and sent once more.
    assert server.count("auth/w/order/submit") == 5 + sum(
        value for name, value in found.items() if name.startswith("rest_auth_nonce_bump")
    )

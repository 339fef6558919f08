"""The gateway's contract.

What is asked arrives, what is refused is final, and what is not proven is never sent again.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from aiohttp import web

from genesis.adapters.bitfinex.rest_settings import RestSettings
from genesis.domain.exchange.orders import ByCid, ById, CancelMany, Everything, OrderAck, OrderChange
from genesis.domain.order import Cid, OrderId, OrderRequest, OrderType, Side
from genesis.domain.risk.gate import Approved
from genesis.domain.units import Mts, Price, Symbol, atoms
from genesis.ports.errors import (
    AuthRefused,
    ExchangeError,
    InputError,
    Maintenance,
    NotProcessed,
    OutcomeUnknown,
    RateLimited,
    Rejected,
)
from tests.fakes.bitfinex_server import NOW_MS, BitfinexServer, Json, answering, error, hang_up, ok
from tests.fakes.raw_server import CutServer, RawServer, answer, http, reset, silence
from tests.fakes.rest import SYMBOL, approved, approved_change, desk

SUBMIT = "auth/w/order/submit"
QUICK = RestSettings(total_timeout_s=0.2)


def order(cid: int = 7, side: Side = Side.BUY, price: int = 10_050_000_000) -> Approved:
    return approved(OrderRequest(Cid(cid), SYMBOL, side, OrderType.LIMIT, atoms("0.5"), Mts(NOW_MS), Price(price)))


def echo(cid: int = 7, symbol: str = SYMBOL, amount: float = 0.5, status: str = "SUCCESS") -> Json:
    """Return the notification of a submitted order."""
    row: list[Json] = [None] * 32
    row[:9] = [9, None, cid, symbol, NOW_MS, NOW_MS, amount, amount, "EXCHANGE LIMIT"]
    row[12:14], row[16:20] = [0, "ACTIVE"], [100.5, 0, 0, 0]
    return [NOW_MS, "on-req", None, None, [row], None, status, "text"]


async def test_an_order_is_submitted_once_and_its_echo_returned() -> None:
    async with BitfinexServer() as server, desk(server.url) as ours:
        ack = await ours.orders.submit(order())
    assert server.requests[0][1] == {
        "type": "EXCHANGE LIMIT",
        "symbol": "tBTCUSD",
        "amount": "0.5",
        "price": "100.5",
        "cid": 7,
    }
    assert (ack.order.cid, ack.order.side, ack.order.amount) == (7, Side.BUY, Decimal("0.5"))
    assert (ack.differences, server.count(SUBMIT)) == ((), 1)


async def test_a_price_that_was_cut_is_told() -> None:
    """D18."""
    async with BitfinexServer() as server, desk(server.url) as ours:
        ack = await ours.orders.submit(order(price=10_012_345_678))
    assert ack.differences == ("price was 100.12345678, accepted 100.12",)


async def test_an_order_without_its_price_is_refused_before_anything_is_sent() -> None:
    wish = OrderRequest(Cid(7), SYMBOL, Side.BUY, OrderType.LIMIT, atoms("0.5"), Mts(NOW_MS))
    other = OrderRequest(Cid(7), Symbol("tETHUSD"), Side.BUY, OrderType.MARKET, atoms("0.5"), Mts(NOW_MS))
    async with BitfinexServer() as server, desk(server.url) as ours:
        with pytest.raises(InputError, match="needs a price"):
            await ours.orders.submit(approved(wish))
        with pytest.raises(InputError, match="tETHUSD is no instrument"):
            await ours.orders.submit(approved(other))
    assert server.requests == []


AMBIGUOUS: dict[str, Callable[[], web.Response]] = {
    "page of the CDN": lambda: web.Response(status=502, text="<html>bad gateway</html>"),
    "code 10000": lambda: error(10000, "unknown"),
    "code 10008 (D13)": lambda: error(10008, "concurrency"),
    "undocumented code": lambda: error(98765, "new"),
    "generic code with new words": lambda: error(10001, "the moon is full"),
    "nothing": lambda: web.Response(status=200),
    "page in 200": lambda: web.Response(status=200, text="<html></html>"),
    "redirect": lambda: web.Response(status=307, headers={"Location": "http://127.0.0.1:9/"}),
    "an object": lambda: ok({"a": 1}),
    "an empty list": lambda: ok([]),
    "half an order": lambda: ok([NOW_MS, "on-req", None, None, [[1, 2]], None, "SUCCESS", "text"]),
    "no order": lambda: ok([NOW_MS, "on-req", None, None, None, None, "SUCCESS", "text"]),
    "another kind of answer (C19)": lambda: ok([NOW_MS, "oc-req", None, None, echo()[4], None, "SUCCESS", "text"]),
    "another cid (C19)": lambda: ok(echo(cid=8)),
    "another symbol (C19)": lambda: ok(echo(symbol="tETHUSD")),
    "another side (C19)": lambda: ok(echo(amount=-0.5)),
    "another amount (D18)": lambda: ok(echo(amount=0.4)),
    "an undocumented status": lambda: ok(echo(status="PENDING")),
}


@pytest.mark.parametrize("response", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
async def test_an_answer_that_proves_nothing_leaves_the_order_unknown_and_unrepeated(
    response: Callable[[], web.Response],
) -> None:
    async with BitfinexServer() as server, desk(server.url) as ours:
        server.next(SUBMIT, answering(response))
        with pytest.raises(OutcomeUnknown) as caught:
            await ours.orders.submit(order())
    assert server.count(SUBMIT) == 1
    assert (caught.value.endpoint, caught.value.request_id[:5]) == (SUBMIT, "on-7-")


REFUSED: dict[str, tuple[Callable[[], web.Response], type[ExchangeError]]] = {
    "no balance (D17)": (lambda: error(10001, "Invalid order: not enough exchange balance for 0.5"), Rejected),
    "bad parameter (D17)": (lambda: error(10020, "price: invalid"), Rejected),
    "refused by notification (D17)": (lambda: ok(echo(status="ERROR")), Rejected),
    "failed by notification": (lambda: ok(echo(status="FAILURE")), Rejected),
    "maintenance (D15)": (lambda: error(20060, "maintenance"), Maintenance),
    "rate limit (D12)": (lambda: error(11010, "ratelimit: error", 429), RateLimited),
    "rate limit of the front (D12)": (lambda: web.json_response({"error": "ERR_RATE_LIMIT"}, status=429), RateLimited),
    "bad signature (D11)": (lambda: error(10112, "signature: invalid"), AuthRefused),
}


@pytest.mark.parametrize(("response", "verdict"), REFUSED.values(), ids=REFUSED.keys())
async def test_a_refusal_is_final_and_sent_once(
    response: Callable[[], web.Response], verdict: type[ExchangeError]
) -> None:
    async with BitfinexServer() as server, desk(server.url) as ours:
        server.next(SUBMIT, answering(response))
        with pytest.raises(verdict) as caught:
            await ours.orders.submit(order())
    assert (type(caught.value), server.count(SUBMIT)) == (verdict, 1)


async def test_i9_an_order_is_sent_once_even_where_it_is_proven_that_nothing_happened() -> None:
    """D13: by the time of a second try a kill may have come."""
    async with BitfinexServer() as server, desk(server.url) as ours:
        server.next(SUBMIT, answering(lambda: error(11000, "not ready")))
        with pytest.raises(NotProcessed):
            await ours.orders.submit(order())
        assert ours.clock.monotonic_s() == 0
    assert server.count(SUBMIT) == 1


async def test_i9_an_order_that_finds_no_turn_shortly_is_not_sent() -> None:
    limited = web.json_response({"error": "ERR_RATE_LIMIT"}, status=429, headers={"Retry-After": "7"})
    async with BitfinexServer() as server, desk(server.url) as ours:
        server.next(SUBMIT, answering(lambda: limited))
        for _ in range(2):
            with pytest.raises(RateLimited):
                await ours.orders.submit(order())
        assert ours.clock.monotonic_s() == 0
    assert server.count(SUBMIT) == 1


async def test_an_acknowledgement_that_got_lost_leaves_one_order_on_the_exchange() -> None:
    """C3, D1: accepted, then the connection drops."""
    async with BitfinexServer() as server, desk(server.url) as ours:

        async def accept_and_hang_up(request: web.Request, raw: bytes) -> web.StreamResponse:
            server._add({"symbol": SYMBOL, "amount": "0.5", "price": "100.5", "cid": 7, "type": "EXCHANGE LIMIT"})
            return await hang_up(request, raw)

        server.next(SUBMIT, accept_and_hang_up)
        with pytest.raises(OutcomeUnknown):
            await ours.orders.submit(order())
        today = datetime.fromtimestamp(NOW_MS / 1000, UTC).date()
        found = await ours.account.open_orders_by_cid(ByCid(Cid(7), today))
    assert (server.count(SUBMIT), [each.cid for each in found]) == (1, [7])


async def test_a_reset_at_any_byte_of_the_request_leaves_the_order_unknown_and_unrepeated() -> None:
    """C3: once there is a connection, nothing proves how much of the order arrived."""
    async with RawServer(reset) as server, desk(server.url) as ours:
        with pytest.raises(OutcomeUnknown):
            await ours.orders.submit(order())
    length = len(server.requests[0])
    for cut in range(1, length, 11):
        async with CutServer(cut) as cutting, desk(cutting.url) as ours:
            with pytest.raises(OutcomeUnknown):
                await ours.orders.submit(order())
            assert cutting.connections == 1, f"cut after byte {cut} of {length}"


async def test_silence_leaves_the_order_unknown_and_unrepeated() -> None:
    """C5."""
    async with RawServer(silence) as server, desk(server.url, settings=QUICK) as ours:
        with pytest.raises(OutcomeUnknown, match="no answer"):
            await ours.orders.submit(order())
    assert len(server.requests) == 1


async def test_a_kept_connection_that_drops_does_not_send_the_order_twice() -> None:
    """C18."""
    async with RawServer(answer(http(b"[]")), reset) as server, desk(server.url) as ours:
        await ours.account.wallets()
        with pytest.raises(OutcomeUnknown):
            await ours.orders.submit(order())
    assert (len(server.requests), server.connections) == (2, 1)


async def test_an_answer_cut_at_any_byte_leaves_the_order_unknown() -> None:
    """C4."""
    whole = http(str(echo()).replace("None", "null").replace("'", '"').encode())
    for cut in range(0, len(whole), 7):
        async with RawServer(answer(whole[:cut], then_close=True)) as server, desk(server.url) as ours:
            with pytest.raises(OutcomeUnknown):
                await ours.orders.submit(order())
            assert len(server.requests) == 1
    async with RawServer(answer(whole)) as server, desk(server.url) as ours:
        assert (await ours.orders.submit(order())).order.id == 9


async def test_a_refused_connection_is_told_at_once_and_nothing_was_sent() -> None:
    """C1."""
    async with RawServer(silence) as server:
        url = server.url
    async with desk(url) as ours:
        with pytest.raises(NotProcessed, match="not connected"):
            await ours.orders.submit(order())
        assert ours.clock.monotonic_s() == 0


async def test_a_submit_cancelled_while_it_waits_is_reported_before_the_cancellation_goes_on() -> None:
    async with RawServer(silence) as server, desk(server.url) as ours:
        waiting = asyncio.create_task(ours.orders.submit(order()))
        await server.arrived.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    (unknown,) = ours.unknown
    assert (unknown.endpoint, unknown.request_id[:5]) == (SUBMIT, "on-7-")


async def test_a_change_keeps_the_order() -> None:
    async with BitfinexServer() as server, desk(server.url) as ours:
        placed = (await ours.orders.submit(order())).order
        change = OrderChange(placed.id, SYMBOL, Side.BUY, amount=atoms("0.4"), price=Price(9_900_000_000))
        ack = await ours.orders.update(approved_change(change, placed))
    assert server.requests[1][1] == {"id": placed.id, "amount": "0.4", "price": "99"}
    assert (ack.order.id, ack.order.amount, ack.order.price) == (placed.id, Decimal("0.4"), Decimal(99))


async def test_cancelling_by_id_and_by_cid_and_date() -> None:
    async with BitfinexServer() as server, desk(server.url) as ours:
        first = (await ours.orders.submit(order(cid=7))).order
        await ours.orders.submit(order(cid=8))
        assert (await ours.orders.cancel(ById(first.id))).id == first.id
        assert (await ours.orders.cancel(ByCid(Cid(8), date(2023, 11, 14)))).cid == 8
        with pytest.raises(Rejected, match="not found"):
            await ours.orders.cancel(ById(first.id))
    assert server.requests[3][1] == {"cid": 8, "cid_date": "2023-11-14"}
    assert server.count("auth/w/order/cancel") == 3


async def test_cancelling_many_and_all() -> None:
    async with BitfinexServer() as server, desk(server.url) as ours:
        ids = [(await ours.orders.submit(order(cid=cid))).order.id for cid in range(5)]
        gone = await ours.orders.cancel_many(CancelMany((ById(ids[0]), ById(ids[1]), ById(OrderId(1)))))
        assert [each.id for each in gone] == ids[:2]
        assert [each.id for each in await ours.orders.cancel_many(Everything())] == ids[2:]
        assert await ours.orders.cancel_many(Everything()) == []
    assert server.orders == {}


async def test_each_of_several_operations_has_its_own_outcome() -> None:
    """D33."""
    async with BitfinexServer() as server, desk(server.url) as ours:
        placed = (await ours.orders.submit(order(cid=1))).order
        outcomes = await ours.orders.execute([order(cid=2), ById(placed.id), ById(OrderId(404))])
    new, gone, missing = outcomes
    assert isinstance(new, OrderAck)
    assert isinstance(gone, OrderAck)
    assert (new.order.cid, gone.order.id) == (2, placed.id)
    assert type(missing) is Rejected
    assert [name for name, _ in server.requests[1][1]["ops"]] == ["on", "oc", "oc"]


async def test_an_operation_that_the_answer_does_not_mention_is_unknown() -> None:
    """D33: two were asked, one is answered; which one is told by its echo."""
    async with BitfinexServer() as server, desk(server.url) as ours:
        reply = [NOW_MS, "ox_multi-req", None, None, [echo(cid=2)], None, "SUCCESS", "text"]
        server.next("auth/w/order/multi", answering(lambda: ok(reply)))
        first, second = await ours.orders.execute([order(cid=1), order(cid=2)])
    assert type(first) is OutcomeUnknown
    assert isinstance(second, OrderAck)
    assert second.order.cid == 2


async def test_swapped_answers_are_not_taken_for_each_others() -> None:
    """C19."""
    async with BitfinexServer() as server, desk(server.url) as ours:
        reply = [NOW_MS, "ox_multi-req", None, None, [echo(cid=2), echo(cid=1)], None, "SUCCESS", "text"]
        server.next("auth/w/order/multi", answering(lambda: ok(reply)))
        outcomes = await ours.orders.execute([order(cid=1), order(cid=2)])
    assert [type(outcome) for outcome in outcomes] == [OutcomeUnknown, OutcomeUnknown]


async def test_a_refusal_in_the_place_of_another_operation_refuses_nothing() -> None:
    """C19: taken at its place, it would call an order refused that is open."""
    refused = echo(cid=2, status="ERROR")
    refused[4] = [None, *refused[4][0][1:]]
    async with BitfinexServer() as server, desk(server.url) as ours:
        reply = [NOW_MS, "ox_multi-req", None, None, [refused, echo(cid=1)], None, "SUCCESS", "text"]
        server.next("auth/w/order/multi", answering(lambda: ok(reply)))
        outcomes = await ours.orders.execute([order(cid=1), order(cid=2)])
    assert [type(outcome) for outcome in outcomes] == [OutcomeUnknown, OutcomeUnknown]


@pytest.mark.parametrize("count", [0, 76])
async def test_a_request_carries_one_to_seventy_five_operations(count: int) -> None:
    async with BitfinexServer() as server, desk(server.url) as ours:
        with pytest.raises(InputError, match="1 to 75"):
            await ours.orders.execute([order(cid=cid) for cid in range(count)])
    assert server.requests == []

"""The central client.

Nonces in order, retries where they are safe, budgets with room for cancels, a breaker, a key that stops.
"""

import asyncio
import re
from collections.abc import Callable

import pytest
from aiohttp import web
from attrs import evolve

from genesis.adapters.bitfinex import endpoints
from genesis.adapters.bitfinex.endpoints import Endpoint
from genesis.adapters.bitfinex.key import ApiKey
from genesis.adapters.bitfinex.limits import Limits
from genesis.adapters.bitfinex.rest_account import BitfinexAccount
from genesis.adapters.bitfinex.rest_client import RestClient
from genesis.adapters.bitfinex.rest_settings import RestSettings
from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.bitfinex.streams_account import SocketKey
from genesis.adapters.bitfinex.transport_aiohttp import AiohttpTransport
from genesis.adapters.memory.budgets import MemoryBudgets
from genesis.adapters.memory.clock import START, ManualClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.nonces import MemoryNonces
from genesis.domain.candle import Timeframe
from genesis.domain.exchange.orders import ById, Everything
from genesis.domain.order import Cid, OrderId, OrderRequest, OrderType, Side
from genesis.domain.resilience import Priority
from genesis.domain.units import Mts, Symbol, atoms
from genesis.ports.errors import (
    AuthRefused,
    ClockAhead,
    ExchangeError,
    InputError,
    KeyContended,
    OutcomeUnknown,
    ProtocolViolation,
    RateLimited,
    Rejected,
    Unreachable,
)
from genesis.ports.secrets import Secret
from tests.fakes.bitfinex_server import BitfinexServer, answering, error, hang_up, ok
from tests.fakes.leaping_clock import LeapingClock
from tests.fakes.raw_server import RawServer, answer, http, silence
from tests.fakes.rest import SYMBOL, Desk, approved, desk

WALLETS = "auth/r/wallets"
NOTHING_CANCELED = b'[1700000000000,"oc_multi-req",null,null,[],null,"SUCCESS","Submitting 0 order cancellations."]'
ORDER = approved(OrderRequest(Cid(7), SYMBOL, Side.BUY, OrderType.MARKET, atoms("0.5"), Mts(1)))


def counters(ours: Desk) -> dict[str, float]:
    return dict(ours.metrics.snapshot().counters)


async def test_many_requests_at_once_arrive_in_the_order_of_their_nonces() -> None:
    """One hundred at once, over up to twenty connections, and not one `nonce: small`."""
    async with BitfinexServer() as server, desk(server.url, clock=ManualClock()) as ours:
        server.answers[WALLETS] = []
        await asyncio.gather(
            *(ours.account.wallets() for _ in range(60)), *(ours.account.open_orders() for _ in range(40))
        )
    nonces = [nonce for _, _, nonce in server.requests]
    assert nonces == sorted(set(nonces))
    assert len(nonces) == 100
    assert "rest_auth_nonce_bump" not in "".join(counters(ours))


async def test_a_nonce_that_was_too_small_is_followed_by_the_next_one() -> None:
    """D10: the request was not executed."""
    async with BitfinexServer() as server, desk(server.url) as ours:
        server.next("auth/w/order/submit", answering(lambda: error(10114, "nonce: small")))
        ack = await ours.orders.submit(ORDER)
    assert (ack.order.cid, server.count("auth/w/order/submit"), len(server.orders)) == (7, 2, 1)
    assert server.requests[0][2] < server.requests[1][2]
    found = counters(ours)
    assert found['rest_auth_nonce_bump{endpoint="order_submit"}'] == 1
    assert found['rest_auth_retry_triggered{endpoint="order_submit"}'] == 1
    assert found['rest_auth_request{endpoint="order_submit"}'] == 2
    assert found['rest_auth_success{endpoint="order_submit"}'] == 1


async def test_whoever_finds_no_place_in_the_lane_gives_up_in_time_and_nothing_was_sent() -> None:
    """C14: the request before it keeps the lane, as one does that the exchange will not read."""
    quick = RestSettings(write_deadline_s=0.2, total_timeout_s=5)
    is_alone = asyncio.Event()

    async def stall(*_: object) -> None:
        is_alone.set()
        await asyncio.Event().wait()

    small = answer(http(b'["error",10114,"nonce: small"]', 500))
    async with RawServer(small, stall) as server, desk(server.url, settings=quick, clock=ManualClock(START)) as ours:
        alone = asyncio.create_task(ours.account.wallets())  # its second try has the lane to itself
        await is_alone.wait()
        with pytest.raises(Unreachable, match="took all the time"):
            await ours.orders.submit(ORDER)
        assert len(server.requests) == 2
        alone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await alone


async def test_each_connection_is_measured_by_its_number() -> None:
    async with BitfinexServer() as server, desk(server.url) as ours:
        server.answers[WALLETS] = []
        for _ in range(3):  # one after the other they share a connection
            await ours.account.wallets()
        assert connections(ours) == {("1", "answer"): 3}
        await several_at_once(server, ours, 3)
        found = connections(ours)
        assert {number for number, _ in found} == {"1", "2", "3"}
        assert sum(found.values()) == 6
        assert counters(ours)['rest_connection_answer_bytes_total{connection="1"}'] >= 8
        assert ours.metrics.snapshot().gauges["rest_connections_open"] == 3


async def test_the_number_of_a_lost_connection_is_given_again() -> None:
    async with BitfinexServer() as server, desk(server.url) as ours:
        server.answers[WALLETS] = []
        for _ in range(5):
            server.next("auth/w/order/submit", hang_up)
            await ours.account.wallets()
            with pytest.raises(OutcomeUnknown):
                await ours.orders.submit(ORDER)
    assert connections(ours) == {("1", "answer"): 5, ("1", "no_answer"): 5}


async def test_connections_beyond_a_number_share_a_label() -> None:
    async with BitfinexServer() as server, desk(server.url, clock=ManualClock()) as ours:
        await several_at_once(server, ours, 40)
        assert len(connections(ours)) == 33
        assert connections(ours)["more", "answer"] == 8


async def several_at_once(server: BitfinexServer, ours: Desk, count: int) -> None:
    """Ask so that each request needs a connection of its own: none is answered before all have arrived."""
    gate = asyncio.Barrier(count)

    async def wait(_request: web.Request, _raw: bytes) -> web.StreamResponse:
        await gate.wait()
        return ok([])

    server.next(WALLETS, *[wait] * count)
    await asyncio.gather(*(ours.account.wallets() for _ in range(count)))


def connections(ours: Desk) -> dict[tuple[str, str], float]:
    """Return how many requests each connection carried, by number and outcome."""
    pattern = re.compile(r'rest_connection_requests_total\{connection="(\w+)",outcome="(\w+)"\}')
    found = ((pattern.fullmatch(name), value) for name, value in counters(ours).items())
    return {(match[1], match[2]): value for match, value in found if match}


async def test_a_socket_and_rest_take_their_nonces_in_one_lane() -> None:
    """D10: of two that sign at once, the one that took the larger nonce must not be there first."""
    clock = ManualClock()
    key = ApiKey(Signer(Secret("key"), Secret("secret")), MemoryNonces(clock), clock, MemoryMetrics())
    socket_key = SocketKey(Signer(Secret("key"), Secret("secret")), MemoryNonces(clock), key.lane)
    transport, metrics = AiohttpTransport(), MemoryMetrics()
    async with RawServer(answer(http(b"[]"))) as server:
        settings = evolve(RestSettings(), auth_url=server.url)
        client = RestClient(transport, clock, metrics, Limits(clock, metrics, MemoryBudgets()), key, settings)
        turn = await socket_key.lane.enter(Priority.READ)  # a socket authenticates
        reading = asyncio.create_task(BitfinexAccount(client).wallets())
        for _ in range(20):
            await asyncio.sleep(0)
        assert server.requests == []
        turn.leave()
        assert await reading == []
    await transport.close()


async def test_two_nonces_too_small_say_that_somebody_else_uses_the_key() -> None:
    """D10: no bump beyond reason, no third try; orders stop, cancels and reads still try."""
    async with BitfinexServer() as server, desk(server.url) as ours:
        server.last_nonce = START * 1000 + 10_000_000
        with pytest.raises(KeyContended, match="somebody else"):
            await ours.orders.submit(ORDER)
        assert server.count("auth/w/order/submit") == 2
        with pytest.raises(KeyContended):
            await ours.orders.submit(ORDER)
        assert server.count("auth/w/order/submit") == 2
        ours.clock.move(60)
        assert await ours.orders.cancel_many(Everything()) == []
        assert await ours.account.open_orders() == []


async def test_a_refused_key_is_asked_once_a_minute() -> None:
    """D11."""
    async with BitfinexServer() as server, desk(server.url, secret="another-secret") as ours:
        for _ in range(5):
            with pytest.raises(AuthRefused, match="signature: invalid"):
                await ours.account.wallets()
        assert server.count(WALLETS) == 1
        ours.clock.move(61)
        with pytest.raises(AuthRefused):
            await ours.account.wallets()
        assert server.count(WALLETS) == 2


async def test_a_counter_that_may_not_go_on_sends_nothing() -> None:
    ahead = START * 1000 + 3_600_000_000
    async with BitfinexServer() as server, desk(server.url, floor=ahead) as ours:
        with pytest.raises(ClockAhead):
            await ours.account.wallets()
    assert server.requests == []


PASSING: dict[str, Callable[[], web.Response]] = {
    "page of the CDN": lambda: web.Response(status=503, text="<html>"),
    "not ready": lambda: error(11000, "not ready"),
    "unknown error": lambda: error(10000, "unknown"),
    "rate limit": lambda: error(11010, "ratelimit: error", 429),
    "maintenance": lambda: error(20060, "maintenance"),
    "nothing": lambda: web.Response(status=200),
}


@pytest.mark.parametrize("response", PASSING.values(), ids=PASSING.keys())
async def test_a_read_is_repeated_after_what_passes(response: Callable[[], web.Response]) -> None:
    settings = RestSettings(read_deadline_s=300)
    async with BitfinexServer() as server, desk(server.url, settings=settings) as ours:
        server.answers[WALLETS] = []
        server.next(WALLETS, answering(response))
        assert await ours.account.wallets() == []
    assert server.count(WALLETS) == 2
    assert counters(ours)['rest_auth_retry_triggered{endpoint="wallets"}'] == 1


async def test_a_read_is_repeated_after_a_dropped_connection() -> None:
    async with BitfinexServer() as server, desk(server.url) as ours:
        server.answers[WALLETS] = []
        server.next(WALLETS, hang_up)
        assert await ours.account.wallets() == []
    assert server.count(WALLETS) == 2


FINAL: dict[str, tuple[Callable[[], web.Response], type[ExchangeError]]] = {
    "bad parameter": (lambda: error(10020, "symbol: invalid"), Rejected),
    "new code": (lambda: error(98765, "new"), ProtocolViolation),
    "another shape": (lambda: ok([["exchange", "USD"]]), ProtocolViolation),
    "another type": (lambda: ok([["exchange", "USD", "1", 0, 1, None, None]]), ProtocolViolation),
    "another wallet": (lambda: ok([["savings", "USD", 1, 0, 1, None, None]]), ProtocolViolation),
}


@pytest.mark.parametrize(("response", "kind"), FINAL.values(), ids=FINAL.keys())
async def test_a_read_is_not_repeated_after_what_does_not_pass(
    response: Callable[[], web.Response], kind: type[ExchangeError]
) -> None:
    """C10, D29: the error names endpoint, request and place."""
    async with BitfinexServer() as server, desk(server.url) as ours:
        server.next(WALLETS, answering(response))
        with pytest.raises(kind) as caught:
            await ours.account.wallets()
    assert server.count(WALLETS) == 1
    assert (caught.value.endpoint, caught.value.request_id) == (WALLETS, "r-1")
    assert len(ours.client.unreadable) == (caught.value.code is None)
    assert kind is not ProtocolViolation or "`$[0]" in str(caught.value) or caught.value.code == 98765


async def test_a_read_ends_with_its_deadline() -> None:
    async with BitfinexServer() as server, desk(server.url) as ours:
        server.next(WALLETS, *[hang_up] * 50)
        with pytest.raises(OutcomeUnknown):
            await ours.account.wallets()
        assert ours.clock.monotonic_s() < RestSettings().read_deadline_s


async def test_a_rate_limit_blocks_its_family_and_no_other() -> None:
    """D12: `Retry-After` where it is told, a minute where it is not."""
    async with BitfinexServer() as server, desk(server.url) as ours:
        server.answers |= {"ticker/tBTCUSD": [1] * 10, "platform/status": [1]}
        limited = web.json_response({"error": "ERR_RATE_LIMIT"}, status=429, headers={"Retry-After": "7"})
        server.next("ticker/tBTCUSD", answering(lambda: limited))
        await ours.market.ticker(SYMBOL)
        assert 7 <= ours.clock.monotonic_s() < 8
        server.next("ticker/tBTCUSD", answering(lambda: error(11010, "ratelimit: error", 429)))
        with pytest.raises(RateLimited):
            await ours.market.ticker(SYMBOL)
        before = ours.clock.monotonic_s()
        await ours.market.platform_status()
        assert ours.clock.monotonic_s() == before
        with pytest.raises(RateLimited, match="our own budget"):
            await ours.market.ticker(SYMBOL)
    assert server.count("ticker/tBTCUSD") == 3


async def test_our_own_budget_keeps_us_below_the_exchanges_limit() -> None:
    """Reads may use 22 of the 30 requests a minute; the rest stays free for what is more urgent."""
    async with BitfinexServer() as server, desk(server.url, settings=RestSettings(read_deadline_s=100)) as ours:
        for _ in range(22):
            await ours.market.platform_status()
        assert ours.clock.monotonic_s() == 0
        await ours.market.platform_status()
        assert ours.clock.monotonic_s() == 60
    assert server.count("platform/status") == 23


async def test_a_download_never_delays_a_cancel() -> None:
    """Candles wait for their budget; a cancel that comes meanwhile is answered without time passing."""
    clock = ManualClock()
    async with BitfinexServer() as server, desk(server.url, clock=clock) as ours:
        server.candles = [[60_000 * minute, 1, 1, 1, 1, 1] for minute in range(200)]
        server.page_rows_max = 10

        async def download() -> int:
            return sum(
                [len(page) async for page in ours.market.candle_pages(SYMBOL, Timeframe.M1, Mts(0), Mts(10**10))]
            )

        downloading = asyncio.create_task(download())
        while clock.next_wake_s() is None:  # noqa: ASYNC110  # until it sleeps for its budget; nothing tells us
            await asyncio.sleep(0)
        assert server.count("candles/trade:1m:tBTCUSD/hist") == 15
        with pytest.raises(Rejected):
            await ours.orders.cancel(ById(OrderId(1)))
        assert clock.monotonic_s() == 0
        downloading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await downloading


async def test_a_cancel_goes_before_everything_that_waits_for_the_key() -> None:
    """The lane is held by a connection that is slow to come up; who waits leaves by urgency, not by arrival."""
    async with BitfinexServer() as server, desk(server.url, clock=ManualClock()) as ours:
        reads = [asyncio.create_task(ours.account.open_orders()) for _ in range(10)]
        submit = asyncio.create_task(ours.orders.submit(ORDER))
        cancel = asyncio.create_task(ours.orders.cancel_many(Everything()))
        await asyncio.gather(*reads, submit, cancel)
    assert [path for path, _, _ in server.requests][:3] == [
        "auth/r/orders",  # it held the lane already
        "auth/w/order/cancel/multi",
        "auth/w/order/submit",
    ]


async def test_a_slow_answer_does_not_hold_up_the_key() -> None:
    async with RawServer(silence, answer(http(b"[]"))) as server, desk(server.url) as ours:
        slow = asyncio.create_task(ours.account.wallets())
        await server.arrived.wait()
        assert await ours.account.open_orders() == []
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
    assert ours.unknown == [], "a read that is cancelled leaves nothing behind"


async def test_slow_reads_leave_a_connection_to_a_cancel() -> None:
    """C18: sixty reads that are never answered, and a cancel that is."""

    async def slow_reads(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> None:
        await (silence if b"/auth/r/" in request else answer(http(NOTHING_CANCELED)))(reader, writer, request)

    async with RawServer(slow_reads) as server, desk(server.url, clock=ManualClock()) as ours:
        reads = [asyncio.create_task(ours.account.wallets()) for _ in range(60)]
        while len(server.requests) < 60:  # noqa: ASYNC110  # until all of them wait for their answer
            await asyncio.sleep(0)
        assert await ours.orders.cancel_many(Everything()) == []
        for each in reads:
            each.cancel()
        await asyncio.gather(*reads, return_exceptions=True)


async def test_a_host_that_fails_is_left_alone_but_for_cancels() -> None:
    async with BitfinexServer() as server, desk(server.url, settings=RestSettings(write_deadline_s=1)) as ours:
        server.next("auth/w/order/submit", *[hang_up] * 10)
        for _ in range(10):
            with pytest.raises(OutcomeUnknown):
                await ours.orders.submit(ORDER)
        label = f'rest_breaker_state{{host="{server.url}"}}'
        assert ours.metrics.snapshot().gauges[label] == 2
        with pytest.raises(Unreachable, match="the last calls to this host failed"):
            await ours.orders.submit(ORDER)
        assert server.count("auth/w/order/submit") == 10
        await ours.orders.cancel_many(Everything())
        ours.clock.move(15)
        for _ in range(2):
            await ours.orders.submit(ORDER)
        assert ours.metrics.snapshot().gauges[label] == 0


async def test_jitter_spreads_retries_over_the_whole_bound() -> None:
    draws = iter([0.0, 0.25, 0.75, 0.5, 0.5, 0.5, 0.5, 0.5])
    clock = LeapingClock()
    async with BitfinexServer() as server, desk(server.url, clock=clock, random=lambda: next(draws)) as ours:
        server.answers[WALLETS] = []
        server.next(WALLETS, *[hang_up] * 3)
        await ours.account.wallets()
    assert clock.slept == [0.0, 0.25, 1.5]


@pytest.mark.parametrize("symbol", ["tBTC/USD?", "../auth", "t BTC", "tBTCUSD#", "tBTC%2f", "té"])
async def test_a_symbol_that_would_change_the_path_is_refused(symbol: str) -> None:
    async with BitfinexServer() as server, desk(server.url) as ours:
        with pytest.raises(InputError, match="no path"):
            await ours.market.ticker(Symbol(symbol))
    assert server.requests == []


def test_endpoints_know_their_urgency() -> None:
    found = [each for each in vars(endpoints).values() if isinstance(each, Endpoint)]
    assert len(found) > 40
    for each in found:
        assert each.is_write == each.template.startswith("auth/w/"), each
        assert (each.priority is Priority.CANCEL) == ("cancel" in each.template), each


@pytest.mark.parametrize("url", ["https://api.bitfinex.com", "https://api.bitfinex.com/v2"])
def test_a_base_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="/v2/"):
        RestSettings(auth_url=url)


async def test_an_answer_that_says_the_same_again_is_the_same_rows_and_no_other_is() -> None:
    usd, btc = (["exchange", name, 1.5, 0, None, None, None] for name in ("USD", "BTC"))
    async with BitfinexServer() as server, desk(server.url, clock=ManualClock()) as ours:
        server.answers[WALLETS] = [usd]
        first = await ours.account.wallets()
        first.append(first[0])  # whoever was given rows may do with them as they like
        again = await ours.account.wallets()
        server.answers[WALLETS] = [usd, btc]
        more = await ours.account.wallets()
        server.answers[WALLETS] = [["exchange", "USD", "1.5"]]
        with pytest.raises(ProtocolViolation):
            await ours.account.wallets()
        server.answers[WALLETS] = [usd, btc]
        assert await ours.account.wallets() == more
    assert [[each.currency for each in rows] for rows in (again, more)] == [["USD"], ["USD", "BTC"]]

"""What becomes of requests over the account's socket that are given up, not sent, or about funding; in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from genesis.adapters.bitfinex.key import ApiKey
from genesis.adapters.bitfinex.lane import Lane
from genesis.adapters.bitfinex.session import SessionRules
from genesis.adapters.bitfinex.sign import Signer
from genesis.adapters.bitfinex.streams_account import AccountStream, SocketKey
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.nonces import MemoryNonces
from genesis.adapters.memory.socket import MemorySocket
from genesis.domain.account_events import SnapshotsComplete
from genesis.domain.exchange.funding import FundingOfferRequest, FundingType
from genesis.domain.exchange.orders import Account, ById
from genesis.domain.instrument import Instrument
from genesis.domain.order import Cid, OrderId, OrderRequest, OrderType, Side
from genesis.domain.resilience import Backoff, Priority
from genesis.domain.risk.gate import Approved
from genesis.domain.units import Atoms, Currency, Mts, Price, Symbol
from genesis.ports.errors import Maintenance, OutcomeUnknown, Rejected, Unreachable
from genesis.ports.secrets import Secret
from tests.fakes.rest import approved
from tests.fakes.socket_exchange import FakePeer, FakeSocketExchange

BTC, USD = Symbol("tBTCUSD"), Symbol("fUSD")
INSTRUMENT = Instrument(BTC, Currency("BTC"), Currency("USD"), Atoms(1000), price_decimals=5)
RULES = SessionRules(backoff=Backoff(base_s=0.001, max_s=0.002), tick_s=0.01)


class Gated(MemorySocket):
    """A socket whose network takes orders only while its gate is open."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()

    async def send(self, text: str) -> None:
        if text.startswith("["):
            await self.gate.wait()
        await super().send(text)


class Bench:
    """An account's stream over gated sockets, and what its hook heard."""

    def __init__(self, answer_s: float = 5.0, lane: Lane | None = None) -> None:
        self.exchange = FakeSocketExchange()
        self.unknown: list[OutcomeUnknown] = []
        self.sockets: list[Gated] = []
        self.lane = lane or Lane()
        clock = SystemClock()
        self.stream = AccountStream(
            SocketKey(Signer(Secret("K"), Secret("demo-secret")), MemoryNonces(clock), self.lane),
            self,
            clock,
            MemoryMetrics(),
            {BTC: INSTRUMENT},
            Account.EXCHANGE,
            session_rules=RULES,
            answer_s=answer_s,
            on_outcome_unknown=self.unknown.append,
        )

    async def connect(self, url: str) -> MemorySocket:
        """Open a gated connection to the fake exchange."""
        del url
        socket = Gated()
        self.sockets.append(socket)
        peer = FakePeer(self.exchange, socket)
        socket.serve(peer)
        peer.greet()
        return socket

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Bench"]:
        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            running = tasks.create_task(self.stream.run())
            await self.until(SnapshotsComplete)
            yield self
            running.cancel()

    async def until(self, kind: type) -> object:
        while not isinstance(event := await self.stream.next(), kind):
            pass
        return event

    async def until_auth(self, count: int) -> None:
        def signed() -> int:
            asked = [asked for peer in self.exchange.peers for asked in peer.asked]
            return sum(1 for message in asked if isinstance(message, dict) and message["event"] == "auth")

        while signed() < count:  # noqa: ASYNC110  # the fake exchange has no event to wait for
            await asyncio.sleep(0)

    async def until_sent(self, count: int) -> None:
        while len(self.exchange.inputs) < count:  # noqa: ASYNC110  # the fake exchange has no event to wait for
            await asyncio.sleep(0)


def order(cid: int = 77) -> Approved:
    return approved(
        OrderRequest(Cid(cid), BTC, Side.BUY, OrderType.LIMIT, Atoms(50_000_000), Mts(1), price=Price(10_000_000))
    )


def offer(amount: int = 100, side: Side = Side.SELL) -> FundingOfferRequest:
    return FundingOfferRequest(USD, side, FundingType.LIMIT, Atoms(amount * 10**8), Decimal("0.0003"), 30)


def refuse(peer: FakePeer, kind: str, data: str, status: str = "ERROR", text: str = "no") -> None:
    peer.data(0, f'"n",[1700000000123,"{kind}",null,null,{data},null,"{status}","{text}"]')


def offer_echo(id_: str, amount: str, period: int = 30) -> str:
    """The sparse array that the sheet describes: id, amount, rate, period; the rest null."""
    return f"[{id_},null,null,null,{amount},null,null,null,null,null,null,null,null,null,0.0003,{period},null,null]"


async def given_up(task: "asyncio.Task[object]") -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancelled_submit_that_has_left_is_told_as_unknown_before_the_cancellation_goes_on() -> None:
    async with Bench().open() as bench:
        asking = asyncio.ensure_future(bench.stream.submit(order()))
        await bench.until_sent(1)
        await given_up(asking)
        (heard,) = bench.unknown
        assert (heard.endpoint, heard.request_id) == ("ws on-req", "on-77")


async def test_a_cancelled_submit_that_has_not_left_never_leaves_and_is_not_unknown() -> None:
    async with Bench().open() as bench:
        bench.sockets[-1].gate.clear()
        stuck = asyncio.ensure_future(bench.stream.cancel(ById(OrderId(5))))
        await asyncio.sleep(0.02)
        asking = asyncio.ensure_future(bench.stream.submit(order()))
        await asyncio.sleep(0)
        await given_up(asking)
        assert bench.unknown == []
        bench.sockets[-1].gate.set()
        await bench.until_sent(1)
        await given_up(stuck)
        assert [kind for kind, _ in bench.exchange.inputs] == ["oc"]
        assert [heard.request_id for heard in bench.unknown] == ["oc-5"]


async def test_operations_that_are_cancelled_together_are_each_told_as_unknown() -> None:
    async with Bench().open() as bench:
        asking = asyncio.ensure_future(bench.stream.execute([order(77), ById(OrderId(5))]))
        await bench.until_sent(1)
        await given_up(asking)
        assert [heard.request_id for heard in bench.unknown] == ["on-77", "oc-5"]


async def test_an_order_that_the_network_did_not_take_in_time_is_unreachable_and_never_leaves() -> None:
    async with Bench(answer_s=0.1).open() as bench:
        bench.sockets[-1].gate.clear()
        stuck = asyncio.ensure_future(bench.stream.cancel(ById(OrderId(5))))
        await asyncio.sleep(0.02)
        with pytest.raises(Unreachable, match="not sent in time"):
            await bench.stream.submit(order())
        with pytest.raises(OutcomeUnknown):
            await stuck
        bench.sockets[-1].gate.set()
        await bench.until_sent(1)
        assert [kind for kind, _ in bench.exchange.inputs] == ["oc"]


async def test_every_operation_of_a_message_that_never_left_is_unreachable() -> None:
    async with Bench().open() as bench:
        bench.sockets[-1].gate.clear()
        stuck = asyncio.ensure_future(bench.stream.cancel(ById(OrderId(5))))
        await asyncio.sleep(0.02)
        together = asyncio.ensure_future(bench.stream.execute([order(77), order(78)]))
        twice = asyncio.ensure_future(bench.stream.cancel(ById(OrderId(5))))
        await asyncio.sleep(0)
        bench.exchange.peer().drop()
        outcomes = await together
        assert [type(outcome) for outcome in outcomes] == [Unreachable, Unreachable]
        with pytest.raises(OutcomeUnknown):
            await stuck
        with pytest.raises(Unreachable):
            await twice


async def test_d15_what_has_not_left_when_maintenance_begins_is_taken_back() -> None:
    async with Bench().open() as bench:
        bench.sockets[-1].gate.clear()
        stuck = asyncio.ensure_future(bench.stream.cancel(ById(OrderId(5))))
        await asyncio.sleep(0.02)
        asking = asyncio.ensure_future(bench.stream.submit(order()))
        await asyncio.sleep(0)
        bench.exchange.peer().event(event="info", code=20060, msg="maintenance")
        with pytest.raises(Maintenance, match="not sent"):
            await asking
        bench.sockets[-1].gate.set()
        await bench.until_sent(1)
        await given_up(stuck)
        assert [kind for kind, _ in bench.exchange.inputs] == ["oc"]


async def test_after_a_cancellation_was_given_up_a_refusal_without_an_id_answers_no_other() -> None:
    async with Bench(answer_s=0.2).open() as bench:
        first = asyncio.ensure_future(bench.stream.cancel(ById(OrderId(5))))
        await bench.until_sent(1)
        await given_up(first)
        bench.exchange.answer = lambda peer, _k, _d: refuse(peer, "oc-req", "null", text="Order not found.")
        with pytest.raises(OutcomeUnknown):
            await bench.stream.cancel(ById(OrderId(6)))


async def test_funding_offers_are_sent_and_cancelled_by_the_sparse_echo_of_the_sheet() -> None:
    def answer(peer: FakePeer, kind: str, data: dict[str, object]) -> None:
        amount = str(data["amount"]) if kind == "fon" else "100"
        refuse(peer, f"{kind}-req", offer_echo("41", amount), "SUCCESS", "done")

    bench = Bench()
    bench.exchange.answer = answer
    async with bench.open():
        assert await bench.stream.submit_funding_offer(offer()) == 41
        await bench.stream.cancel_funding_offer(41)
        assert await bench.stream.submit_funding_offer(offer(side=Side.BUY)) == 41
    fields = {"type": "LIMIT", "symbol": "fUSD", "rate": "0.0003", "period": 30}
    assert bench.exchange.inputs == [
        ("fon", {**fields, "amount": "100"}),
        ("foc", {"id": 41}),
        ("fon", {**fields, "amount": "-100"}),
    ]


async def test_two_funding_offers_that_wait_get_each_its_own_answer_in_whatever_order() -> None:
    held: list[tuple[FakePeer, str]] = []

    def answer(peer: FakePeer, _kind: str, data: dict[str, object]) -> None:
        held.append((peer, str(data["amount"])))
        if len(held) == 2:
            refuse(held[1][0], "fon-req", offer_echo("null", held[1][1]), text="not enough balance")
            refuse(held[0][0], "fon-req", offer_echo("41", held[0][1]), "SUCCESS")

    bench = Bench()
    bench.exchange.answer = answer
    async with bench.open():
        first, second = await asyncio.gather(
            bench.stream.submit_funding_offer(offer(100)),
            bench.stream.submit_funding_offer(offer(200)),
            return_exceptions=True,
        )
    assert first == 41
    assert isinstance(second, Rejected)


async def test_an_echo_without_an_id_leaves_the_funding_offer_unknown() -> None:
    bench = Bench()
    bench.exchange.answer = lambda peer, _k, _d: refuse(peer, "fon-req", offer_echo("null", "100"), "SUCCESS")
    async with bench.open():
        with pytest.raises(OutcomeUnknown, match="no id"):
            await bench.stream.submit_funding_offer(offer())


async def test_rest_and_socket_of_one_key_sign_in_one_lane() -> None:
    clock = SystemClock()
    key = ApiKey(Signer(Secret("K"), Secret("demo-secret")), MemoryNonces(clock), clock, MemoryMetrics())
    bench = Bench(lane=key.lane)
    turn = await key.lane.enter(Priority.ORDER)
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(bench.stream.run())
        while not bench.exchange.peers or not bench.exchange.peer().asked:  # noqa: ASYNC110  # the fake has no event
            await asyncio.sleep(0)
        for _ in range(20):
            await asyncio.sleep(0)
        assert [asked["event"] for asked in bench.exchange.peer().asked] == ["conf"], "nothing is signed out of turn"
        turn.leave()
        await bench.until(SnapshotsComplete)
        running.cancel()


async def test_d10_after_a_stale_nonce_the_lane_is_kept_until_authentication_is_answered() -> None:
    bench = Bench()
    bench.exchange.auth_failure = (10114, "nonce: small")
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(bench.stream.run())
        await bench.until_auth(1)
        bench.exchange.auth_failure, bench.exchange.is_silent_about_auth = None, True
        await bench.until_auth(2)
        rest = asyncio.ensure_future(bench.lane.enter(Priority.CANCEL))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not rest.done()
        bench.exchange.is_silent_about_auth = False
        bench.exchange.on_auth(bench.exchange.peer(), bench.exchange.peer().asked[-1])
        (await rest).leave()
        await bench.until(SnapshotsComplete)
        running.cancel()

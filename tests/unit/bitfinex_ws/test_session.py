"""What follows a lost connection, and queues that never make a reader wait."""

import asyncio
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.adapters.bitfinex.happenings import ConnectionRules
from genesis.adapters.bitfinex.queues import LINKS_MAX, AccountQueue, MarketQueue
from genesis.adapters.bitfinex.session import (
    ACCOUNT_CONNECTIONS,
    PUBLIC_CONNECTIONS,
    GiveUp,
    Retry,
    Session,
    SessionRules,
    converse,
    judge,
)
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.memory.budgets import MemoryBudgets
from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.socket import MemoryConnector, MemorySocket
from genesis.domain.book import BookTop
from genesis.domain.candle import Candle
from genesis.domain.channel import BookChannel, CandlesChannel, TradesChannel
from genesis.domain.exchange.market import Trade
from genesis.domain.link import Link, LinkState
from genesis.domain.market import CandleSnapshot, Gap, GapReason, MarketEvent, Print, PrintedTrade
from genesis.domain.order import Side
from genesis.domain.units import Mts, Symbol
from genesis.ports.errors import (
    AuthRefused,
    GenesisError,
    KeyContended,
    Maintenance,
    RateLimited,
    StaleNonce,
    Unreachable,
)
from genesis.ports.socket import Socket
from tests.fakes.line import Wired
from tests.fakes.socket_exchange import FakePeer, FakeSocketExchange

RULES = SessionRules()
BTC = Symbol("tBTCUSD")
TRADES, BOOK, CANDLES = TradesChannel(BTC), BookChannel(BTC), CandlesChannel(BTC, "1m")


@pytest.mark.parametrize(
    ("problem", "wanted"),
    [
        (None, Retry(15.0, Link.RECONNECT)),
        (Unreachable("no", endpoint="x"), Retry(15.0, Link.RECONNECT)),
        (StaleNonce("small", endpoint="x"), Retry(15.0, Link.RECONNECT)),
        (Maintenance("503", endpoint="x"), Retry(15.0, Link.MAINTENANCE)),
        (RateLimited("429", endpoint="x", retry_after_s=60.0), Retry(75.0, Link.RECONNECT)),
    ],
)
def test_what_passes_is_tried_again(problem: GenesisError | None, wanted: Retry) -> None:
    assert judge(problem, 20, RULES, 0.5) == wanted


@pytest.mark.parametrize("problem", [AuthRefused("bad", endpoint="x"), KeyContended("two", endpoint="x")])
def test_d11_wrong_credentials_are_not_tried_again(problem: GenesisError) -> None:
    assert judge(problem, 1, RULES, 0.5) == GiveUp(problem)


@given(failures=st.integers(1, 10**6), random=st.floats(0, 1, exclude_max=True))
def test_pauses_have_full_jitter_and_a_bound(failures: int, random: float) -> None:
    verdict = judge(None, failures, RULES, random)
    assert isinstance(verdict, Retry)
    assert 0.0 <= verdict.after_s <= random * 30.0
    assert judge(None, failures, RULES, 0.0) == Retry(0.0, Link.RECONNECT)


def test_the_budgets_are_below_the_exchange_s_limits() -> None:
    assert (PUBLIC_CONNECTIONS.limit, ACCOUNT_CONNECTIONS.limit) == (20, 5)
    assert PUBLIC_CONNECTIONS.window_s > 60.0
    assert ACCOUNT_CONNECTIONS.window_s > 15.0


async def test_c15_a_flapping_account_keeps_five_connections_in_fifteen_seconds() -> None:
    clock, connects = ManualClock(), list[float]()

    def accept(_url: str, socket: MemorySocket) -> FakePeer:
        connects.append(clock.monotonic_s())
        socket.drop()
        return FakePeer(FakeSocketExchange(), socket)

    budget = MemoryBudgets().of(ACCOUNT_CONNECTIONS)
    session = Session("x", MemoryConnector(accept), clock, MemoryMetrics(), budget, lambda: 0.0, RULES, "account")

    async def use(_socket: Socket) -> str:
        await clock.sleep(2.0)
        return "dropped"

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(session.run(use, lambda _link, _reason: None, lambda: True))
        await clock.advance(600)
        running.cancel()
    assert len(connects) > 100
    assert max(sum(1 for at in connects if first <= at < first + 15.0) for first in connects) <= 5


async def test_c14_a_network_that_takes_nothing_ends_the_conversation() -> None:
    clock = ManualClock()

    class Stuck(MemorySocket):
        async def send(self, text: str) -> None:
            del text
            await asyncio.Event().wait()

    line = Wired(ConnectionRules(greeting_s=100, ping_after_s=100)).line
    wake = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        talking = tasks.create_task(converse(line, Stuck(), clock, RULES, wake, lambda: None))
        await clock.advance(6)
        assert talking.result() == "the network takes nothing"


def trade(id_: int) -> PrintedTrade:
    return PrintedTrade(Print.EXECUTED, Trade(id_, Mts(1), Side.BUY, 1.0, 100.0))


async def test_what_is_superseded_is_replaced_and_the_rest_keeps_its_order() -> None:
    queue = MarketQueue()
    for i in range(3):
        queue.put(BOOK, BookTop(float(i), 1.0, 9.0, 1.0))
        queue.put(TRADES, trade(i))
        queue.put(CANDLES, Candle(Mts(60000), 1.0, 1.0, 1.0, float(i), 1.0))
    queue.put(CANDLES, Candle(Mts(120000), 1.0, 1.0, 1.0, 1.0, 1.0))
    seen = [await queue.next() for _ in range(len(queue))]
    assert seen == [
        (BOOK, BookTop(2.0, 1.0, 9.0, 1.0)),
        (TRADES, trade(0)),
        (CANDLES, Candle(Mts(60000), 1.0, 1.0, 1.0, 2.0, 1.0)),
        (TRADES, trade(1)),
        (TRADES, trade(2)),
        (CANDLES, Candle(Mts(120000), 1.0, 1.0, 1.0, 1.0, 1.0)),
    ]


async def test_what_comes_after_a_snapshot_is_told_after_it() -> None:
    def candle(close: float) -> Candle:
        return Candle(Mts(60000), 1.0, 1.0, 1.0, close, 1.0)

    queue = MarketQueue()
    sent: list[MarketEvent] = [
        candle(1.0),
        Gap(GapReason.LINK, 0),
        CandleSnapshot((candle(2.0),)),
        candle(3.0),
        candle(4.0),
    ]
    for event in sent:
        queue.put(CANDLES, event)
    seen = [(await queue.next())[1] for _ in range(len(queue))]
    assert seen == [sent[0], sent[1], sent[2], candle(4.0)], "the newest is the last"


async def test_i34_an_account_nobody_listens_to_keeps_a_bounded_number_of_states() -> None:
    queue: AccountQueue[int] = AccountQueue(2)
    for i in range(10_000):
        queue.put_always(i)
    assert len(queue) == 2 + LINKS_MAX
    assert [await queue.next() for _ in range(len(queue))][-1] == 9999, "the newest is kept"


@given(count=st.integers(0, 100), bound=st.integers(1, 20))
def test_i34_a_full_queue_drops_the_oldest_and_says_how_many(count: int, bound: int) -> None:
    async def play() -> None:
        queue = MarketQueue(bound)
        for i in range(count):
            queue.put(TRADES, trade(i))
            assert len(queue) <= bound + 1
        queue.put_link(LinkState(Mts(1), "public-1", Link.OPEN, "greeted"))
        assert isinstance(await queue.next(), LinkState), "states of the link overtake"
        seen = [await queue.next() for _ in range(len(queue))]
        missed = max(0, count - bound)
        gap = [(TRADES, Gap(GapReason.SLOW_CONSUMER, missed))] if missed else []
        assert seen == [*gap, *((TRADES, trade(i)) for i in range(missed, count))]

    asyncio.run(play())


async def test_account_events_are_never_dropped() -> None:
    queue: AccountQueue[int] = AccountQueue(2)
    assert [queue.put(i) for i in range(3)] == [True, True, False]
    queue.put_always(9)
    assert [await queue.next() for _ in range(3)] == [0, 1, 9]
    waiting = asyncio.ensure_future(queue.next())
    await asyncio.sleep(0)
    assert queue.put(5)
    assert await waiting == 5


class EndingLine:
    """A line that ends with the first message that it hears."""

    def __init__(self) -> None:
        self.outgoing: deque[str] = deque()
        self.ended = ""

    def receive(self, frame: str) -> None:
        self.ended = frame

    def tick(self, now_s: float) -> None:
        del now_s


class OneMessage:
    """A socket that gives one message, when told."""

    def __init__(self) -> None:
        self.given = asyncio.Event()
        self.is_closed = False

    async def send(self, text: str) -> None:
        del text

    async def receive(self) -> str:
        await self.given.wait()
        return "over"

    async def close(self) -> None:
        self.is_closed = True


async def test_a_conversation_that_ends_in_the_moment_of_its_cancellation_is_cancelled() -> None:
    socket = OneMessage()
    talk = converse(EndingLine(), socket, SystemClock(), SessionRules(), asyncio.Event(), lambda: None)
    talking = asyncio.ensure_future(talk)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    socket.given.set()
    talking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await talking
    assert socket.is_closed


@pytest.mark.parametrize("turns", range(4))
async def test_a_line_that_ended_while_nothing_was_said_is_left_when_it_is_woken(turns: int) -> None:
    line, wake, clock = EndingLine(), asyncio.Event(), ManualClock()
    talking = asyncio.ensure_future(converse(line, OneMessage(), clock, SessionRules(), wake, lambda: None))
    for _ in range(turns):  # the first ones before anything of the conversation runs
        await asyncio.sleep(0)
    line.ended = "a drill"
    wake.set()
    await clock.advance(0)  # no tick comes
    assert talking.done()
    assert await talking == "a drill"

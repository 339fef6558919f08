"""Subscriptions that are given up and wanted again, and connections that hold less than they should; in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from genesis.adapters.bitfinex.session import SessionRules
from genesis.adapters.bitfinex.streams import PublicStreams
from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.domain.channel import BookChannel, Channel, TickerChannel, TradesChannel
from genesis.domain.link import LinkState
from genesis.domain.market import Gap, GapReason, MarketEvent
from genesis.domain.resilience import Backoff
from genesis.domain.units import Symbol
from genesis.ports.errors import OutcomeUnknown, Rejected
from tests.fakes.socket_server import World, memory

BTC = Symbol("tBTCUSD")
BOOK, TICKER, TRADES = BookChannel(BTC), TickerChannel(BTC), TradesChannel(BTC)
RULES = SessionRules(backoff=Backoff(base_s=0.001, max_s=0.002))


class Bench:
    """Public streams over the fake exchange in virtual time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.clock = ManualClock()
        self.streams = PublicStreams(world.connector, self.clock, MemoryMetrics(), session_rules=RULES)
        self.items: list[tuple[Channel, MarketEvent] | LinkState] = []

    async def consume(self) -> None:
        while True:
            self.items.append(await self.streams.next())

    async def done(self, task: "asyncio.Task[None]", seconds: float) -> None:
        await self.clock.advance(seconds)
        assert task.done()
        await task


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    async with memory() as world:
        made = Bench(world)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(made.streams.run()), tasks.create_task(made.consume())]
            yield made
            for task in running:
                task.cancel()


def gaps(made: Bench, channel: Channel) -> list[GapReason]:
    events = [item[1] for item in made.items if not isinstance(item, LinkState) and item[0] == channel]
    return [event.reason for event in events if isinstance(event, Gap)]


async def test_a_subscription_that_was_cancelled_can_be_asked_for_again_at_once() -> None:
    async with bench() as made:
        await made.done(asyncio.ensure_future(made.streams.subscribe(TRADES)), 1)
        made.world.exchange.unanswered.add(BTC)
        first = asyncio.ensure_future(made.streams.subscribe(BOOK))
        await made.clock.advance(1)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        made.world.exchange.unanswered.clear()
        await made.done(asyncio.ensure_future(made.streams.subscribe(BOOK)), 6)
        assert not made.streams.book(BOOK).is_stale
        made.world.exchange.peer().data(made.world.exchange.peer().channel(channel="book"), "[100.75,1,1]")
        await made.clock.advance(1)
        assert made.streams.book(BOOK).top.bid == 100.75


async def test_a_channel_that_is_leaving_can_be_asked_for_again_at_once() -> None:
    async with bench() as made:
        for channel in (TRADES, BOOK):
            await made.done(asyncio.ensure_future(made.streams.subscribe(channel)), 1)
        leaving = asyncio.ensure_future(made.streams.unsubscribe(BOOK))
        await asyncio.sleep(0)
        again = asyncio.ensure_future(made.streams.subscribe(BOOK))
        await made.done(again, 2)
        await made.done(leaving, 0)
        assert not made.streams.book(BOOK).is_stale
        assert len(made.world.exchange.peer().channels) == 2


async def test_a_channel_that_nobody_wants_any_more_is_not_carried_to_another_connection() -> None:
    async with bench() as made:
        await made.done(asyncio.ensure_future(made.streams.subscribe(TRADES)), 1)
        made.world.exchange.unanswered.add(BTC)
        first = asyncio.ensure_future(made.streams.subscribe(TICKER))
        await made.clock.advance(1)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        (asked,) = [a for a in made.world.exchange.peer().asked if a.get("channel") == "ticker"]
        made.world.exchange.peer().event(**{**asked, "event": "error", "code": 10305, "msg": "subscribe: limit"})
        made.world.exchange.unanswered.clear()
        await made.clock.advance(30)
        assert len(made.world.exchange.peers) == 1


async def test_d28_a_connection_that_holds_not_even_one_channel_refuses_it() -> None:
    async with bench() as made:
        made.world.exchange.channels_max = 0
        asking = asyncio.ensure_future(made.streams.subscribe(TICKER))
        await made.clock.advance(1)
        assert asking.done()
        with pytest.raises(Rejected, match="limit") as caught:
            await asking
        assert caught.value.code == 10305
        await made.clock.advance(120)
        assert len(made.world.exchange.peers) == 1, "nobody hunts for room that there is not"


async def test_a_connection_that_was_full_is_used_again_once_a_channel_has_left() -> None:
    async with bench() as made:
        made.world.exchange.channels_max = 1
        for channel in (TRADES, TICKER):
            await made.done(asyncio.ensure_future(made.streams.subscribe(channel)), 2)
        await made.done(asyncio.ensure_future(made.streams.unsubscribe(TRADES)), 1)
        assert len(made.world.exchange.alive()) == 1
        made.world.exchange.channels_max = 25
        await made.done(asyncio.ensure_future(made.streams.subscribe(BOOK)), 2)
        await made.done(asyncio.ensure_future(made.streams.unsubscribe(TICKER)), 1)
        assert len(made.world.exchange.alive()) == 1


async def test_who_waits_is_not_failed_by_another_who_gave_up() -> None:
    async with bench() as made:
        made.world.exchange.unanswered.add(BTC)
        first, second = (asyncio.ensure_future(made.streams.subscribe(TICKER)) for _ in range(2))
        await made.clock.advance(1)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        peer = made.world.exchange.peer()
        made.world.exchange.unanswered.clear()
        peer._subscribe(peer.asked[-1])
        await made.done(second, 1)
        assert len(peer.channels) == 1


async def test_an_unanswered_subscription_fails_at_its_deadline_and_leaves_nothing_behind() -> None:
    async with bench() as made:
        made.world.exchange.greeting = ""
        asking = asyncio.ensure_future(made.streams.subscribe(TICKER))
        await made.clock.advance(16)
        with pytest.raises(OutcomeUnknown):
            await asking
        await made.clock.advance(120)
        assert made.world.exchange.alive() == []

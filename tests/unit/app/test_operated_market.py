"""An operator's commands are events of the stream: in order, at once, and answered when they were handled."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.session_view import MemorySessionView
from genesis.app.loop_pulse import LoopPulse
from genesis.app.operated_market import OperatedMarket, OperatorInbox
from genesis.app.session_feeding import SessionAbout, SessionFeeding
from genesis.domain.events import Asked, Cancel, Event, LookUp, OperatorAsked, TimePassed
from genesis.domain.risk.gate import Approved
from genesis.domain.units import Mts, Symbol
from genesis.ports.errors import NotPossible
from genesis.ports.session_view import Overview

SYMBOL = Symbol("tBTCUSD")


class QuietMarket:
    """A market that says one thing, and the next when it is let."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.closed = False

    async def events(self) -> AsyncIterator[Event]:
        try:
            yield TimePassed(Mts(1))
            await self.go_on.wait()
            yield TimePassed(Mts(2))
        finally:
            self.closed = True

    def request_quote(self, symbol: Symbol, orders: int) -> None:
        del symbol, orders

    def submit(self, order: Approved) -> None:
        del order

    def cancel(self, cancel: Cancel) -> None:
        del cancel

    def look_up(self, wanted: LookUp) -> None:
        del wanted

    def wake_at(self, mts: Mts) -> None:
        del mts


def halt(mts: Mts) -> Event:
    return OperatorAsked(mts, Asked.HALT, "", "why")


def operated(market: QuietMarket, inbox: OperatorInbox) -> OperatedMarket:
    about = SessionAbout("paper", SYMBOL, "1m", {}, {})
    view = MemorySessionView(Overview(0, "paper", SYMBOL, "1m", None))
    clock = ManualClock()
    return OperatedMarket(market, inbox, SessionFeeding(view, about, clock), LoopPulse(clock))


async def test_a_command_comes_while_the_market_is_quiet_and_is_answered_when_handled() -> None:
    market, inbox = QuietMarket(), OperatorInbox()
    stream = operated(market, inbox).events()
    assert await anext(stream) == TimePassed(Mts(1))
    waiting = asyncio.ensure_future(anext(stream))
    asking = asyncio.ensure_future(inbox.ask(halt))
    event = await waiting
    assert isinstance(event, OperatorAsked)
    assert not asking.done()  # nobody has asked for what follows, so it is being handled
    following = asyncio.ensure_future(anext(stream))
    assert await asking
    market.go_on.set()
    assert await following == TimePassed(Mts(2))
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_a_command_of_another_thread_arrives() -> None:
    market, inbox = QuietMarket(), OperatorInbox()
    stream = operated(market, inbox).events()
    await anext(stream)
    waiting = asyncio.ensure_future(anext(stream))
    asking = asyncio.ensure_future(asyncio.to_thread(lambda: asyncio.run(inbox.ask(halt))))
    assert isinstance(await waiting, OperatorAsked)
    market.go_on.set()
    await anext(stream)
    assert await asking


async def test_nothing_is_taken_before_the_stream_runs_nor_after() -> None:
    market, inbox = QuietMarket(), OperatorInbox()
    with pytest.raises(NotPossible, match="not trading"):
        await inbox.ask(halt)
    market.go_on.set()
    assert [event async for event in operated(market, inbox).events()] == [TimePassed(Mts(1)), TimePassed(Mts(2))]
    with pytest.raises(NotPossible, match="not trading"):
        await inbox.ask(halt)


async def test_a_cancelled_wait_leaves_no_task_behind() -> None:
    market, inbox = QuietMarket(), OperatorInbox()
    stream = operated(market, inbox).events()
    await anext(stream)
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}

"""The one loop: events to the core, decisions to the market; recorded, each is written before it has an effect."""

import asyncio
from contextlib import suppress
from typing import Final, Protocol

from attrs import frozen

from genesis.domain.core import TradingCore
from genesis.domain.events import (
    Adopted,
    Alert,
    Booked,
    Cancel,
    CandleClosed,
    Crossed,
    Decision,
    Event,
    FromPerson,
    LookUp,
    OrderRefused,
    OrderReported,
    Reached,
    RequestQuote,
    Settled,
    Submit,
    Undertaken,
    WakeAt,
)
from genesis.domain.execution.evidence import NothingLeft, SendBegan
from genesis.domain.execution.orders import PROTECTION
from genesis.domain.fill import Fill
from genesis.domain.saved import saved
from genesis.ports.errors import Killed, StoreError
from genesis.ports.journal import Journal
from genesis.ports.kill import KillLatch
from genesis.ports.market import Market


class Observer(Protocol):
    """Whoever wants to see the run: statistics, read models. Called in order; must not block."""

    def close(self, strategy: str, mts: int, equity: int, position: int) -> None:
        """Take a strategy's state at a close."""

    def fill(self, strategy: str, fill: Fill) -> None:
        """Take a fill that the core has booked."""

    def submit(self, submit: Submit) -> None:
        """Take an order that is about to leave, with its reasons."""

    def refused(self, refused: OrderRefused) -> None:
        """Take a wish that did not leave, and why."""

    def alert(self, alert: Alert) -> None:
        """Take something that a person should see."""


async def trade(core: TradingCore, market: Market, observer: Observer) -> None:
    """Run until the market's events end, or until cancelled between two of them."""
    handle, close, desks_of, show = core.handle, core.close, core.desks_of, observer.close
    async for event in market.events():
        if type(event) is CandleClosed:
            symbol, candle = event
            decisions = close(symbol, candle)
            for desk in desks_of(symbol):
                show(desk.name, candle[0], desk.purse.equity, desk.position)
            if not decisions:
                continue
        else:
            decisions = handle(event)
        for decision in decisions:
            if type(decision) is Submit:
                observer.submit(decision)
                handle(_began(decision))
                market.submit(decision.order)
            else:
                _carry_out(decision, market, observer)


@frozen
class Recording:
    """Where a session is written, and the latch that stops it.

    After *saved_every* facts about orders the state of the core is written, so that recovery reads no more than that.
    """

    journal: Journal
    latch: KillLatch
    saved_every: int = 2_000


async def trade_recorded(core: TradingCore, market: Market, observer: Observer, recording: Recording) -> None:
    """Do as `trade` does, with every event in the journal before the core sees it, and every decision before it acts.

    An order leaves only when its intent and everything before it are durable, and what a person asked for is durable
    before the next event is taken. Raises `Killed` instead of sending while the latch is set, and `StoreError` when the
    journal cannot be written, even where that shows only when the task is cancelled: then nothing is sent any more, and
    what is open of ours is cancelled first. So it is when the task is cancelled while the latch is set. What guards a
    position is cancelled only where somebody has pulled the latch: who can send no more could not guard it anew.
    """
    journal, reports = recording.journal, 0
    try:
        async for event in market.events():
            await journal.append(event)
            decisions = core.handle(event)
            _show(observer, core, event)
            for decision in decisions:
                await journal.append(decision)
            reports += type(event) is OrderReported
            for decision in sorted(decisions, key=_waits):
                if type(decision) is Submit:
                    await journal.commit()
                    observer.submit(decision)
                    await _send(decision, core, market, recording)
                else:
                    _carry_out(decision, market, observer)
            if reports >= recording.saved_every:
                reports = 0
                await journal.append(saved(core))
            if isinstance(event, FromPerson):
                await journal.commit()  # whoever asked is answered when the market is asked for the next event
        await journal.append(saved(core))
    except asyncio.CancelledError:
        reason = recording.latch.reason()
        await _end(core, market, recording, None if reason is None else f"killed: {reason}")
        raise
    except Killed as killed:
        await _end(core, market, recording, f"killed: {killed}")
        raise
    except StoreError as problem:
        await _give_up(core, market, recording, problem)
        raise


async def _end(core: TradingCore, market: Market, recording: Recording, killed: str | None) -> None:
    """Write the last state; where the session was *killed*, cancel what is open before any disk is asked."""
    journal, latch = recording.journal, recording.latch
    cancels = [] if killed is None else _cancel_open(core, market, killed, with_guards=latch.was_pulled())
    try:
        await journal.append(saved(core))
        for cancel in cancels:
            await journal.append(cancel)
    except StoreError as problem:
        await _give_up(core, market, recording, problem)
        raise


async def _give_up(core: TradingCore, market: Market, recording: Recording, problem: StoreError) -> None:
    """Cancel what is open, then write down as much of it as the reserve takes."""
    with suppress(StoreError):
        for cancel in _cancel_open(core, market, str(problem), with_guards=recording.latch.was_pulled()):
            await recording.journal.append_reserved(cancel)


def _waits(decision: Decision) -> bool:
    """Whether a decision may wait for the disk, on which the orders beside it have to be first: cancels never do."""
    return type(decision) is not Cancel


def _show(observer: Observer, core: TradingCore, event: Event) -> None:
    if type(event) is CandleClosed:
        for desk in core.desks_of(event.symbol):
            observer.close(desk.name, event.candle.mts, desk.equity, desk.position)


def _carry_out(decision: Decision, market: Market, observer: Observer) -> None:
    match decision:
        case RequestQuote():
            market.request_quote(decision.symbol, decision.orders)
        case Booked():
            observer.fill(decision.strategy, decision.fill)
        case Cancel():
            market.cancel(decision)
        case LookUp():
            market.look_up(decision)
        case WakeAt(mts):
            market.wake_at(mts)
        case OrderRefused():
            observer.refused(decision)
        case Alert():
            observer.alert(decision)
        case Crossed() | Adopted() | Reached() | Undertaken() | Settled() | Submit():
            pass


_BEGAN: Final = SendBegan()


def _began(submit: Submit) -> OrderReported:
    order = submit.order.order
    return OrderReported(order.mts, order.symbol, order.cid, _BEGAN)


async def _send(submit: Submit, core: TradingCore, market: Market, recording: Recording) -> None:
    journal, order = recording.journal, submit.order.order
    reason = recording.latch.reason()
    if reason is not None:
        await _record(
            OrderReported(order.mts, order.symbol, order.cid, NothingLeft(f"killed: {reason}")), core, journal
        )
        raise Killed(f"order {order.cid} was not sent: the kill latch is set ({reason})")
    # A commit of its own: a crash before it proves that nothing left, a crash after it proves nothing.
    await _record(_began(submit), core, journal)
    await journal.commit()
    market.submit(submit.order)


async def _record(event: OrderReported, core: TradingCore, journal: Journal) -> None:
    await journal.append(event)
    for decision in core.handle(event):
        await journal.append(decision)


def _cancel_open(core: TradingCore, market: Market, reason: str, *, with_guards: bool) -> list[Cancel]:
    """Hand on a cancel for what is open of ours, and return them for the journal.

    All are handed on first: neither a reserve that is full nor a slow disk may keep a cancel here.
    """
    cancels = [
        Cancel(order.symbol, order.cid, own.life.id, order.mts, reason)
        for own in core.books.orders.open()
        if with_guards or own.undertaking != PROTECTION
        for order in (own.life.order,)
    ]
    for cancel in cancels:
        market.cancel(cancel)
    return cancels

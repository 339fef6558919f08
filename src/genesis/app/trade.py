"""The one loop: events to the core, decisions to the market; recorded, each is written before it has an effect."""

import asyncio
from contextlib import suppress
from typing import Protocol

from attrs import frozen

from genesis.domain.core import TradingCore
from genesis.domain.events import Alert, CandleClosed, Event, OrderFilled, RequestQuote, Submit
from genesis.domain.fill import Fill
from genesis.domain.journal.entries import (
    OrderNotSent,
    OrderRefused,
    OrderSending,
    OrderSent,
    OrderStage,
    OrderUnknown,
)
from genesis.domain.order import Cid
from genesis.domain.risk.gate import Approved
from genesis.ports.errors import AuthRefused, ExchangeError, Killed, NotProcessed, Rejected
from genesis.ports.journal import Journal
from genesis.ports.kill import KillLatch
from genesis.ports.market import Market


class Observer(Protocol):
    """Whoever wants to see the run: statistics, read models, a journal. Called in order; must not block."""

    def close(self, mts: int, equity: int, position: int) -> None:
        """Take the account's state at a close."""

    def fill(self, fill: Fill) -> None:
        """Take a fill that the core has booked."""

    def submit(self, submit: Submit) -> None:
        """Take an order that is about to leave, with its reasons."""

    def alert(self, alert: Alert) -> None:
        """Take something that a person should see."""


async def trade(core: TradingCore, market: Market, observer: Observer) -> None:
    """Run until the market's events end, or until cancelled between two of them."""
    handle, close = core.handle, observer.close
    async for event in market.events():
        decisions = handle(event)
        if type(event) is CandleClosed:
            close(event.candle.mts, core.equity, core.position)
        elif type(event) is OrderFilled:
            observer.fill(event.fill)
        for decision in decisions:
            match decision:
                case RequestQuote(wanted):
                    market.request_quote(wanted)
                case Submit():
                    observer.submit(decision)
                    with suppress(NotProcessed, Rejected):  # an `OrderRejected` follows
                        await market.submit(decision.order)
                case Alert():
                    observer.alert(decision)


@frozen
class Recording:
    """Where a session is written, and the latch that stops it."""

    journal: Journal
    latch: KillLatch


async def trade_recorded(core: TradingCore, market: Market, observer: Observer, recording: Recording) -> None:
    """Do as `trade` does, with every event in the journal before the core sees it, and every decision before it acts.

    An order leaves only when its intent and everything before it are durable. Raises `Killed` instead of sending while
    the latch is set, and `StoreError` when the journal cannot be written: nothing is sent then.
    """
    journal = recording.journal
    async for event in market.events():
        await journal.append(event)
        decisions = core.handle(event)
        _show(observer, core, event)
        for decision in decisions:
            await journal.append(decision)
        for decision in decisions:
            match decision:
                case RequestQuote(wanted):
                    market.request_quote(wanted)
                case Submit():
                    await journal.commit()
                    observer.submit(decision)
                    await _send(decision.order, market, recording)
                case Alert():
                    observer.alert(decision)


def _show(observer: Observer, core: TradingCore, event: Event) -> None:
    if type(event) is CandleClosed:
        observer.close(event.candle.mts, core.equity, core.position)
    elif type(event) is OrderFilled:
        observer.fill(event.fill)


async def _send(order: Approved, market: Market, recording: Recording) -> None:
    journal, cid = recording.journal, order.order.cid
    # A commit of its own: a crash before it proves that nothing left, a crash after it proves nothing.
    await journal.append(OrderSending(cid))
    await journal.commit()
    reason = recording.latch.reason()
    if reason is not None:
        await journal.append(OrderNotSent(cid, f"killed: {reason}"))
        raise Killed(f"order {cid} was not sent: the kill latch is set ({reason})")
    try:
        await market.submit(order)
    except asyncio.CancelledError:
        await journal.append(OrderUnknown(cid, "cancelled while waiting for the answer"))
        raise
    except ExchangeError as error:
        await journal.append(_stage(cid, error))
        await journal.commit()
        if not isinstance(error, NotProcessed | Rejected):  # after those an `OrderRejected` follows
            raise
        return
    await journal.append(OrderSent(cid))


def _stage(cid: Cid, error: ExchangeError) -> OrderStage:
    match error:
        case NotProcessed():
            return OrderNotSent(cid, str(error))
        case Rejected() | AuthRefused():
            return OrderRefused(cid, str(error))
        case _:
            return OrderUnknown(cid, str(error))

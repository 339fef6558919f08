"""Orders and cancels on their way out: handed over at once, sent in order, cancels before orders, each order once.

Nothing here ever sends an order a second time. A cancel is harmless to repeat, so one that was not answered, or could
not leave, is sent again until the order is known to be over.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final, NoReturn, Protocol

from genesis.adapters.bitfinex.own_orders import OwnOrders
from genesis.domain.events import Cancel, OrderReported
from genesis.domain.exchange.orders import ByCid, ById, OrderAck, OrderReference
from genesis.domain.execution.evidence import AnswerLost, Evidence, NothingLeft, Refused, evidence_from_report
from genesis.domain.order import Cid
from genesis.domain.risk.gate import Approved
from genesis.domain.units import InexactNumber, Mts
from genesis.ports.clock import Clock
from genesis.ports.errors import (
    AuthRefused,
    ClockAhead,
    ExchangeError,
    InputError,
    Maintenance,
    NotProcessed,
    OutcomeUnknown,
    ProtocolViolation,
    RateLimited,
    Rejected,
    StoreError,
)
from genesis.ports.exchange import OrderGateway
from genesis.ports.kill import KillLatch

QUEUE_MAX: Final = 1_000
"""Orders that may wait to leave; one more is told that it did not."""

UNDERWAY_MAX: Final = 64
"""Orders that wait for their answers; the next ones wait here, where a cancel, which does not count, overtakes them."""

CANCEL_AGAIN_S: Final = 1.0
REFUSED_AGAIN_S: Final = 2.0
"""After a cancel that was refused: until the order is known to be over, it may be there."""

MIDNIGHT_MARGIN_MS: Final = 120_000


class SendObserver(Protocol):
    """Whoever wants to see what was sent. Must neither block nor raise."""

    def round_trip(self, seconds: float) -> None:
        """Take the time from sending an order to its acknowledgement."""

    def accepted_otherwise(self, cid: Cid, differences: tuple[str, ...]) -> None:
        """Take what the exchange accepted otherwise than asked."""


class OrderSender:
    """See the module. What becomes of an order goes to *report*; `run` does the sending."""

    def __init__(
        self,
        gateway: OrderGateway,
        orders: OwnOrders,
        clock: Clock,
        now: Callable[[], Mts],
        report: Callable[[Iterable[OrderReported]], None],
        observer: SendObserver,
        latch: KillLatch | None = None,
        is_by_socket: Callable[[], bool] = lambda: True,
        outdated: Callable[[float], str] = lambda _: "",
    ) -> None:
        """*now* is the market's time; while *latch* is set no order leaves.

        *outdated* says why one that was decided then, by the monotonic clock, may not leave any more.
        """
        self._gateway = gateway
        self._orders = orders
        self._clock = clock
        self._now = now
        self._report = report
        self._observer = observer
        self._latch = latch
        self._is_by_socket = is_by_socket
        self._outdated = outdated
        self._cancels: deque[Cancel] = deque()
        self._submits: deque[tuple[Approved, float]] = deque()
        self._wanted: dict[Cid, Cancel] = {}
        self._underway = 0
        self._wake = asyncio.Event()
        self._resumed = asyncio.Event()
        self._is_clear = asyncio.Event()
        self._is_clear.set()

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits and nothing is underway."""
        return not (self._wanted or self._submits or self._underway)

    def submit(self, order: Approved, decided_s: float) -> None:
        """Hand on an order that was decided then."""
        self._orders.begin(order.order)
        if len(self._submits) >= QUEUE_MAX:
            self._tell(order.order.cid, NothingLeft(f"{QUEUE_MAX} orders wait to be sent already"))
            return
        self._submits.append((order, decided_s))
        self._wake.set()

    def cancel(self, cancel: Cancel) -> None:
        """Hand on a cancel; the same one twice is one."""
        waiting = next((each for each in self._submits if each[0].order.cid == cancel.cid), None)
        if waiting is not None:
            self._submits.remove(waiting)
            self._tell(cancel.cid, NothingLeft("cancelled before it was sent"))
            return
        if cancel.cid not in self._wanted:
            self._wanted[cancel.cid] = cancel
            self._is_clear.clear()
            self._cancels.append(cancel)
            self._wake.set()

    async def cancelled(self) -> None:
        """Return once no cancel is left: the exchange took each, or its order is over."""
        await self._is_clear.wait()

    def uncancelled(self) -> list[Cid]:
        """Return the orders whose cancels `cancelled` waits for."""
        return list(self._wanted)

    def resume(self) -> None:
        """Send cancels now that had to wait: the exchange takes them again."""
        self._resumed.set()
        self._resumed = asyncio.Event()

    async def run(self) -> NoReturn:
        """Send until cancelled; raises what makes further sending senseless: `AuthRefused`, `StoreError`."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                while self._cancels:
                    tasks.create_task(self._send_cancel(self._cancels.popleft()), name="cancel")
                while self._submits and self._underway < UNDERWAY_MAX:
                    self._underway += 1
                    tasks.create_task(self._send_order(*self._submits.popleft()), name="submit")
                self._wake.clear()
                await self._wake.wait()

    async def _send_order(self, approved: Approved, decided_s: float) -> None:
        order, begun_s = approved.order, self._clock.monotonic_s()
        flight = self._orders.adopt(order)
        try:
            killed = None if self._latch is None else self._latch.reason()
            if killed is not None:
                self._tell(order.cid, NothingLeft(f"the kill latch is set: {killed}"))
                return
            outdated = self._outdated(decided_s)
            if outdated:
                self._tell(order.cid, NothingLeft(outdated))
                return
            flight.sent_s, flight.by_socket = begun_s, self._is_by_socket()
            ack = await self._gateway.submit(approved)
            self._observer.round_trip(self._clock.monotonic_s() - begun_s)
            self._acknowledged(order.cid, ack)
        except (NotProcessed, InputError) as problem:
            self._tell(order.cid, NothingLeft(str(problem)))
        except (Rejected, AuthRefused) as refusal:
            self._tell(order.cid, Refused(str(refusal)))
            if isinstance(refusal, AuthRefused):
                raise
        except StoreError as problem:  # no nonce, so no byte
            self._tell(order.cid, NothingLeft(str(problem)))
            if not isinstance(problem, ClockAhead):  # clocks agree again by themselves, disks do not
                raise
        except ExchangeError as unknown:
            flight.lost_s = None if flight.is_known else self._clock.monotonic_s()
            self._tell(order.cid, AnswerLost(str(unknown)))
        finally:
            self._underway -= 1
            self._wake.set()

    def _acknowledged(self, cid: Cid, ack: OrderAck) -> None:
        if ack.differences:
            self._observer.accepted_otherwise(cid, ack.differences)
        try:
            evidence = evidence_from_report(ack.order)
        except InexactNumber as error:
            self._tell(cid, AnswerLost(f"the echo cannot be read: {error}"))
            return
        self._report(self._orders.told(cid, ack.order.mts_updated, evidence))

    async def _send_cancel(self, cancel: Cancel) -> None:
        """Ask until the exchange took it, or the order is known to be over."""
        try:
            while not self._is_over(cancel.cid):
                wait_s = await self._try_cancel(cancel)
                if wait_s is None:
                    return
                await self._pause(wait_s)
        finally:
            self._wanted.pop(cancel.cid, None)
            if not self._wanted:
                self._is_clear.set()

    async def _try_cancel(self, cancel: Cancel) -> float | None:
        """Ask once, by every name that the order may have; return after how long to ask again, None for not at all."""
        for reference in self._references(cancel):
            try:
                await self._gateway.cancel(reference)
                return None
            except Rejected:
                # Nothing open has this name: it ended, is yet to come, was created on the other date. Or the exchange
                # had another reason, which passes.
                continue
            except RateLimited as limited:
                return limited.retry_after_s
            except (NotProcessed, OutcomeUnknown, ProtocolViolation, ClockAhead) as problem:
                return 60.0 if isinstance(problem, Maintenance) else CANCEL_AGAIN_S
        return None if self._orders.find(cancel.cid) is None else REFUSED_AGAIN_S

    def _references(self, cancel: Cancel) -> list[OrderReference]:
        flight = self._orders.find(cancel.cid)
        order_id = cancel.id or (flight.id if flight is not None else None)
        if order_id is not None:
            return [ById(order_id)]
        sent = cancel.sent_mts
        dates = (
            datetime.fromtimestamp(mts / 1000, UTC).date()
            for mts in (sent, sent - MIDNIGHT_MARGIN_MS, sent + MIDNIGHT_MARGIN_MS)
        )
        return [ByCid(cancel.cid, date) for date in dict.fromkeys(dates)]

    async def _pause(self, seconds: float) -> None:
        resumed = asyncio.ensure_future(self._resumed.wait())
        timer = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait({resumed, timer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            resumed.cancel()
            timer.cancel()

    def _is_over(self, cid: Cid) -> bool:
        flight = self._orders.find(cid)
        return flight is not None and (flight.is_over or flight.end is not None)

    def _tell(self, cid: Cid, evidence: Evidence) -> None:
        self._report(self._orders.told(cid, self._now(), evidence))

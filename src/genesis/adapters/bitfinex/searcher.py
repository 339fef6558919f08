"""Looking an order up whose answer was lost: open orders, history and fills of every UTC date it may have, to the end,
again and again, until it is found or proven absent.

An answer may still come while the request's connection is open, and then nothing proves anything. So a socket over
which an answer got lost is ended once it has been silent about it for long enough and nothing else waits for one.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, time
from typing import Final, NoReturn

from attrs import define, field

from genesis.adapters.bitfinex.history_pages import finished_orders, own_fills
from genesis.adapters.bitfinex.own_orders import OwnOrders
from genesis.adapters.bitfinex.pairs import whole_pairs
from genesis.adapters.bitfinex.shared_question import SharedQuestion
from genesis.domain.events import LookUp, OrderReported
from genesis.domain.exchange.market import PlatformStatus
from genesis.domain.exchange.orders import ByCid, FillReport, OrderReport
from genesis.domain.execution.absence import AGE_MAX_S, Judgement, Lost, NotYet, OperatorMust, Search, judge_absence
from genesis.domain.execution.evidence import ProvenAbsent
from genesis.domain.execution.look import Look
from genesis.domain.order import Cid
from genesis.domain.units import Mts
from genesis.ports.clock import Clock
from genesis.ports.errors import AuthRefused, ClockAhead, ExchangeError, ProtocolViolation
from genesis.ports.exchange import AccountReader, MarketDataReader

ANSWER_S: Final = 15.0
"""How long a request may wait for its answer at most, whichever way it went."""

PAUSES_S: Final = (1.0, 2.0, 5.0, 10.0)
"""Between searches that found nothing; the last one goes on."""

AGAIN_S: Final = 5.0
"""After a search that could not be made."""

SOCKET_PATIENCE_S: Final = 5.0


@define(eq=False)
class Found:
    """What one search saw of the order."""

    orders: list[OrderReport] = field(factory=list)
    fills: list[FillReport] = field(factory=list)


class Searcher:
    """Searches for orders by cid; evidence goes to *report*, an order that nothing can prove any more to *give_up*."""

    def __init__(
        self,
        account: AccountReader,
        platform: MarketDataReader,
        orders: OwnOrders,
        clock: Clock,
        now: Callable[[], Mts],
        report: Callable[[Iterable[OrderReported]], None],
        give_up: Callable[[Cid, str], None],
        end_socket: Callable[[str], None],
        look: Callable[[], None],
    ) -> None:
        """*look* wants a look at the account: what an order in doubt hid shows once it is proven absent."""
        self._account = account
        self._status = SharedQuestion(platform.platform_status)
        self._orders = orders
        self._clock = clock
        self._now = now
        self._report = report
        self._give_up = give_up
        self._end_socket = end_socket
        self._want_look = look
        self._begun_s = clock.monotonic_s()
        self._wanted: asyncio.Queue[LookUp] = asyncio.Queue()
        self._searching: set[Cid] = set()

    def want(self, wanted: LookUp) -> None:
        """Search for an order as soon as `run` can, unless it is searched for already."""
        if wanted.cid not in self._searching:
            self._searching.add(wanted.cid)
            self._wanted.put_nowait(wanted)

    async def run(self) -> NoReturn:
        """Search for all that is wanted, side by side, until cancelled; raises what `find` does."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                wanted = await self._wanted.get()
                tasks.create_task(self._find_once(wanted), name=f"search {wanted.cid}")

    async def _find_once(self, wanted: LookUp) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                waiting = tasks.create_task(self._release_in_time(wanted), name=f"release {wanted.cid}")
                await self.find(wanted)
                waiting.cancel()
        finally:
            self._searching.discard(wanted.cid)

    async def _release_in_time(self, wanted: LookUp) -> NoReturn:
        """End the socket of an unanswered request when its patience is over, however long a search has to wait."""
        while True:
            over_s = self._lost(wanted).deadline_s + SOCKET_PATIENCE_S
            await self._clock.sleep(max(AGAIN_S, over_s - self._clock.monotonic_s()))
            if not self._is_known(wanted.cid):
                self._release_socket(self._lost(wanted))

    async def find(self, wanted: LookUp) -> None:
        """Search until everything about the order is known, or can be known no more; raises `AuthRefused`."""
        searches: list[Search] = []
        attempt, was_found = 0, False
        while not self._has_ended(wanted.cid):
            lost = self._lost(wanted)
            try:
                search, found = await self._search(wanted, lost)
            except AuthRefused:
                raise
            except (ExchangeError, ClockAhead):
                await self._clock.sleep(AGAIN_S)
                continue
            if search.found:
                was_found = True
                self._tell(found)
                if self._is_settled(wanted.cid):
                    return
            is_there = was_found or self._is_known(wanted.cid)
            if not is_there:
                searches.append(search)
            judgement = self._judged(lost, searches, is_there=is_there)
            if self._has_decided(wanted, judgement):
                return
            self._release_socket(lost)
            await self._clock.sleep(self._pause_s(judgement, attempt))
            attempt += 1

    def _judged(self, lost: Lost, searches: list[Search], *, is_there: bool) -> Judgement:
        """Return what follows. An order that was seen once, even if what was seen could not be read, is not absent: it
        is searched for as long as lists last.
        """
        now_s = self._clock.monotonic_s()
        if not is_there:
            return judge_absence(lost, searches, now_s)
        if now_s - lost.sent_s > AGE_MAX_S:
            return OperatorMust(f"order {lost.cid} is older than the history that could show how it ended")
        return NotYet("not everything about it is shown yet", now_s + PAUSES_S[-1])

    def _has_decided(self, wanted: LookUp, judgement: Judgement) -> bool:
        match judgement:
            case ProvenAbsent():
                self._report(self._orders.told(wanted.cid, self._now(), judgement))
                self._want_look()
                return True
            case OperatorMust(reason):
                self._give_up(wanted.cid, reason)
                return True
            case NotYet():
                return False

    def _pause_s(self, judgement: Judgement, attempt: int) -> float:
        usual_s = PAUSES_S[min(attempt, len(PAUSES_S) - 1)]
        if not isinstance(judgement, NotYet):
            return usual_s
        until_s = judgement.retry_at_s - self._clock.monotonic_s()
        return min(usual_s, until_s) if until_s > 0 else usual_s

    async def _search(self, wanted: LookUp, lost: Lost) -> tuple[Search, Found]:
        begun_s, dates, found = self._clock.monotonic_s(), lost.dates, Found()
        status = await self._status.answer()
        start = midnight(min(dates))
        open_orders = await self._account.open_orders(wanted.symbol)
        for each in sorted(dates):
            open_orders += await self._account.open_orders_by_cid(ByCid(wanted.cid, each))
        history = await finished_orders(self._account, start, wanted.symbol)
        fills = await own_fills(self._account, start, wanted.symbol)
        once = {order.id: order for order in (*open_orders, *history)}  # what ended is read last, and is newer
        look = whole_pairs(
            Look(
                tuple(order for order in once.values() if order.status.is_open),
                tuple(order for order in once.values() if not order.status.is_open),
                tuple(fills),
            ),
            self._now(),
        )
        found.orders = self._of(wanted, (*look.open_orders, *look.history))
        ids = {order.id for order in found.orders}
        found.fills = [fill for fill in look.fills if fill.cid == wanted.cid or fill.order_id in ids]
        # Half a pair proves no end, but that it was there.
        is_found = bool(found.fills or self._of(wanted, once.values()))
        ended_s = self._clock.monotonic_s()
        return Search(begun_s, ended_s, status is PlatformStatus.OPERATIVE, dates, dates, dates, is_found), found

    def _of(self, wanted: LookUp, orders: Iterable[OrderReport]) -> list[OrderReport]:
        return [order for order in orders if order.cid == wanted.cid and self._orders.owner(order) == wanted.cid]

    def _tell(self, found: Found) -> None:
        """Tell what can be read of it; at what cannot the core stops by itself: the next look shows that, too."""
        # What ended comes last: a list of open orders may be older than the history that was read after it.
        for order in sorted(found.orders, key=lambda order: not order.status.is_open):
            with suppress(ProtocolViolation):
                self._report(self._orders.report(order))
        for fill in found.fills:
            with suppress(ProtocolViolation):
                self._report(self._orders.match(fill))

    def _lost(self, wanted: LookUp) -> Lost:
        flight, now_s = self._orders.find(wanted.cid), self._clock.monotonic_s()
        if flight is None or flight.sent_s is None:  # of an earlier session, whose connections ended with it
            sent_s = now_s - max(0.0, (self._now() - wanted.sent_mts) / 1000)
            return Lost(wanted.cid, wanted.sent_mts, sent_s, sent_s + ANSWER_S, min(self._begun_s, now_s))
        closed_s = flight.closed_s if flight.by_socket else flight.lost_s
        return Lost(wanted.cid, wanted.sent_mts, flight.sent_s, flight.sent_s + ANSWER_S, closed_s)

    def _release_socket(self, lost: Lost) -> None:
        waited_s = self._clock.monotonic_s() - lost.deadline_s
        others = any(flight.waits_on_socket for flight in self._orders.in_flight)
        if lost.connection_closed_s is None and waited_s >= SOCKET_PATIENCE_S and not others:
            self._end_socket(f"order {lost.cid} was not answered: a closed connection can bring nothing late")

    def _is_known(self, cid: Cid) -> bool:
        flight = self._orders.find(cid)
        return flight is not None and flight.is_known

    def _is_settled(self, cid: Cid) -> bool:
        flight = self._orders.find(cid)
        return flight is not None and flight.is_quiet

    def _has_ended(self, cid: Cid) -> bool:
        flight = self._orders.find(cid)
        return flight is not None and flight.is_quiet and (flight.is_over or flight.end is not None)


def midnight(day: date) -> Mts:
    """Return when a UTC date begins."""
    return Mts(int(datetime.combine(day, time(), UTC).timestamp()) * 1000)

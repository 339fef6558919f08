"""Looks at the account: by REST, read again until nothing moved meanwhile.

One is taken after each connection of the account's socket, every so often while it is open, sooner after a fill, and
more often while it is down. What a look proves is the core's business.
"""

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NoReturn

from attrs import frozen

from genesis.adapters.bitfinex.history_pages import finished_orders, own_fills
from genesis.adapters.bitfinex.own_orders import OwnOrders
from genesis.adapters.bitfinex.pairs import whole_pairs
from genesis.adapters.bitfinex.streams import within
from genesis.domain.events import AccountShown
from genesis.domain.execution.look import Look
from genesis.domain.units import Mts
from genesis.ports.clock import Clock
from genesis.ports.errors import AuthRefused, ClockAhead, ExchangeError
from genesis.ports.exchange import AccountReader

HISTORY_MS_MAX: Final = 14 * 86_400_000
"""Source: Bitfinex reference, "Orders History"."""


@frozen
class LookRules:
    """How often to look, in seconds."""

    at_start: bool = True
    """Whether to look when the account's socket opens for the first time."""
    every_s: float | None = 60.0
    """While all is well; D24: a message that never came is found within this. None is for markets that stand still."""
    filled_s: float = 30.0
    """After a fill that is heard of: the exchange rounds what it costs its way, so only a look tells the last digit."""
    down_s: float = 10.0
    """While the account's socket is down, for orders then go by REST and nothing else tells of them."""
    again_s: float = 1.0
    """After a look that failed."""
    overlap_ms: int = 600_000
    """How much of what is known is read again, by id: the exchange shows its lists late."""
    attempts: int = 6


class Reconciler:
    """Takes looks; `run` hands them to *show*."""

    def __init__(
        self,
        account: AccountReader,
        orders: OwnOrders,
        clock: Clock,
        now: Callable[[], Mts],
        show: Callable[[AccountShown], None],
        rules: LookRules,
        since: Mts | None = None,
    ) -> None:
        """*since* is when the last known fill was; without one, what happened before now is not asked for."""
        self._account = account
        self._orders = orders
        self._clock = clock
        self._now = now
        self._show = show
        self._rules = rules
        self._since = since
        self._last: tuple[Look, int] | None = None
        """The last look of this connection, and the version of the orders that it belongs to."""
        self._is_open = False
        self._is_held = False
        self._was_open = False
        self._wants = 0
        self._due_s: float | None = None
        self._filled_s = -math.inf
        """When a fill was heard of last."""
        self._changed = asyncio.Event()
        self.is_busy = False
        """Whether a look is wanted or being taken."""

    def want(self) -> None:
        """Look as soon as possible; a look that was begun before does not count."""
        self.is_busy = True
        self._wants += 1
        self._last = None
        self._plan(0.0)

    def filled(self) -> None:
        """Note that an order of ours was filled: the look that is planned does not come long after it."""
        self._filled_s = self._clock.monotonic_s()
        if self._due_s is not None and self._due_s > self._filled_s + self._rules.filled_s:
            self._plan(self._rules.filled_s)

    def link(self, *, is_open: bool, is_held: bool) -> None:
        """Note the state of the account's socket; *is_held* is maintenance, in which nothing is asked."""
        if self._was_open:  # one look follows for sure: of the next connection, or by REST while there is none
            self.is_busy = not is_held
        self._is_open, self._is_held, self._was_open = is_open, is_held, self._was_open or is_open
        self._wants += 1
        self._last = None
        if not is_open:
            self._plan(None if is_held else self._rules.down_s)

    async def run(self) -> NoReturn:
        """Look until cancelled; raises `AuthRefused`."""
        while True:
            await self._until_due()
            self.is_busy, self._due_s, wants = True, None, self._wants
            look = await self._look()
            if look is not None and wants == self._wants:
                self._orders.see(look)
                self._show(AccountShown(self._now(), look))
                self.is_busy = self._due_s is not None
                if not self.is_busy:
                    self._plan(self._pause_s())
            elif self._due_s is None and not self._is_held:
                self._plan(self._rules.again_s)

    def _pause_s(self) -> float | None:
        """Return in how many seconds the next look is due: after a fill one more, for lists that come late."""
        usual_s = self._rules.every_s if self._is_open else self._rules.down_s
        filled_s = self._filled_s + self._rules.filled_s - self._clock.monotonic_s()
        return min(usual_s, filled_s) if usual_s is not None and filled_s > 0 else usual_s

    def _plan(self, after_s: float | None) -> None:
        self._due_s = None if after_s is None else self._clock.monotonic_s() + after_s
        self._changed.set()

    async def _until_due(self) -> None:
        while self._due_s is None or (wait_s := self._due_s - self._clock.monotonic_s()) > 0:
            self._changed.clear()
            if self._due_s is None:
                await self._changed.wait()
            else:
                with suppress(TimeoutError):
                    await within(self._clock, wait_s, self._changed.wait())

    async def _look(self) -> Look | None:
        """Return a look during which nothing moved; None if none could be had.

        Nothing has where all is still as the last look had it: then one reading is enough.
        """
        try:
            last, start = self._last, self._start()
            look = last[0] if last is not None and last[1] == self._orders.version else None
            for _ in range(self._rules.attempts):
                version = self._orders.version
                before = look or await self._read(start)
                look = await self._read(start)
                if _steady(look) == _steady(before) and version == self._orders.version:
                    self._since = max((fill.mts for fill in look.fills), default=self._since)
                    self._last = look, version
                    return look
        except AuthRefused:
            raise
        except (ExchangeError, ClockAhead):
            return None
        return None

    async def _read(self, start: Mts) -> Look:
        """Read every part once. Open orders come before history, so that none can hide between the two."""
        open_orders = await self._account.open_orders()
        history = await finished_orders(self._account, start)
        fills = await own_fills(self._account, start)
        wallets, positions = await self._account.wallets(), await self._account.positions()
        look = Look(tuple(open_orders), tuple(history), tuple(fills), tuple(wallets), tuple(positions))
        return whole_pairs(look, self._now())

    def _start(self) -> Mts:
        """Return from when on to ask: the last known fill, or the oldest order that may have more."""
        if self._since is None:
            self._since = self._now()
        oldest = min((flight.order.mts for flight in self._orders.in_flight), default=self._since)
        now = self._now()  # the exchange may have dated a fill ahead of it
        start = min(oldest, self._since, now) - self._rules.overlap_ms
        return Mts(max(0, start, now - HISTORY_MS_MAX))


def _steady(look: Look) -> tuple[object, ...]:
    """Return what of a look only moves when something happened: prices move profits all the time."""
    wallets = {(each.kind, each.currency): each.balance for each in look.wallets}
    positions = {each.symbol: (each.net_amount, each.base_price) for each in look.positions}
    return look.open_orders, look.history, look.fills, wallets, positions

"""The timers of a market, by its own time: a core wants to be woken for what its plans do next."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from heapq import heappop, heappush
from typing import Final, NoReturn

from genesis.adapters.bitfinex.market_time import MarketTime
from genesis.adapters.bitfinex.streams import within
from genesis.domain.events import TimePassed
from genesis.domain.units import Mts
from genesis.ports.clock import Clock

TICK_S: Final = 1.0
"""A timer is looked at this often, for an answer of the exchange may set its time right."""


class MarketTimers:
    """Tells *put* when a time that was set has come."""

    def __init__(self, time: MarketTime, clock: Clock, put: Callable[[Iterable[TimePassed]], None]) -> None:
        self._time = time
        self._clock = clock
        self._put = put
        self._due: list[Mts] = []
        self._was_set = asyncio.Event()

    def set(self, mts: Mts) -> None:
        """Want to be told once it is *mts*; at once where it is already."""
        if mts not in self._due:
            heappush(self._due, mts)
        self.fire()
        self._was_set.set()

    def fire(self) -> None:
        """Tell of the timers that are due, of all of them at once."""
        now = self._time.now()
        if self._due and self._due[0] <= now:
            while self._due and self._due[0] <= now:
                heappop(self._due)
            self._put([TimePassed(now)])

    async def run(self) -> NoReturn:
        """Fire what is due, until cancelled."""
        while True:
            self.fire()
            self._was_set.clear()
            wait_s = self._time.wait_s(self._due[0]) if self._due else None
            if wait_s is None:
                await self._was_set.wait()
                continue
            with suppress(TimeoutError):
                await within(self._clock, min(wait_s, TICK_S), self._was_set.wait())

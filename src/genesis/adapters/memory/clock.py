"""A clock that stands still until it is moved."""

import asyncio
import heapq
from itertools import count
from typing import Final

from genesis.domain.units import Mts

START: Final = Mts(1_700_000_000_000)

_TURNS: Final = 25
"""Turns of the loop that woken tasks get before time moves on: enough for any chain of awaits, and cheap."""


class ManualClock:
    """Wall and monotonic time under the control of a backtest, a replay or a simulation. One event loop uses it."""

    def __init__(self, start: Mts = START) -> None:
        self._wall_us = start * 1000
        self._monotonic_us = 0
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = count()

    def now(self) -> Mts:
        """Return wall time in milliseconds UTC."""
        return Mts(self._wall_us // 1000)

    def now_us(self) -> int:
        """Return wall time in microseconds UTC."""
        return self._wall_us

    def monotonic_s(self) -> float:
        """Return seconds that passed since the clock was made."""
        return self._monotonic_us / 1_000_000

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was moved that far; zero or less yields once."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        deadline = self._monotonic_us + max(1, round(seconds * 1_000_000))
        heapq.heappush(self._sleepers, (deadline, next(self._order), woken))
        await woken

    def next_wake_s(self) -> float | None:
        """Return the monotonic time at which the next sleeper wakes, in seconds; None if nobody sleeps."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] / 1_000_000 if self._sleepers else None

    def move(self, seconds: float) -> None:
        """Let *seconds* >= 0 pass at once; sleepers that are due run, by deadline, when the loop next does."""
        self._pass_to(self._monotonic_us + self._span_us(seconds))

    def move_to(self, mts: Mts) -> None:
        """Let time pass until wall time is *mts*; raises `ValueError` if that is in the past."""
        self._pass_to(self._monotonic_us + self._not_negative(mts * 1000 - self._wall_us))

    def step_wall(self, seconds: float) -> None:
        """Set wall time forwards or backwards, as a person or NTP would; no time passes."""
        self._wall_us += round(seconds * 1_000_000)

    async def advance(self, seconds: float) -> None:
        """Let *seconds* >= 0 pass from deadline to deadline: a task that sleeps again wakes at its own time."""
        target = self._monotonic_us + self._span_us(seconds)
        await self._settle()
        while self.next_wake_s() is not None and self._sleepers[0][0] <= target:
            self._pass_to(self._sleepers[0][0])
            await self._settle()
        self._pass_to(target)
        await self._settle()

    async def _settle(self) -> None:
        for _ in range(_TURNS):
            await asyncio.sleep(0)

    def _pass_to(self, monotonic_us: int) -> None:
        self._wall_us += monotonic_us - self._monotonic_us
        self._monotonic_us = monotonic_us
        while self._sleepers and self._sleepers[0][0] <= monotonic_us:
            _, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)

    def _span_us(self, seconds: float) -> int:
        return self._not_negative(round(seconds * 1_000_000))

    def _not_negative(self, span_us: int) -> int:
        if span_us < 0:
            raise ValueError(
                f"time passes forwards only, was asked for {span_us} us; step_wall() sets the wall clock back"
            )
        return span_us

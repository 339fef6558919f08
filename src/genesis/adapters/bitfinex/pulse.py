"""Whether this process kept up with the time: one that was stopped, suspended or busy has old data in its hands.

What it heard before counts as old until the loop has run on time again for a while, in which what came meanwhile is
read. After a long pause nothing of before is trusted any more.
"""

from collections.abc import Callable
from typing import Final, NoReturn

from genesis.ports.clock import Clock

BEAT_S: Final = 0.25
LATE_S: Final = 1.0
"""So late a beat says that no order may leave on what was heard before it."""

LONG_S: Final = 5.0
"""So late a beat says that connections and account have to be looked at anew."""

CALM_S: Final = 1.0
"""So long the beats have to come on time before data counts as fresh."""


class Pulse:
    """Beats while the loop runs; see the module.

    Two clocks are read: one that counts on while a process is stopped, and the wall's, which also counts the sleep of
    its machine. A wall clock that is set forward looks like that sleep, and costs one look.
    """

    def __init__(
        self, clock: Clock, paused: Callable[[float], None], rested: Callable[[], None], every_s: float = BEAT_S
    ) -> None:
        """*paused* hears of a long pause in seconds, *rested* that orders may leave again."""
        self._clock = clock
        self._every_s = every_s
        self._paused = paused
        self._rested = rested
        self._beat_s, self._wall_us = clock.monotonic_s(), clock.now_us()
        self._calm_s = self._beat_s

    @property
    def is_steady(self) -> bool:
        """Whether the loop has run on time lately, the moment of asking included."""
        return self._late_s() <= LATE_S and self._clock.monotonic_s() >= self._calm_s

    async def run(self) -> NoReturn:
        """Beat until cancelled."""
        while True:
            await self._clock.sleep(self._every_s)
            was_steady = self._beat_s >= self._calm_s
            late_s = self._late_s()
            self._beat_s, self._wall_us = self._clock.monotonic_s(), self._clock.now_us()
            if late_s > LATE_S:
                self._calm_s = self._beat_s + CALM_S
            elif not was_steady and self._beat_s >= self._calm_s:
                self._rested()
            if late_s > LONG_S:
                self._paused(late_s)

    def _late_s(self) -> float:
        passed_s = self._clock.monotonic_s() - self._beat_s
        by_wall_s = (self._clock.now_us() - self._wall_us) / 1e6
        return max(passed_s, by_wall_s) - self._every_s

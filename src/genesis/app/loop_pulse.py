"""Whether the trading loop turns, for others to ask: the thread that serves HTTP lives on when the loop does not."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

from genesis.ports.clock import Clock
from genesis.ports.monitor import MonitorFeed

EVERY_S: Final = 0.5
STALLED_S: Final = 3.0
"""From here on it stands still: compiling a strategy takes less, and the journal gives a commit up only after more."""


class LoopPulse:
    """Knows when the loop last turned, and since when it has been at one event; any thread may ask."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turned_s: float | None = None
        self._since_s: float | None = None

    @property
    def at_event_since_s(self) -> float | None:
        """Since when the loop has been at one event; None between two."""
        return self._since_s

    def beat(self) -> None:
        """Note that the loop turns; from the first time on it has to."""
        self._turned_s = self._clock.monotonic_s()

    def rest(self) -> None:
        """Note that the loop is about to end."""
        self._turned_s = None

    @contextmanager
    def at_event(self) -> Iterator[None]:
        """Hold while the loop is at one event."""
        self._since_s = self._clock.monotonic_s()
        try:
            yield
        finally:
            self._since_s = None

    def stalled_s(self) -> float:
        """Return for how long the loop has stood still, 0 while it turns or has not begun."""
        moments = [moment for moment in (self._turned_s, self._since_s) if moment is not None]
        stood_s = self._clock.monotonic_s() - min(moments) if moments else 0.0
        return stood_s if stood_s >= STALLED_S else 0.0


class LoopPulseWatch:
    """Beats with the loop, and tells once of each event that it does not come back from."""

    def __init__(self, pulse: LoopPulse, clock: Clock, feed: MonitorFeed) -> None:
        self._pulse = pulse
        self._clock = clock
        self._feed = feed
        self._told: float | None = None

    async def run(self) -> NoReturn:
        """Watch until cancelled."""
        try:
            while True:
                self._pulse.beat()
                self._look()
                await self._clock.sleep(EVERY_S)
        finally:
            self._pulse.rest()

    def _look(self) -> None:
        since_s = self._pulse.at_event_since_s
        if since_s is None or since_s == self._told or not self._pulse.stalled_s():
            return
        self._told = since_s
        reason = f"one event has taken more than {STALLED_S:g} s: a disk or a strategy does not come back"
        self._feed.note("system", "system.stalled", {"reason": reason}, "error")

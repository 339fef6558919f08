"""What time it is on a market: by the wall, or by its candles where those are played at any speed."""

from typing import Protocol

from genesis.domain.units import Mts
from genesis.ports.clock import Clock


class MarketTime(Protocol):
    """The time that events of a market carry, and by which the core's timers run."""

    def now(self) -> Mts:
        """Return the time of the market."""

    def heard(self, mts: Mts) -> None:
        """Note that the candle of *mts* runs."""

    def wait_s(self, mts: Mts, /) -> float | None:
        """Return how long it is until *mts*, in seconds; None where only a candle can tell."""


class WallTime:
    """The time of a market that is traded live: this machine's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> Mts:
        return self._clock.now()

    def heard(self, mts: Mts) -> None:
        """Hear nothing new: the wall goes by itself."""

    def wait_s(self, mts: Mts) -> float | None:
        return max(0.0, (mts - self._clock.now()) / 1000)


class CandleTime:
    """The time of a market whose candles are played: it is the start of the newest one, whatever the wall says."""

    def __init__(self) -> None:
        self._now = Mts(0)

    def now(self) -> Mts:
        return self._now

    def heard(self, mts: Mts) -> None:
        self._now = max(self._now, mts)

    def wait_s(self, _: Mts) -> float | None:
        return None

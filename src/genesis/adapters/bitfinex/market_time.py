"""What time it is on a market: the exchange's, or that of its candles where those are played at any speed."""

from typing import Final, Protocol

from genesis.adapters.bitfinex.exchange_time import ExchangeTime
from genesis.domain.units import Mts
from genesis.ports.clock import Clock

AHEAD_MS_MAX: Final = 60_000
"""By how much what the exchange writes may be ahead of this time: its answers tell it within seconds."""


class MarketTime(Protocol):
    """The time that events of a market carry, and by which the core's timers run."""

    def now(self) -> Mts:
        """Return the time of the market."""

    def heard(self, mts: Mts) -> None:
        """Note that the candle of *mts* runs."""

    def bounded(self, mts: Mts, /) -> Mts:
        """Return *mts*, which the exchange says it is or was; now, where that is further ahead than can be."""

    def wait_s(self, mts: Mts, /) -> float | None:
        """Return how long it is until *mts*, in seconds; None where only a candle can tell."""


class LiveTime:
    """The time of a market that is traded live: the exchange's, as its last answer told it and monotonic time goes on.

    So nobody who sets the clock of this machine makes a timer ring early or late. It never goes back. Until an answer
    came, the clock is taken at its word.
    """

    def __init__(self, clock: Clock, exchange: ExchangeTime) -> None:
        self._clock = clock
        self._exchange = exchange
        self._last = Mts(0)

    def now(self) -> Mts:
        told_us = self._exchange.steady_us()
        if told_us is None:
            return self._clock.now()
        self._last = max(self._last, Mts(told_us // 1000))
        return self._last

    def heard(self, mts: Mts) -> None:
        """Hear nothing new: this time goes by itself."""

    def bounded(self, mts: Mts) -> Mts:
        now = self.now()
        return mts if mts <= now + AHEAD_MS_MAX else now

    def wait_s(self, mts: Mts) -> float | None:
        return max(0.0, (mts - self.now()) / 1000)


class CandleTime:
    """The time of a market whose candles are played: it is the start of the newest one, whatever the wall says."""

    def __init__(self) -> None:
        self._now = Mts(0)

    def now(self) -> Mts:
        return self._now

    def heard(self, mts: Mts) -> None:
        self._now = max(self._now, mts)

    def bounded(self, mts: Mts) -> Mts:
        """Return *mts*: inside a candle it may be ahead of its start by any time frame."""
        return mts

    def wait_s(self, _: Mts) -> float | None:
        return None

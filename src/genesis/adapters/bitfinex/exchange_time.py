"""What time it is at the exchange, by the `Date` of its answers: within a second, which is enough to guard a nonce."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from genesis.ports.clock import Clock
from genesis.ports.metrics import Metrics

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
ROUND_TRIP_US_MAX: Final = 5_000_000
"""A slower answer says too little about when its header was written."""


AGREE_US_MAX: Final = 5_000_000
"""By how much two answers may differ and say the same: each is off by less than its second and its trip."""

Told = tuple[int, float]
"""The exchange's time in microseconds by an answer, and the monotonic time when it came."""


class ExchangeTime:
    """Our clock, set right by how far it is from the exchange's.

    Until an answer came, our clock is taken at its word.
    """

    def __init__(self, clock: Clock, metrics: Metrics) -> None:
        self._clock = clock
        self._metrics = metrics
        self._offset_us = 0
        self._told: Told | None = None
        self._doubted: Told | None = None
        """What one answer said that is far from all before."""

    def now_us(self) -> int:
        """Return the exchange's time in microseconds UTC, within about a second."""
        return self._clock.now_us() + self._offset_us

    def steady_us(self) -> int | None:
        """Return the exchange's time by its last answer and the monotonic time since, None before any.

        Setting our clock changes nothing here; time in which this machine slept is missing until the next answer.
        """
        if self._told is None:
            return None
        return _later_us(self._told, self._clock.monotonic_s())

    def _tell(self, now_us: int) -> None:
        """Take the exchange's time as one answer has it; one that is far from all before needs another to agree."""
        at_s = self._clock.monotonic_s()
        said, before = (now_us, at_s), (self._told, self._doubted)
        if self._told is None or any(_agree(each, said) for each in before):
            self._told, self._doubted = said, None
        else:
            self._doubted = said

    @property
    def offset_s(self) -> float:
        """The exchange's clock less ours, in seconds."""
        return self._offset_us / 1e6

    def note(self, date: str, sent_us: int) -> None:
        """Learn from an answer's `Date` header; *sent_us* is our time when its request left. Nonsense is ignored."""
        received_us = self._clock.now_us()
        try:
            written = parsedate_to_datetime(date)
        except (ValueError, OverflowError):  # the latter for numbers beyond what a date holds
            return
        if written.tzinfo is None or not 0 <= received_us - sent_us <= ROUND_TRIP_US_MAX:
            return
        # The header has whole seconds, so the middle of its second is the best guess, and so is the middle of the trip.
        middle_us = (written - EPOCH) // timedelta(microseconds=1) + 500_000
        self._offset_us = middle_us - (sent_us + received_us) // 2
        self._tell(received_us + self._offset_us)
        self._metrics.gauge("exchange_clock_offset_seconds", self._offset_us / 1e6)


def _later_us(told: Told, at_s: float) -> int:
    return told[0] + round((at_s - told[1]) * 1_000_000)


def _agree(before: Told | None, said: Told) -> bool:
    return before is not None and abs(said[0] - _later_us(before, said[1])) <= AGREE_US_MAX

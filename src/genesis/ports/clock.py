"""Time, as a port: what the core may know of it comes in events; everybody else asks a clock."""

from typing import Protocol

from genesis.domain.units import Mts


class Clock(Protocol):
    """Wall time, monotonic time, and waiting."""

    def now(self) -> Mts:
        """Return wall time in milliseconds UTC; it may step either way."""

    def now_us(self) -> int:
        """Return wall time in microseconds UTC, for nonces; it may step either way."""

    def monotonic_s(self) -> float:
        """Return seconds that never run backwards, for durations and deadlines."""

    async def sleep(self, seconds: float) -> None:
        """Wait; zero or less yields once. Cancelling it leaves nothing behind."""

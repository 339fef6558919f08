"""The clock of this machine."""

import asyncio
import time

from genesis.domain.units import Mts


class SystemClock:
    """Wall time, monotonic time and waiting, from the operating system."""

    def now(self) -> Mts:
        """Return wall time in milliseconds UTC."""
        return Mts(time.time_ns() // 1_000_000)

    def now_us(self) -> int:
        """Return wall time in microseconds UTC."""
        return time.time_ns() // 1000

    def monotonic_s(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait; zero or less yields once."""
        await asyncio.sleep(seconds)

"""A channel to people that keeps what it was given: for sessions that nobody listens to, and for tests."""

from collections import deque
from typing import Final

from genesis.ports.alerts import Notice

KEPT: Final = 256


class MemoryAlerts:
    """Takes every notice and keeps the last ones."""

    name: Final = "memory"

    def __init__(self) -> None:
        self.notices: Final[deque[Notice]] = deque(maxlen=KEPT)

    async def deliver(self, notice: Notice) -> None:
        """Keep *notice*."""
        self.notices.append(notice)

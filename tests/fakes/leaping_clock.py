"""A clock for tests whose subject waits for nobody but itself: sleeping moves time."""

import asyncio

from genesis.adapters.memory.clock import ManualClock


class LeapingClock(ManualClock):
    """Time passes when somebody sleeps, and at once; `slept` keeps how long each wait was."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Move time by *seconds* and yield."""
        self.slept.append(seconds)
        self.move(max(0.0, seconds))
        await asyncio.sleep(0)

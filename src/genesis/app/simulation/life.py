"""The life of one process: it runs until it ends by itself, or dies in the middle of anything.

Who dies leaves nothing behind but what is durable: no handler of its runs with any effect. So a death is two steps:
from the first moment on, nothing of the process reaches disk, wire or latch, for every way out crosses `Life.cross`,
from which a dead process does not return; then its tasks are taken away.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

from attrs import define, field


class Dead(BaseException):
    """What a dead process gets that still tries something: nobody catches it but the world."""


@define(eq=False)
class Death:
    """How a life is to end: at the *nth* crossing of a place whose name begins with *place*."""

    place: str
    nth: int


@define(eq=False)
class Life:
    """One process. *ended* says how: empty while it lives, `killed at …` or what it ended with itself."""

    number: int
    death: Death | None = None
    on_death: Callable[[str], None] = lambda _: None
    is_silent: bool = False
    """Whether nobody closes the connections of the dead process."""
    places: Counter[str] = field(factory=Counter)
    ended: str = ""
    error: BaseException | None = None
    _task: "asyncio.Task[None] | None" = None
    _passed: int = 0

    async def cross(self, place: str) -> None:
        """Pass a place at which the process may die."""
        if self.ended:
            raise Dead
        self.places[place] += 1
        death = self.death
        if death is not None and place.startswith(death.place):
            self._passed += 1
            if self._passed >= death.nth:
                self.kill(f"killed at {place}")
                raise Dead

    def kill(self, how: str) -> None:
        """End this life now."""
        if not self.ended:
            self.ended = how
            self.on_death(how)
            if self._task is not None:
                self._task.cancel()

    async def run(self, program: Coroutine[Any, Any, None]) -> None:  # Any: a coroutine's business
        """Live; returns how it ended in `ended` and `error`, and never raises but for the cancellation of the world."""
        self._task = asyncio.ensure_future(program)
        try:
            await asyncio.wait([self._task])
        except asyncio.CancelledError:
            self.kill("the world ended")
            await asyncio.wait([self._task])
            raise
        if self.ended:  # whatever the remains said, nobody was there to hear it
            if not self._task.cancelled():
                self._task.exception()
            return
        if self._task.cancelled():
            self.ended = "cancelled"
        else:
            self.error = self._task.exception()
            self.ended = "ended" if self.error is None else f"ended with {type(self.error).__name__}"

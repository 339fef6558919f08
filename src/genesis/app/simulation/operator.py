"""The person who operates a world: asks again until it was heard, whatever process there is."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from genesis.app.operated_market import MakeEvent, OperatorInbox
from genesis.ports.errors import NotPossible

AGAIN_S: Final = 1.0


class Operator:
    """Asks for one thing after the other; *inbox* is that of the process of the moment."""

    def __init__(self, inbox: Callable[[], OperatorInbox | None]) -> None:
        self._inbox = inbox
        self._wishes: deque[MakeEvent] = deque()
        self._wanted = asyncio.Event()

    def want(self, make: MakeEvent) -> None:
        """Ask for what *make* makes, once everything before was heard."""
        self._wishes.append(make)
        self._wanted.set()

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await self.heard()

    async def heard(self) -> None:
        """Return once everything that is wanted was heard."""
        while self._wishes:
            if await self._was_heard(self._wishes[0]):
                self._wishes.popleft()
            else:
                await asyncio.sleep(AGAIN_S)

    async def _was_heard(self, make: MakeEvent) -> bool:
        inbox = self._inbox()
        if inbox is None:
            return False
        try:
            return await inbox.ask(make)
        except NotPossible:
            return False

"""The one lane in which signed requests of a key leave: taking a nonce, signing and sending is one critical section.

Nonces must arrive in order, so no second nonce is taken before the first request has left. The most urgent waits at the
front whatever came before it.
"""

import asyncio
import heapq
from itertools import count

from genesis.domain.resilience import Priority


class Lane:
    """A lock whose next holder is the most urgent one that waits, and among equals the first that came."""

    def __init__(self) -> None:
        self._is_taken = False
        self._order = count()
        self._waiting: list[tuple[Priority, int, asyncio.Future[None]]] = []

    @property
    def is_free(self) -> bool:
        """Whether who comes now enters at once."""
        return not self._is_taken

    async def enter(self, priority: Priority) -> "Turn":
        """Wait for the lane; the turn that is returned has to leave it. Cancelling the wait gives the place up."""
        if self._is_taken:
            mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (priority, next(self._order), mine))
            try:
                await mine
            except asyncio.CancelledError:
                if mine.done() and not mine.cancelled():  # it was handed over in the same moment: pass it on
                    self._hand_over()
                raise
        self._is_taken = True
        return Turn(self)

    def _hand_over(self) -> None:
        while self._waiting:
            _, _, mine = heapq.heappop(self._waiting)
            if not mine.done():
                mine.set_result(None)
                return
        self._is_taken = False


class Turn:
    """The right to take a nonce and send; leaving twice is harmless."""

    def __init__(self, lane: Lane) -> None:
        self._lane: Lane | None = lane

    def leave(self) -> None:
        """Let the next one in."""
        lane, self._lane = self._lane, None
        if lane is not None:
            lane._hand_over()  # noqa: SLF001  # a turn is the lane's own hand

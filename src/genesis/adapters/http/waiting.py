"""Strangers who are waited for: they share a few places, and whoever takes the most of them gives way.

Who showed a valid token never takes a place. What is there at once needs one for no time, so a stranger who sends a
whole request is served however many others dawdle.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from attrs import frozen

STRANGERS_MAX: Final = 64


Taken = TypeVar("Taken")


def giving_way(taken: Sequence[Taken], whose: Callable[[Taken], str]) -> Taken:
    """Return which of *taken*, the oldest first, gives way: the oldest of whoever has the most."""
    held = Counter(map(whose, taken))
    return max(taken, key=lambda each: held[whose(each)])


@frozen(eq=False)
class _Place:
    address: str
    deadline: asyncio.Timeout


class WaitingStrangers:
    """At most *places_max* waits at a time, each until its deadline; one event loop uses an object.

    One more ends the oldest wait of the address that has the most: no address keeps another one out.
    """

    def __init__(self, places_max: int = STRANGERS_MAX) -> None:
        self._places_max = places_max
        self._places: list[_Place] = []

    @asynccontextmanager
    async def wait(self, address: str, timeout_s: float) -> AsyncIterator[None]:
        """Let the body wait for *address*; raises `TimeoutError` when it took too long, or had to give way."""
        async with asyncio.timeout(timeout_s) as deadline:
            place = _Place(address, deadline)
            self._places.append(place)
            if len(self._places) > self._places_max:
                self._make_room()
            try:
                yield
            finally:
                if place in self._places:
                    self._places.remove(place)

    def _make_room(self) -> None:
        place = giving_way(self._places, lambda each: each.address)
        self._places.remove(place)
        if not place.deadline.expired():
            place.deadline.reschedule(asyncio.get_running_loop().time())


def address_of(client: tuple[str, int] | None) -> str:
    """Return what tells one peer from another; those that the system does not name are one."""
    return client[0] if client else ""

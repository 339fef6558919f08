"""Strangers who are waited for take turns, and none keeps another out."""

import asyncio

from genesis.adapters.http.waiting import WaitingStrangers


class Waits:
    """Waits that go on until they have to end, and the names of those that did."""

    def __init__(self, places_max: int) -> None:
        self.room = WaitingStrangers(places_max)
        self._tasks: list[asyncio.Task[None]] = []
        self.ended: list[str] = []

    async def begin(self, name: str, address: str) -> None:
        self._tasks.append(asyncio.create_task(self._wait(name, address)))
        for _ in range(5):
            await asyncio.sleep(0)

    async def _wait(self, name: str, address: str) -> None:
        try:
            async with self.room.wait(address, 60):
                await asyncio.Event().wait()
        except TimeoutError:
            self.ended.append(name)

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def test_the_address_with_the_most_places_gives_way_by_its_oldest() -> None:
    waits = Waits(3)
    for name, address in (("a", "one"), ("b", "two"), ("c", "two"), ("d", "three"), ("e", "one")):
        await waits.begin(name, address)
    assert waits.ended == ["b", "a"]
    await waits.end()


async def test_what_is_there_at_once_is_taken_though_all_places_are_held() -> None:
    waits = Waits(1)
    await waits.begin("slow", "one")
    async with waits.room.wait("two", 60):
        pass
    await waits.begin("next", "one")
    assert waits.ended == ["slow"]
    await waits.end()

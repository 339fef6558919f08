"""A house in a thread of its own, for a browser that blocks the test's."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from attrs import frozen

from genesis.ports.access import Role
from tests.e2e.api_house import House, house

Result = TypeVar("Result")


@frozen
class Running:
    """A house in a thread of its own."""

    house: House
    loop: asyncio.AbstractEventLoop
    stop: Callable[[], None]

    def link(self, role: Role = Role.ADMIN) -> str:
        return f"{self.house.url}/#{self.house.credentials.issue_code(role)}"

    def wait(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)


@contextmanager
def running(home: Path) -> Iterator[Running]:
    ready: threading.Event = threading.Event()
    found: list[Running] = []

    async def serve() -> None:
        loop, over = asyncio.get_running_loop(), asyncio.Event()

        def stop() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(over.set)

        async with house(home) as inside:
            found.append(Running(inside, loop, stop))
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield found[0]
    finally:
        found[0].stop()
        thread.join(20)

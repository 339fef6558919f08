"""Threads of one's own, for blocking work that must not wait for anybody else's.

The default threads of an event loop are few and everybody's: a disk that hangs or a dead name server takes them one
after another, and then whatever needs one stands. So what must not wait has threads of its own: the journal and its
reserve, the nonces, the audit log, the kill latch. And what may hang for long has some of its own, too, so that it
takes nobody else's: the name look-ups of alerts.
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


class OwnThreads:
    """At most *count* threads, called *name*; they begin with the first work, and anew in a process that was forked."""

    def __init__(self, name: str, count: int = 1) -> None:
        self._name = name
        self._count = count
        self._made: tuple[int, ThreadPoolExecutor] | None = None

    async def run(self, work: Callable[[], Result]) -> Result:
        """Return what *work* does, on one of the threads.

        A wait that is cancelled leaves its thread at work; what had not begun is never begun then.
        """
        return await asyncio.get_running_loop().run_in_executor(self._executor(), work)

    def _executor(self) -> ThreadPoolExecutor:
        process = os.getpid()
        if self._made is None or self._made[0] != process:
            self._made = (process, ThreadPoolExecutor(self._count, thread_name_prefix=self._name))
        return self._made[1]

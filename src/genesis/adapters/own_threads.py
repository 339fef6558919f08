"""Threads of one's own, for blocking work that must not wait for anybody else's.

The default threads of an event loop are few and everybody's: a disk that hangs or a dead name server takes them one
after another, and then whatever needs one stands. So what must not wait has threads of its own: the journal and its
reserve, the nonces, the audit log, the kill latch. And what may hang for long has some of its own, too, so that it
takes nobody else's: the name look-ups of alerts, the budgets of requests. The end of the process waits for the first,
so that nothing is half written, and not for these.
"""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import ParamSpec, TypeVar

Asked = ParamSpec("Asked")
Result = TypeVar("Result")


def waited_for(name: str, count: int) -> Executor:
    """Return threads whose work is done before the process ends."""
    return ThreadPoolExecutor(count, thread_name_prefix=name)


def left_behind(name: str, count: int) -> Executor:
    """Return threads that the end of the process leaves where they are."""
    return _LeftBehind(name, count)


class OwnThreads:
    """At most *count* threads, called *name*; they begin with the first work, and anew in a process that was forked."""

    def __init__(self, name: str, count: int = 1, make: Callable[[str, int], Executor] = waited_for) -> None:
        self._name = name
        self._count = count
        self._make = make
        self._made: tuple[int, Executor] | None = None

    async def run(self, work: Callable[[], Result]) -> Result:
        """Return what *work* does, on one of the threads.

        A wait that is cancelled leaves its thread at work; what had not begun is never begun then.
        """
        return await asyncio.get_running_loop().run_in_executor(self._executor(), work)

    def _executor(self) -> Executor:
        process = os.getpid()
        if self._made is None or self._made[0] != process:
            self._made = (process, self._make(self._name, self._count))
        return self._made[1]


class _LeftBehind(Executor):
    """The standard library's executor has no such threads: the interpreter waits for all of its own."""

    def __init__(self, name: str, count: int) -> None:
        self._work: SimpleQueue[Callable[[], None]] = SimpleQueue()
        for number in range(count):
            threading.Thread(target=self._serve, name=f"{name}_{number}", daemon=True).start()

    def submit(self, fn: Callable[Asked, Result], /, *args: Asked.args, **kwargs: Asked.kwargs) -> Future[Result]:
        """See `Executor`."""
        future: Future[Result] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001  # it is for whoever waits
                future.set_exception(error)
            else:
                future.set_result(result)

        self._work.put(work)
        return future

    def _serve(self) -> None:
        while True:
            self._work.get()()

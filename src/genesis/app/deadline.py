"""A limit for work that cannot be stopped: a library that waits for a network, a keyring that waits for a person."""

import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def within(seconds: float, work: Callable[[], Result]) -> Result:
    """Return what *work* does in a thread of its own; raises `TimeoutError` after *seconds* and what *work* raises.

    Work that is late goes on behind our back and keeps neither anybody waiting nor the process alive.
    """
    done: list[Result] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:  # noqa: BLE001  # handed on to whoever waits
            failed.append(error)

    thread = threading.Thread(target=run, name="deadline", daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not done:
        raise TimeoutError
    return done[0]

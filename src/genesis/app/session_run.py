"""How a session of any mode runs in its process: until it ends, or somebody asks it to stop."""

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from genesis.app.access import announce
from genesis.app.logs import GuardedErrors
from genesis.app.wiring import SessionSystem
from genesis.ports.errors import GenesisError, StoreError
from genesis.ports.monitor import MonitorFeed


async def until_stopped(session: Coroutine[None, None, None], feed: MonitorFeed) -> None:
    """Run *session* until it ends, or SIGINT, SIGTERM or SIGHUP comes; a second one ends the process where it is.

    *feed* hears that it was asked to stop.

    Raises the first `GenesisError` that ended the session early.
    """
    work = asyncio.ensure_future(session)
    _stop_at_signals(work, feed)
    try:
        await work
    except asyncio.CancelledError:
        return
    except ExceptionGroup as group:
        expected, other = group.split(GenesisError)
        if expected is None or other is not None:
            raise
        first: BaseException = expected
        while isinstance(first, BaseExceptionGroup):  # a part that has parts of its own
            first = first.exceptions[0]
        raise first from None


def _stop_at_signals(work: "asyncio.Future[None]", feed: MonitorFeed) -> None:
    """A9: let the first signal stop *work* in order, and the second one at once: the journal bears that."""
    asked: list[int] = []

    def stop(number: int) -> None:
        asked.append(number)
        if len(asked) > 1:
            os.write(sys.stderr.fileno(), b"asked twice: the session ends where it is, and its journal with it\n")
            os._exit(128 + number)
        feed.set_status("stopping", f"it was asked to stop ({signal.Signals(number).name})")
        work.cancel()

    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is None or signal.getsignal(number) is signal.SIG_IGN:  # as under nohup
            continue
        with suppress(NotImplementedError):  # Windows: Ctrl-C is a KeyboardInterrupt, which asyncio.run makes a cancel
            loop.add_signal_handler(number, stop, number)


def login_line(system: SessionSystem, home: Path, say: TextIO) -> str:
    """Return how to get to the dashboard: with the link where a person reads *say*, else with where the link is.

    What goes into a file, a pipe or the log of a container is kept and shipped, and a link lets in whoever reads it.
    """
    try:
        found = announce(home, system.server.url, system.credentials)
    except StoreError as error:  # whoever cannot look can trade all the same, and kill
        return f"dashboard: nobody can log in, for {error}; then login prints a link (kill works without one)"
    read_by = say.inner if isinstance(say, GuardedErrors) else say
    if read_by.isatty():
        return f"dashboard: {found.link} (once; then: login)"
    return f"dashboard: {system.server.url} (the link that logs in is in {found.file}, and login prints one)"

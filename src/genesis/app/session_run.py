"""How a session of any mode runs in its process: until it ends, or somebody asks it to stop."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Never, TextIO

from genesis.app.access import announce, link_file
from genesis.app.logs import GuardedErrors
from genesis.app.paper import Component
from genesis.app.trade import Observer, Recording, trade_recorded
from genesis.app.wiring import SessionSystem
from genesis.domain.core import TradingCore
from genesis.domain.order import Cid
from genesis.ports.errors import GenesisError, Killed, StoreError
from genesis.ports.market import Market

CANCELS_S: Final = 10.0
"""How long a session that was killed or whose journal failed waits for its cancels; whoever stopped it may wait."""

_LOG: Final = logging.getLogger("genesis.session")


async def until_stopped(session: Coroutine[None, None, None]) -> None:
    """Run *session* until it ends, or SIGINT, SIGTERM or SIGHUP comes; a second one ends the process where it is.

    Raises the first `GenesisError` that ended the session early.
    """
    work = asyncio.ensure_future(session)
    _stop_at_signals(work)
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


def _stop_at_signals(work: "asyncio.Future[None]") -> None:
    """A9: let the first signal stop *work* in order, and the second one at once: the journal bears that."""
    asked: list[int] = []

    def stop(number: int) -> None:
        asked.append(number)
        if len(asked) > 1:
            os.write(sys.stderr.fileno(), b"asked twice: the session ends where it is, and its journal with it\n")
            os._exit(128 + number)
        work.cancel()

    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is None or signal.getsignal(number) is signal.SIG_IGN:  # as under nohup
            continue
        with suppress(NotImplementedError):  # Windows: Ctrl-C is a KeyboardInterrupt, which asyncio.run makes a cancel
            loop.add_signal_handler(number, stop, number)


async def trade_beside(
    core: TradingCore,
    market: Market,
    observer: Observer,
    parts: Sequence[Component],
    recording: Recording,
    cancelled: Callable[[], Awaitable[None]],
    uncancelled: Callable[[], Sequence[Cid]],
) -> None:
    """Trade until the market's events end or the task is cancelled; *parts* run beside it and end with it.

    The first failure of any part cancels the rest and is raised in an `ExceptionGroup`. When the journal fails, or
    trading or a part raises `Killed`, the other parts go on until *cancelled* returns, for at most `CANCELS_S`: what
    was open is cancelled through them. What *uncancelled* names then is told.
    """
    killed: asyncio.Future[Never] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as tasks:
        beside = [tasks.create_task(_run_beside(each, killed), name=type(each).__name__) for each in parts]
        try:
            async with asyncio.TaskGroup() as trading:  # of its own, for its failure must not end the parts at once
                within = [
                    trading.create_task(recording.journal.run(), name="journal"),
                    trading.create_task(_raised(killed), name="kill"),
                ]
                await trade_recorded(core, market, observer, recording)
                for task in within:
                    task.cancel()
        except* (StoreError, Killed):
            with suppress(TimeoutError):
                async with asyncio.timeout(CANCELS_S):
                    await cancelled()
            _tell_of(uncancelled())
            raise
        for task in beside:
            task.cancel()


async def _run_beside(part: Component, killed: "asyncio.Future[Never]") -> None:
    """Run *part*; that it was killed ends trading first, and the other parts after what was open is cancelled."""
    try:
        await part.run()
    except Killed as error:
        if not killed.done():  # else trading has ended already
            killed.set_exception(error)


async def _raised(killed: "asyncio.Future[Never]") -> None:
    await killed


def _tell_of(left: Sequence[Cid]) -> None:
    if left:
        reason = f"the exchange did not confirm these cancels within {CANCELS_S:g} s: look there, or use the task kill"
        _LOG.error("order.not_cancelled", extra={"fields": {"cids": ", ".join(map(str, left)), "reason": reason}})


def login_line(system: SessionSystem, home: Path, say: TextIO) -> str:
    """Return how to get to the dashboard: with the link where a person reads *say*, else with where the link is.

    What goes into a file, a pipe or the log of a container is kept and shipped, and a link lets in whoever reads it.
    """
    try:
        link = announce(home, system.server.url, system.credentials)
        read_by = say.inner if isinstance(say, GuardedErrors) else say
        if read_by.isatty():
            return f"dashboard: {link} (once; then: login)"
        return f"dashboard: {system.server.url} (the link that logs in is in {link_file(home)}, and login prints one)"
    except StoreError as error:  # whoever cannot look can trade all the same
        return f"dashboard: no login, for {error}"

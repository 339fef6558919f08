"""The trading loop beside the parts that it needs: they outlive it until what is open is cancelled, within bounds."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, Never

from genesis.app.paper import Component
from genesis.app.trade import Observer, Recording, trade_recorded
from genesis.domain.core import TradingCore
from genesis.domain.order import Cid
from genesis.ports.errors import Killed, StoreError
from genesis.ports.market import Market

CANCELS_S: Final = 10.0
"""How long a session that was killed or whose journal failed waits for its cancels; whoever stopped it may wait."""

_LOG: Final = logging.getLogger("genesis.session")


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

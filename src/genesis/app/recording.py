"""What a session adds to its journal around the loop: its beginning, its end, and who watches the latch meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import genesis
from genesis.app.code_version import code_sha256
from genesis.app.session_plan import SessionPlan
from genesis.app.trade import Recording
from genesis.domain.core import FIRST_CID
from genesis.domain.exchange.orders import Account
from genesis.domain.journal.entries import FORMAT, SessionBegan, SessionEnd, SessionEnded
from genesis.ports.clock import Clock
from genesis.ports.errors import InputError, Killed, StoreError
from genesis.ports.kill import KillLatch
from genesis.ports.monitor import MonitorFeed

LATCH_EVERY_S: Final = 0.1


def session_began(plan: SessionPlan, mode: str) -> SessionBegan:
    """Return the head of the journal of *plan*."""
    return SessionBegan(
        format=FORMAT,
        version=genesis.__version__,
        mode=mode,
        strategies=tuple(each.began() for each in plan.account.strategies),
        limits=plan.account.limits,
        account=Account.EXCHANGE,
        needs_account=False,
        first_cid=FIRST_CID,
        fee=plan.terms.costs.fee,
        slippage=plan.terms.costs.slippage,
        data_sha256=plan.market.description().sha256,
        code=code_sha256(),
    )


def refuse_while_killed(latch: KillLatch) -> None:
    """Raise `InputError` while *latch* is set."""
    reason = latch.reason()
    if reason is not None:
        raise InputError(f"the kill latch is set ({reason}): nothing starts until kill.reset --reason says why it may")


class LatchWatch:
    """Ends a session when the latch is set while no order is about to leave; *feed* hears why before anything ends."""

    def __init__(self, latch: KillLatch, clock: Clock, feed: MonitorFeed) -> None:
        self._latch = latch
        self._clock = clock
        self._feed = feed

    async def run(self) -> None:
        """Raise `Killed` when the latch is set."""
        while True:
            reason = self._latch.reason()
            if reason is not None:
                self._feed.set_status("stopping", f"the kill latch is set ({reason})")
                raise Killed(f"the kill latch is set ({reason}): the session ended, and none starts until kill.reset")
            await self._clock.sleep(LATCH_EVERY_S)


@asynccontextmanager
async def recorded_session(recording: Recording, began: SessionBegan) -> AsyncIterator[None]:
    """Write *began* durably, let the session run, write how it ended, and close the journal."""
    journal = recording.journal
    end = SessionEnded(SessionEnd.DATA_ENDED)
    try:
        await journal.append(began)
        await journal.commit()
        yield
    except asyncio.CancelledError:
        end = SessionEnded(SessionEnd.STOPPED)
        raise
    except BaseExceptionGroup as group:
        killed = group.subgroup(Killed)
        end = SessionEnded(SessionEnd.FAILED if killed is None else SessionEnd.KILLED, _first_words(killed or group))
        raise
    finally:
        with suppress(StoreError):  # a journal that failed has said so to whoever wrote to it
            await journal.append(end)
            await journal.commit()
        await journal.close()


def _first_words(group: BaseExceptionGroup[BaseException]) -> str:
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return f"{type(first).__name__}: {first}"

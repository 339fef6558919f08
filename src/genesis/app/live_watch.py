"""What is watched while a live session runs: the key's rights, the clocks, and that the key's lock is still ours."""

from collections.abc import Callable, Sequence
from typing import Final, NoReturn

from genesis.adapters.bitfinex.exchange_time import ExchangeTime
from genesis.adapters.key_lock_file import KeyLock
from genesis.app.live_guard import SKEW_HALT_S, SKEW_NOTED_S
from genesis.app.operated_market import OperatorInbox
from genesis.domain.events import Asked, OperatorAsked
from genesis.domain.exchange.key_rights import refusals
from genesis.ports.clock import Clock
from genesis.ports.errors import ExchangeError, NotPossible
from genesis.ports.exchange import AccountReader
from genesis.ports.monitor import MonitorFeed

RIGHTS_EVERY_S: Final = 3600.0
RIGHTS_AGAIN_S: Final = 60.0
FAILURES_MAX: Final = 3
SKEW_EVERY_S: Final = 60.0
LOCK_EVERY_S: Final = 1.0


class Halting:
    """Halts the session as an operator would: once for each reason, and again where it was resumed meanwhile."""

    def __init__(self, inbox: OperatorInbox, is_halted: Callable[[], bool]) -> None:
        self._inbox = inbox
        self._is_halted = is_halted
        self._reasons: set[str] = set()

    async def halt(self, reason: str) -> None:
        """Get out of everything and trade no more, for *reason*."""
        if reason in self._reasons and self._is_halted():
            return
        self._reasons.add(reason)
        try:
            await self._inbox.ask(lambda mts: OperatorAsked(mts, Asked.HALT, "", reason))
        except NotPossible:
            self._reasons.discard(reason)  # the session has not begun, or is over: the next look says it again


class RightsWatch:
    """D30: asks every hour what the key may do; one that was changed, or that cannot be judged, halts the session."""

    def __init__(self, account: AccountReader, clock: Clock, halting: Halting) -> None:
        self._account = account
        self._clock = clock
        self._halting = halting

    async def run(self) -> NoReturn:
        """Watch until cancelled."""
        failures = 0
        while True:
            await self._clock.sleep(RIGHTS_AGAIN_S if failures else RIGHTS_EVERY_S)
            try:
                found = refusals(await self._account.permissions(), is_trading=True)
            except ExchangeError as error:
                failures += 1
                if failures >= FAILURES_MAX:
                    await self._halting.halt(f"what the key may do cannot be read: {error}")
                continue
            failures = 0
            if found:
                await self._halting.halt(f"the key {'; '.join(found)}")


class SkewWatch:
    """B5: notes clocks that drift apart, and halts when they are too far from each other."""

    def __init__(self, time: ExchangeTime, clock: Clock, halting: Halting, feed: MonitorFeed) -> None:
        self._time = time
        self._clock = clock
        self._halting = halting
        self._feed = feed

    async def run(self) -> NoReturn:
        """Watch until cancelled."""
        while True:
            await self._clock.sleep(SKEW_EVERY_S)
            skew_s = self._time.offset_s
            if abs(skew_s) > SKEW_HALT_S:
                await self._halting.halt(f"the exchange's clock differs from ours by more than {SKEW_HALT_S:g} s")
            elif abs(skew_s) > SKEW_NOTED_S:
                self._feed.note("system", "clock.skew", {"seconds": f"{skew_s:.1f}"}, "warning")


class LockWatch:
    """A27: ends the session when the file of a lock is no longer the one that others would lock.

    *locks* returns those of every key that the session has signed with: what was signed may still be on its way.
    """

    def __init__(self, locks: Callable[[], Sequence[KeyLock]], clock: Clock) -> None:
        self._locks = locks
        self._clock = clock

    async def run(self) -> NoReturn:
        """Raise `StoreError` when a lock protects nobody."""
        while True:
            for lock in self._locks():
                lock.check()
            await self._clock.sleep(LOCK_EVERY_S)

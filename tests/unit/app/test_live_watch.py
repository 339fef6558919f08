"""B5: what is done about clocks that drift apart while a live session runs."""

import asyncio
from pathlib import Path

import pytest

from genesis.adapters.bitfinex.exchange_time import ExchangeTime
from genesis.adapters.key_lock_file import KeyLock
from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.monitor import MemoryMonitor
from genesis.app.live_watch import LOCK_EVERY_S, SKEW_EVERY_S, Halting, LockWatch, SkewWatch
from genesis.app.operated_market import OperatorInbox
from genesis.domain.events import Asked, OperatorAsked
from genesis.domain.units import Mts
from genesis.ports.errors import StoreError
from genesis.ports.secrets import Secret


class Skewed(ExchangeTime):
    """The exchange's time, so many seconds from ours."""

    def __init__(self, clock: ManualClock, seconds: float) -> None:
        super().__init__(clock, MemoryMetrics())
        self._offset_us = round(seconds * 1e6)


@pytest.mark.parametrize(
    ("seconds", "notes", "halts"), [(0.4, 0, 0), (-2.0, 1, 0), (12.0, 1, 0), (31.0, 0, 1), (-3600.0, 0, 1)]
)
async def test_b5_more_than_a_second_is_told_and_more_than_thirty_halt(seconds: float, notes: int, halts: int) -> None:
    clock, inbox = ManualClock(), OperatorInbox()
    monitor = MemoryMonitor(clock, MemoryMetrics(), version="1", mode="live")
    watch = SkewWatch(Skewed(clock, seconds), clock, Halting(inbox, lambda: True), monitor)
    inbox.open()
    watching = asyncio.create_task(watch.run())
    await clock.advance(SKEW_EVERY_S + 1)
    asked = inbox.next()
    watching.cancel()
    events = [] if asked is None or asked[0] is None else [asked[0](Mts(1))]
    assert [event.asked for event in events if isinstance(event, OperatorAsked)] == [Asked.HALT] * halts
    assert sum(note.name == "clock.skew" for note in monitor.dashboard().notes) == notes


async def test_a27_the_locks_of_all_keys_that_a_session_signed_with_are_watched(tmp_path: Path) -> None:
    clock = ManualClock()
    with (
        KeyLock(tmp_path, Secret("the-first-key"), "test") as first,
        KeyLock(tmp_path, Secret("its-heir"), "test") as heir,
    ):
        locks = [first]
        watching = asyncio.create_task(LockWatch(lambda: locks, clock).run())
        await clock.advance(LOCK_EVERY_S)
        locks.append(heir)
        heir.path.unlink()
        await clock.advance(LOCK_EVERY_S)
        with pytest.raises(StoreError, match="another process may trade with this key"):
            await watching


async def test_what_was_resumed_while_the_clock_is_wrong_is_halted_again() -> None:
    clock, inbox = ManualClock(), OperatorInbox()
    monitor = MemoryMonitor(clock, MemoryMetrics(), version="1", mode="live")
    halted = [True]
    watch = SkewWatch(Skewed(clock, 31.0), clock, Halting(inbox, lambda: halted[0]), monitor)
    inbox.open()
    watching = asyncio.create_task(watch.run())
    asked = []
    for halted[0] in (True, True, False):
        await clock.advance(SKEW_EVERY_S + 1)
        found = inbox.next()
        asked.append(found is not None)
        if found is not None:
            found[1]()
    watching.cancel()
    assert asked == [True, False, True]

"""A watched journal is the journal, and tells how long its commits take."""

import pytest

from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.journal import MemoryDisk, MemoryJournal
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.app.timed_journal import TimedJournal
from genesis.domain.journal.entries import SessionEnd, SessionEnded
from genesis.ports.errors import StoreError

ENTRY = SessionEnded(SessionEnd.STOPPED)


async def test_commits_are_timed_and_the_reserve_is_counted() -> None:
    clock, metrics, disk = ManualClock(), MemoryMetrics(), MemoryDisk()
    journal = TimedJournal(MemoryJournal(disk, clock), clock, metrics)
    await journal.append(ENTRY)
    await journal.commit()
    await journal.append_reserved(ENTRY)
    assert journal.head.seq == len(disk.rows) == 1
    found = metrics.snapshot()
    assert found.distributions["journal_commit_seconds"].count == 1
    assert found.gauges["journal_rows"] == 1
    assert found.counters["journal_reserve_used_total"] == 1
    await journal.close()
    assert not disk.is_held


async def test_a_commit_that_fails_says_so_and_is_no_figure() -> None:
    clock, metrics, disk = ManualClock(), MemoryMetrics(), MemoryDisk()
    journal = TimedJournal(MemoryJournal(disk, clock), clock, metrics)
    await journal.append(ENTRY)
    disk.failure = StoreError("no room")
    with pytest.raises(StoreError, match="no room"):
        await journal.commit()
    assert not metrics.snapshot().distributions

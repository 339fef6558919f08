"""Every journal keeps what it committed, in one chain, over restarts, crashes and failed writes."""

import asyncio
import resource
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from genesis.adapters.journal_sqlite.reading import read_journal, verify_journal
from genesis.adapters.journal_sqlite.reserve import SIZE
from genesis.adapters.journal_sqlite.writing import SqliteJournal
from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.journal import MemoryDisk, MemoryJournal
from genesis.domain.events import Asked, LookUp, OperatorAsked
from genesis.domain.journal.chain import Head, Row, verify
from genesis.domain.journal.encoding import decode
from genesis.domain.journal.entries import RecordedEntry
from genesis.domain.order import Cid
from genesis.domain.units import Mts, Symbol
from genesis.ports.errors import StoreError
from genesis.ports.journal import Journal


class World(Protocol):
    """A journal's disk, and what can happen to it."""

    def open(self) -> Journal: ...

    def crash(self, journal: Journal) -> None:
        """Lose the writer and all that was not durable."""

    def rows(self) -> list[Row]: ...

    def broken(self) -> AbstractContextManager[None]: ...


class MemoryWorld:
    def __init__(self) -> None:
        self.disk = MemoryDisk()

    def open(self) -> Journal:
        return MemoryJournal(self.disk, ManualClock())

    def crash(self, journal: Journal) -> None:
        del journal
        self.disk.is_held = False

    def rows(self) -> list[Row]:
        return list(self.disk.rows)

    @contextmanager
    def broken(self) -> Iterator[None]:
        self.disk.failure = StoreError("no room")
        yield
        self.disk.failure = None


class SqliteWorld:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal" / "1.sqlite"

    def open(self) -> Journal:
        return SqliteJournal(self.path, ManualClock())

    def crash(self, journal: Journal) -> None:
        # What a kill does to the files, without the process: no commit, and the lock is free.
        assert isinstance(journal, SqliteJournal)
        journal._accepted.clear()
        journal._poison = "crashed"
        journal._held.close()

    def rows(self) -> list[Row]:
        return [row for row, _ in read_journal(self.path)]

    @contextmanager
    def broken(self) -> Iterator[None]:
        # Python ignores SIGXFSZ, so beyond this size each write fails for real; the reserve lies below it.
        assert self.path.with_name("1.sqlite-wal").stat().st_size > SIZE
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE, limits[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return MemoryWorld() if request.param == "memory" else SqliteWorld(tmp_path)


SEVEN, EIGHT = (LookUp(Symbol("tBTCUSD"), Cid(number), Mts(0)) for number in (7, 8))


def said(number: int) -> OperatorAsked:
    return OperatorAsked(Mts(number), Asked.HALT, "", f"entry {number}")


async def append_durably(journal: Journal, *numbers: int) -> None:
    for number in numbers:
        await journal.append(said(number))
    await journal.commit()


def entries(world: World) -> list[RecordedEntry]:
    return [decode(row.kind, row.payload) for row in world.rows()]


async def test_what_was_committed_is_there_in_order_after_a_restart(world: World) -> None:
    journal = world.open()
    await append_durably(journal, 1, 2, 3)
    head = journal.head
    await journal.close()
    assert entries(world) == [said(1), said(2), said(3)]
    again = world.open()
    assert again.head == head == Head(3, world.rows()[-1].hash)
    await append_durably(again, 4)
    await again.close()
    assert verify(world.rows()) == again.head


async def test_closing_commits_what_was_accepted_and_is_for_good(world: World) -> None:
    journal = world.open()
    await journal.append(said(1))
    await journal.close()
    await journal.close()
    assert entries(world) == [said(1)]
    for call in (journal.append(said(2)), journal.append_reserved(said(2))):
        with pytest.raises(StoreError):
            await call


async def test_a_crash_loses_nothing_that_was_committed(world: World) -> None:
    journal = world.open()
    await append_durably(journal, 1, 2)
    await journal.append(said(3))
    world.crash(journal)
    again = world.open()
    assert again.head.seq == 2
    await append_durably(again, 4)
    assert entries(world) == [said(1), said(2), said(4)]
    await again.close()


async def test_one_writer_at_a_time(world: World) -> None:
    journal = world.open()
    with pytest.raises(StoreError, match="another"):
        world.open()
    await journal.close()
    await world.open().close()


async def test_many_at_once_make_one_chain(world: World) -> None:
    journal = world.open()
    await asyncio.gather(*(append_durably(journal, number) for number in range(50)))
    await journal.close()
    assert sorted(entry.mts for entry in entries(world) if isinstance(entry, OperatorAsked)) == list(range(50))
    assert isinstance(verify(world.rows()), Head)


async def test_accepted_entries_become_durable_by_themselves(world: World) -> None:
    journal = world.open()
    clock = ManualClock()
    assert isinstance(journal, MemoryJournal | SqliteJournal)
    journal._clock = clock
    running = asyncio.ensure_future(journal.run())
    await journal.append(said(1))
    while not world.rows():
        await clock.advance(0.05)
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert entries(world) == [said(1)]
    await journal.close()


async def test_a15_a17_a_failed_write_poisons_and_loses_nothing_and_the_reserve_still_takes_cancels(
    world: World,
) -> None:
    journal = world.open()
    for number in range(60):
        await append_durably(journal, number)
    with world.broken():
        await journal.append(said(60))
        with pytest.raises(StoreError):
            await journal.commit()
        await journal.append_reserved(SEVEN)
        await journal.append_reserved(EIGHT)
    for call in (journal.append(said(61)), journal.commit()):  # though the disk is whole again
        with pytest.raises(StoreError):
            await call
    await journal.close()
    again = world.open()
    await append_durably(again, 62)
    await again.close()
    assert entries(world) == [
        *map(said, range(60)),
        SEVEN,
        EIGHT,
        said(62),
    ]
    assert isinstance(verify(world.rows()), Head)


async def test_a_cancelled_commit_breaks_nothing(world: World) -> None:
    journal = world.open()
    for number in range(20):
        await journal.append(said(number))
        task = asyncio.ensure_future(journal.commit())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await append_durably(journal, 20)
    assert entries(world) == [said(number) for number in range(21)]
    await journal.close()


async def test_a_whole_journal_verifies(tmp_path: Path) -> None:
    world = SqliteWorld(tmp_path)
    journal = world.open()
    await append_durably(journal, 1, 2, 3)
    assert verify_journal(world.path) == journal.head  # beside its writer
    await journal.close()
    assert verify_journal(world.path) == journal.head

"""The writer of a journal: a group of accepted rows becomes one transaction, synced before it counts.

SQLite runs in WAL mode with synchronous=FULL, so a transaction is on disk when it ends, and one that failed left
nothing. A failed sync is not tried again, for the kernel may have dropped the pages and then says that all is well: the
journal is poisoned, and whoever opens it next reads what the disk has.
"""

import asyncio
import contextlib
import os
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from genesis.adapters.journal_sqlite.reading import (
    APPLICATION_ID,
    DamagedRow,
    connect_reading,
    is_damage,
    reserve_path,
    stored_rows,
    witness_path,
)
from genesis.adapters.journal_sqlite.reserve import Reserve, Reserved
from genesis.adapters.journal_sqlite.witness import Witness, read_witnesses
from genesis.adapters.own_threads import OwnThreads
from genesis.domain.journal.chain import BadRow, Head, Row, chained, head_of, verify
from genesis.domain.journal.encoding import encode
from genesis.domain.journal.entries import FORMAT, Entry
from genesis.ports.clock import Clock
from genesis.ports.errors import StoreError, StoreFull, disk_advice

DELAY_S: Final = 0.05
"""How long an accepted entry may wait for its commit when nobody asks for one."""

ACCEPTED_MAX: Final = 1_000
"""How many accepted rows may wait: then whoever appends waits for a commit."""

BUSY_S: Final = 5.0
COMMIT_TIMEOUT_S: Final = 10.0
"""How long anyone waits for a commit: an order decided that long ago had better not leave."""

_CREATE: Final = (
    "CREATE TABLE entries (seq INTEGER PRIMARY KEY, written_us INTEGER NOT NULL, kind TEXT NOT NULL,"
    " payload TEXT NOT NULL, hash BLOB NOT NULL)"
)
_INSERT: Final = "INSERT INTO entries (seq, written_us, kind, payload, hash) VALUES (?, ?, ?, ?, ?)"


class SqliteJournal:
    """The one writer of the journal in the file *path*; opening makes it, or verifies it and goes on at its end.

    Opening raises `StoreError` when another process writes it, when it is damaged, or when it cannot be written.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._poison = ""
        self._poison_is_full = False
        self._accepted: list[Row] = []
        self._head = Head()
        self._durable_seq = 0
        self._last: sqlite3.Connection | None = None
        self._something = asyncio.Event()
        self._turn = asyncio.Lock()  # so that who waits for others' commits does so before its time runs
        self._threads = OwnThreads("journal")
        self._reserve_threads = OwnThreads("reserve")  # for when the disk keeps the other one
        self._thread_lock = threading.Lock()  # for a cancelled commit whose thread still runs
        with contextlib.ExitStack() as held:
            try:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                lock = FileLock(f"{path}.lock", timeout=0, mode=0o600, thread_local=False)
                held.enter_context(lock.acquire())
                self._open(held)
            except Timeout:
                raise StoreError(f"{path}: another process writes this journal") from None
            except (sqlite3.Error, OSError) as error:
                raise self._store_error(error) from error
            self._held = held.pop_all()

    @property
    def head(self) -> Head:
        return self._head

    async def append(self, entry: Entry) -> Head:
        self._check()
        if len(self._accepted) >= ACCEPTED_MAX:
            await self.commit()
        row = chained(self._head, self._clock.now_us(), *encode(entry))
        self._accepted.append(row)
        self._head = head_of(row)
        self._something.set()
        return self._head

    async def commit(self) -> None:
        self._check()
        if self._durable_seq == self._head.seq:
            return
        async with self._turn:
            try:
                async with asyncio.timeout(COMMIT_TIMEOUT_S):
                    await self._threads.run(self._write)
            except TimeoutError:
                self._poison = f"{self._path}: its disk took more than {COMMIT_TIMEOUT_S:g} s; check it, then restart"
                raise StoreError(self._poison) from None

    async def append_reserved(self, entry: Entry) -> None:
        record = Reserved(self._durable_seq, self._clock.now_us(), *encode(entry))
        try:
            await self._reserve_threads.run(lambda: self._reserve.append(record))
        except (OSError, ValueError) as error:  # ValueError: the file is closed
            raise StoreError(f"{self._path}: the reserve cannot take another entry: {error}") from error

    async def run(self) -> None:
        while True:
            await self._something.wait()
            await self._clock.sleep(DELAY_S)
            self._something.clear()
            await self.commit()

    async def close(self) -> None:
        if self._poison != _CLOSED:
            await self._threads.run(self._close)

    def _open(self, held: contextlib.ExitStack) -> None:
        is_new = not self._path.exists()
        witness = witness_path(self._path)
        if is_new and witness.exists() and read_witnesses(witness):
            raise StoreError(f"{self._path}: is gone, but its witness is there; put it back or take both away")
        if is_new:
            self._witness = held.enter_context(closing(Witness(witness)))  # first: no journal is ever without one
        self._connection = sqlite3.connect(self._path, BUSY_S, isolation_level=None, check_same_thread=False)
        held.callback(self._disconnect)
        if is_new or self._is_blank():  # or its maker was killed before there was a table
            self._prepare()
        else:
            rows = stored_rows(self._connection, self._path)
            found = verify(rows, read_witnesses(witness))
            if isinstance(found, BadRow):
                raise DamagedRow(self._path, found)
            self._head, self._durable_seq = found, found.seq
        if not is_new:
            self._witness = held.enter_context(closing(Witness(witness)))
        self._set_modes()
        self._reserve = held.enter_context(closing(Reserve(reserve_path(self._path))))
        self._sync_folder()
        self._take_in_reserve()

    def _prepare(self) -> None:
        self._path.chmod(0o600)
        for statement in (f"PRAGMA application_id={APPLICATION_ID}", f"PRAGMA user_version={FORMAT}", _CREATE):
            self._connection.execute(statement)

    def _is_blank(self) -> bool:
        (tables,) = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return tables == 0 and not read_witnesses(witness_path(self._path))

    def _set_modes(self) -> None:
        (mode,) = self._connection.execute("PRAGMA journal_mode=WAL").fetchone()
        if mode != "wal":
            raise StoreError(f"{self._path}: this file system cannot hold a journal; use a local disk")
        self._connection.execute("PRAGMA synchronous=FULL")
        # The last connection that closes copies the log and syncs it, even after a sync that failed. One that can only
        # read does not, so it is opened to be the last.
        self._last = connect_reading(self._path)
        self._last.execute("SELECT count(*) FROM sqlite_master").fetchone()

    def _take_in_reserve(self) -> None:
        """Move what was written when the disk was full to the end of the chain; killed anywhere, it is moved once."""
        records = self._reserve.records
        if not records:
            return
        last = self._connection.execute(
            "SELECT written_us, kind, payload FROM entries WHERE seq > ? AND seq > ? ORDER BY seq",
            (records[0].after_seq, self._head.seq - len(records)),
        ).fetchall()
        if last != [record[1:] for record in records]:
            rows, head = [], self._head
            for _, written_us, kind, payload in records:
                rows.append(chained(head, written_us, kind, payload))
                head = head_of(rows[-1])
            self._transact(rows)
            self._head, self._durable_seq = head, head.seq
        self._reserve.clear()

    def _write(self) -> None:
        with self._thread_lock:
            self._check()
            # Taken here and not by whoever waits: a wait that is cancelled may never have begun its thread.
            rows = list(self._accepted)
            if not rows:
                return
            try:
                self._transact(rows)
            except (sqlite3.Error, OSError) as error:
                raised = self._store_error(error)
                self._poison = f"{raised}; nothing is written until it was opened again"
                self._poison_is_full = isinstance(raised, StoreFull)
                raise raised from error
            self._durable_seq = rows[-1].seq
            del self._accepted[: len(rows)]

    def _transact(self, rows: Sequence[Row]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(_INSERT, rows)
        self._connection.execute("COMMIT")
        self._witness.write(head_of(rows[-1]))

    def _close(self) -> None:
        try:
            if not self._poison:
                self._write()
                with contextlib.suppress(sqlite3.Error):  # what was durable is durable; this only tidies up
                    self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            with self._thread_lock:
                self._poison = _CLOSED
                self._held.close()

    def _disconnect(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()
        if self._last is not None:
            self._last.close()

    def _check(self) -> None:
        if self._poison:
            raise (StoreFull if self._poison_is_full else StoreError)(self._poison)

    def _sync_folder(self) -> None:
        if os.name == "nt":
            return  # Windows neither needs nor allows it
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _store_error(self, error: sqlite3.Error | OSError) -> StoreError:
        if isinstance(error, OSError):
            return StoreError(f"{self._path}: {error.strerror or error}: {disk_advice(error)}")
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            return StoreFull(f"{self._path}: {error}: make room on its disk")
        if is_damage(error):
            return StoreError(f"{self._path}: {error}: run journal.verify, and keep the file as evidence")
        return StoreError(f"{self._path}: {error}: check the disk, the folder, its owner and its permissions")


_CLOSED: Final = "the journal is closed"

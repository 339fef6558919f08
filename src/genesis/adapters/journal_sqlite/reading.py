"""Reading a journal, also beside its writer, and checking it row by row."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Final
from urllib.parse import quote

from genesis.adapters.journal_sqlite.witness import read_witnesses
from genesis.domain.journal import chain
from genesis.domain.journal.chain import BadRow, Head, Row
from genesis.domain.journal.encoding import STATE, MalformedEntry, decode
from genesis.domain.journal.entries import FORMAT, RecordedEntry
from genesis.ports.errors import StoreError

APPLICATION_ID: Final = 0x47454E4A
_SELECT: Final = "SELECT seq, written_us, kind, payload, hash FROM entries ORDER BY seq"


class DamagedRow(StoreError):
    """A journal that does not hold what was written; `bad` names the first row that does not belong."""

    def __init__(self, path: Path, bad: BadRow) -> None:
        self.bad = bad
        advice = "keep the file as evidence; a copy is whole only with the -wal and the .witness beside it"
        super().__init__(f"{path}: row {bad.seq} {bad.reason}; {advice}")


def witness_path(path: Path) -> Path:
    """Return where the witness of a journal stands."""
    return path.with_name(f"{path.name}.witness")


def reserve_path(path: Path) -> Path:
    """Return where the reserve of a journal stands."""
    return path.with_name(f"{path.name}.reserve")


def verify_journal(path: Path) -> Head | BadRow:
    """Return the head of a whole journal, or its first row that was changed, dropped or moved.

    Raises `StoreError` for what is no journal, or cannot be opened.
    """
    try:
        witnesses = read_witnesses(witness_path(path))
        return chain.verify(_rows(path), witnesses)
    except DamagedRow as damaged:
        return damaged.bad


def read_journal(path: Path) -> Iterator[tuple[Row, RecordedEntry]]:
    """Yield the rows of a journal with their entries, in order, checking the chain on the way.

    Raises `DamagedRow` at the first row that does not belong, and `StoreError` for what is no journal.
    """
    head = Head()
    for row in _rows(path):
        found = chain.follow(head, row)
        if isinstance(found, BadRow):
            raise DamagedRow(path, found)
        head = found
        try:
            entry = decode(row.kind, row.payload)
        except MalformedEntry as error:
            raise StoreError(f"{path}: row {row.seq} was written by another version of Genesis: {error}") from error
        yield row, entry


def read_beginning(path: Path) -> tuple[RecordedEntry, ...]:
    """Return the first two entries of a journal, or what there is of them.

    Raises as `read_journal`, and `DamagedRow` where there was more by its witness.
    """
    found = tuple(entry for _, entry in islice(read_journal(path), 2))
    return found if len(found) > 1 else read_tail(path)


def read_tail(path: Path) -> tuple[RecordedEntry, ...]:
    """Return what recovery needs of a journal: its first entry, its last saved state if any, and all that came after.

    Every row is checked, and that none is missing at the end. Raises `DamagedRow` at the first that does not belong or
    is missing, and `StoreError` for what is no journal, or has no witness.
    """
    first, rows = list[Row](), list[Row]()

    def passed() -> Iterator[Row]:
        for row in _rows(path):
            if row.kind == STATE:
                rows.clear()
            (rows if first else first).append(row)
            yield row

    witnesses = read_witnesses(witness_path(path))
    found = chain.verify(passed(), witnesses)
    if isinstance(found, BadRow):
        raise DamagedRow(path, found)
    try:
        return tuple(decode(row.kind, row.payload) for row in (*first, *rows))
    except MalformedEntry as error:
        raise StoreError(f"{path}: was written by another version of Genesis: {error}") from error


def _rows(path: Path) -> Iterator[Row]:
    if not path.is_file():
        raise StoreError(f"{path}: there is no such journal")
    try:
        with closing(connect_reading(path)) as connection:
            yield from stored_rows(connection, path)
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error}: check the folder, its owner and its permissions") from error


def connect_reading(path: Path) -> sqlite3.Connection:
    """Return a connection that can only read, from any thread; raises `sqlite3.Error`."""
    return sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True, check_same_thread=False)


def stored_rows(connection: sqlite3.Connection, path: Path) -> Iterator[Row]:
    """Yield the rows of an open journal as they are stored; raises `DamagedRow` where there is none to be had."""
    last = 0
    try:
        check_kind(connection, path)
        for seq, written_us, kind, payload, digest in connection.execute(_SELECT):
            are_whole = type(seq) is int and type(written_us) is int
            if not (are_whole and type(kind) is str and type(payload) is str and type(digest) is bytes):
                raise DamagedRow(path, BadRow(last + 1, "holds values of other types"))
            last = seq
            yield Row(seq, written_us, kind, payload, digest)
    except sqlite3.Error as error:
        if is_damage(error):
            raise DamagedRow(path, BadRow(last + 1, f"cannot be read: {error}")) from error
        raise


def is_damage(error: sqlite3.Error) -> bool:
    """Tell whether an error speaks of what the file holds rather than of whether it can be opened."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is None or code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}


def check_kind(connection: sqlite3.Connection, path: Path) -> None:
    """Raise `StoreError` unless this is a journal of this format, `DamagedRow` if it holds more than a journal does."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise StoreError(f"{path}: is not a journal of Genesis")
    if version != FORMAT:
        raise StoreError(f"{path}: has format {version}, this Genesis knows {FORMAT}; use the version that wrote it")
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master")]
    if names != ["entries"]:
        raise DamagedRow(path, BadRow(1, f"stands among tables that no journal has: {', '.join(map(str, names))}"))

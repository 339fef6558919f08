"""The journals of a folder, in the order of their sessions: each has a number for a name, higher than all before it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from genesis.adapters.journal_sqlite.reading import connect_reading, witness_path
from genesis.adapters.journal_sqlite.witness import make_witness, read_witnesses
from genesis.domain.units import Mts
from genesis.ports.errors import StoreError, disk_advice


def journals(folder: Path) -> Iterator[Path]:
    """Yield the journals of a folder, the newest first, but for files that were never made whole: nothing left by them.

    What else is wrong with one is raised by whoever reads it.
    """
    for path in sorted(folder.glob("*.sqlite"), key=_order, reverse=True):
        if not _is_blank(path):
            yield path


def next_journal(folder: Path, now: Mts) -> Path:
    """Return the path of a journal that begins *now*: after all that are there, wherever a clock is or was.

    It is the caller's alone: its witness is made, so that no session that begins at the same time gets it as well.
    Raises `StoreError` where none can be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = max(now, max(map(_number, _known(folder)), default=0) + 1)
        while True:
            path = folder / f"{number}.sqlite"
            try:
                make_witness(witness_path(path))
            except FileExistsError:  # another session was faster
                number += 1
            else:
                return path
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror}: {disk_advice(error)}") from error


def _known(folder: Path) -> set[Path]:
    """Return the journals that are there, and those that only have a witness."""
    return {*folder.glob("*.sqlite"), *(each.with_suffix("") for each in folder.glob("*.sqlite.witness"))}


def _order(path: Path) -> tuple[int, str]:
    return _number(path), path.name


def _number(path: Path) -> int:
    """Return the number that a session gave its journal; 0 for a name that none gives, which is older than all."""
    return int(path.stem) if path.stem.isascii() and path.stem.isdigit() else 0


def _is_blank(path: Path) -> bool:
    """Tell whether the maker of a file was stopped before it had a table: its witness knows of no row, or is not there.

    The witness is made first, so it may be missing after a power cut, but not where there ever was a table.
    """
    if _has_table(path):
        return False
    witness = witness_path(path)
    try:
        return not witness.exists() or not read_witnesses(witness)
    except StoreError:
        return False


def _has_table(path: Path) -> bool:
    try:
        with closing(connect_reading(path)) as connection:
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        # Rows come only after the last change that is rolled back. What else is wrong is said by whoever reads it.
        return getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_READONLY_ROLLBACK
    return bool(tables)

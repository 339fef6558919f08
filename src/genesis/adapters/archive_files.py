"""What is on disk of earlier sessions: summaries, journals, reports, sweeps, and the lines of the audit log."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final, Literal

from genesis.domain.json_value import JsonValue, MalformedJson, parse_json
from genesis.domain.units import Mts
from genesis.ports.archive import AuditEntry, AuditPage, StoredRun
from genesis.ports.errors import StoreError

RUNS_MAX: Final = 1_000
CHUNK: Final = 1 << 16
LOOKED_AT_BYTES: Final = 4 << 20
"""Of the audit log, for one page: what lies further back is on the pages that follow."""

_Kind = Literal["session", "journal", "report", "sweep"]
_PLACES: Final[Sequence[tuple[_Kind, str, str]]] = (
    ("session", "sessions", "*.json"),
    ("journal", "journal", "*.sqlite"),
    ("report", "reports", "*.html"),
    ("sweep", "sweeps", "*.parquet"),
)


class ArchiveFiles:
    """The archive of the data directory *home*, with the audit log at *audit_path*."""

    def __init__(self, home: Path, audit_path: Path) -> None:
        self._home = home
        self._audit_path = audit_path

    def runs(self) -> Sequence[StoredRun]:
        try:
            found = sorted(self._stored(), key=lambda run: (run.changed_mts, run.name), reverse=True)
        except OSError as error:
            raise StoreError(f"{self._home}: {error.strerror or error}; check its permissions") from error
        return found[:RUNS_MAX]

    def audit(self, limit: int, before: int | None, start: Mts | None, end: Mts | None) -> AuditPage:
        found: list[AuditEntry] = []
        last: int | None = None
        try:
            for entry, looked_at in _entries_backwards(self._audit_path, before):
                if start is not None and entry.mts < start:
                    return AuditPage(None, found)
                if len(found) == limit or looked_at > LOOKED_AT_BYTES:
                    return AuditPage(last, found)
                last = entry.seq
                if end is None or entry.mts < end:
                    found.append(entry)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise StoreError(f"{self._audit_path}: {error.strerror or error}; check its permissions") from error
        return AuditPage(None, found)

    def _stored(self) -> Iterator[StoredRun]:
        for kind, folder, pattern in _PLACES:
            for path in (self._home / folder).glob(pattern):
                if path.is_file() and not path.is_symlink():
                    stat = path.stat()
                    yield StoredRun(kind, path.name, stat.st_size, Mts(int(stat.st_mtime * 1000)))


def _entry(line: bytes) -> AuditEntry | None:
    try:
        value: JsonValue = parse_json(line)
    except MalformedJson:
        return None
    match value:
        case {"seq": int(seq), "mts": int(mts), "hash": str(hash), "entry": entry}:
            return AuditEntry(seq, Mts(mts), hash, entry)
    return None


def _entries_backwards(path: Path, before: int | None) -> Iterator[tuple[AuditEntry, int]]:
    """Yield the entries of *path* older than number *before*, last first, each with the bytes read for those so far."""
    looked_at = 0
    with path.open("rb") as file:
        end = file.seek(0, 2)
        if before is not None:
            end = _place_of(file, before, end)
        for line in _lines_backwards(file, end):
            entry = _entry(line)
            if entry is not None and (before is None or entry.seq < before):
                yield entry, looked_at
            looked_at += len(line)


def _place_of(file: BinaryIO, number: int, end: int) -> int:
    """Return a place up to *end* at which a line begins and which no entry older than *number* is behind.

    Numbers rise from line to line, so halves are thrown away until little is left.
    """
    start = 0
    while end - start > CHUNK:
        file.seek((start + end) // 2)
        file.readline()
        place = file.tell()
        entry = _entry(file.readline())
        if place >= end or entry is None:  # a long line, or one that is torn: what is left is walked through
            break
        if entry.seq < number:
            start = place
        else:
            end = place
    return end


def _lines_backwards(file: BinaryIO, end: int) -> Iterator[bytes]:
    """Yield the whole lines of *file* up to *end*, last first, reading no more of it than is asked for."""
    rest = b""
    while end > 0:
        start = max(0, end - CHUNK)
        file.seek(start)
        first, *lines = (file.read(end - start) + rest).split(b"\n")
        yield from (line for line in reversed(lines) if line)
        rest, end = first, start
    if rest:
        yield rest

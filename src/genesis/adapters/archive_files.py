"""What is on disk of earlier sessions: summaries, journals, reports, sweeps, and the lines of the audit log."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

from genesis.domain.json_value import JsonValue, MalformedJson, parse_json
from genesis.domain.units import Mts
from genesis.ports.archive import AuditEntry, AuditPage, StoredRun
from genesis.ports.errors import StoreError

RUNS_MAX: Final = 1_000
CHUNK: Final = 1 << 16

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
        try:
            for line in _lines_backwards(self._audit_path):
                entry = _entry(line)
                if (
                    entry is None
                    or (before is not None and entry.seq >= before)
                    or (end is not None and entry.mts >= end)
                ):
                    continue
                if start is not None and entry.mts < start:
                    break
                found.append(entry)
                if len(found) > limit:
                    break
        except FileNotFoundError:
            pass
        except OSError as error:
            raise StoreError(f"{self._audit_path}: {error.strerror or error}; check its permissions") from error
        is_last = len(found) <= limit
        found = found[:limit]
        return AuditPage(None if is_last else found[-1].seq, found)

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


def _lines_backwards(path: Path) -> Iterator[bytes]:
    """Yield the whole lines of *path*, last first, reading no more of it than is asked for."""
    with path.open("rb") as file:
        end = file.seek(0, 2)
        rest = b""
        while end > 0:
            start = max(0, end - CHUNK)
            file.seek(start)
            first, *lines = (file.read(end - start) + rest).split(b"\n")
            yield from (line for line in reversed(lines) if line)
            rest, end = first, start
        if rest:
            yield rest

"""The audit log as a reader follows it: without the writers' lock, so that whoever holds that keeps nobody waiting.

A line counts once it is durable, and a line that another one follows is: its writer had synced it. Of the last line the
witness tells, which is written after the sync; where it does not, the line counts once nobody is writing, and until
then the answer says that it is not all.
"""

import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from attrs import frozen
from filelock import FileLock, Timeout

from genesis.domain.audit import AuditEntry, BadLine, ChainHead, entry_of, follow, verify
from genesis.ports.audit import AuditWitness, ReadEntries
from genesis.ports.errors import StoreError, disk_advice

_FLAGS: Final = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_CLOEXEC", "O_NOFOLLOW", "O_BINARY"))


@frozen
class _Followed:
    """Which file was followed, how far, and its chain up to there."""

    identity: tuple[int, int]
    end: int
    head: ChainHead


class AuditReading:
    """Follows the log in the file *path*, whose heads *witness* keeps elsewhere; any thread may read."""

    def __init__(self, path: Path, witness: AuditWitness | None) -> None:
        self._path = path
        self._witness = witness
        self._followed: _Followed | None = None
        self._turn = threading.Lock()

    def read(self, place: int) -> ReadEntries:
        with self._turn:
            try:
                is_all = self._follow(is_alone=False) or self._follow_alone()
                return self._entries(place, is_all=is_all)
            except OSError as error:
                raise _unreadable(self._path, error) from error

    def _follow_alone(self) -> bool:
        """Follow all of it if nobody is writing; tell whether that was so."""
        try:
            with FileLock(f"{self._path}.lock", timeout=0, mode=0o600):
                return self._follow(is_alone=True)
        except Timeout:
            return False

    def _follow(self, *, is_alone: bool) -> bool:
        """Follow the lines that count; tell whether these are all, which they are where the reader *is_alone*."""
        witnessed = self._witnessed(is_alone=is_alone)  # before the log: what it has seen is in there
        try:
            fd = os.open(self._path, _FLAGS)
        except FileNotFoundError:
            return self._is_missing(witnessed)
        try:
            return self._follow_open(fd, witnessed, is_alone=is_alone)
        finally:
            os.close(fd)

    def _follow_open(self, fd: int, witnessed: Mapping[int, str] | None, *, is_alone: bool) -> bool:
        stat = os.fstat(fd)
        identity = (stat.st_dev, stat.st_ino)
        followed = self._followed or _Followed(identity, 0, ChainHead())
        if followed.identity != identity or stat.st_size < followed.end:
            raise StoreError(f"{self._path}: was replaced or cut while in use; what was known stays in force")
        *lines, tail = read_range(fd, followed.end, stat.st_size).split(b"\n")
        if self._followed is None and lines and witnessed is None and self._witness is not None:
            if is_alone:
                raise StoreError(f"{self._path}: its witness is gone; put it back, or let audit.adopt make a new one")
            return False  # it may just have been made
        end, head, witnessed = followed.end, followed.head, witnessed or {}
        for number, raw in enumerate(lines, 1):
            found = follow(head, raw.decode("utf-8", "replace"))
            if isinstance(found, str):
                raise StoreError(f"{self._path}: line {head.seq + 1} {found}; keep it as evidence")
            if witnessed.get(found.seq, found.hash) != found.hash:
                raise StoreError(
                    f"{self._path}: line {found.seq} is not the one that was witnessed; keep it as evidence"
                )
            has_follower = number < len(lines) or tail
            if not (is_alone or has_follower or found.seq <= max(witnessed, default=0)):
                self._followed = _Followed(identity, end, head)
                return False
            end, head = end + len(raw) + 1, found
        self._followed = _Followed(identity, end, head)
        if witnessed and max(witnessed) > head.seq:
            raise StoreError(
                f"{self._path}: ends at line {head.seq}, but {max(witnessed)} were witnessed; put the rest back"
            )
        return True

    def _witnessed(self, *, is_alone: bool) -> Mapping[int, str] | None:
        """Return the heads that were noted; None where none ever was, or one may be half written."""
        if self._witness is None:
            return {}
        try:
            heads = self._witness.heads()
        except StoreError:
            if is_alone:
                raise
            return None
        return None if heads is None else {head.seq: head.hash for head in heads if head.seq}

    def _is_missing(self, witnessed: Mapping[int, str] | None) -> bool:
        if self._followed is not None:
            raise StoreError(f"{self._path}: was removed while in use; put it back, then restart")
        if witnessed:
            raise StoreError(f"{self._path}: is gone, but its witness is there; put it back")
        return True

    def _entries(self, place: int, *, is_all: bool) -> ReadEntries:
        followed = self._followed
        if followed is None or followed.end <= place:
            return ReadEntries(place, (), is_all)
        fd = os.open(self._path, _FLAGS)
        try:
            return ReadEntries(followed.end, entries_of(read_range(fd, place, followed.end)), is_all)
        finally:
            os.close(fd)


def verify_file(path: Path, witnesses: Sequence[ChainHead] = ()) -> ChainHead | BadLine:
    """Return the end of the chain in *path*, or its first bad line, a torn last one included; raises `StoreError`."""
    try:
        *lines, tail = path.read_bytes().split(b"\n")
    except OSError as error:
        raise _unreadable(path, error) from error
    found = verify((line.decode("utf-8", "replace") for line in lines), witnesses)
    if isinstance(found, ChainHead) and tail:
        return BadLine(len(lines) + 1, "has no end; a crash tore it before it was acknowledged")
    return found


def read_entries(path: Path) -> Sequence[AuditEntry]:
    """Return the entries of the whole log in *path*; raises `StoreError` naming the first bad line.

    A torn last line was never acknowledged and does not count.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unreadable(path, error) from error
    whole = raw[: raw.rfind(b"\n") + 1]
    found = verify(line.decode("utf-8", "replace") for line in whole.split(b"\n")[:-1])
    if isinstance(found, BadLine):
        raise StoreError(f"{path}: line {found.number} {found.reason}; keep the file as evidence")
    return entries_of(whole)


def entries_of(raw: bytes) -> Sequence[AuditEntry]:
    """Return the entries of whole lines that were followed."""
    return [entry_of(line.decode()) for line in raw.split(b"\n")[:-1]]


def read_range(fd: int, start: int, end: int) -> bytes:
    """Return what stands from *start* to *end*, or to where the file ends."""
    pieces = []
    os.lseek(fd, start, os.SEEK_SET)
    while start < end:
        piece = os.read(fd, end - start)
        if not piece:
            break
        pieces.append(piece)
        start += len(piece)
    return b"".join(pieces)


def _unreadable(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{path}: {error.strerror or error}: {disk_advice(error)}")

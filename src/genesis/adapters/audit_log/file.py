"""The audit log in a file of lines: appended, synced, chained; never rewritten.

Each append opens the file under a lock that other processes respect, follows the chain over what was added since,
writes its line and syncs it. A line without its newline at the end was never acknowledged: a crash tore it, and it is
moved into a file of its own beside the log. Anything else that does not fit the chain, or what a witness kept elsewhere
has seen of it, stops all appending, for the log is evidence.
"""

import errno
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeVar

from attrs import frozen
from filelock import FileLock, Timeout

from genesis.adapters.audit_log.reading import AuditReading, entries_of, read_range
from genesis.adapters.own_threads import OwnThreads
from genesis.domain.audit import AuditEntry, ChainHead, chained_line, follow
from genesis.domain.config_history import RESERVED
from genesis.domain.json_value import JsonValue
from genesis.ports.audit import AuditReceipt, AuditWitness, Decide, ReadEntries, Transacted
from genesis.ports.clock import Clock
from genesis.ports.errors import InputError, StoreError, StoreFull, disk_advice
from genesis.ports.monitor import MonitorFeed

LOCK_TIMEOUT_S: Final = 5.0

Result = TypeVar("Result")

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@frozen
class _Known:
    """The file as we left it: which it is, where it ended, and its chain up to there."""

    identity: tuple[int, int]
    end: int
    head: ChainHead


class AuditFile:
    """The audit log in the file *path*, whose heads *witness* keeps elsewhere.

    *mask* hides secrets in what others note.
    *write* and *fsync* are the operating system's unless a test breaks them.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        feed: MonitorFeed,
        witness: AuditWitness | None = None,
        *,
        mask: Callable[[JsonValue], JsonValue] = lambda entry: entry,
        write: Callable[[int, bytes], int] = os.write,
        fsync: Callable[[int], None] = os.fsync,
    ) -> None:
        self._path = path
        self._clock = clock
        self._feed = feed
        self._witness = witness
        self._mask = mask
        self._os_write = write
        self._os_fsync = fsync
        self._known: _Known | None = None
        self._reading = AuditReading(path, witness)
        self._poison = ""
        self._threads = OwnThreads("audit")  # one, so that a disk that hangs takes no more, whoever stops waiting
        self._thread_lock = threading.Lock()  # for a change of the configuration, which comes on a thread of its own

    async def append(self, entry: JsonValue) -> AuditReceipt:
        if isinstance(entry, Mapping) and str(entry.get("action", "")).startswith(RESERVED):
            raise InputError(f"actions that begin with {RESERVED!r} change the configuration: apply one instead")
        masked = self._mask(entry)
        return await self._threads.run(lambda: self._append(masked))

    def mark(self) -> tuple[int, int, int] | None:
        """Return what tells one state of the file from another, None where there is none; waits for nobody."""
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

    def read(self, place: int) -> ReadEntries:
        return self._reading.read(place)

    def transact(self, place: int, decide: Decide) -> Transacted:
        def decided(fd: int) -> Transacted:
            known = self._caught_up(fd)
            entry = decide(entries_of(read_range(fd, place, known.end)))
            if entry is None:
                return Transacted(known.end, None)
            receipt, end = self._add(fd, known, entry)
            return Transacted(end, AuditEntry(receipt.seq, receipt.mts, entry))

        return self._locked(decided)

    def _append(self, entry: JsonValue) -> AuditReceipt:
        return self._locked(lambda fd: self._add(fd, self._caught_up(fd), entry)[0])

    def _locked(self, work: Callable[[int], Result]) -> Result:
        """Return what *work* does with the open file while nobody else has it."""
        try:
            with self._thread_lock:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with FileLock(f"{self._path}.lock", timeout=LOCK_TIMEOUT_S, mode=0o600):
                    if self._poison:
                        raise StoreError(self._poison)
                    fd = self._open()
                    try:
                        return work(fd)
                    finally:
                        os.close(fd)
        except Timeout as error:
            raise StoreError(f"{self._path}: another process has held its lock for {LOCK_TIMEOUT_S} s") from error
        except OSError as error:
            raise _store_error(self._path, error) from error

    def _add(self, fd: int, known: _Known, entry: JsonValue) -> tuple[AuditReceipt, int]:
        """Append *entry* durably; return its receipt and where the file ends."""
        mts = self._clock.now()
        line, head = chained_line(known.head, mts, entry)
        raw = line.encode() + b"\n"
        self._write(fd, raw, known.end)
        self._known = _Known(known.identity, known.end + len(raw), head)
        self._tell_witness(head)
        return AuditReceipt(head.seq, mts, head.hash), self._known.end

    def _tell_witness(self, head: ChainHead) -> None:
        if self._witness is None:
            return
        try:
            self._witness.note(head)
        except StoreError as error:
            # The entry is durable, which is what was promised; that its loss would show no longer is what is told.
            self._feed.note("config", "audit.witness_failed", {"reason": str(error)}, "warning")

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_APPEND
        for name in ("O_CLOEXEC", "O_NOFOLLOW", "O_BINARY"):  # each only on some systems
            flags |= getattr(os, name, 0)
        try:
            return os.open(self._path, flags)
        except FileNotFoundError:
            if self._known is not None:
                raise StoreError(f"{self._path}: was removed while in use; put it back, then restart") from None
        if self._witness is not None and any(head.seq for head in self._witness.heads() or ()):
            raise StoreError(f"{self._path}: is gone, but its witness is there; put it back")
        fd = os.open(self._path, flags | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            self._sync_folder()  # a file whose name is not on disk is lost with its content
        except OSError:
            os.close(fd)
            raise
        return fd

    def _caught_up(self, fd: int) -> _Known:
        """Return the file as it is, after following what was added to it since we last looked."""
        stat = os.fstat(fd)
        identity = (stat.st_dev, stat.st_ino)
        known = self._known or _Known(identity, 0, ChainHead())
        if known.identity != identity or stat.st_size < known.end:
            raise StoreError(f"{self._path}: was replaced or cut while in use; nothing is appended to it")
        *lines, tail = read_range(fd, known.end, stat.st_size).split(b"\n")
        head = known.head
        witnessed = self._witnessed(is_empty=not lines)
        for raw in lines:
            found = follow(head, raw.decode("utf-8", "replace"))
            if isinstance(found, str):
                raise StoreError(
                    f"{self._path}: line {head.seq + 1} {found}; keep it as evidence, moved away, and a new one begins"
                )
            head = found
            if witnessed.pop(head.seq, head.hash) != head.hash:
                raise StoreError(
                    f"{self._path}: line {head.seq} is not the one that was witnessed; keep it as evidence"
                )
        if witnessed:
            last = max(witnessed)
            raise StoreError(f"{self._path}: ends at line {head.seq}, but {last} were witnessed; put the rest back")
        end = stat.st_size - len(tail)
        if tail:
            self._quarantine(fd, tail, end, head)
        self._known = _Known(identity, end, head)
        return self._known

    def _witnessed(self, *, is_empty: bool) -> dict[int, str]:
        """Return the heads that the whole file must have had; none once we have seen them."""
        if self._witness is None or self._known is not None:
            return {}
        heads = self._witness.heads()
        if heads is None and not is_empty:
            raise StoreError(f"{self._path}: its witness is gone; put it back, or let audit.adopt make a new one")
        if heads is None:
            self._witness.note(ChainHead())  # before the first line: a crash must not leave that one without
        return {head.seq: head.hash for head in heads or () if head.seq}

    def _quarantine(self, fd: int, tail: bytes, end: int, head: ChainHead) -> None:
        moved = self._path.with_name(f"{self._path.name}.torn-{head.seq + 1}-{self._clock.now_us()}")
        target = os.open(moved, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            self._write_all(target, tail)
            self._os_fsync(target)
        finally:
            os.close(target)
        self._sync_folder()
        os.ftruncate(fd, end)
        self._os_fsync(fd)
        self._feed.note("config", "audit.torn_line", {"moved_to": moved.name, "bytes": len(tail)}, "warning")

    def _write(self, fd: int, raw: bytes, end: int) -> None:
        """Put *raw* at *end* durably, or leave the file as it was."""
        try:
            self._write_all(fd, raw)
        except OSError as error:
            self._take_back(fd, end, error)
            raise
        try:
            self._os_fsync(fd)
        except OSError as error:
            # A second fsync may report success for pages that the kernel has already given up: only a fresh look helps.
            self._poison = f"{self._path}: could not be synced ({error.strerror}); restart to read it again"
            self._take_back(fd, end, error)
            raise

    def _take_back(self, fd: int, end: int, cause: OSError) -> None:
        try:
            os.ftruncate(fd, end)
        except OSError:
            self._poison = f"{self._path}: holds a torn line that could not be removed ({cause.strerror}); restart"

    def _write_all(self, fd: int, raw: bytes) -> None:
        rest = memoryview(raw)
        while rest:
            rest = rest[self._os_write(fd, bytes(rest)) :]

    def _sync_folder(self) -> None:
        if os.name == "nt":
            return  # Windows neither needs nor allows it
        fd = os.open(self._path.parent, os.O_RDONLY)
        try:
            self._os_fsync(fd)
        finally:
            os.close(fd)


def _store_error(path: Path, error: OSError) -> StoreError:
    kind = StoreFull if error.errno in _FULL else StoreError
    return kind(f"{path}: {error.strerror or error}: {disk_advice(error)}")

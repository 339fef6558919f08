"""Budgets in files: the requests of the last minute and the blocks, as all processes of this host left them.

A file holds one budget whole, under a checksum. Each call opens it, locks it (`flock`), reads, decides, writes and
closes it: microseconds, and nothing is held between calls, so whoever is killed leaves no lock, and a file that
somebody deletes is simply made again. Nothing is synced: what is written here has to outlive a process, not the
machine, and what an earlier boot wrote is worth nothing.

No file, no disk and no other process keeps a request from leaving: where the file cannot be used, what this process
knows itself counts, and it is written as soon as the file can be used again. A thread does all this, and whoever asks
waits for it for a moment at most: a disk that hangs holds up that thread and no cancel.
"""

import fcntl
import logging
import os
import struct
import time
import zlib
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from struct import Struct
from typing import Any, Final, TypeVar

from genesis.adapters.own_threads import left_behind
from genesis.domain.resilience import Priority, Ration, RequestBudget

T = TypeVar("T")

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
MAGIC: Final = b"gbudget1"
BYTES_MAX: Final = 1 << 16
LOCK_S: Final = 0.02
"""For a lock that is held for microseconds: who has it still was stopped while it had it."""

PATIENCE_S: Final = 0.1
"""For a disk that takes microseconds."""

_HEAD: Final = Struct("<8s16sddI")
_CHECKSUM: Final = Struct("<I")
_SPINS: Final = 200
_LOG: Final = logging.getLogger("genesis.budgets")
_LOG.addHandler(logging.NullHandler())  # else warnings without their fields would go to standard error


class FileBudgets:
    """The budgets below *folder*, one file each; see `Budgets`. It belongs to one event loop."""

    def __init__(self, folder: Path, lock_s: float = LOCK_S, patience_s: float = PATIENCE_S) -> None:
        """*lock_s* is how long to wait for another process that is writing, *patience_s* for everything together."""
        self._folder = folder
        self._times_s = (lock_s, patience_s)
        self._boot = _boot()
        self._budgets: dict[str, FileBudget] = {}
        self._has_told = False

    def of(self, ration: Ration) -> "FileBudget":
        """Return the budget of *ration*."""
        budget = self._budgets.get(ration.name)
        if budget is None:
            path = self._folder / ration.name
            budget = self._budgets[ration.name] = FileBudget(path, ration, self._boot, *self._times_s, self._tell)
        return budget

    def _tell(self, path: Path, problem: str) -> None:
        """Warn once: what follows is the same, request after request."""
        if not self._has_told:
            self._has_told = True
            text = f"{path}: {problem}: this process counts its own requests alone; let it write in {self._folder}"
            _LOG.warning("budget.alone", extra={"fields": {"text": text}})


class FileBudget:
    """One budget; see `Budget`."""

    def __init__(
        self,
        path: Path,
        ration: Ration,
        boot: bytes,
        lock_s: float,
        patience_s: float,
        tell: Callable[[Path, str], None],
    ) -> None:
        self._file = _File(path, boot, lock_s, tell)
        self._patience_s = patience_s
        self._tell = tell
        self._known = RequestBudget(ration.limit, ration.window_s)

    def start(self, now_s: float, priority: Priority) -> float:
        """Count a start and return 0 if a request may leave now, else the seconds to wait."""
        return self._changed(now_s, lambda budget: budget.start(now_s, priority))

    def block(self, now_s: float, for_s: float) -> None:
        """Let nothing start for *for_s*."""
        self._changed(now_s, lambda budget: budget.block(now_s, for_s))

    def _changed(self, now_s: float, change: Callable[[RequestBudget], T]) -> T:
        known = self._known
        budget = RequestBudget(known.limit, known.window_s, known.blocked_until_s, deque(known.starts))
        try:
            answer = _hand.ask(lambda: self._file.changed(budget, now_s, change), self._patience_s)
        except TimeoutError:  # whatever the thread still does is done to a copy
            self._tell(self._file.path, "its disk does not answer")
            return change(known)
        self._known = budget
        return answer


class _File:
    """The file of one budget. Its methods may hang as its disk does."""

    def __init__(self, path: Path, boot: bytes, lock_s: float, tell: Callable[[Path, str], None]) -> None:
        self.path: Final = path
        self._boot = boot
        self._lock_s = lock_s
        self._tell = tell

    def changed(self, budget: RequestBudget, now_s: float, change: Callable[[RequestBudget], T]) -> T:
        """Let *budget* know what the file knows, *change* it, and write what became of it, as far as can be."""
        descriptor = self._opened()
        if descriptor is None:
            return change(budget)
        try:
            self._learn(descriptor, budget, now_s)
            answer = change(budget)
            self._write(descriptor, budget, now_s)
            return answer
        finally:
            with suppress(OSError):  # the lock ends with the descriptor, unless a forked child has another one
                fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)

    def _opened(self) -> int | None:
        """Return the locked file, None where it cannot be had."""
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            try:
                descriptor = os.open(self.path, flags, 0o600)
            except FileNotFoundError:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                descriptor = os.open(self.path, flags, 0o600)
        except OSError as error:
            self._tell(self.path, str(error.strerror))
            return None
        try:
            if self._is_locked(descriptor):
                return descriptor
            problem = f"another process has held its lock for {self._lock_s} s"
        except OSError as error:
            problem = f"it cannot be locked: {error.strerror}"
        os.close(descriptor)
        self._tell(self.path, problem)
        return None

    def _is_locked(self, descriptor: int) -> bool:
        # Real time, not the clock of the caller: the wait is for a process that knows nothing of a manual clock.
        end_s = time.monotonic() + self._lock_s
        spins = 0
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                spins += 1
            if time.monotonic() > end_s:
                return False
            if spins < _SPINS:
                os.sched_yield()
            else:
                time.sleep(0.0005)

    def _learn(self, descriptor: int, known: RequestBudget, now_s: float) -> None:
        """Take what the file says for what is known; what this process could not write before comes on top."""
        try:
            content = os.pread(descriptor, BYTES_MAX, 0)
        except OSError as error:
            self._tell(self.path, str(error.strerror))
            return
        shown = self._shown(content, now_s + known.window_s)
        if shown is None:
            return
        starts, blocked_until_s = shown
        if known.starts and known.starts[-1] not in starts:
            starts = tuple(sorted((Counter(starts) | Counter(known.starts)).elements()))
        known.starts = deque(starts)
        known.blocked_until_s = max(known.blocked_until_s, blocked_until_s)

    def _shown(self, content: bytes, latest_s: float) -> tuple[tuple[float, ...], float] | None:
        """Return the starts and the end of the block that *content* shows, None if it is new, damaged or outdated."""
        if not content:
            return None
        try:
            magic, boot, written_s, blocked_until_s, count = _HEAD.unpack_from(content)
            body = content[: _HEAD.size + 8 * count]
            (checksum,) = _CHECKSUM.unpack_from(content, len(body))
            if magic != MAGIC or zlib.crc32(body) != checksum:
                raise ValueError
            starts = Struct(f"<{count}d").unpack_from(body, _HEAD.size)
        except (ValueError, struct.error):
            self._tell(self.path, "it is damaged")
            return None
        # Where boots have no id, a clock that has begun anew shows by what was written later than now.
        is_outdated = boot != self._boot or written_s > latest_s
        return None if is_outdated else (starts, blocked_until_s)

    def _write(self, descriptor: int, known: RequestBudget, now_s: float) -> None:
        count = len(known.starts)
        head = _HEAD.pack(MAGIC, self._boot, now_s, known.blocked_until_s, count)
        body = head + Struct(f"<{count}d").pack(*known.starts)
        try:
            os.pwrite(descriptor, body + _CHECKSUM.pack(zlib.crc32(body)), 0)
        except OSError as error:
            self._tell(self.path, str(error.strerror))


class _Hand:
    """A thread that does what a disk may hold up, and for which nobody waits long: not while it is held up already."""

    def __init__(self) -> None:
        self._made: tuple[int, Executor] | None = None
        self._last: Future[Any] | None = None  # whatever was asked

    def ask(self, work: Callable[[], T], patience_s: float) -> T:
        """Return what *work* does; raises `TimeoutError` where it takes longer than *patience_s*."""
        process = os.getpid()
        if self._made is None or self._made[0] != process:  # a child that was forked has no thread
            self._made, self._last = (process, left_behind("budgets", 1)), None
        if self._last is not None and not self._last.done():
            raise TimeoutError
        asked = self._made[1].submit(work)
        self._last = asked
        return asked.result(patience_s)


_hand: Final = _Hand()


def _boot() -> bytes:
    """Return what tells this boot of the machine from others, as far as the system has it."""
    try:
        return sha256(BOOT_ID.read_bytes()).digest()[:16]
    except OSError:
        return bytes(16)

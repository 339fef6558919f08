"""The nonce file of Linux: counters in shared memory under a lock, marks ahead of them on the disk.

The live page of the file is mapped by every process that uses the key: last number and mark of each counter, and the
id of the machine's boot. Taking a number is flock, add, unlock. A killed process loses nothing, for the page belongs to
the kernel. After a power cut the boot id differs, the page is distrusted, and numbers start at the marks.

The file is never replaced, so it is its own lock file; deletion or replacement by someone else is noticed and stops the
store. All users of a key must be on one host: memory is not shared over a network file system (`locked` works where its
locks do).
"""

import fcntl
import mmap
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from struct import Struct
from typing import Final

from genesis.adapters.nonce_file.counters import Counter, check_floor, mark_for, number_after
from genesis.adapters.nonce_file.marks import LIVE_OFFSET, PAGE, Marks, open_file, read_marks, unusable, write_marks
from genesis.adapters.own_threads import OwnThreads
from genesis.domain.nonce import Nonce, nonce_limit
from genesis.domain.order import Cid
from genesis.ports.clock import Clock
from genesis.ports.errors import StoreError

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")

_BLOCK_US: Final = 1000
"""Nonces within a millisecond form a block. Once a block the path is compared with the open file, which costs as much
as the rest together, and the exchange's clock is asked; within it the limit found then holds, for time only passes."""

_LAST: Final = (0, 2)
_MARK: Final = (1, 3)
_BOOT: Final = 4
_NONCE: Final = Counter.NONCE
_SPINS: Final = 200
_TRY_LOCK: Final = fcntl.LOCK_EX | fcntl.LOCK_NB
_UNLOCK: Final = fcntl.LOCK_UN


class _Live:
    """One open file: its descriptor, its mapped page as 64-bit words, and which inode it is."""

    def __init__(self, path: Path) -> None:
        self.descriptor = open_file(path)
        try:
            self._map = mmap.mmap(self.descriptor, PAGE, offset=LIVE_OFFSET)
        except OSError as error:
            os.close(self.descriptor)
            raise unusable(path, error) from error
        self.words = memoryview(self._map).cast("Q")
        status = os.fstat(self.descriptor)
        self.identity = (status.st_dev, status.st_ino)
        self.block_us = 0
        self.block_limit = 0

    def close(self) -> None:
        self.words.release()
        self._map.close()
        os.close(self.descriptor)


class MappedNonces:
    """The counters of one key for all threads and processes of this host. Use `opening.open_nonces` to make one.

    It survives fork: a child opens the file anew. The methods of `NonceStore` are for event loops; `take`, `take_cid`
    and `raise_to` are the same for callers that may block. *timeout_s* bounds the wait for a lock.
    """

    def __init__(
        self, path: Path, key: bytes, clock: Clock, exchange_us: Callable[[], int] | None = None, timeout_s: float = 5.0
    ) -> None:
        self._path = path
        self._key = key
        self._now_us = clock.now_us
        self._exchange_us = exchange_us or clock.now_us
        self._timeout_s = timeout_s
        self._threads = threading.Lock()
        self._live: _Live | None = None
        self._fault = ""
        self._own_threads = OwnThreads("nonces")
        with self._held():
            _stores.add(self)

    async def next(self) -> Nonce:
        """Return the next nonce."""
        number = self._try(Counter.NONCE)
        return Nonce(number if number is not None else await self._own_threads.run(lambda: self._wait(Counter.NONCE)))

    async def bump(self, above: int) -> None:
        """Make every later nonce larger than *above*."""
        await self._own_threads.run(lambda: self.raise_to(Counter.NONCE, above))

    async def next_cid(self) -> Cid:
        """Return the next client order id."""
        number = self._try(Counter.CID)
        return Cid(number if number is not None else await self._own_threads.run(lambda: self._wait(Counter.CID)))

    def take(self) -> Nonce:
        """Return the next nonce; may block for a sync or for another process."""
        number = self._try(Counter.NONCE)
        return Nonce(number if number is not None else self._wait(Counter.NONCE))

    def take_cid(self) -> Cid:
        """Return the next client order id; may block for a sync or for another process."""
        number = self._try(Counter.CID)
        return Cid(number if number is not None else self._wait(Counter.CID))

    def raise_to(self, counter: Counter, floor: int) -> None:
        """Make every later number of *counter* larger than *floor*; raises `ClockAhead` if none could follow it now."""
        exchange_us = self._exchange_us()
        check_floor(counter, floor, exchange_us)
        with self._held() as live:
            self._check_path(live)
            if floor > live.words[_LAST[counter]]:
                if floor > live.words[_MARK[counter]]:
                    self._move_mark(live, counter, mark_for(counter, floor, exchange_us))
                live.words[_LAST[counter]] = floor

    def close(self) -> None:
        """Let go of the file; a later call opens it again."""
        with self._threads:
            live, self._live = self._live, None
            if live is not None:
                live.close()

    def _try(self, counter: Counter) -> int | None:
        """Return the next number if neither a lock nor the disk has to be waited for."""
        if not self._threads.acquire(False):
            return None
        try:
            live = self._live
            if live is None or not _locked(live.descriptor):
                return None
            try:
                if counter is _NONCE:
                    wall_us = self._now_us()
                    if 0 <= wall_us - live.block_us < _BLOCK_US:
                        # `nonce_after` within a block, inline: this is the path that has to be fast.
                        last = live.words[0]
                        number = wall_us if wall_us > last else last + 1
                        if number <= live.words[1] and number <= live.block_limit:
                            live.words[0] = number
                            return number
                return self._step(live, counter, may_sync=False)
            finally:
                fcntl.flock(live.descriptor, _UNLOCK)
        finally:
            self._threads.release()

    def _wait(self, counter: Counter) -> int:
        with self._held() as live:
            number = self._step(live, counter, may_sync=True)
            assert number is not None
            return number

    def _step(self, live: _Live, counter: Counter, may_sync: bool) -> int | None:
        if self._fault:
            raise StoreError(self._fault)
        self._check_path(live)
        wall_us = self._now_us()
        exchange_us = self._exchange_us()
        words = live.words
        number = number_after(counter, words[_LAST[counter]], wall_us, exchange_us)
        if number > words[_MARK[counter]]:
            if not may_sync:
                return None
            self._move_mark(live, counter, mark_for(counter, number, exchange_us))
        words[_LAST[counter]] = number
        live.block_us, live.block_limit = wall_us, nonce_limit(exchange_us)
        return number

    def _move_mark(self, live: _Live, counter: Counter, mark: int) -> None:
        """Sync a mark, then let the live page use it."""
        try:
            marks = read_marks(live.descriptor, self._path, self._key)
            if not _agree(live, marks):
                raise StoreError(
                    f"{self._path}: its live counters contradict its marks, so something else has written it. Stop "
                    "everything that uses this key, then start again: the counters then start at the marks"
                )
            nonce, cid = (mark if each == counter else marks[1 + each] for each in Counter)
            write_marks(live.descriptor, self._key, Marks(marks.sequence + 1, nonce, cid))
        except OSError as error:
            # A failed sync is never tried again: the kernel may have dropped the pages and would report success.
            self._fault = str(unusable(self._path, error))
            live.block_us = 0
            raise StoreError(self._fault) from error
        live.words[_MARK[counter]] = mark

    @contextmanager
    def _held(self) -> Iterator[_Live]:
        """Hold the locks of threads and processes over the open file."""
        if not self._threads.acquire(timeout=self._timeout_s):
            raise StoreError(
                f"{self._path}: another thread has held the store for {self._timeout_s} s: is the disk stuck?"
            )
        try:
            if self._fault:
                raise StoreError(self._fault)
            live, is_new = (self._live, False) if self._live is not None else (_Live(self._path), True)
            try:
                self._lock(live.descriptor)
                try:
                    if is_new:
                        self._check_path(live)
                        self._start(live)
                        self._live = live
                    yield live
                finally:
                    fcntl.flock(live.descriptor, fcntl.LOCK_UN)
            finally:
                if self._live is not live:
                    live.close()
        finally:
            self._threads.release()

    def _lock(self, descriptor: int) -> None:
        # Real time, not the clock of the port: the wait is for a process that knows nothing of a manual clock.
        deadline_s = time.monotonic() + self._timeout_s
        spins = 0
        while not _locked(descriptor):
            spins += 1
            if spins < _SPINS:
                os.sched_yield()
            elif time.monotonic() < deadline_s:
                time.sleep(0.0005)
            else:
                raise StoreError(
                    f"{self._path}: another process has held the lock for {self._timeout_s} s. It is stopped, or "
                    "its disk is stuck: find it with fuser"
                )

    def _start(self, live: _Live) -> None:
        """Begin at the marks unless the live page is of this boot and agrees; the boot id is written last."""
        try:
            marks = read_marks(live.descriptor, self._path, self._key)
        except OSError as error:
            raise unusable(self._path, error) from error
        boot = _boot_words()
        words = live.words
        if (words[_BOOT], words[_BOOT + 1]) == boot and _agree(live, marks) and _current(live, marks):
            return
        words[_BOOT] = words[_BOOT + 1] = 0
        for counter in Counter:
            words[_LAST[counter]] = words[_MARK[counter]] = marks[1 + counter]
        words[_BOOT], words[_BOOT + 1] = boot

    def _check_path(self, live: _Live) -> None:
        try:
            status = os.stat(self._path, follow_symlinks=False)
            same = (status.st_dev, status.st_ino) == live.identity
        except FileNotFoundError:
            same = False
        except OSError as error:
            raise unusable(self._path, error) from error
        if not same:
            raise StoreError(
                f"{self._path}: the file was deleted or replaced while in use. Stop everything that uses this key, put "
                "the file back, or create a new store above the last nonce of your journal"
            )

    def after_fork(self) -> None:
        """Share nothing with the parent: a lock on an inherited descriptor is the parent's lock."""
        self._threads = threading.Lock()
        live, self._live = self._live, None
        if live is not None:
            live.close()


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, _TRY_LOCK)
    except BlockingIOError:
        return False
    return True


def _agree(live: _Live, marks: Marks) -> bool:
    """Whether no live number is above its mark, and no live mark above the durable one."""
    return all(live.words[_LAST[each]] <= live.words[_MARK[each]] <= marks[1 + each] for each in Counter)


def _current(live: _Live, marks: Marks) -> bool:
    """Whether the live marks are the durable ones; a writer killed between the two leaves them behind."""
    return all(live.words[_MARK[each]] == marks[1 + each] for each in Counter)


def _boot_words() -> tuple[int, int]:
    try:
        first, second = Struct("<QQ").unpack(sha256(BOOT_ID.read_bytes()).digest()[:16])
    except OSError as error:
        raise StoreError(
            f"{BOOT_ID}: cannot be read ({error.strerror}): open the store without shared memory"
        ) from error
    return first, second


_stores: "weakref.WeakSet[MappedNonces]" = weakref.WeakSet()


def _reopen_in_child() -> None:
    for store in list(_stores):
        store.after_fork()


os.register_at_fork(after_in_child=_reopen_in_child)

"""The nonce file where memory cannot be shared safely: Windows, other systems, network file systems.

Every number is written and synced under filelock before it is returned: some hundred a second, and nothing to go wrong.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from genesis.adapters.nonce_file.counters import Counter, check_floor, number_after
from genesis.adapters.nonce_file.marks import Marks, open_file, read_marks, unusable, write_marks
from genesis.adapters.own_threads import OwnThreads
from genesis.domain.nonce import Nonce
from genesis.domain.order import Cid
from genesis.ports.clock import Clock
from genesis.ports.errors import StoreError


class LockedNonces:
    """The counters of one key for everybody who reaches the file. Use `opening.open_nonces` to make one."""

    def __init__(
        self, path: Path, key: bytes, clock: Clock, exchange_us: Callable[[], int] | None = None, timeout_s: float = 5.0
    ) -> None:
        self._path = path
        self._key = key
        self._now_us = clock.now_us
        self._exchange_us = exchange_us or clock.now_us
        self._lock_path = path.with_suffix(".lock")
        self._timeout_s = timeout_s
        self._fault = ""
        self._own_threads = OwnThreads("nonces")
        with self._held() as descriptor:
            read_marks(descriptor, path, key)

    async def next(self) -> Nonce:
        """Return the next nonce."""
        return await self._own_threads.run(self.take)

    async def bump(self, above: int) -> None:
        """Make every later nonce larger than *above*."""
        await self._own_threads.run(lambda: self.raise_to(Counter.NONCE, above))

    async def next_cid(self) -> Cid:
        """Return the next client order id."""
        return await self._own_threads.run(self.take_cid)

    def take(self) -> Nonce:
        """Return the next nonce; blocks."""
        return Nonce(self._take(Counter.NONCE))

    def take_cid(self) -> Cid:
        """Return the next client order id; blocks."""
        return Cid(self._take(Counter.CID))

    def raise_to(self, counter: Counter, floor: int) -> None:
        """Make every later number of *counter* larger than *floor*; raises `ClockAhead` if none could follow it now."""
        check_floor(counter, floor, self._exchange_us())
        with self._held() as descriptor:
            marks = read_marks(descriptor, self._path, self._key)
            if floor > marks[1 + counter]:
                self._write(descriptor, marks, counter, floor)

    def close(self) -> None:
        """Let go of the file; nothing is held between calls."""

    def _take(self, counter: Counter) -> int:
        with self._held() as descriptor:
            marks = read_marks(descriptor, self._path, self._key)
            number = number_after(counter, marks[1 + counter], self._now_us(), self._exchange_us())
            self._write(descriptor, marks, counter, number)
            return number

    def _write(self, descriptor: int, marks: Marks, counter: Counter, number: int) -> None:
        nonce, cid = (number if each == counter else marks[1 + each] for each in Counter)
        write_marks(descriptor, self._key, Marks(marks.sequence + 1, nonce, cid))

    @contextmanager
    def _held(self) -> Iterator[int]:
        if self._fault:
            raise StoreError(self._fault)
        try:
            with FileLock(self._lock_path, timeout=self._timeout_s):
                descriptor = open_file(self._path)
                try:
                    yield descriptor
                finally:
                    os.close(descriptor)
        except Timeout as error:
            raise StoreError(
                f"{self._lock_path}: another process has held the lock for {self._timeout_s} s: it is "
                "stopped, or its disk is stuck"
            ) from error
        except OSError as error:
            # A failed sync is never tried again: the kernel may have dropped the pages and would report success.
            self._fault = str(unusable(self._path, error))
            raise StoreError(self._fault) from error

"""One trading process per key and host: a lock file that is never replaced, named for the key's hash.

The lock is the kernel's (`flock`): it ends with the process, however that ends, and a process id that is reused means
nothing. What the file says is for people. The inode is compared after locking and whenever `check` is asked, so that a
lock on a file that was deleted or replaced holds nobody (A27, E19). The descriptor is closed on exec and in forked
children, whose copies would keep the lock alive (A26).
"""

import fcntl
import os
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Final

from genesis.ports.errors import InputError, StoreError
from genesis.ports.secrets import Secret

TEXT_BYTES: Final = 512
ATTEMPTS: Final = 100


class KeyLock:
    """The right to trade with one key on this host; a context manager. *what* says for what it is used."""

    def __init__(self, folder: Path, api_key: Secret, what: str) -> None:
        name = sha256(b"genesis trading lock\0" + api_key.reveal().encode()).hexdigest()[:32]
        self.path: Final = folder / f"{name}.lock"
        self._what = what
        self._descriptor: int | None = None

    def __enter__(self) -> "KeyLock":
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def acquire(self) -> None:
        """Take the lock; raises `InputError` that names who has it, and `StoreError` where no lock can be had."""
        for _ in range(ATTEMPTS):
            descriptor = self._opened()
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(descriptor, TEXT_BYTES, 0).decode("utf-8", "replace").strip() or "unknown"
                os.close(descriptor)
                raise InputError(f"this key is in use on this machine ({holder}): end that first") from None
            except OSError as error:
                os.close(descriptor)
                raise StoreError(f"{self.path}: {error.strerror}: this file system has no locks") from error
            if self._is_path_of(descriptor):
                self._descriptor = descriptor
                self._describe(descriptor)
                _held.add(descriptor)
                return
            os.close(descriptor)  # somebody replaced the file in between: this lock is worth nothing
        raise StoreError(f"{self.path}: is replaced again and again: nothing may touch it")

    def check(self) -> None:
        """Raise `StoreError` unless the lock is held on the file that others would lock."""
        if self._descriptor is None or not self._is_path_of(self._descriptor):
            text = "was deleted or replaced: another process may trade with this key; stop both and start one"
            raise StoreError(f"{self.path}: {text}")

    def release(self) -> None:
        """Let go; the file stays."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            _held.discard(descriptor)
            os.close(descriptor)

    def _opened(self) -> int:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            text = f"{self.path}: {error.strerror}: make it writable, or name another folder with GENESIS_LOCKS"
            raise StoreError(text) from error

    def _describe(self, descriptor: int) -> None:
        text = f"process {os.getpid()}, {self._what}, since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC\n".encode()
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, text[:TEXT_BYTES], 0)
        except OSError:
            return  # a full disk takes the words, not the lock

    def _is_path_of(self, descriptor: int) -> bool:
        try:
            there = os.stat(self.path, follow_symlinks=False)
        except OSError:
            return False
        here = os.fstat(descriptor)
        return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)


_held: set[int] = set()


def _close_in_child() -> None:
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_close_in_child)

"""Opening the nonce store of a key, and making a new one on purpose."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from genesis.adapters.nonce_file.counters import Counter
from genesis.adapters.nonce_file.locked import LockedNonces
from genesis.adapters.nonce_file.marks import Marks, image, key_id, sync, unusable, write_all
from genesis.domain.nonce import NONCE_MAX
from genesis.ports.clock import Clock
from genesis.ports.errors import InputError, StoreError
from genesis.ports.secrets import Secret

if TYPE_CHECKING:
    from genesis.adapters.nonce_file.mapped import MappedNonces


def open_nonces(
    directory: Path,
    api_key: Secret,
    clock: Clock,
    *,
    exchange_us: Callable[[], int] | None = None,
    create: bool = False,
    floor: int = 0,
    cid_floor: int = 0,
    share_memory: bool = sys.platform == "linux",
    timeout_s: float = 5.0,
) -> "MappedNonces | LockedNonces":
    """Open the store of *api_key* below *directory*; the key's text is not written, only a hash names its folder.

    A store that is missing is an error unless *create*: an empty one beside a key with a history would repeat numbers.
    *floor* and *cid_floor* are the last numbers that the journal knows; the counters start above them, whatever the
    file says. *exchange_us* returns the exchange's time in microseconds; without it the clock is taken at its word, and
    one that is wrong goes unnoticed. *share_memory* off is for network file systems.
    Raises `StoreError`, `ClockAhead`, `InputError`.
    """
    if not 0 <= floor <= NONCE_MAX:
        raise InputError(f"a nonce is 0 to {NONCE_MAX} microseconds, the floor was {floor}")
    key = key_id(api_key)
    path = store_path(directory, api_key)
    if create:
        _create(path, key, timeout_s)
    elif not path.exists():
        raise StoreError(
            f"{path}: there is no nonce store for this key. If the key was never used here, create one; if it was, the "
            "file is lost: create one above the last nonce and client order id of your journal"
        )
    store = _opened(path, key, clock, exchange_us, share_memory, timeout_s)
    try:
        if floor:
            store.raise_to(Counter.NONCE, floor)
        if cid_floor:
            store.raise_to(Counter.CID, cid_floor)
    except StoreError:
        store.close()
        raise
    return store


def _opened(
    path: Path, key: bytes, clock: Clock, exchange_us: Callable[[], int] | None, share_memory: bool, timeout_s: float
) -> "MappedNonces | LockedNonces":
    if share_memory:
        from genesis.adapters.nonce_file.mapped import MappedNonces  # it needs fcntl, which Windows has not

        return MappedNonces(path, key, clock, exchange_us, timeout_s)
    return LockedNonces(path, key, clock, exchange_us, timeout_s)


def store_path(directory: Path, api_key: Secret) -> Path:
    """Return where the store of *api_key* is or would be."""
    return directory / key_id(api_key).hex() / "nonces"


def _create(path: Path, key: bytes, timeout_s: float) -> None:
    """Make the store unless it is there; it appears whole, on the disk, or not at all."""
    folder = path.parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(folder / "open.lock", timeout=timeout_s):
            if not path.exists():
                _write_whole(path, image(key, Marks(0, 0, 0)))
                for each in (folder, folder.parent, folder.parent.parent):
                    _sync_directory(each)
    except Timeout as error:
        raise StoreError(f"{folder}: another process has held open.lock for {timeout_s} s: end it") from error
    except OSError as error:
        raise unusable(path, error) from error


def _write_whole(path: Path, content: bytes) -> None:
    new = path.with_suffix(".new")
    try:
        descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
        try:
            write_all(descriptor, content)
            sync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(new, path)
    except OSError:
        with suppress(OSError):
            new.unlink()
        raise


def _sync_directory(directory: Path) -> None:
    if os.name != "posix":
        return  # Windows has no handle of a directory to sync
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

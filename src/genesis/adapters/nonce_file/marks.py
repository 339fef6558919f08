"""The durable part of a nonce file: two copies of the marks that no number has passed.

A file is three pages: slot A, slot B, and a live page that is the business of `mapped`. A slot holds the marks under
a checksum. Both slots say the same unless a write was interrupted: A is synced before B is touched, so one torn slot
loses nothing, and one slot that rots at rest loses nothing either. A number is used only after a mark at or above it
is on the disk.
"""

import os
import sys
import zlib
from hashlib import sha256
from pathlib import Path
from struct import Struct
from typing import Final, NamedTuple

from genesis.ports.errors import StoreError
from genesis.ports.secrets import Secret

PAGE: Final = 4096
LIVE_OFFSET: Final = 2 * PAGE
FILE_BYTES: Final = 3 * PAGE
SLOT_BYTES: Final = 64

_MAGIC: Final = b"gnonce1\0"
_BODY: Final = Struct("<8s16sQQQ12x")
_CHECKSUM: Final = Struct("<I")


class Marks(NamedTuple):
    """No nonce and no client order id above these was ever given; *sequence* counts the writes."""

    sequence: int
    nonce: int
    cid: int


def key_id(api_key: Secret) -> bytes:
    """Return 16 bytes that stand for the key, so that its text is never on disk."""
    return sha256(b"genesis nonce store\0" + api_key.reveal().encode()).digest()[:16]


def slot_from_marks(key: bytes, marks: Marks) -> bytes:
    """Return the 64 bytes of a slot."""
    body = _BODY.pack(_MAGIC, key, *marks)
    return body + _CHECKSUM.pack(zlib.crc32(body))


def marks_from_slot(key: bytes, slot: bytes) -> Marks | None:
    """Return the marks of a slot, or None if it is torn, damaged, or of another key."""
    if len(slot) != SLOT_BYTES:
        return None
    body, (checksum,) = slot[: _BODY.size], _CHECKSUM.unpack(slot[_BODY.size :])
    if zlib.crc32(body) != checksum:
        return None
    magic, owner, sequence, nonce, cid = _BODY.unpack(body)
    return Marks(sequence, nonce, cid) if magic == _MAGIC and owner == key else None


def image(key: bytes, marks: Marks) -> bytes:
    """Return the bytes of a new file: every page is written, so that none needs space later."""
    page = slot_from_marks(key, marks).ljust(PAGE, b"\0")
    return page + page + bytes(PAGE)


def read_marks(descriptor: int, path: Path, key: bytes) -> Marks:
    """Return the newest marks, and mend what an interrupted write left behind; raises `StoreError` if both are bad."""
    slots = [marks_from_slot(key, _read(descriptor, offset)) for offset in (0, PAGE)]
    good = [marks for marks in slots if marks is not None]
    if not good:
        raise StoreError(
            f"{path}: both copies of the marks are damaged or belong to another key. Restore the file from a backup, "
            "or move it away and create a new store above the last nonce and client order id of your journal"
        )
    newest = max(good)
    if slots[0] != slots[1]:
        write_marks(descriptor, key, newest)
    return newest


def write_marks(descriptor: int, key: bytes, marks: Marks) -> None:
    """Write *marks* into both slots, one after the other, each on the disk before the next step; raises `OSError`."""
    slot = slot_from_marks(key, marks)
    for offset in (0, PAGE):
        os.lseek(descriptor, offset, os.SEEK_SET)
        write_all(descriptor, slot)
        sync(descriptor)


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of *content*, however little a system takes at once; raises `OSError`."""
    while content:
        written = os.write(descriptor, content)
        if not written:
            raise OSError(f"{len(content)} bytes could not be written")
        content = content[written:]


def sync(descriptor: int) -> None:
    """Return once the data of the file is on the disk; raises `OSError`."""
    if sys.platform == "darwin":
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)  # fsync there stops at the cache of the drive
    elif sys.platform == "win32":
        os.fsync(descriptor)
    else:
        os.fdatasync(descriptor)


def open_file(path: Path) -> int:
    """Return a descriptor of an existing store that is ours alone; raises `StoreError` saying what is wrong with it."""
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        raise unusable(path, error) from error
    status = os.fstat(descriptor)
    fault = ""
    if status.st_size != FILE_BYTES:
        fault = f"it has {status.st_size} bytes, not {FILE_BYTES}; restore it from a backup"
    elif os.name == "posix" and status.st_mode & 0o022:
        fault = f"others may write it; run: chmod 600 '{path}'"
    if fault:
        os.close(descriptor)
        raise StoreError(f"{path}: {fault}")
    return descriptor


def unusable(path: Path, error: OSError) -> StoreError:
    """Return the error of a store that the system does not let us read, lock or write."""
    reason = error.strerror or str(error)
    return StoreError(
        f"{path}: cannot be read and written ({reason}). No signed call is made: check that the file is there and this "
        "user's, and that the disk is neither read-only nor full, then start again"
    )


def _read(descriptor: int, offset: int) -> bytes:
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, SLOT_BYTES)

"""The last heads of the audit log in a file of its own, which may stand on another disk, signed where there is a key.

Two slots are written in turns, so that one of them is always whole. With a key each head carries an HMAC-SHA256: who
can write both files but does not know the key cannot forge a witness.
"""

import hashlib
import hmac
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from genesis.domain.audit import ChainHead
from genesis.ports.errors import StoreError
from genesis.ports.secrets import Secret

SLOT_BYTES: Final = 512
_EMPTY: Final = b" " * SLOT_BYTES
_WRITTEN: Final = re.compile(rb"(\d{1,19}) ([0-9a-f]{64}) (-|[0-9a-f]{64})\n *")


class WitnessFile:
    """The witness in the file *path*; with *key* its heads are signed, and one without a right signature is refused."""

    def __init__(self, path: Path, key: Secret | None = None) -> None:
        self._path = path
        self._key = key

    def heads(self) -> Sequence[ChainHead] | None:
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(
                f"{self._path}: {error.strerror}; without it nobody knows whether lines are gone"
            ) from error
        if len(raw) != 2 * SLOT_BYTES:
            raise StoreError(f"{self._path}: is damaged; nobody knows whether the last lines of the audit log are gone")
        return [head for slot in (raw[:SLOT_BYTES], raw[SLOT_BYTES:]) if (head := self._head(slot)) is not None]

    def note(self, head: ChainHead) -> None:
        try:
            self._write(head)
        except OSError as error:
            raise StoreError(f"{self._path}: {error.strerror}; make it writable, or name another place") from error

    def _head(self, slot: bytes) -> ChainHead | None:
        if slot == _EMPTY:
            return None
        match = _WRITTEN.fullmatch(slot)
        if match is None:
            raise StoreError(f"{self._path}: is damaged; nobody knows whether the last lines of the audit log are gone")
        head = ChainHead(int(match[1]), match[2].decode())
        if self._key is not None and not hmac.compare_digest(match[3], self._signature(head)):
            raise StoreError(f"{self._path}: line {head.seq} is not signed with the audit key; nobody vouches for it")
        return head

    def _write(self, head: ChainHead) -> None:
        fd = self._open()
        try:
            slots = [os.pread(fd, SLOT_BYTES, at) for at in (0, SLOT_BYTES)]
            # A slot that cannot be read is the first to go, then the older one.
            ages = [int(match[1]) if (match := _WRITTEN.fullmatch(slot)) else -1 for slot in slots]
            text = b"%d %b %b\n" % (head.seq, head.hash.encode(), self._signature(head))
            os.pwrite(fd, text.ljust(SLOT_BYTES), SLOT_BYTES * ages.index(min(ages)))
            os.fsync(fd)
        finally:
            os.close(fd)

    def _open(self) -> int:
        flags = os.O_RDWR | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
        try:
            return os.open(self._path, flags)
        except FileNotFoundError:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(self._path, flags | os.O_CREAT, 0o600)
        os.pwrite(fd, 2 * _EMPTY, 0)
        os.fsync(fd)
        return fd

    def _signature(self, head: ChainHead) -> bytes:
        if self._key is None:
            return b"-"
        text = f"{head.seq} {head.hash}".encode()
        return hmac.new(self._key.reveal().encode(), text, hashlib.sha256).hexdigest().encode()

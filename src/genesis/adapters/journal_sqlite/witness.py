"""The head of a journal, kept in a file of its own: without it nobody could tell that the last rows are gone.

It is written after each commit, in place and in turns into two slots, so that one of them is always whole. It is not
synced: a power cut may leave an older head, which the journal has in it all the same.
"""

import os
import re
from pathlib import Path
from typing import BinaryIO, Final

from genesis.domain.journal.chain import Head
from genesis.ports.errors import StoreError

SLOT_BYTES: Final = 512
_SIZE: Final = 2 * SLOT_BYTES
_WRITTEN: Final = re.compile(rb"(\d{1,19}) ([0-9a-f]{64})\n +")


class Witness:
    """The witness file *path* of a journal that is open for writing; raises `OSError`."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            make_witness(path)
        self._file: BinaryIO = path.open("r+b", buffering=0)
        self._slot = 0

    def write(self, head: Head) -> None:
        """Note *head* as durable."""
        text = f"{head.seq} {head.hash.hex()}\n"
        self._file.seek(self._slot * SLOT_BYTES)
        self._file.write(text.encode().ljust(SLOT_BYTES))
        self._slot = 1 - self._slot

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def make_witness(path: Path) -> None:
    """Make the witness of a journal that has no row yet; raises `OSError`, `FileExistsError` where there is one."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(b" " * _SIZE)
        file.flush()
        os.fsync(file.fileno())


def read_witnesses(path: Path) -> list[Head]:
    """Return the heads that were noted; raises `StoreError` if there is no witness or one that is no witness."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}: without it nobody knows whether the last rows are gone") from error
    heads = []
    for start in (0, SLOT_BYTES):
        slot = raw[start : start + SLOT_BYTES]
        if slot == b" " * SLOT_BYTES:
            continue
        match = _WRITTEN.fullmatch(slot)
        if match is None or len(raw) != _SIZE:
            raise StoreError(f"{path}: is damaged: nobody knows whether the last rows of the journal are gone")
        heads.append(Head(int(match[1]), bytes.fromhex(match[2].decode())))
    return heads

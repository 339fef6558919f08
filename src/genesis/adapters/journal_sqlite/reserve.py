"""Space set aside while there was room: a few more records can be made durable when the disk is full.

A record is its length, the SHA-256 over the hash of the record before and its own bytes, and those bytes: canonical
JSON of where and when it was written, its kind, and its text. A record that a crash tore does not match its hash, and
ends the list.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

SIZE: Final = 65_536
_LENGTH_BYTES: Final = 4
_HASH_BYTES: Final = 32


class Reserved(NamedTuple):
    """One record of the reserve; *after_seq* is the last row that was durable when it was written."""

    after_seq: int
    written_us: int
    kind: str
    payload: str


class Reserve:
    """The reserve in the file *path*, made if it is missing; all methods raise `OSError`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.exists() or path.stat().st_size != SIZE:
            self._make()
        # Open from the start, so that no file descriptor is needed later; unbuffered, so that a write is a write.
        self._file: BinaryIO = path.open("r+b", buffering=0)
        self._end = 0
        self._hash = b""
        self.records = self._read()

    def append(self, record: Reserved) -> None:
        """Make *record* durable; raises `OSError` when it does not fit."""
        body = json.dumps(record, separators=(",", ":")).encode()
        digest = hashlib.sha256(self._hash + body).digest()
        raw = len(body).to_bytes(_LENGTH_BYTES, "big") + digest + body
        if self._end + len(raw) > SIZE:
            raise OSError(f"{self._path}: is used up")
        self._file.seek(self._end)
        rest = memoryview(raw)
        while rest:
            rest = rest[self._file.write(rest) :]
        os.fsync(self._file.fileno())
        self._end += len(raw)
        self._hash = digest
        self.records.append(record)

    def clear(self) -> None:
        """Forget all records, durably."""
        self._file.seek(0)
        self._file.write(bytes(SIZE))
        os.fsync(self._file.fileno())
        self._end, self._hash = 0, b""
        self.records = []

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _make(self) -> None:
        with open(os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(bytes(SIZE))
            file.flush()
            os.fsync(file.fileno())

    def _read(self) -> list[Reserved]:
        raw = self._path.read_bytes()
        records: list[Reserved] = []
        while True:
            start = self._end + _LENGTH_BYTES + _HASH_BYTES
            length = int.from_bytes(raw[self._end : self._end + _LENGTH_BYTES], "big")
            digest, body = raw[self._end + _LENGTH_BYTES : start], raw[start : start + length]
            if not length or hashlib.sha256(self._hash + body).digest() != digest:
                return records
            records.append(Reserved(*json.loads(body)))
            self._end, self._hash = start + length, digest

"""The chain of a journal: each row carries a hash over itself and all before it.

So a row that was changed, dropped or moved is found by following the chain. That the tail was cut is not: compare the
head with one that was kept elsewhere.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from attrs import frozen

HASH_BYTES: Final = 32
FIRST_HASH: Final = bytes(HASH_BYTES)
"""What the first row has for a previous hash."""


class Row(NamedTuple):
    """One entry as it is stored: its number from 1, when it was written by wall clock, its kind and text, its hash."""

    seq: int
    written_us: int
    kind: str
    payload: str
    hash: bytes


class Head(NamedTuple):
    """The end of a chain: the number of its last row (0 when there is none) and that row's hash."""

    seq: int = 0
    hash: bytes = FIRST_HASH


@frozen
class BadRow:
    """The first row that does not belong where it stands; *reason* is for a person."""

    seq: int
    reason: str


def chained(head: Head, written_us: int, kind: str, payload: str) -> Row:
    """Return the row that puts *payload* after *head*."""
    seq = head.seq + 1
    return Row(seq, written_us, kind, payload, _hash(head.hash, seq, written_us, kind, payload))


def head_of(row: Row) -> Head:
    """Return the end of the chain that *row* ends."""
    return Head(row.seq, row.hash)


def follow(head: Head, row: Row) -> Head | BadRow:
    """Return the head after *row*, or why it does not follow *head*."""
    if row.seq != head.seq + 1:
        return BadRow(head.seq + 1, f"is missing: the next row has number {row.seq}")
    if row.hash != _hash(head.hash, row.seq, row.written_us, row.kind, row.payload):
        return BadRow(row.seq, "does not match its hash over itself and all before it")
    return Head(row.seq, row.hash)


def verify(rows: Iterable[Row], witnesses: Sequence[Head] = ()) -> Head | BadRow:
    """Return the head of the chain that *rows* are, or its first bad row; each witness is a head it once had."""
    head = Head()
    known = {witness.seq: witness.hash for witness in witnesses if witness.seq}
    for row in rows:
        found = follow(head, row)
        if isinstance(found, BadRow):
            return found
        head = found
        if known.pop(head.seq, head.hash) != head.hash:
            return BadRow(head.seq, "is not the row that was witnessed here: the journal was written anew")
    if known:
        return BadRow(head.seq + 1, f"is missing: {max(known)} rows were witnessed")
    return head


def _hash(previous: bytes, seq: int, written_us: int, kind: str, payload: str) -> bytes:
    # Neither a number nor a kind can hold a newline, so no two rows give the same bytes.
    return hashlib.sha256(b"%b%d\n%d\n%b\n%b" % (previous, seq, written_us, kind.encode(), payload.encode())).digest()

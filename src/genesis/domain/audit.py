"""The audit chain: each line carries the hash of the one before, so none can be changed, dropped or moved unseen.

A line is canonical JSON of `{"entry", "hash", "mts", "previous", "seq"}`; the hash is SHA-256 over the canonical JSON
of the other four. What a chain alone cannot show is that its tail was cut, or that all of it was written anew: a
witness, the last head kept elsewhere, shows that.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from attrs import frozen

from genesis.domain.json_value import DEPTH_MAX, NODES_MAX, JsonValue, MalformedJson, canonical_json, parse_json
from genesis.domain.units import Mts

GENESIS_HASH: Final = "0" * 64
"""What the first line has for a previous hash."""

_KEYS: Final = {"entry", "hash", "mts", "previous", "seq"}
# What a line and an entry's own fields put around the largest document.
_DEPTH_AROUND: Final = 4
_NODES_AROUND: Final = 256


@frozen
class ChainHead:
    """The end of a chain: the number of its last line (0 when there is none) and that line's hash."""

    seq: int = 0
    hash: str = GENESIS_HASH


@frozen
class AuditEntry:
    """One entry of a chain that was followed, with its number and its time."""

    seq: int
    mts: Mts
    entry: JsonValue


@frozen
class BadLine:
    """The first line that does not belong: *number* counts from 1, *reason* is for a person."""

    number: int
    reason: str


@frozen
class AuditVerdict:
    """What a look at a whole log found: its end or its first bad line, and whether anything witnesses that end."""

    found: ChainHead | BadLine
    is_witnessed: bool

    @property
    def problem(self) -> str:
        """Why the log cannot be trusted to be whole, in a sentence for a person; empty where it is whole."""
        if isinstance(self.found, BadLine):
            return f"line {self.found.number} {self.found.reason}"
        if not self.is_witnessed:
            return "its lines are whole, but its witness is gone: nobody knows whether more followed; see audit.adopt"
        return ""


def chained_line(head: ChainHead, mts: Mts, entry: JsonValue) -> tuple[str, ChainHead]:
    """Return the line (without its newline) that puts *entry* after *head*, and the head that it makes."""
    seq = head.seq + 1
    found = _hash(seq, mts, head.hash, entry)
    body: dict[str, JsonValue] = {"entry": entry, "hash": found, "mts": mts, "previous": head.hash, "seq": seq}
    return canonical_json(body), ChainHead(seq, found)


def follow(head: ChainHead, line: str) -> ChainHead | str:
    """Return the head after *line*, or the reason why the line does not follow *head*."""
    try:
        body = _parsed(line)
    except MalformedJson as error:
        return str(error)
    if not isinstance(body, Mapping) or body.keys() != _KEYS:
        return "is not an audit line"
    if canonical_json(body) != line:
        return "is not written canonically"
    if body["seq"] != head.seq + 1:
        return f"has number {body['seq']}, expected {head.seq + 1}"
    if body["previous"] != head.hash:
        return "does not carry the hash of the line before"
    mts = body["mts"]
    if not isinstance(mts, int) or isinstance(mts, bool):
        return "has no time in milliseconds"
    found = _hash(head.seq + 1, Mts(mts), head.hash, body["entry"])
    return ChainHead(head.seq + 1, found) if body["hash"] == found else "does not match its own hash"


def entry_of(line: str) -> AuditEntry:
    """Return the entry of a line that was followed; what is no such line raises."""
    body = _parsed(line)
    assert isinstance(body, Mapping)
    seq, mts = body["seq"], body["mts"]
    assert isinstance(seq, int)
    assert isinstance(mts, int)
    return AuditEntry(seq, Mts(mts), body["entry"])


def verify(lines: Iterable[str], witnesses: Sequence[ChainHead] = ()) -> ChainHead | BadLine:
    """Return the head of the chain that *lines* are, or the first bad line; each witness is a head it once had."""
    head = ChainHead()
    known = {witness.seq: witness.hash for witness in witnesses if witness.seq}
    for number, line in enumerate(lines, 1):
        match follow(head, line):
            case ChainHead() as head:
                if known.pop(head.seq, head.hash) != head.hash:
                    return BadLine(number, "is not the line that was witnessed here: the log was written anew")
            case reason:
                return BadLine(number, reason)
    if known:
        return BadLine(head.seq + 1, f"is missing: {max(known)} lines were witnessed")
    return head


def _parsed(line: str) -> JsonValue:
    return parse_json(line, depth_max=DEPTH_MAX + _DEPTH_AROUND, nodes_max=NODES_MAX + _NODES_AROUND)


def _hash(seq: int, mts: Mts, previous: str, entry: JsonValue) -> str:
    body: dict[str, JsonValue] = {"entry": entry, "mts": mts, "previous": previous, "seq": seq}
    return hashlib.sha256(canonical_json(body).encode()).hexdigest()

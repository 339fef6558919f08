"""All versions of the configuration, as a fold over the audit log: the log alone says what is in force.

An entry carries the whole document, so that one durable line is the change: there is no second file that a crash could
leave behind it.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

from attrs import evolve, frozen

from genesis.domain.audit import AuditEntry
from genesis.domain.json_value import JsonObject, JsonValue, canonical_json
from genesis.domain.units import Mts

FORMAT: Final = 1
"""The version of these entries; a log with a newer one is left alone."""

APPLY: Final = "config.apply"
PROPOSE: Final = "config.propose"
RESERVED: Final = "config."
"""Entries whose action begins so are written by the configuration authority alone."""

DEFAULT: Final[JsonObject] = {"dry_run": True}
"""What is in force before anything was applied: version 0."""


class ForeignEntry(ValueError):
    """An entry that no configuration authority of this version can have written; the text says why."""


@frozen
class ConfigVersion:
    """One document that is or was in force; *hash* is over its canonical form, *rolled_back_to* an earlier version.

    *seq* is its line of the audit log, 0 where it has none.
    """

    number: int
    hash: str
    document: JsonObject
    mts: Mts
    who: str
    reason: str
    rolled_back_to: int | None = None
    seq: int = 0


@frozen
class Proposal:
    """A dangerous document that somebody wants to apply on top of version *base*, and since when."""

    base: int
    hash: str
    mts: Mts


@frozen
class History:
    """The versions from 0 on, and what was proposed on top of the last one."""

    versions: tuple[ConfigVersion, ...]
    proposals: tuple[Proposal, ...] = ()

    @property
    def current(self) -> ConfigVersion:
        """The version in force."""
        return self.versions[-1]

    def version(self, number: int) -> ConfigVersion | None:
        """Return the version with this number, if there is one."""
        return self.versions[number] if 0 <= number < len(self.versions) else None

    def proposal(self, found: str) -> Proposal | None:
        """Return the latest proposal of the document with the hash *found* on top of the current version."""
        wanted = (each for each in reversed(self.proposals) if each.hash == found)
        return next(wanted, None)


def document_hash(document: JsonObject) -> str:
    """Return the SHA-256 of the canonical form: the same for every way to write the same document."""
    return hashlib.sha256(canonical_json(document).encode()).hexdigest()


def first_history() -> History:
    """Return the history of a data directory in which nothing was applied."""
    return History((ConfigVersion(0, document_hash(DEFAULT), DEFAULT, Mts(0), "", ""),))


def follow_entries(history: History, entries: Iterable[AuditEntry]) -> History:
    """Return *history* after *entries*; raises `ForeignEntry` for one that cannot follow."""
    versions, proposals = list(history.versions), list(history.proposals)
    for entry in entries:
        body = entry.entry
        if not isinstance(body, Mapping):
            continue
        action = body.get("action")
        if action == APPLY:
            versions.append(_version(entry, body, versions[-1]))
            proposals.clear()  # they were made on top of the version before
        elif action == PROPOSE:
            proposals.append(Proposal(_number(entry, body, "base"), _text(entry, body, "hash"), entry.mts))
    return evolve(history, versions=tuple(versions), proposals=tuple(proposals))


def apply_entry(version: ConfigVersion, previous: ConfigVersion, paths: Iterable[str]) -> JsonObject:
    """Return the audit entry that puts *version* in force after *previous*."""
    return {
        "action": APPLY,
        "format": FORMAT,
        "version": version.number,
        "hash": version.hash,
        "previous_hash": previous.hash,
        "rolled_back_to": version.rolled_back_to,
        "who": version.who,
        "reason": version.reason,
        "paths": list(paths),
        "document": version.document,
    }


def propose_entry(base: ConfigVersion, found: str, phrase: str, who: str, reason: str) -> JsonObject:
    """Return the audit entry of a proposal; the document itself comes with the entry that applies it."""
    return {
        "action": PROPOSE,
        "format": FORMAT,
        "base": base.number,
        "hash": found,
        "phrase": phrase,
        "who": who,
        "reason": reason,
    }


def _version(entry: AuditEntry, body: JsonObject, previous: ConfigVersion) -> ConfigVersion:
    written = _number(entry, body, "format")
    if written > FORMAT:
        raise ForeignEntry(f"line {entry.seq} has format {written}, this Genesis knows {FORMAT}; use the newer one")
    document = body.get("document")
    if not isinstance(document, Mapping):
        raise ForeignEntry(f"line {entry.seq} has no document")
    number, found = _number(entry, body, "version"), _text(entry, body, "hash")
    if number != previous.number + 1 or body.get("previous_hash") != previous.hash:
        raise ForeignEntry(f"line {entry.seq} puts version {number} after version {previous.number}")
    if found != document_hash(document):
        raise ForeignEntry(f"line {entry.seq} has a document that does not match its hash")
    rolled_back_to = None if body.get("rolled_back_to") is None else _number(entry, body, "rolled_back_to")
    who, reason = _text(entry, body, "who"), _text(entry, body, "reason")
    return ConfigVersion(number, found, document, entry.mts, who, reason, rolled_back_to, entry.seq)


def _number(entry: AuditEntry, body: JsonObject, key: str) -> int:
    value: JsonValue = body.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ForeignEntry(f"line {entry.seq} has no number {key}")
    return value


def _text(entry: AuditEntry, body: JsonObject, key: str) -> str:
    value: JsonValue = body.get(key)
    if not isinstance(value, str):
        raise ForeignEntry(f"line {entry.seq} has no text {key}")
    return value

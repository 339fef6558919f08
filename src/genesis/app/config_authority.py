"""The configuration authority: who may change what is in force, from which version, and since when it counts.

A change is one durable line of the audit log. It counts from the moment that the line is on disk, for every process of
the data directory, and only then is anybody told. Everything else (the file that people read, the history) follows from
the log and is made again from it after a crash.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from attrs import evolve, frozen

from genesis.app.config import Config, config_from_document
from genesis.app.config_file import ConfigFile
from genesis.app.config_problems import problems
from genesis.domain.audit import AuditEntry
from genesis.domain.config_change import (
    COOL_OFF_MS,
    Apply,
    Decision,
    Propose,
    Stale,
    Unchanged,
    Unconfirmed,
    Wish,
    decide,
)
from genesis.domain.config_diff import Change, diff
from genesis.domain.config_effects import (
    ConfigDifference,
    confirmation_phrase,
    dangers,
    difference,
    running_document,
    waiting_paths,
)
from genesis.domain.config_history import ConfigVersion, ForeignEntry, first_history, follow_entries
from genesis.domain.config_secrets import IsKnown
from genesis.domain.json_value import JsonObject, JsonValue, MalformedJson, canonical_json, parse_json
from genesis.domain.units import Mts
from genesis.ports.audit import DecidingLog
from genesis.ports.clock import Clock
from genesis.ports.config import ConfigProblem
from genesis.ports.errors import InputError, StoreError
from genesis.ports.monitor import MonitorFeed

WHO_MAX: Final = 100
REASON_MAX: Final = 1_000


@frozen
class Invalid:
    """The document is refused: everything that is wrong with it."""

    problems: Sequence[ConfigProblem]


@frozen
class Applied:
    """A version that is in force.

    *config* is all that it says; *running* is what counts in this process at once, and *waiting* are the paths whose
    new values wait for a restart.
    """

    version: ConfigVersion
    config: Config
    running: Config
    changes: Sequence[Change]
    waiting: Sequence[str]


ApplyResult = Applied | Unchanged | Stale | Unconfirmed | Invalid
Subscriber = Callable[[Applied], None]


class ConfigAuthority:
    """The one door to the configuration of a data directory; any number of processes may have one each.

    Reading never waits. Changes are async: they wait for the disk in a thread. One event loop uses an object.
    """

    def __init__(
        self,
        log: DecidingLog,
        file: ConfigFile,
        clock: Clock,
        feed: MonitorFeed,
        *,
        is_known: IsKnown = lambda _: False,
        mask: Callable[[str], str] = lambda text: text,
        cool_off_ms: int = COOL_OFF_MS,
        announces: bool = True,
    ) -> None:
        """Make an authority over *log*; `open` comes before anything else.

        *is_known* tells texts that hold a loaded secret, *mask* hides such in what people write as their reason.
        Of several in one process, one *announces* what was applied.
        """
        self._log = log
        self._file = file
        self._clock = clock
        self._feed = feed
        self._is_known = is_known
        self._mask = mask
        self._cool_off_ms = cool_off_ms
        self._history = first_history()
        self._place = 0
        self._announced = 0
        self._running: JsonObject = self._history.current.document
        self._hooks: list[Subscriber] = []
        self._turn = asyncio.Lock()
        self._proposed_s: dict[str, float] = {}
        self._failed = ""
        self._announces = announces
        self._file_at = 0

    def open(self, running: JsonObject | None = None, since: int = 0) -> None:
        """Read the log and put the file right; raises `StoreError` for a log that is damaged, or from a newer Genesis.

        What is in force then is what this process runs with, unless it brings a document of its own, *running*: then
        changes after version *since* count, and what they do not touch stays. Blocks; nothing is told to subscribers
        before the first `refresh`.
        """
        try:
            self._place = self._log.transact(self._place, self._nothing).place  # what a crash tore is moved away
        except StoreError:  # held by another process, or a disk that only reads: to follow it is enough
            self._catch_up()
        current = self._history.current
        self._announced = current.number if running is None else min(since, current.number)
        self._running = current.document if running is None else running
        self._put_file_right()

    def current(self) -> ConfigVersion:
        """Return the version in force, as far as this process knows: version 0 is what holds before anything else."""
        return self._history.current

    def config(self) -> Config:
        """Return what the version in force says; raises `InputError` where this Genesis no longer accepts it."""
        return config_from_document(self._history.current.document)

    def running(self) -> Config:
        """Return what counts in this process: the version it opened with, and what took effect since."""
        return config_from_document(self._running)

    def history(self) -> Sequence[ConfigVersion]:
        """Return all versions, from 0 to the one in force."""
        return self._history.versions

    def validate(self, document: JsonValue) -> Sequence[ConfigProblem]:
        """Return everything that is wrong with *document*, ordered by path."""
        return problems(document, self._is_known)

    def diff(self, document: JsonObject) -> ConfigDifference:
        """Return what *document*, valid or not, would change in the version in force."""
        return difference(diff(self._history.current.document, document))

    def waiting(self) -> Sequence[str]:
        """Return the paths of what is in force whose values count here only after a restart."""
        return waiting_paths(diff(self._running, self._history.current.document))

    def subscribe(self, hook: Subscriber) -> Callable[[], None]:
        """Call *hook* in the loop's thread for each version from now on, after it is durable; returns the way out.

        It must be quick and must not raise: what it raises ends the call that applied, although the version stays.
        """
        self._hooks.append(hook)
        return lambda: self._hooks.remove(hook)

    async def apply(
        self,
        document: JsonValue,
        expected_version: int,
        *,
        who: str,
        reason: str,
        confirmation: str = "",
        expected_hash: str | None = None,
    ) -> ApplyResult:
        """Put *document* in force if *expected_version* still is, or say why not.

        A dangerous change (`ConfigDifference.dangers`) is noted at the first call and made by a later one that brings
        the typed phrase after the cool-off. Returns once subscribers were called. Raises `InputError` without who or
        reason, and `StoreError` when the disk did not take it: nothing has changed then.
        """
        found = self.validate(document)
        if found:
            return Invalid(found)
        whole = _canonical(document)
        wish = Wish(whole, expected_version, expected_hash, confirmation, self._word("who", who), self._reason(reason))
        return await self._make(wish)

    async def rollback(
        self,
        number: int,
        expected_version: int,
        *,
        who: str,
        reason: str,
        confirmation: str = "",
        expected_hash: str | None = None,
    ) -> ApplyResult:
        """Put the document of version *number* in force again, as a new version; everything else is as in `apply`.

        Raises `InputError` where there is no such version.
        """
        await self.refresh()
        version = self._history.version(number)
        if version is None:
            last = self._history.current.number
            raise InputError(f"there is no version {number}: versions run from 0 to {last}")
        found = self.validate(version.document)
        if found:
            return Invalid(found)
        who, reason = self._word("who", who), self._reason(reason)
        return await self._make(
            Wish(version.document, expected_version, expected_hash, confirmation, who, reason, rolled_back_to=number)
        )

    async def refresh(self) -> bool:
        """Take in what other processes have applied and tell the subscribers; raises `StoreError`.

        Returns False where something is just being applied, which another call will find. Waits for no other process.
        """
        async with self._turn:
            is_all = await asyncio.to_thread(self._catch_up)
            self._announce()
            return is_all

    async def check_file(self) -> None:
        """Put the file right if a person or a crash has left it otherwise, and tell it; raises `StoreError`."""
        async with self._turn:
            await asyncio.to_thread(self._put_file_right)

    async def _make(self, wish: Wish) -> ApplyResult:
        async with self._turn:
            decision = await asyncio.to_thread(self._decide, wish)
            if not isinstance(decision, Apply):
                self._announce()  # what others did meanwhile
                return decision.unconfirmed if isinstance(decision, Propose) else decision
            applied = self._announce()
            assert applied is not None
            await asyncio.to_thread(self._put_file_right)
            return evolve(applied, changes=decision.changes, waiting=decision.waiting)

    def _decide(self, wish: Wish) -> Decision:
        """Decide on *wish* from the log itself, and make it durable; nobody else changes anything in between."""
        decision: Decision | None = None

        def entry_after(entries: Sequence[AuditEntry]) -> JsonValue:
            nonlocal decision
            self._follow(entries)
            decision = decide(self._history, wish, self._clock.now(), self._cool_off_ms)
            decision = self._held_back(decision, wish)
            return decision.entry if isinstance(decision, Apply | Propose) else None

        done = self._log.transact(self._place, entry_after)
        self._place = done.place
        assert decision is not None
        if done.appended is not None:
            self._follow([done.appended])
        if isinstance(decision, Propose):
            self._proposed_s[str(decision.entry["hash"])] = self._clock.monotonic_s()
        return decision

    def _held_back(self, decision: Decision, wish: Wish) -> Decision:
        """Return *decision*, but not before the cool-off has passed by the clock that nobody can set either."""
        if not isinstance(decision, Apply) or not wish.confirmation:
            return decision
        since = self._proposed_s.get(decision.version.hash)
        left_s = 0.0 if since is None else since + self._cool_off_ms / 1000 - self._clock.monotonic_s()
        dangerous = dangers(decision.changes)
        if left_s <= 0 or not dangerous:
            return decision
        ready = Mts(self._clock.now() + round(left_s * 1000))
        return Unconfirmed(confirmation_phrase(dangerous), dangerous, ready, is_wrong=False)

    def _nothing(self, entries: Sequence[AuditEntry]) -> JsonValue:
        self._follow(entries)
        return None

    def _catch_up(self) -> bool:
        found = self._log.read(self._place)
        self._follow(found.entries)
        self._place = found.place
        return found.is_all

    def _follow(self, entries: Sequence[AuditEntry]) -> None:
        try:
            self._history = follow_entries(self._history, entries)
        except ForeignEntry as error:
            raise StoreError(f"the audit log cannot be followed: {error}") from error

    def _announce(self) -> Applied | None:
        """Tell the subscribers of every version since the last that they were told of; return the newest."""
        told: Applied | None = None
        while self._announced < self._history.current.number:
            before, version = (self._history.versions[self._announced + at] for at in (0, 1))
            self._announced = version.number
            if problems(version.document):
                # Another Genesis knows more than this one: to take half of it would be worse than to take none.
                if self._announces:
                    why: JsonObject = {"reason": "this Genesis does not accept it; what ran before goes on"}
                    self._feed.note("config", "config.not_accepted", {"version": version.number, **why}, "error")
                continue
            told = self._applied(before, version)
            if self._announces:
                facts: JsonObject = {"version": version.number, "hash": version.hash[:12], "who": version.who}
                self._feed.note("config", "config.applied", {**facts, "waiting": list(told.waiting)})
            for hook in list(self._hooks):
                hook(told)
        return told

    def _applied(self, before: ConfigVersion, version: ConfigVersion) -> Applied:
        changes = diff(before.document, version.document)
        merged = running_document(self._running, before.document, version.document)
        if not problems(merged):  # else what waits and what counts contradict each other: all of it waits
            self._running = merged
        waiting = waiting_paths(diff(self._running, version.document))
        config = config_from_document(version.document)
        return Applied(version, config, config_from_document(self._running), changes, waiting)

    def _put_file_right(self) -> None:
        version = self._history.current
        facts: JsonObject = {"path": str(self._file.path), "in_force": version.number}
        try:
            if self._file.is_missing():
                if version.number:
                    self._file.write(version)
                drift = None
            else:
                drift = self._file.drift(self._history)
            kept = None if drift is None else self._file.put_back(drift, version)
        except StoreError as error:
            if str(error) != self._failed:
                self._feed.note("config", "config.file_failed", {"reason": str(error)}, "warning")
            self._failed = str(error)
            return
        before, self._file_at, self._failed = self._file_at, version.number, ""
        if kept is not None:
            self._feed.note("config", "config.drift", {**facts, "kept_as": kept.name}, "error")
        elif drift is not None and drift.earlier is not None and drift.earlier < before:
            # It had been newer: no crash leaves that, and nobody but a person goes back.
            self._feed.note("config", "config.drift", {**facts, "said": drift.earlier}, "error")

    def _reason(self, text: str) -> str:
        return self._word("reason", text, REASON_MAX)

    def _word(self, name: str, text: str, length_max: int = WHO_MAX) -> str:
        clean = self._mask(" ".join(text.split()))
        if not clean:
            raise InputError(f"{name} is missing: an audited change says who made it and why")
        if len(clean) > length_max:
            raise InputError(f"{name} has {len(clean)} characters: {length_max} are enough")
        return clean


def _canonical(document: JsonValue) -> JsonObject:
    """Return a copy of *document* that nobody else holds; raises `InputError` for what the log could not carry."""
    try:
        found = parse_json(canonical_json(document))
    except MalformedJson as error:
        raise InputError(f"the configuration {error}") from error
    assert isinstance(found, dict)  # a valid document is an object
    return found

"""The configuration under `/api/v1/config`: what is in force, what was, and what a document would change.

Documents and values are given as text, too, for a browser's numbers have no more than sixteen digits.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from attrs import frozen

from genesis.adapters.http.errors import Missing
from genesis.adapters.http.requests import DocumentBody, VersionsQuery
from genesis.adapters.http.routes import CONFIG_BYTES_MAX, Call, Route
from genesis.adapters.http.wire import ValidationBody
from genesis.domain.audit import BadLine
from genesis.domain.config_diff import Change, Kind, diff
from genesis.domain.config_effects import Danger
from genesis.domain.config_history import ConfigVersion
from genesis.domain.json_value import canonical_json, indented_json
from genesis.ports.access import Role
from genesis.ports.config import ConfigBook, ConfigDesk, ConfigProblem


class ConfigChange(msgspec.Struct, frozen=True):
    """One difference; *old* and *new* are JSON, empty where there is none."""

    path: str
    kind: Kind
    old: str
    new: str


class VersionRow(msgspec.Struct, frozen=True):
    """A version without its document, and what it changed in the one before."""

    version: int
    hash: str
    mts: int
    who: str
    reason: str
    rolled_back_to: int | None
    changes: Sequence[ConfigChange]


class VersionsBody(msgspec.Struct, frozen=True):
    """Versions, the youngest first; *next* is the `before` of the page that follows, null on the last."""

    next: int | None
    items: Sequence[VersionRow]


class VersionBody(msgspec.Struct, frozen=True):
    """A version with its document, also as the text that people edit."""

    row: VersionRow
    document: dict[str, Any]  # Any: JSON
    text: str


class ConfigBody(msgspec.Struct, frozen=True):
    """What is in force; *waiting* counts only after a restart, *source* is the file that the session began with."""

    current: VersionBody
    waiting: Sequence[str]
    source: str


class DifferenceBody(msgspec.Struct, frozen=True):
    """What a document would change in *version*, which waits for a restart, and what is wrong or dangerous with it.

    *confirmation* is what a person types to apply it, empty where nothing is dangerous.
    """

    version: int
    hash: str
    errors: Sequence[ConfigProblem]
    changes: Sequence[ConfigChange]
    waiting: Sequence[str]
    dangers: Sequence[Danger]
    confirmation: str


class VerdictBody(msgspec.Struct, frozen=True):
    """Whether the audit log is whole and witnessed: its last line, or the first one that does not belong.

    *reason* is the sentence that says what is wrong, empty where it is whole.
    """

    is_whole: bool
    line: int
    hash: str
    reason: str


@frozen
class ConfigApi:
    """The handlers of the configuration's read routes."""

    book: ConfigBook
    desk: ConfigDesk

    async def current(self, _: Call) -> ConfigBody:
        state, versions = await self.book.state(), await self.book.versions()
        current = await asyncio.to_thread(_version, versions, state.version)
        return ConfigBody(current, state.waiting, state.source)

    async def versions(self, call: Call) -> VersionsBody:
        query: VersionsQuery = call.query
        versions = await self.book.versions()
        older = [each for each in reversed(versions) if query.before is None or each.number < query.before]
        shown = older[: query.limit]
        following = shown[-1].number if len(older) > len(shown) else None
        return VersionsBody(following, await asyncio.to_thread(lambda: [_row(versions, each) for each in shown]))

    async def version(self, call: Call) -> VersionBody:
        versions = await self.book.versions()
        number = int(call.path["version"])
        if number >= len(versions):
            raise Missing(f"there is no version {number}: versions run from 0 to {len(versions) - 1}")
        return await asyncio.to_thread(_version, versions, versions[number])

    async def validate(self, call: Call) -> ValidationBody:
        found = await asyncio.to_thread(self.desk.problems, call.body.document)
        return ValidationBody(valid=not found, errors=found)

    async def difference(self, call: Call) -> DifferenceBody:
        document = call.body.document
        found = await asyncio.to_thread(self.desk.problems, document)
        would, state = await self.book.difference(document), await self.book.state()
        return DifferenceBody(
            state.version.number,
            state.version.hash,
            found,
            _changes(would.changes),
            would.waiting,
            would.dangers,
            would.phrase,
        )

    async def verify(self, _: Call) -> VerdictBody:
        verdict = await self.book.verify()
        problem, found = verdict.problem, verdict.found
        if isinstance(found, BadLine):
            return VerdictBody(is_whole=False, line=found.number, hash="", reason=problem)
        return VerdictBody(is_whole=not problem, line=found.seq, hash=found.hash, reason=problem)


def config_routes(book: ConfigBook, desk: ConfigDesk) -> list[Route]:
    """Return the routes that read the configuration; the ones that change it are control routes."""
    api, path = ConfigApi(book, desk), "/api/v1/config"

    def get(end: str, summary: str, handler: Any, answer: type, **more: Any) -> Route:  # Any: fields of a route
        return Route("GET", path + end, Role.READ, summary, answer, is_costly=True, handler=handler, **more)

    def look(end: str, summary: str, handler: Any, answer: type) -> Route:  # Any: a handler
        return Route(
            "POST",
            path + end,
            Role.READ,
            summary,
            answer,
            body=DocumentBody,
            body_bytes_max=CONFIG_BYTES_MAX,
            errors=(503,),
            is_costly=True,
            handler=handler,
        )

    return [
        get("", "The configuration in force", api.current, ConfigBody, errors=(503,)),
        get("/versions", "All versions", api.versions, VersionsBody, query=VersionsQuery, errors=(503,)),
        get("/versions/{version}", "One version with its document", api.version, VersionBody, errors=(404, 503)),
        get("/verify", "Whether the audit log is whole", api.verify, VerdictBody, errors=(503,)),
        look("/validate", "Everything that is wrong with a document", api.validate, ValidationBody),
        look("/diff", "What a document would change in the version in force", api.difference, DifferenceBody),
    ]


def _version(versions: Sequence[ConfigVersion], version: ConfigVersion) -> VersionBody:
    return VersionBody(_row(versions, version), dict(version.document), indented_json(version.document))


def _row(versions: Sequence[ConfigVersion], version: ConfigVersion) -> VersionRow:
    before = versions[max(0, version.number - 1)]
    changes = _changes(diff(before.document, version.document))
    return VersionRow(
        version.number, version.hash, version.mts, version.who, version.reason, version.rolled_back_to, changes
    )


def _changes(changes: Iterable[Change]) -> list[ConfigChange]:
    return [
        ConfigChange(
            each.path,
            each.kind,
            "" if each.kind == "added" else canonical_json(each.old),
            "" if each.kind == "removed" else canonical_json(each.new),
        )
        for each in changes
    ]

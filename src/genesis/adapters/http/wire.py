"""The bodies of the HTTP side, as they are on the wire; numbers of documents stay the numbers that they were."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from genesis.domain.config_diff import Change
from genesis.domain.json_value import JsonObject, JsonValue
from genesis.ports.config import ConfigProblem
from genesis.ports.monitor import Category, Dashboard, Distribution, Health, Note, Severity

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


class ErrorDetail(msgspec.Struct, frozen=True):
    """What went wrong: *code* is for programs and never changes, *message* is for people."""

    code: str
    message: str


class ErrorBody(msgspec.Struct, frozen=True):
    """The body of every answer that is not a success."""

    error: ErrorDetail


class ValidationBody(msgspec.Struct, frozen=True):
    """Whether a configuration would be accepted, and every reason why not."""

    valid: bool
    errors: Sequence[ConfigProblem]


class ChangeBody(msgspec.Struct, frozen=True):
    """One difference of two configurations; *old* or *new* is null where there is none."""

    path: str
    kind: Literal["added", "removed", "changed"]
    old: Any  # Any: JSON; the recursive alias says more than a schema can be made of
    new: Any


class DiffBody(msgspec.Struct, frozen=True):
    """All differences of two configurations."""

    changes: Sequence[ChangeBody]


class NoteBody(msgspec.Struct, frozen=True):
    """Something worth knowing: *name* is dotted (`order.unknown`), *fields* are its facts, without secrets."""

    seq: int
    mts: int
    category: Category
    severity: Severity
    name: str
    fields: dict[str, Any]  # Any: JSON


class DashboardBody(msgspec.Struct, frozen=True):
    """The state with all numbers, and the latest events, oldest first."""

    health: Health
    counters: Mapping[str, float]
    gauges: Mapping[str, float]
    distributions: Mapping[str, Distribution]
    events: Sequence[NoteBody]


def note_bodies(notes: Iterable[Note]) -> list[NoteBody]:
    """Return *notes* as they are sent."""
    return [NoteBody(note.seq, note.mts, note.category, note.severity, note.name, dict(note.fields)) for note in notes]


def dashboard_body(dashboard: Dashboard) -> DashboardBody:
    """Return *dashboard* as it is sent."""
    metrics = dashboard.metrics
    return DashboardBody(
        dashboard.health, metrics.counters, metrics.gauges, metrics.distributions, note_bodies(dashboard.notes)
    )


def diff_body(changes: Sequence[Change]) -> DiffBody:
    """Return *changes* as they are sent."""
    return DiffBody([ChangeBody(change.path, change.kind, change.old, change.new) for change in changes])


def error_body(code: str, message: str) -> bytes:
    """Return the encoded body of an error."""
    return _ENCODER.encode(ErrorBody(ErrorDetail(code, message)))


def encoded(body: object) -> bytes:
    """Return *body* as JSON; numbers that JSON does not have become null."""
    return _ENCODER.encode(body)


def json_object(value: JsonValue) -> JsonObject | None:
    """Return *value* if it is an object."""
    return value if isinstance(value, Mapping) else None

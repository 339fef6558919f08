"""The bodies of the HTTP side, as they are on the wire; numbers of documents stay the numbers that they were."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from genesis.domain.config_diff import Change
from genesis.domain.json_value import JsonObject, JsonValue
from genesis.ports.audit import AuditReceipt
from genesis.ports.config import ConfigProblem
from genesis.ports.monitor import Dashboard, Distribution, Health, Note

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
    old: JsonValue
    new: JsonValue


class DiffBody(msgspec.Struct, frozen=True):
    """All differences of two configurations."""

    changes: Sequence[ChangeBody]


class DashboardBody(msgspec.Struct, frozen=True):
    """The state with all numbers, and the latest events, oldest first."""

    health: Health
    counters: Mapping[str, float]
    gauges: Mapping[str, float]
    distributions: Mapping[str, Distribution]
    events: Sequence[Note]


def dashboard_body(dashboard: Dashboard) -> DashboardBody:
    """Return *dashboard* as it is sent."""
    metrics = dashboard.metrics
    return DashboardBody(dashboard.health, metrics.counters, metrics.gauges, metrics.distributions, dashboard.notes)


def diff_body(changes: Sequence[Change]) -> DiffBody:
    """Return *changes* as they are sent."""
    return DiffBody([ChangeBody(change.path, change.kind, change.old, change.new) for change in changes])


def error_body(code: str, message: str) -> bytes:
    """Return the encoded body of an error."""
    return _ENCODER.encode(ErrorBody(ErrorDetail(code, message)))


def encoded(body: Health | AuditReceipt | ValidationBody | DiffBody | DashboardBody) -> bytes:
    """Return *body* as JSON; numbers that JSON does not have become null."""
    return _ENCODER.encode(body)


def json_object(value: JsonValue) -> JsonObject | None:
    """Return *value* if it is an object."""
    return value if isinstance(value, Mapping) else None

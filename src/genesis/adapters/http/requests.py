"""What may be sent to the API: queries and bodies, exact in their fields; numbers that are money come as text.

Every body is read strictly first (no duplicate keys, bounded depth), then held against its Struct.
"""

import re
from typing import Annotated, Any, Final, Literal, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta

from genesis.adapters.http.errors import BadBody, BadQuery
from genesis.domain.json_value import JsonValue, parse_json
from genesis.ports.monitor import Category, Severity

MTS_MAX: Final = 32_503_680_000_000
QUERY_FIELDS_MAX: Final = 16
MONEY_PATTERN: Final = r"^-?[0-9]{1,12}(\.[0-9]{1,10})?$(?!\n)"

Limit = Annotated[int, Meta(ge=1, le=500, description="How many items at most.")]
Place = Annotated[int, Meta(ge=0, le=2**53, description="Only older items than this place: `next` of the page before.")]
Moment = Annotated[int, Meta(ge=0, le=MTS_MAX, description="Milliseconds since 1970-01-01 UTC.")]
Points = Annotated[int, Meta(ge=1, le=10_000, description="How many points at most.")]
Money = Annotated[str, Meta(pattern=MONEY_PATTERN, description="Exact money as plain decimal text.")]
Reason = Annotated[str, Meta(min_length=1, max_length=200, description="Why; it stands in the audit log.")]
Code = Annotated[str, Meta(min_length=1, max_length=128, description="The one-time code of a login link.")]
Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)", description="SHA-256 in hexadecimal.")]

Sent = TypeVar("Sent", bound=msgspec.Struct)


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No fields at all."""


class SpanQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    """A page of a history, the youngest first: from *from* up to, but without, *to*."""

    limit: Limit = 100
    before: Place | None = None
    start: Moment | None = None
    end: Moment | None = None


class OrdersQuery(SpanQuery, frozen=True, forbid_unknown_fields=True):
    """A page of orders; *only* leaves out those that are over."""

    only: Literal["all", "open"] = "all"


class EventsQuery(SpanQuery, frozen=True, forbid_unknown_fields=True):
    """A page of events, of one category or severity where they are given."""

    category: Category | None = None
    severity: Severity | None = None


class PointsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    """A part of a chart, oldest first."""

    limit: Points = 1_000
    start: Moment | None = None
    end: Moment | None = None


class LoginBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A one-time code, to be swapped for a session token."""

    code: Code


class ReasonBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why."""

    reason: Reason


class SwitchBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which way to switch, and why."""

    on: bool
    reason: Reason


class KillBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why, and the word `kill`, typed by a person."""

    reason: Reason
    phrase: Literal["kill"]


class FlattenBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why, and the word `flatten`, typed by a person."""

    reason: Reason
    phrase: Literal["flatten"]


class ApplyBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A configuration, which one it replaces, why, and the words `apply config`, typed by a person.

    *confirmation* is the phrase that a dangerous change asks for at its first try.
    """

    document: dict[str, Any]  # Any: judged by the configuration's own schema
    expected_version: Annotated[int, Meta(ge=0, le=2**53)]
    expected_hash: Hash
    reason: Reason
    phrase: Literal["apply config"]
    confirmation: Annotated[str, Meta(max_length=200)] = ""


class RollBackBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The version to go back to, the one that it replaces, why, and the words `roll back`, typed by a person."""

    version: Annotated[int, Meta(ge=0, le=2**53)]
    expected_version: Annotated[int, Meta(ge=0, le=2**53)]
    expected_hash: Hash
    reason: Reason
    phrase: Literal["roll back"]
    confirmation: Annotated[str, Meta(max_length=200)] = ""


class DocumentBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A configuration that is looked at, and not applied."""

    document: dict[str, Any]  # Any: judged by the configuration's own schema


class VersionsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page of versions, the youngest first."""

    limit: Limit = 100
    before: Place | None = None


def read_query(kind: type[Sent], raw: bytes) -> Sent:
    """Return a query string as *kind*; raises `BadQuery`."""
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=QUERY_FIELDS_MAX)
        given = dict(pairs)
        if len(given) != len(pairs):
            raise BadQuery("a parameter stands twice in the query")
        # Lax, for in a query everything is text; what counts as a number there must be plain digits.
        if any(re.fullmatch(r"[0-9]{1,17}|[a-z]{1,16}", value) is None for value in given.values()):
            raise BadQuery("a parameter is neither a plain number nor a word")
        return msgspec.convert(given, kind, strict=False)
    except (ValueError, UnicodeDecodeError) as error:  # msgspec.ValidationError is one, too
        raise BadQuery(f"the query is not what this path takes: {error}") from None


def read_body(kind: type[Sent], raw: bytes) -> Sent:
    """Return a body as *kind*; raises `MalformedJson` or `BadBody`."""
    value: JsonValue = parse_json(raw)
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise BadBody(f"the body is not what this path takes: {error}") from None

"""Requests and responses of the venue, without any server, and how a response may be spoiled on its way."""

from collections.abc import Mapping

from attrs import frozen
from msgspec import Struct, json

JSON = "application/json; charset=utf-8"


@frozen
class Request:
    """One HTTP request: *path* is what follows `/v2/`, *at_ms* the time of the listener, for limits only."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    peer: str
    at_ms: int


class Delivery(Struct, frozen=True):
    """How a response reaches the client: after *delay_ms*, byte by byte, cut at a byte, or never."""

    delay_ms: int = 0
    drip_ms: int = 0
    """Between two bytes; 0 sends at once."""
    cut_at: int | None = None
    """The connection is reset after this many bytes of the body; -1 before the status line."""
    stalls: bool = False


AT_ONCE = Delivery()


@frozen
class Response:
    """One HTTP response."""

    status: int
    body: bytes
    content_type: str = JSON
    delivery: Delivery = AT_ONCE


def error_body(code: int | None, text: str) -> bytes:
    """Return the body of a refusal."""
    return json.encode(["error", code, text])

"""What an answer of the exchange means for the one who asked: codes first, text last, and no guessing.

An order write that is not provably refused ends as `OutcomeUnknown`. Bitfinex answers business errors with HTTP 500, so
the status alone proves nothing: it counts only under a body that the API itself wrote, and only where no code says
more.
Source: Bitfinex documentation, "Abbreviations and error codes"; error bodies as its official clients read them.
"""

import json
import re
from typing import Final, Literal

from attrs import frozen

from genesis.adapters.bitfinex.wire.codec import Row, decode
from genesis.adapters.bitfinex.wire.number import SafeInt
from genesis.ports.errors import (
    AuthRefused,
    ExchangeError,
    Maintenance,
    NotProcessed,
    OutcomeUnknown,
    ProtocolViolation,
    RateLimited,
    Rejected,
    StaleNonce,
)

RATE_LIMIT_PAUSE_S: Final = 60.0
"""How long an address stays blocked. Source: Bitfinex documentation, "Requirements and limitations"."""

RETRY_AFTER_MAX_S: Final = 3600.0

NOT_READY: Final = 11000
PARAMETERS: Final = 10020
GENERIC: Final = 10001
RATE_LIMIT: Final = 11010
STALE_NONCE: Final = 10114
MAINTENANCE: Final = 20060
AUTHENTICATION: Final = frozenset({10100, 10111, 10112, 10113, 10200})
SUBSCRIPTION: Final = range(10300, 10402)
AMBIGUOUS: Final = frozenset({10000, 10008})

REFUSALS: Final = (": invalid", "invalid order", "order not found", "not enough ", "available balance is only")
"""Texts under code 10001 that say no for good."""

ERROR_HEAD: Final = re.compile(rb'\[\s*"error"')

PASSING: Final = "momentary balance check"
PERMISSION: Final = "permission"


@frozen
class Asked:
    """The request that an answer belongs to, as far as its meaning depends on it."""

    endpoint: str
    is_write: bool
    request_id: str = ""

    def unknown(self, text: str, code: int | None = None) -> OutcomeUnknown:
        """Say that the request may have been carried out."""
        return OutcomeUnknown(text, endpoint=self.endpoint, code=code, request_id=self.request_id)

    def unreadable(self, text: str, code: int | None = None) -> ExchangeError:
        """Say that an answer came whose meaning nobody knows: for a write this proves nothing."""
        if self.is_write:
            return self.unknown(text, code)
        return ProtocolViolation(text, endpoint=self.endpoint, code=code, request_id=self.request_id)


class ErrorRow(Row, frozen=True):
    """`["error", CODE, "text"]`; like any row it may grow at its end."""

    head: Literal["error"]
    code: SafeInt | None
    text: str | None


@frozen
class Complaint:
    """An error body: *code* and *text*, whichever there are, and whether the API itself wrote it."""

    code: int | None
    text: str
    is_from_api: bool


def classify(status: int, body: bytes, asked: Asked, retry_after: str = "") -> ExchangeError | None:
    """Return what went wrong, or None for an answer that carries a result.

    *retry_after* is the header of that name, empty when there is none. A notification inside a result has its own
    verdict: `classify_notification`.
    """
    complaint = read_complaint(body)
    if complaint is None:
        return (
            None if status == 200 else _from_status(status, Complaint(None, "", is_from_api=False), asked, retry_after)
        )
    if complaint.code is not None or complaint.text:
        known = _from_code(complaint, asked, retry_after)
        if known is not None:
            return known
    return _from_status(status, complaint, asked, retry_after)


def classify_code(code: int | None, text: str, asked: Asked) -> ExchangeError:
    """Return the meaning of an error event on a WebSocket, which has no status."""
    return _from_code(Complaint(code, text, is_from_api=True), asked, "") or asked.unreadable(text or "an error", code)


def classify_notification(status: str, code: int | None, text: str, asked: Asked) -> ExchangeError | None:
    """Return what a notification refuses, or None for `SUCCESS`; a status that nobody documented proves nothing."""
    if status == "SUCCESS":
        return None
    if status not in {"ERROR", "FAILURE"}:
        return asked.unreadable(f"status {status!r}: {text}", code)
    refusal = None if code in AMBIGUOUS else _from_code(Complaint(code, text, is_from_api=True), asked, "")
    return refusal or Rejected(text or status, endpoint=asked.endpoint, code=code, request_id=asked.request_id)


def read_complaint(body: bytes) -> Complaint | None:
    """Return the error that *body* reports, None when it is a result.

    An unreadable body is a complaint without words.
    """
    start = body.lstrip()
    if start.startswith(b"[") and not ERROR_HEAD.match(start):
        return None
    try:
        if start.startswith(b"["):
            row = decode(body, ErrorRow, endpoint="error")
            return Complaint(row.code, row.text or "", is_from_api=True)
        fields = json.loads(body)
    except (ProtocolViolation, ValueError, RecursionError):
        return Complaint(None, "", is_from_api=False)
    if not isinstance(fields, dict):
        return None
    if fields.get("error") == "ERR_RATE_LIMIT":
        return Complaint(RATE_LIMIT, "ERR_RATE_LIMIT", is_from_api=True)
    words = [fields[name] for name in ("message", "error_description", "error") if isinstance(fields.get(name), str)]
    return Complaint(None, words[0], is_from_api="message" in fields) if words else None


def _from_code(complaint: Complaint, asked: Asked, retry_after: str) -> ExchangeError | None:
    """Return what the code means, None where only the status can tell."""
    code, text = complaint.code, complaint.text or "no text"
    facts = {"endpoint": asked.endpoint, "request_id": asked.request_id}
    match code:
        case _ if code == STALE_NONCE:
            return StaleNonce(text, code=code, **facts)
        case _ if code == RATE_LIMIT:
            return RateLimited(text, code=code, retry_after_s=_pause_s(retry_after), **facts)
        case _ if code == MAINTENANCE:
            return Maintenance(text, code=code, **facts)
        case _ if code == NOT_READY:
            return NotProcessed(text, code=code, **facts)
        case int() if code in AUTHENTICATION:
            return AuthRefused(text, code=code, **facts)
        case int() if code == PARAMETERS or code in SUBSCRIPTION:
            return Rejected(text, code=code, **facts)
        case int() if code in AMBIGUOUS:
            return asked.unknown(text, code)
        case None | 10001:
            return _from_text(complaint, asked)
        case _:
            return None


def _from_text(complaint: Complaint, asked: Asked) -> ExchangeError | None:
    """Return what a generic error's text means; texts change without notice, so an unfamiliar one proves nothing."""
    if not complaint.is_from_api:
        return None
    text, code, lowered = complaint.text, complaint.code, complaint.text.lower()
    facts = {"endpoint": asked.endpoint, "request_id": asked.request_id}
    if PASSING in lowered:
        return NotProcessed(text, code=code, **facts)
    if any(words in lowered for words in REFUSALS):
        return Rejected(text, code=code, **facts)
    if PERMISSION in lowered:
        return AuthRefused(text, code=code, **facts)
    if code == GENERIC and not asked.is_write:
        return Rejected(text, code=code, **facts)
    return None


def _from_status(status: int, complaint: Complaint, asked: Asked, retry_after: str) -> ExchangeError:
    """Return what the status means: a refusal if the API itself wrote the body, otherwise nothing is proven."""
    text, code = f"HTTP {status}: {complaint.text or 'unreadable body'}", complaint.code
    facts = {"endpoint": asked.endpoint, "request_id": asked.request_id}
    is_refusal = complaint.is_from_api or not asked.is_write
    match status:
        case 429 if is_refusal:
            return RateLimited(text, code=code, retry_after_s=_pause_s(retry_after), **facts)
        case 401 | 403 if is_refusal:
            return AuthRefused(text, code=code, **facts)
        case 400 | 404 if is_refusal:
            return Rejected(text, code=code, **facts)
        case 408 | 425:
            return asked.unknown(text, code)
        case _ if status >= 500 and code is None:
            return asked.unknown(text)
        case 200 | 204 if not complaint.is_from_api:
            return asked.unknown(text)
        case _:
            return asked.unreadable(text, code)


def _pause_s(retry_after: str) -> float:
    """Return how long to wait; a date or nonsense in the header counts as the documented pause."""
    seconds = float(retry_after) if retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 7 else 0.0
    return min(seconds or RATE_LIMIT_PAUSE_S, RETRY_AFTER_MAX_S)

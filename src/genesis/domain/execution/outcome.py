"""What the answer to a submit proves: yes, no, or nothing. Only a proof of no lets anyone decide to try again.

A retry is a new intent with a new cid, decided by the strategy. An unanswered submit is never sent again.
"""

from enum import Enum
from typing import Final, NamedTuple, TypeAlias

from attrs import frozen

from genesis.domain.exchange.orders import OrderReport
from genesis.domain.execution.evidence import Accepted, AnswerLost, NothingLeft, Refused, evidence_from_report
from genesis.domain.order import OrderRequest
from genesis.domain.units import InexactNumber, decimal_from_atoms

STALE_NONCE: Final = 10114
NOT_READY: Final = 11000
RATE_LIMIT: Final = 11010
GENERIC: Final = 10001
REFUSING_CODES: Final = frozenset({10020, 10100, 10111, 10112, 10113, *range(10300, 10306)})
"""Codes that say no for good, under whatever HTTP status. Source: Bitfinex, "Abbreviations and error codes"."""

NOT_CARRIED_OUT_CODES: Final = frozenset({STALE_NONCE, NOT_READY, RATE_LIMIT})
"""Codes that say that this request was not carried out, though another one may be."""

REFUSING_TEXTS: Final = (": invalid", "invalid order", "not enough ", "available balance is only")
"""Texts of code 10001 that say no for good."""

REFUSING_STATUSES: Final = frozenset({400, 401, 403, 404, 429})
"""What counts as a no under a body that the API itself wrote."""


class NeverConnected(NamedTuple):
    """The connection was not made, so no byte left."""

    reason: str


class Complained(NamedTuple):
    """A well-formed error of the API, by REST (*http_status*) or as a notification (None)."""

    code: int | None
    text: str
    http_status: int | None = None


class Echoed(NamedTuple):
    """The exchange repeated the order that it took."""

    report: OrderReport


class Unreadable(NamedTuple):
    """Whatever else: a timeout, a reset after the first byte, HTML, half a body, a cancelled wait."""

    reason: str


Answer: TypeAlias = NeverConnected | Complained | Echoed | Unreadable


class Verdict(Enum):
    """What an answer proves about the order."""

    YES = "yes"
    NO = "no"
    NOT_PROCESSED = "not_processed"
    UNKNOWN = "unknown"


@frozen
class Outcome:
    """A verdict with the evidence for `order_life`, and what the exchange took otherwise than asked (D18)."""

    verdict: Verdict
    evidence: Accepted | Refused | NothingLeft | AnswerLost
    differences: tuple[str, ...] = ()


def outcome(order: OrderRequest, answer: Answer) -> Outcome:
    """Return what *answer* proves about *order*; everything that is not on a list proves nothing."""
    match answer:
        case NeverConnected(reason):
            return Outcome(Verdict.NOT_PROCESSED, NothingLeft(reason))
        case Complained():
            return _of_complaint(answer)
        case Echoed(report):
            return _of_echo(order, report)
        case Unreadable(reason):
            return Outcome(Verdict.UNKNOWN, AnswerLost(reason))


def _of_complaint(answer: Complained) -> Outcome:
    code, text, status = answer
    said = f"{text or 'no text'} (code {code})" if code is not None else text or "no text"
    is_notification = status is None
    if code in NOT_CARRIED_OUT_CODES:
        return Outcome(Verdict.NOT_PROCESSED, NothingLeft(said))
    if code in REFUSING_CODES or (code in {None, GENERIC} and any(known in text.lower() for known in REFUSING_TEXTS)):
        return Outcome(Verdict.NO, Refused(said))
    if is_notification or (code is None and status in REFUSING_STATUSES):
        return Outcome(Verdict.NO, Refused(said))
    return Outcome(Verdict.UNKNOWN, AnswerLost(said))


def _of_echo(order: OrderRequest, report: OrderReport) -> Outcome:
    mismatches = [
        f"{name} {theirs}, asked {ours}"
        for name, ours, theirs in (
            ("cid", order.cid, report.cid),
            ("symbol", order.symbol, report.symbol),
            ("side", order.side.value, report.side.value),
        )
        if ours != theirs
    ]
    if mismatches:  # another order's answer (C19): it proves nothing about ours
        return Outcome(Verdict.UNKNOWN, AnswerLost(f"the echo shows {'; '.join(mismatches)}"))
    try:
        seen = evidence_from_report(report)
    except InexactNumber as error:
        return Outcome(Verdict.UNKNOWN, AnswerLost(f"the echo cannot be read: {error}"))
    asked = decimal_from_atoms(order.amount)
    differences = () if report.amount == asked else (f"amount {report.amount}, asked {asked}",)
    return Outcome(Verdict.YES, Accepted(seen.id, seen.filled), differences)

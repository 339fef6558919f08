"""The outcome table: status × body × kind of request, with the verdict that each row must get."""

import pytest

from genesis.adapters.bitfinex.errors import Asked, classify, classify_code, classify_notification
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

HTML = b"<html><head><title>502 Bad Gateway</title></head><body>cloudflare</body></html>"


def error(code: int | str, text: str = "text") -> bytes:
    return f'["error",{code},"{text}"]'.encode()


TABLE: list[tuple[str, int, bytes, type[ExchangeError] | None, type[ExchangeError] | None]] = [
    # name, status, body, verdict of a read, verdict of a write
    ("a result", 200, b"[[1,2]]", None, None),
    ("an empty result", 200, b"[]", None, None),
    ("an object as a result", 200, b'{"a":1}', None, None),
    ("nonce small inside 500 (D10)", 500, error(10114, "nonce: small"), StaleNonce, StaleNonce),
    ("nonce small inside 200", 200, error(10114), StaleNonce, StaleNonce),
    ("key invalid (D11)", 500, error(10100, "apikey: invalid"), AuthRefused, AuthRefused),
    ("payload invalid (D11)", 500, error(10111), AuthRefused, AuthRefused),
    ("signature invalid (D11)", 500, error(10112), AuthRefused, AuthRefused),
    ("digest invalid (D11)", 401, error(10113), AuthRefused, AuthRefused),
    ("rate limit array (D12)", 429, error(11010, "ratelimit: error"), RateLimited, RateLimited),
    ("rate limit object (D12)", 429, b'{"error":"ERR_RATE_LIMIT"}', RateLimited, RateLimited),
    ("rate limit inside 500", 500, error(11010), RateLimited, RateLimited),
    ("rate limit page of the CDN", 429, HTML, RateLimited, OutcomeUnknown),
    ("not ready (D13)", 500, error(11000), NotProcessed, NotProcessed),
    ("concurrency (D13)", 500, error(10008), OutcomeUnknown, OutcomeUnknown),
    ("unknown error", 500, error(10000), OutcomeUnknown, OutcomeUnknown),
    ("maintenance (D15)", 500, error(20060, "maintenance"), Maintenance, Maintenance),
    ("bad parameter (D17)", 500, error(10020, "symbol: invalid"), Rejected, Rejected),
    ("bad parameter inside 400", 400, error(10020, "limit: invalid"), Rejected, Rejected),
    ("bad price (D17)", 500, error(10001, "price: invalid"), Rejected, Rejected),
    ("no balance (D17)", 500, error(10001, "Invalid order: not enough exchange balance for 1"), Rejected, Rejected),
    ("too small (D17)", 500, error(10001, "Invalid order: minimum size for BTC/USD is 0.1"), Rejected, Rejected),
    ("available balance", 500, error(10001, "available balance is only 3"), Rejected, Rejected),
    ("no such order", 500, error(10001, "Order not found."), Rejected, Rejected),
    ("momentary check", 500, error(10001, "Momentary balance check. Please wait"), NotProcessed, NotProcessed),
    ("no permission", 500, error(10001, "permission denied"), AuthRefused, AuthRefused),
    ("generic with new words", 500, error(10001, "the moon is full"), Rejected, OutcomeUnknown),
    ("null code, known words", 500, error("null", "amount: invalid"), Rejected, Rejected),
    ("null code, new words", 500, error("null", "the moon is full"), OutcomeUnknown, OutcomeUnknown),
    ("a field more (D29)", 500, b'["error",10114,"nonce: small",{"new":1}]', StaleNonce, StaleNonce),
    ("spaces", 500, b'[ "error", 10114, "nonce: small" ]', StaleNonce, StaleNonce),
    ("no text", 500, b'["error",10114]', OutcomeUnknown, OutcomeUnknown),
    ("null text", 500, b'["error",10020,null]', Rejected, Rejected),
    ("subscription code", 500, error(10300), Rejected, Rejected),
    ("the last subscription code", 500, error(10305), Rejected, Rejected),
    ("collateral", 500, error(110202, "collateral: market risk"), ProtocolViolation, OutcomeUnknown),
    ("undocumented code in 500", 500, error(98765), ProtocolViolation, OutcomeUnknown),
    ("undocumented code in 200", 200, error(98765), ProtocolViolation, OutcomeUnknown),
    ("undocumented code in 400 of the API (6.2)", 400, error(98765), Rejected, Rejected),
    ("undocumented code in 401 of the API (6.2)", 401, error(98765), AuthRefused, AuthRefused),
    ("undocumented code in 429 of the API (6.2)", 429, error(98765), RateLimited, RateLimited),
    ("undocumented code in 403 of the API (6.2)", 403, error(98765), AuthRefused, AuthRefused),
    ("undocumented code in 404 of the API (6.2)", 404, error(98765), Rejected, Rejected),
    ("legacy object in 400", 400, b'{"message":"whatever"}', Rejected, Rejected),
    ("legacy object in 500", 500, b'{"message":"whatever"}', OutcomeUnknown, OutcomeUnknown),
    ("gateway object", 503, b'{"code":503,"error":"temporarily_unavailable"}', OutcomeUnknown, OutcomeUnknown),
    ("gateway object in 404", 404, b'{"code":404,"error":"route"}', Rejected, OutcomeUnknown),
    *((f"CDN page {s} (C12)", s, HTML, OutcomeUnknown, OutcomeUnknown) for s in (500, 502, 503, 504, 520, 522, 526)),
    ("page in 200 (C12)", 200, HTML, OutcomeUnknown, OutcomeUnknown),
    ("indented page in 200", 200, b"\n  " + HTML, OutcomeUnknown, OutcomeUnknown),
    ("page in 403", 403, HTML, AuthRefused, OutcomeUnknown),
    ("a number in 200", 200, b"17", None, None),
    ("a number in 500", 500, b"17", OutcomeUnknown, OutcomeUnknown),
    ("nothing in 200", 200, b"", OutcomeUnknown, OutcomeUnknown),
    ("nothing in 204 (C12)", 204, b"", OutcomeUnknown, OutcomeUnknown),
    ("redirect (C12)", 302, b"", ProtocolViolation, OutcomeUnknown),
    ("redirect with a body", 307, HTML, ProtocolViolation, OutcomeUnknown),
    ("request timeout (C12)", 408, b"", OutcomeUnknown, OutcomeUnknown),
    ("too large (C12)", 413, HTML, ProtocolViolation, OutcomeUnknown),
    ("a result inside 500", 500, b"[[1,2]]", OutcomeUnknown, OutcomeUnknown),
    ("a result inside 404", 404, b"[[1,2]]", Rejected, OutcomeUnknown),
    ("half an error (C4)", 500, b'["error",100', OutcomeUnknown, OutcomeUnknown),
    ("an error with a text for a code", 500, b'["error","10114","nonce: small"]', OutcomeUnknown, OutcomeUnknown),
    ("an error without end", 500, b'["error",' + b"[" * 100_000, OutcomeUnknown, OutcomeUnknown),
    ("an object without end", 500, b'{"a":' * 100_000, OutcomeUnknown, OutcomeUnknown),
    ("bad UTF-8", 500, b'["error",10114,"\xff"]', OutcomeUnknown, OutcomeUnknown),
]


@pytest.mark.parametrize("is_write", [False, True], ids=["read", "write"])
@pytest.mark.parametrize("case", TABLE, ids=[case[0] for case in TABLE])
def test_each_answer_has_one_meaning(
    case: tuple[str, int, bytes, type[ExchangeError] | None, type[ExchangeError] | None], is_write: bool
) -> None:
    _, status, body, read, write = case
    verdict = classify(status, body, Asked("auth/x", is_write, "r1"))
    assert (type(verdict) if verdict else None) is (write if is_write else read)
    if verdict:
        assert (verdict.endpoint, verdict.request_id) == ("auth/x", "r1")


@pytest.mark.parametrize(
    ("header", "seconds"), [("", 60.0), ("7", 7.0), ("0", 60.0), ("Wed, 21 Oct", 60.0), ("999999", 3600.0), ("²", 60.0)]
)
def test_a_rate_limit_says_how_long(header: str, seconds: float) -> None:
    verdict = classify(429, error(11010), Asked("x", is_write=False), header)
    assert isinstance(verdict, RateLimited)
    assert verdict.retry_after_s == seconds


@pytest.mark.parametrize(
    ("status", "code", "text", "verdict"),
    [
        ("SUCCESS", None, "ok", None),
        ("ERROR", None, "Invalid order: minimum size for BTC/USD is 0.1", Rejected),
        ("ERROR", None, "the moon is full", Rejected),
        ("FAILURE", 10001, "the moon is full", Rejected),
        ("ERROR", 10000, "unknown", Rejected),
        ("ERROR", 98765, "", Rejected),
        ("ERROR", 20060, "maintenance", Maintenance),
        ("ERROR", 11010, "ratelimit: error", RateLimited),
        ("PENDING", None, "later", OutcomeUnknown),
    ],
)
def test_a_refused_notification_is_final_although_http_said_200(
    status: str, code: int | None, text: str, verdict: type[ExchangeError] | None
) -> None:
    found = classify_notification(status, code, text, Asked("auth/w/order/submit", is_write=True))
    assert (type(found) if found else None) is verdict


def test_an_error_event_needs_no_status() -> None:
    assert type(classify_code(10300, "symbol: invalid", Asked("subscribe", is_write=False))) is Rejected
    assert type(classify_code(None, "", Asked("on", is_write=True))) is OutcomeUnknown
    assert type(classify_code(4, "", Asked("subscribe", is_write=False))) is ProtocolViolation

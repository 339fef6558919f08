"""When to try again: every kind of error, for reads and for writes."""

import pytest

from genesis.adapters.bitfinex.retry import ATTEMPTS_MAX, retry_delay_s
from genesis.domain.resilience import Backoff
from genesis.ports.errors import (
    AuthRefused,
    ExchangeError,
    KeyContended,
    Maintenance,
    NotProcessed,
    OutcomeUnknown,
    ProtocolViolation,
    RateLimited,
    Rejected,
    StaleNonce,
    Unreachable,
)

HALF_A_SECOND = Backoff(1.0, 30.0)


@pytest.mark.parametrize(
    ("error", "read"),
    [
        (Unreachable("", endpoint="x"), 0.5),
        (NotProcessed("", endpoint="x"), 0.5),
        (RateLimited("", endpoint="x", retry_after_s=7), 7.5),
        (Maintenance("", endpoint="x"), 0.5),
        (OutcomeUnknown("", endpoint="x"), 0.5),
        (StaleNonce("", endpoint="x"), None),
        (KeyContended("", endpoint="x"), None),
        (AuthRefused("", endpoint="x"), None),
        (Rejected("", endpoint="x"), None),
        (ProtocolViolation("", endpoint="x"), None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, ExchangeError) else "",
)
def test_a_read_waits_or_ends_and_a_write_is_sent_once(error: ExchangeError, read: float | None) -> None:
    assert retry_delay_s(error, 1, HALF_A_SECOND, 0.5, is_write=False) == read
    assert retry_delay_s(error, 1, HALF_A_SECOND, 0.5, is_write=True) is None


def test_there_is_a_last_try() -> None:
    error = Unreachable("", endpoint="x")
    assert retry_delay_s(error, ATTEMPTS_MAX - 1, HALF_A_SECOND, 0.5, is_write=False) is not None
    assert retry_delay_s(error, ATTEMPTS_MAX, HALF_A_SECOND, 0.5, is_write=False) is None

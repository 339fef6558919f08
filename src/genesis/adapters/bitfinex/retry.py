"""When to try again: one pure judgement over an error and the kind of request it ended."""

from typing import Final

from genesis.domain.resilience import Backoff
from genesis.ports.errors import ExchangeError, NotProcessed, OutcomeUnknown, RateLimited, StaleNonce

ATTEMPTS_MAX: Final = 8


def retry_delay_s(
    error: ExchangeError, failures: int, backoff: Backoff, random: float, *, is_write: bool
) -> float | None:
    """Return how long to wait before the next try, None where there must be none.

    A read is repeated after everything that may pass. A write is sent once: whoever decided it decides anew, for
    meanwhile it may not be meant any more, or another way may be open. *random* is uniform in [0, 1).
    """
    if is_write or failures >= ATTEMPTS_MAX or isinstance(error, StaleNonce):
        return None
    delay_s = backoff.delay_s(failures, random)
    match error:
        case RateLimited():
            return error.retry_after_s + delay_s
        case NotProcessed() | OutcomeUnknown():
            return delay_s
        case _:
            return None

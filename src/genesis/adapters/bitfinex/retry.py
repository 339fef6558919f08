"""When to try again: one pure judgement over an error and the kind of request it ended."""

from typing import Final

from genesis.domain.resilience import Backoff, Priority
from genesis.ports.errors import ExchangeError, Maintenance, NotProcessed, OutcomeUnknown, RateLimited, StaleNonce

ATTEMPTS_MAX: Final = 8


def retry_delay_s(
    error: ExchangeError, failures: int, backoff: Backoff, random: float, priority: Priority, *, is_write: bool
) -> float | None:
    """Return how long to wait before the next try, None where there must be none.

    A read may be repeated after everything that may pass. A write only after proof that nothing happened, and not where
    waiting would take longer than an order stays meant: rate limits and maintenance go to the one who decides. A cancel
    is never repeated here: whoever cancels asks again by the way that is open then, which may be another one.
    *random* is uniform in [0, 1).
    """
    if failures >= ATTEMPTS_MAX or priority is Priority.CANCEL or isinstance(error, StaleNonce):
        return None
    delay_s = backoff.delay_s(failures, random)
    match error:
        case RateLimited():
            return None if is_write else error.retry_after_s + delay_s
        case Maintenance() | OutcomeUnknown():
            return None if is_write else delay_s
        case NotProcessed():
            return delay_s
        case _:
            return None

"""The two counters of a store, and how far the mark of each runs ahead."""

from enum import IntEnum
from typing import Final

from genesis.domain.nonce import CID_MAX, CIDS_PER_MS, NumberRefused, cid_after, nonce_after, nonce_limit
from genesis.ports.errors import ClockAhead

LEASE_US: Final = 10_000_000
"""How far marks run ahead: a sync in ten seconds. After a power cut numbers start there, well within 60 s."""

_LEASE_CIDS: Final = LEASE_US // 1000 * CIDS_PER_MS


class Counter(IntEnum):
    """Which number; its value is its place in marks and in the live page."""

    NONCE = 0
    CID = 1


def number_after(counter: Counter, last: int, wall_us: int, exchange_us: int) -> int:
    """Return the number that follows *last*; raises `ClockAhead`."""
    try:
        if counter is Counter.NONCE:
            return nonce_after(last, wall_us, exchange_us)
        return cid_after(last, wall_us, exchange_us)
    except NumberRefused as error:
        raise ClockAhead(f"{error}. No signed call is made until then") from error


def mark_for(counter: Counter, number: int, exchange_us: int) -> int:
    """Return the mark to sync before *number* is used: ahead of it, but never where numbers may not go."""
    if counter is Counter.NONCE:
        return max(number, min(number + LEASE_US, nonce_limit(exchange_us)))
    return max(number, min(number + _LEASE_CIDS, CID_MAX))


def check_floor(counter: Counter, floor: int, exchange_us: int) -> None:
    """Raise `ClockAhead` if the counter cannot be raised to *floor*, for no number could follow it now."""
    limit = nonce_limit(exchange_us) if counter is Counter.NONCE else CID_MAX
    if floor >= limit:
        raise ClockAhead(
            f"{counter.name.lower()} {floor} is not below {limit}, the most allowed now: the counter stays"
        )

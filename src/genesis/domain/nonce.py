"""Nonces and client order ids as numbers: what may follow the last one, given what the clocks say.

A nonce is microseconds of the epoch, on REST and on WebSocket alike: the exchange keeps one counter per key for both,
and after one microsecond nonce a millisecond one is refused for ever.
Source: Bitfinex documentation, "Authenticated endpoints".
"""

from typing import Final, NewType

from genesis.domain.order import Cid

Nonce = NewType("Nonce", int)
"""Microseconds since the epoch, strictly rising per API key, <= 2^53 - 1: nanoseconds would be above `NONCE_MAX`."""

NONCE_MAX: Final = 2**53 - 1
"""The largest nonce that the exchange takes. Source: Bitfinex documentation, "Authenticated endpoints"."""

CID_MAX: Final = 2**45 - 1
"""The largest client order id. Source: Bitfinex documentation, "New order": int45."""

CIDS_PER_MS: Final = 16
"""Client order ids in a millisecond of the clock; `CID_MAX` is then reached in September 2039."""

OUR_CID_MS_MAX: Final = 86_400_000
"""How far the time in one of our client order ids may be from that of its order."""

AHEAD_US_MAX: Final = 60_000_000
"""How far a nonce may be ahead of the exchange: one that is too large makes every honest one after it too small."""


class NumberRefused(ValueError):
    """No number can be given now without harming the key; the text says which clock or counter is wrong."""


def _check_clock(wall_us: int, exchange_us: int) -> None:
    if wall_us > exchange_us + AHEAD_US_MAX:
        ahead_s = (wall_us - exchange_us) // 1_000_000
        raise NumberRefused(
            f"the clock of this machine is {ahead_s} s ahead of the exchange (60 s allowed): set the clock"
        )


def nonce_limit(exchange_us: int) -> int:
    """Return the largest nonce that may be used while the exchange's clock says *exchange_us*."""
    return min(exchange_us + AHEAD_US_MAX, NONCE_MAX)


def nonce_after(last: int, wall_us: int, exchange_us: int) -> Nonce:
    """Return the nonce that follows *last*: the clock, or one more than *last* where the clock is behind it.

    Raises `NumberRefused` if our clock, or the counter, is more than 60 s ahead of the exchange.
    """
    number = wall_us if wall_us > last else last + 1
    if number > nonce_limit(exchange_us):
        _check_clock(wall_us, exchange_us)
        ahead_s = (number - exchange_us) // 1_000_000
        raise NumberRefused(
            f"the next nonce is {ahead_s} s ahead of the exchange (60 s allowed): wait, or set a late clock"
        )
    return Nonce(number)


def cid_after(last: int, wall_us: int, exchange_us: int) -> Cid:
    """Return the client order id that follows *last*: sixteen a millisecond of the clock, never one twice.

    Raises `NumberRefused` if our clock is more than 60 s ahead of the exchange, and when the ids have run out.
    """
    _check_clock(wall_us, exchange_us)
    number = max(wall_us // 1000 * CIDS_PER_MS, last + 1)
    if number > CID_MAX:
        raise NumberRefused(f"client order id {number} does not fit into 45 bits: check the clock of this machine")
    return Cid(number)


def is_our_cid(cid: object, created_ms: object) -> bool:
    """Whether a client order id is made as ours are: of about the time at which the exchange created the order.

    Other programs count otherwise; the exchange's own ids are plain milliseconds.
    """
    if not isinstance(cid, int) or not isinstance(created_ms, int):
        return False
    return abs(cid // CIDS_PER_MS - created_ms) <= OUR_CID_MS_MAX

"""Nonces and client order ids from memory: for keys that live no longer than the process, as in the local venue."""

from collections.abc import Callable

from genesis.domain.nonce import Nonce, NumberRefused, cid_after, nonce_after, nonce_limit
from genesis.domain.order import Cid
from genesis.ports.clock import Clock
from genesis.ports.errors import ClockAhead


class MemoryNonces:
    """The counters of one key in one event loop.

    *exchange_us* tells the exchange's time in microseconds; by default the clock is taken at its word. *floor* and
    *cid_floor* are the last numbers known to be used.
    """

    def __init__(
        self, clock: Clock, exchange_us: Callable[[], int] | None = None, floor: int = 0, cid_floor: int = 0
    ) -> None:
        self._clock = clock
        self._exchange_us = exchange_us or clock.now_us
        self._nonce = floor
        self._cid = cid_floor

    async def next(self) -> Nonce:
        """Return the next nonce."""
        try:
            nonce = nonce_after(self._nonce, self._clock.now_us(), self._exchange_us())
        except NumberRefused as error:
            raise ClockAhead(str(error)) from error
        self._nonce = nonce
        return nonce

    async def bump(self, above: int) -> None:
        """Make every later nonce larger than *above*."""
        limit = nonce_limit(self._exchange_us())
        if above >= limit:
            raise ClockAhead(f"nonce {above} is not below {limit}, exchange time + 60 s: the counter stays")
        self._nonce = max(self._nonce, above)

    async def next_cid(self) -> Cid:
        """Return the next client order id."""
        try:
            cid = cid_after(self._cid, self._clock.now_us(), self._exchange_us())
        except NumberRefused as error:
            raise ClockAhead(str(error)) from error
        self._cid = cid
        return cid

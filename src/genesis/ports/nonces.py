"""Nonces and client order ids of one API key, as a port."""

from typing import Protocol

from genesis.domain.nonce import Nonce
from genesis.domain.order import Cid


class NonceStore(Protocol):
    """The counters of one API key, shared by everything on this host that signs with it.

    A number is larger than every number whose call had returned before this call began: over tasks, threads, processes,
    restarts, kills, power cuts and steps of the clock. It is durable before the caller sees it. Gaps are normal.

    The calls are async for the rare one: mostly they return in microseconds without suspending; when a mark must be
    synced to disk, or another process holds the lock, they continue in a thread, so that a slow disk never stops the
    loop. Cancelling a call skips at most one number. Nonces must also *arrive* in order: the caller holds one lock per
    key over taking, signing and sending.

    Every method raises `ClockAhead` while this machine's clock or the counter is more than 60 s ahead of the exchange,
    and `StoreError` when the store cannot be read, locked or written: then no signed call may be made. Nothing falls
    back to the clock.
    """

    async def next(self) -> Nonce:
        """Return the next nonce: the clock's microseconds or the last one + 1, <= exchange time + 60 s, < 2^53."""

    async def bump(self, above: int) -> None:
        """Make every later nonce larger than *above*, after a `nonce: small`; lower values change nothing.

        Raises `ClockAhead` when *above* itself is not below exchange time + 60 s: then nothing has changed.
        """

    async def next_cid(self) -> Cid:
        """Return an id never used with this key on any day, rising, < 2^45 (ids run out in September 2039)."""

"""A change happens once, however often its request arrives: one answer a key.

Answers are kept for the life of the session, the last thousand of them; each change also names its key in the audit
log. A key that comes with another request is refused. While the first is under way, the second waits for its answer.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

from attrs import frozen

from genesis.adapters.http.errors import ReusedKey
from genesis.ports.errors import GenesisError, StoreError

KEPT_MAX: Final = 1_000


@frozen(eq=False)
class _Kept:
    fingerprint: bytes
    answer: "asyncio.Future[object]"


class OnceByKey:
    """Remembers what came of each key, by who used it."""

    def __init__(self, kept_max: int = KEPT_MAX) -> None:
        self._kept_max = kept_max
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()

    async def run(self, who: str, key: str, request: bytes, change: Callable[[], Awaitable[object]]) -> object:
        """Return what *change* returned, or raise what it raised, the first time that *who* used *key*.

        *request* is all that makes the request what it is. Raises `ReusedKey` where it was another. What could not be
        recorded was not done, so such a failure is not kept and the key may be used again.
        """
        fingerprint = hashlib.sha256(request).digest()
        kept = self._kept.get((who, key))
        if kept is not None:
            if kept.fingerprint != fingerprint:
                raise ReusedKey("this Idempotency-Key came with another request before: use a new one")
            return await asyncio.shield(kept.answer)
        answer: asyncio.Future[object] = asyncio.ensure_future(_awaited(change))
        answer.add_done_callback(lambda done: self._settle(who, key, done))
        self._kept[(who, key)] = _Kept(fingerprint, answer)
        if len(self._kept) > self._kept_max:
            self._kept.popitem(last=False)
        return await asyncio.shield(answer)  # a browser that leaves does not undo it

    def _settle(self, who: str, key: str, done: "asyncio.Future[object]") -> None:
        error = None if done.cancelled() else done.exception()
        if done.cancelled() or isinstance(error, StoreError) or (error and not isinstance(error, GenesisError)):
            self._kept.pop((who, key), None)


async def _awaited(change: Callable[[], Awaitable[object]]) -> object:
    return await change()

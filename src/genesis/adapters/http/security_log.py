"""What happens at the door: who came in, who did not, and from where, in the audit log and among the events.

Tokens and codes never stand there, whole or in part. A stranger cannot fill the disk: of failures only so many a minute
are recorded, while all are counted.
"""

import asyncio
from typing import Final

from genesis.adapters.http.limiter import EVERYBODY, FAILURES_MAX, MinuteLimiter, peer_of
from genesis.domain.json_value import JsonObject
from genesis.ports.audit import AuditLog
from genesis.ports.clock import Clock
from genesis.ports.errors import StoreError
from genesis.ports.monitor import MonitorFeed, Severity

RECORDED_MAX: Final = 60
"""Failures of everybody together that are recorded within a minute."""

GUESSING_MAX: Final = 10
"""Warnings within a minute that somebody guesses, of everybody together; one peer makes one."""

RECORD_WITHIN_S: Final = 2.0


class SecurityLog:
    """Tells what happened at the door; whoever may come in gets in though it could not be recorded.

    A disk that is full or slow must not keep the owner from killing the session.
    """

    def __init__(self, audit: AuditLog, feed: MonitorFeed, clock: Clock) -> None:
        self._audit = audit
        self._feed = feed
        self._clock = clock
        self._failures = MinuteLimiter(FAILURES_MAX)
        self._recorded = MinuteLimiter(RECORDED_MAX)
        self._guessing = MinuteLimiter(1)
        self._guessers = MinuteLimiter(GUESSING_MAX)

    async def tell(self, name: str, facts: JsonObject, severity: Severity = "info") -> None:
        """Record that *name* happened, such as `login`, with *facts*, and tell it as an event."""
        self._feed.note("security", f"security.{name}", facts, severity)
        try:
            async with asyncio.timeout(RECORD_WITHIN_S):
                await self._audit.append({"action": f"security.{name}", **facts})
        except (StoreError, TimeoutError) as error:
            reason = str(error) or f"the disk took longer than {RECORD_WITHIN_S:g} s"
            self._feed.note("security", "security.not_recorded", {"event": name, "reason": reason}, "error")

    async def failed(self, name: str, address: str) -> bool:
        """Count that somebody at *address* did not prove who they are; tell whether that was once too often.

        A slip is worth knowing, and a page that was left open makes one after a restart; only guessing is a warning.
        """
        now_s = self._clock.monotonic_s()
        peer = peer_of(address)
        if self._failures.is_too_much(peer, now_s):
            is_known = self._guessing.is_too_much(peer, now_s)
            if not is_known and not self._guessers.is_too_much(EVERYBODY, now_s):
                await self.tell("guessing", {"address": address}, "warning")
            return True
        if not self._recorded.is_too_much(EVERYBODY, now_s):
            await self.tell(name, {"address": address})
        return False

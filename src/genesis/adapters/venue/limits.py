"""Rate limits: requests a minute of one address to one endpoint, and connections.

Source: Bitfinex documentation, "Requirements and limitations" and the page of each endpoint.
"""

from collections import defaultdict, deque
from typing import Final

from genesis.adapters.venue.complaints import RATE_LIMIT, Complaint

MINUTE_MS: Final = 60_000
BLOCK_MS: Final = 60_000

REQUESTS_A_MINUTE: Final = (
    ("platform/status", 30),
    ("tickers", 30),
    ("ticker", 90),
    ("trades", 15),
    ("book", 240),
    ("candles", 30),
    ("stats1", 15),
    ("liquidations", 3),
    ("auth/r/alerts", 45),
)
OTHERWISE: Final = 90

CONNECTIONS: Final = 20
CONNECTIONS_IN_MS: Final = MINUTE_MS
"""New sockets of one address. The exchange has two hosts with 5 in 15 s and 20 a minute; one port takes the second."""


LOGINS: Final = 20
LOGINS_IN_MS: Final = MINUTE_MS
"""Attempts to log in, of one address. That there is a limit is documented, its size is not: the new connections'."""


class Limits:
    """Counts per address and endpoint; *enforced* can be switched off for drills that are about something else."""

    def __init__(self, *, enforced: bool) -> None:
        self.enforced = enforced
        self._requests: defaultdict[tuple[str, str], deque[int]] = defaultdict(deque)
        self._blocked: dict[tuple[str, str], int] = {}
        self._connections: defaultdict[str, deque[int]] = defaultdict(deque)
        self._logins: defaultdict[str, deque[int]] = defaultdict(deque)

    def request(self, peer: str, path: str, at_ms: int) -> None:
        """Count a request; raises `Complaint` beyond the limit and for a minute after."""
        if not self.enforced:
            return
        endpoint, allowed = _endpoint(path)
        who = (peer, endpoint)
        if at_ms < self._blocked.get(who, 0):
            raise Complaint(RATE_LIMIT, "ratelimit: error", 429)
        if not _take(self._requests[who], at_ms, MINUTE_MS, allowed):
            self._blocked[who] = at_ms + BLOCK_MS
            raise Complaint(RATE_LIMIT, "ratelimit: error", 429)

    def login(self, peer: str, at_ms: int) -> None:
        """Count an attempt to log in; raises `Complaint` beyond the limit."""
        if self.enforced and not _take(self._logins[peer], at_ms, LOGINS_IN_MS, LOGINS):
            raise Complaint(RATE_LIMIT, "rate: limit")

    def connection(self, peer: str, at_ms: int) -> bool:
        """Count a new socket; False beyond the limit."""
        return not self.enforced or _take(self._connections[peer], at_ms, CONNECTIONS_IN_MS, CONNECTIONS)


def _endpoint(path: str) -> tuple[str, int]:
    for beginning, allowed in REQUESTS_A_MINUTE:
        if path.startswith(beginning):
            return beginning, allowed
    parts = path.split("/")
    return "/".join(parts[:4] if parts[0] == "auth" else parts[:1]), OTHERWISE


def _take(times: deque[int], now: int, window: int, allowed: int) -> bool:
    while times and times[0] <= now - window:
        times.popleft()
    if len(times) >= allowed:
        return False
    times.append(now)
    return True

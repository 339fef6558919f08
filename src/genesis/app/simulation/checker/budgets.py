"""How often each endpoint is asked: never more in a minute than the exchange allows, whichever process asks."""

import re
from collections import deque
from collections.abc import Mapping
from typing import Final

from attrs import define, field

from genesis.app.simulation.checker.findings import Findings

WINDOW_S: Final = 60.0
SYMBOL: Final = re.compile(r"/t[A-Z0-9]{3,}(:[A-Z0-9]+)?\b")
A_MINUTE: Final[Mapping[str, int]] = {
    "platform/status": 30,
    "tickers": 30,
    "trades": 15,
    "book": 240,
    "candles": 30,
    "stats1": 15,
    "liquidations": 3,
    "auth/r/alerts": 45,
}
"""Requests that each endpoint takes in a minute. Source: Bitfinex documentation, "Rate limits"."""

OTHERS_A_MINUTE: Final = 90


@define(eq=False)
class Budgets:
    """Counts requests by endpoint."""

    findings: Findings
    _left_s: dict[str, deque[float]] = field(factory=dict)

    def request_left(self, path: str) -> None:
        """Take the path of a request that leaves, without its version."""
        endpoint = SYMBOL.sub("", path)
        family = next((name for name in A_MINUTE if endpoint == name or endpoint.startswith(f"{name}/")), endpoint)
        most, now_s = A_MINUTE.get(family, OTHERS_A_MINUTE), self.findings.now_s()
        left_s = self._left_s.setdefault(family, deque())
        while left_s and left_s[0] <= now_s - WINDOW_S:
            left_s.popleft()
        left_s.append(now_s)
        self.findings.require(len(left_s) <= most, "I35", f"{len(left_s)} requests to {family} within a minute")

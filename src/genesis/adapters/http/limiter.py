"""Who failed to prove who they are, and how often: a sliding minute on the monotonic clock.

Only failures count. A valid token is never looked up here, so nobody can lock the owner out, and a clock that steps
changes nothing.
"""

from collections import OrderedDict, deque
from typing import Final

FAILURES_MAX: Final = 10
OVER_S: Final = 60.0
PAUSE_S: Final = 1.0
PEERS_MAX: Final = 1_024


class FailureLimiter:
    """After *failures_max* failures within a minute, a peer's further ones are answered with a pause to keep."""

    def __init__(self, failures_max: int = FAILURES_MAX, peers_max: int = PEERS_MAX) -> None:
        self._failures_max = failures_max
        self._peers_max = peers_max
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def failed(self, peer: str, now_s: float) -> bool:
        """Count a failure of *peer* at the monotonic time *now_s*; tell whether it has had too many."""
        times = self._failures.get(peer)
        if times is None:
            times = self._failures[peer] = deque(maxlen=self._failures_max + 1)
            if len(self._failures) > self._peers_max:
                self._failures.popitem(last=False)
        self._failures.move_to_end(peer)
        while times and now_s - times[0] > OVER_S:
            times.popleft()
        times.append(now_s)
        return len(times) > self._failures_max

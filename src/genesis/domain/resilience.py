"""Waiting, giving up, and rationing, as state machines.

Time and randomness are passed in, nothing here waits or asks a clock. Times are seconds of one monotonic clock.
"""

from collections import deque
from enum import Enum, IntEnum
from typing import Final

from attrs import define, field, frozen


@frozen
class Backoff:
    """Exponential back-off with full jitter: any delay from nothing to the bound is equally likely.

    Full jitter spreads those who failed together better than a jittered bound does.
    Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """

    base_s: float = 0.5
    max_s: float = 30.0

    def __attrs_post_init__(self) -> None:
        if not 0 < self.base_s <= self.max_s:
            raise ValueError(f"back-off must satisfy 0 < base <= maximum, was {self.base_s} and {self.max_s}")

    def delay_s(self, failures: int, random: float) -> float:
        """Return the wait after *failures* >= 1 failures in a row; *random* is uniform in [0, 1)."""
        return random * min(self.max_s, self.base_s * 2.0 ** min(failures - 1, 62))


class BreakerState(Enum):
    """What a circuit breaker lets through: everything, nothing, a few probes."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@frozen
class BreakerRules:
    """When to open: the rate of failures among at least *calls_min* calls of the last *window_s*.

    How long, and how to probe.
    """

    window_s: float = 60.0
    calls_min: int = 10
    error_rate_max: float = 0.5
    open_s: float = 15.0
    probes: int = 2

    def __attrs_post_init__(self) -> None:
        if (
            min(self.window_s, self.open_s) <= 0
            or min(self.calls_min, self.probes) < 1
            or not 0 < self.error_rate_max < 1
        ):
            raise ValueError(f"{self} cannot work: times must be > 0, counts >= 1, the rate between 0 and 1")


@define
class Breaker:
    """A circuit breaker over the calls to one host.

    CLOSED counts; when the error rate passes its limit it is OPEN for `open_s`, then HALF_OPEN: as many calls as there
    are probes may pass, a failure opens it again, and when all have succeeded it is CLOSED with a clean slate. A probe
    that never reports is forgotten after `open_s`, so a cancelled call cannot keep the breaker half-open for ever.
    """

    rules: BreakerRules = BreakerRules()
    state: BreakerState = BreakerState.CLOSED
    _results: deque[tuple[float, bool]] = field(factory=deque, init=False)
    _changed_s: float = field(default=0.0, init=False)
    _probing: int = field(default=0, init=False)
    _succeeded: int = field(default=0, init=False)

    def wait_s(self, now_s: float) -> float:
        """Return 0 if a call may pass now, otherwise the seconds until it is worth asking again."""
        if self.state is BreakerState.CLOSED:
            return 0.0
        rest_s = max(0.0, self._changed_s + self.rules.open_s - now_s)
        if self.state is BreakerState.OPEN or self._probing + self._succeeded >= self.rules.probes:
            return rest_s
        return 0.0

    def start(self, now_s: float) -> None:
        """Note that a call passes, asked for or not: an urgent one may pass an open breaker, and its success counts."""
        if self.state is not BreakerState.CLOSED and now_s >= self._changed_s + self.rules.open_s:
            self._turn(BreakerState.HALF_OPEN, now_s)
        if self.state is BreakerState.HALF_OPEN:
            self._probing += 1

    def finish(self, now_s: float, *, is_failure: bool) -> None:
        """Note how a call ended."""
        if self.state is BreakerState.CLOSED:
            self._count(now_s, is_failure=is_failure)
        elif self.state is BreakerState.HALF_OPEN:
            self._probing = max(0, self._probing - 1)
            self._succeeded += not is_failure
            if is_failure:
                self._turn(BreakerState.OPEN, now_s)
            elif self._succeeded >= self.rules.probes:
                self._turn(BreakerState.CLOSED, now_s)

    def _count(self, now_s: float, *, is_failure: bool) -> None:
        self._results.append((now_s, is_failure))
        while self._results[0][0] <= now_s - self.rules.window_s:
            self._results.popleft()
        failures = sum(failed for _, failed in self._results)
        if len(self._results) >= self.rules.calls_min and failures > self.rules.error_rate_max * len(self._results):
            self._turn(BreakerState.OPEN, now_s)

    def _turn(self, state: BreakerState, now_s: float) -> None:
        self.state, self._changed_s = state, now_s
        self._probing = self._succeeded = 0
        self._results.clear()


class Priority(IntEnum):
    """Who goes first when requests are scarce; the smaller number wins."""

    CANCEL = 0
    ORDER = 1
    READ = 2
    HISTORY = 3


SHARES: Final = {Priority.CANCEL: 1.0, Priority.ORDER: 0.9, Priority.READ: 0.75, Priority.HISTORY: 0.5}
"""The part of a budget that each priority may use up: what is above it stays free for more urgent requests."""


@frozen
class Ration:
    """A kind of request, by *name*: the exchange takes at most *limit* of it within any *window_s* from one address."""

    name: str
    limit: int
    window_s: float = 60.0


@define
class RequestBudget:
    """At most *limit* requests start within any *window_s*, wherever that window begins: a log of starts.

    Each priority may use up only its share, so that downloads leave room for reads, reads for orders, and orders for
    cancels. A limit too small to share is used up in order of arrival.
    """

    limit: int
    window_s: float = 60.0
    blocked_until_s: float = 0.0
    starts: deque[float] = field(factory=deque)
    """When requests started, oldest first."""

    def __attrs_post_init__(self) -> None:
        if self.limit < 1 or self.window_s <= 0:
            raise ValueError(f"a budget needs at least one request and a window, was {self.limit} in {self.window_s} s")

    def allowed(self, priority: Priority) -> int:
        """Return how many requests per window a priority may see before it must wait."""
        return max(1, int(self.limit * SHARES[priority]))

    def start(self, now_s: float, priority: Priority) -> float:
        """Count a start and return 0 if a request may leave now.

        Otherwise count none and return the seconds until one may, if no other comes first.
        """
        wait_s = self._wait_s(now_s, priority)
        if not wait_s:
            self.starts.append(max(now_s, self.starts[-1]) if self.starts else now_s)
        return wait_s

    def block(self, now_s: float, for_s: float) -> None:
        """Let nothing start for *for_s*, as the exchange asked; an earlier end never shortens a block."""
        self.blocked_until_s = max(self.blocked_until_s, now_s + for_s)

    def _wait_s(self, now_s: float, priority: Priority) -> float:
        while self.starts and self.starts[0] <= now_s - self.window_s:
            self.starts.popleft()
        rest_s = max(0.0, self.blocked_until_s - now_s)
        over = len(self.starts) - self.allowed(priority)
        if over >= 0:
            rest_s = max(rest_s, self.starts[over] + self.window_s - now_s)
        return rest_s

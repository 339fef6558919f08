"""Cancel what is open, look, and again until nothing is: the second half of `kill`, after the latch.

An order whose bytes had left when the latch was set may arrive later: from a network that stood, or out of the
exchange's own queue, though whoever sent it is dead by then. Nothing cancels what is not there yet. So it looks on for
as long as such an order may take to show itself, the minute that absence is proven by elsewhere
(`domain.execution.absence`).

It knows an order of ours by its client order id, which is made of the time of the order (`domain.nonce`), so it needs
neither the journal nor the process that sent it.
"""

from collections.abc import Callable, Iterator
from typing import Final, Protocol

from attrs import define, field, frozen

from genesis.domain.nonce import is_our_cid
from genesis.ports.errors import AuthRefused, ExchangeError, Maintenance, RateLimited, Rejected, StaleNonce

IDS_IN_A_REQUEST: Final = 100
PAUSES_S: Final = (0.2, 0.5, 1.0, 2.0)
MAINTENANCE_POLL_S: Final = 5.0
CALM_PAUSES_S: Final = (1.0, 2.0, 5.0)
"""Between looks that find nothing."""

WATCH_S: Final = 60.0
"""How long an order that had left may take to show itself at the exchange."""

STALE_NONCES_MAX: Final = 3


class Poster(Protocol):
    """Signed requests, one at a time; see `BlockingRest`."""

    def post(self, path: str, body: dict[str, object]) -> object:
        """Send one and return what was answered."""


@frozen
class KillRules:
    """*everything* cancels orders of others too; *wait_s* is how long to go on, maintenance not counted.

    *watch_s* is for how long to look on when nothing is open, for orders that were on their way: from the beginning,
    and anew from the end of maintenance, in which none shows itself.
    """

    everything: bool = False
    wait_s: float = 60.0
    watch_s: float = WATCH_S


@frozen
class Left:
    """How it ended: *ids* are still open, and *problem* says why nobody knows more; both are empty when all is done."""

    cancelled: int
    foreign: int
    ids: tuple[int, ...]
    problem: str

    @property
    def is_done(self) -> bool:
        """Whether nothing is open, as far as was asked for."""
        return not self.ids and not self.problem


@define
class Killer:
    """Drives cancels until nothing is open."""

    rest: Poster
    rules: KillRules
    say: Callable[[str], None]
    monotonic_s: Callable[[], float]
    sleep: Callable[[float], None]
    _asked: set[int] = field(init=False, factory=set)
    _foreign: int = field(init=False, default=0)
    _open: tuple[int, ...] = field(init=False, default=())
    _turns: int = field(init=False, default=0)
    _calm: int = field(init=False, default=0)
    _stale: int = field(init=False, default=0)
    _watch_until_s: float = field(init=False, default=0.0)

    def run(self) -> Left:
        """Cancel, look, and again; never raises for what the exchange does."""
        self._watch_until_s = self.monotonic_s() + self.rules.watch_s
        end_s = self.monotonic_s() + self.rules.wait_s
        while True:
            problem = ""
            try:
                pause_s = self._turn()
            except Maintenance as maintenance:
                self.say(f"cancelling is not possible now ({maintenance.text}): it goes on when maintenance has ended")
                problem, pause_s = str(maintenance), MAINTENANCE_POLL_S
                end_s += pause_s
                self._calm, self._watch_until_s = 0, self.monotonic_s() + pause_s + self.rules.watch_s
            except ExchangeError as error:
                problem, pause_s = str(error), self._pause_after(error)
            if pause_s is None:
                break
            if self._calm:
                end_s = max(end_s, self.monotonic_s() + pause_s + self.rules.wait_s)
            if self.monotonic_s() + pause_s > end_s:
                problem = problem or f"not gone within {self.rules.wait_s:g} s"
                break
            self.sleep(pause_s)
        return Left(len(self._asked - set(self._open)), self._foreign, self._open, problem)

    def _turn(self) -> float | None:
        """Look and cancel once; return how long to wait before the next time.

        None is when nothing was open twice, and no order can be on its way any more.
        """
        self._open = tuple(self._look())
        self._stale = 0
        if self._open:
            self._calm = 0
            self._cancel(self._open)
            return self._next_pause_s()
        self._calm += 1
        left_s = self._watch_until_s - self.monotonic_s()
        if self._calm > 1 and left_s <= 0:
            return None
        if self._calm == 1 and left_s > CALM_PAUSES_S[0]:
            self.say(
                f"{len(self._asked)} orders cancelled, none of ours is open; looking on for {left_s:.0f} s for any "
                "that was on its way (to interrupt this is safe: the latch stays)"
            )
        pause_s = CALM_PAUSES_S[min(self._calm, len(CALM_PAUSES_S)) - 1]
        return pause_s if left_s <= 0 else min(pause_s, left_s)

    def _pause_after(self, error: ExchangeError) -> float | None:
        """Return how long to wait after a failure, None where trying again is of no use."""
        self._calm = 0
        match error:
            case RateLimited():
                return error.retry_after_s
            case AuthRefused():
                return None
            case StaleNonce():
                self._stale += 1
                return None if self._stale > STALE_NONCES_MAX else self._next_pause_s()
            case _:
                return self._next_pause_s()

    def _next_pause_s(self) -> float:
        pause_s = PAUSES_S[min(self._turns, len(PAUSES_S) - 1)]
        self._turns += 1
        return pause_s

    def _look(self) -> Iterator[int]:
        answer = self.rest.post("auth/r/orders", {})
        if not isinstance(answer, list):
            raise Rejected("the answer is no list of orders", endpoint="auth/r/orders")
        self._foreign = 0
        for row in answer:
            if not (isinstance(row, list) and len(row) > 4 and isinstance(row[0], int)):
                raise Rejected("an open order cannot be read", endpoint="auth/r/orders")
            if self.rules.everything or is_our_cid(row[2], row[4]):
                yield row[0]
            else:
                self._foreign += 1

    def _cancel(self, ids: tuple[int, ...]) -> None:
        """Ask for all; what keeps one request from being carried out keeps no other from being sent."""
        problems: list[ExchangeError] = []
        for start in range(0, len(ids), IDS_IN_A_REQUEST):
            try:
                self._cancel_some(ids[start : start + IDS_IN_A_REQUEST])
            except (AuthRefused, Maintenance, RateLimited):  # holds for the others too
                raise
            except ExchangeError as problem:
                problems.append(problem)
        if problems:
            raise problems[0]

    def _cancel_some(self, ids: tuple[int, ...]) -> None:
        answer = self.rest.post("auth/w/order/cancel/multi", {"id": list(ids)})
        self._asked.update(ids)
        if not (isinstance(answer, list) and len(answer) > 6 and answer[6] == "SUCCESS"):
            raise Rejected("the exchange did not take a cancellation", endpoint="auth/w/order/cancel/multi")

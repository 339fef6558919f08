"""Requests over the account's connection of the moment: sent once, waited for, and never left in doubt silently."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from genesis.adapters.bitfinex.account_line import AccountLine
from genesis.adapters.bitfinex.errors import Asked
from genesis.adapters.bitfinex.inputs import ANSWERS, Key, Request, input_text
from genesis.adapters.bitfinex.notifications import Notified, accepted
from genesis.adapters.bitfinex.wire.orders import NotificationRow
from genesis.ports.clock import Clock
from genesis.ports.errors import ExchangeError, Maintenance, OutcomeUnknown, Unreachable
from genesis.ports.metrics import Metrics

Answer = asyncio.Future[NotificationRow]


class Asking:
    """Sends requests and hands out their answers.

    *on_outcome_unknown* hears of each write whose caller was cancelled after it had left, before the cancellation goes
    on; what had not left is taken back.
    """

    def __init__(
        self, clock: Clock, metrics: Metrics, answer_s: float, on_outcome_unknown: Callable[[OutcomeUnknown], None]
    ) -> None:
        self.line: AccountLine | None = None
        """The connection of the moment."""
        self.wake = asyncio.Event()
        """Tells that something is to be sent."""
        self._clock = clock
        self._metrics = metrics
        self._answer_s = answer_s
        self._on_outcome_unknown = on_outcome_unknown

    def ready(self, endpoint: str) -> AccountLine:
        """Return the connection; raises `Maintenance` or `Unreachable` when it takes no requests."""
        line = self.line
        if line is not None and line.is_open:
            return line
        if line is not None and line.is_in_maintenance:
            raise Maintenance("the platform is in maintenance; nothing was sent", endpoint=endpoint)
        raise Unreachable("the account's connection is not open; nothing was sent", endpoint=endpoint)

    async def ask(self, kind: str, body: object, key: Key) -> Notified:
        """Send a request and return its notification; raises what that proves otherwise."""
        line = self.ready(f"ws {ANSWERS[kind]}")
        request, answer = self._request(kind, key, input_text(kind, body))
        line.ask(request)
        self.wake.set()
        try:
            with self._timed(kind):
                row = await answer
        except asyncio.CancelledError:
            self._given_up(line, [request])
            raise
        return accepted(row, frozenset({request.answer}), _asked(request))

    async def ask_together(
        self, kind: str, body: object, operations: Sequence[tuple[str, Key]]
    ) -> list[NotificationRow | BaseException]:
        """Send one message that carries *operations*, and return what each was answered, in order."""
        line = self.ready(f"ws {kind}")
        text = input_text(kind, body)
        pending = [self._request(inner, key, text) for inner, key in operations]
        line.ask_all([request for request, _ in pending])
        self.wake.set()
        try:
            with self._timed(kind):
                return await asyncio.gather(*(answer for _, answer in pending), return_exceptions=True)
        except asyncio.CancelledError:
            self._given_up(line, [request for request, _ in pending])
            raise

    def tell(self, endpoint: str, text: str) -> None:
        """Send what has no answer of its own."""
        self.ready(endpoint).outgoing.append(text)
        self.wake.set()

    @contextmanager
    def _timed(self, kind: str) -> Iterator[None]:
        """Count a request by its outcome, and the time until it is known."""
        begun_s, outcome = self._clock.monotonic_s(), "cancelled"
        try:
            yield
            outcome = "success"
        except ExchangeError as error:
            outcome = type(error).__name__
            raise
        finally:
            self._metrics.observe("ws_request_seconds", self._clock.monotonic_s() - begun_s, {"request": kind})
            self._metrics.increment("ws_requests_total", labels={"request": kind, "outcome": outcome})

    def _given_up(self, line: AccountLine, requests: Sequence[Request]) -> None:
        """Restore order after a cancellation: nothing that is still here may leave, and what has left is in doubt."""
        if line.withdraw(requests[0].text):
            for request in requests:
                line.requests.drop(request)
            return
        for request in requests:
            line.requests.lose(request)
            self._on_outcome_unknown(_asked(request).unknown("cancelled while waiting for the answer"))

    def _request(self, kind: str, key: Key, text: str) -> tuple[Request, Answer]:
        answer: Answer = asyncio.get_running_loop().create_future()

        def settle(outcome: NotificationRow | ExchangeError) -> None:
            if answer.done():
                return
            if isinstance(outcome, ExchangeError):
                answer.set_exception(outcome)
                answer.exception()  # whoever asked may be cancelled in the same moment: that is no error of its own
            else:
                answer.set_result(outcome)

        deadline_s = self._clock.monotonic_s() + self._answer_s
        return Request(ANSWERS[kind], key, text, deadline_s, settle), answer


def _asked(request: Request) -> Asked:
    return Asked(endpoint=f"ws {request.answer}", is_write=True, request_id=_name(request))


def _name(request: Request) -> str:
    """Return what a write is called in reports, as over REST: by its order's client id or id."""
    kind = request.answer.removesuffix("-req")
    match request.key:
        case Key(cid=int(cid)):
            return f"{kind}-{cid}" if kind == "on" else f"{kind}-cid-{cid}"
        case Key(id=int(id_)):
            return f"{kind}-{id_}"
        case _:
            return kind

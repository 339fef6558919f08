"""One attempt: admitted by budgets and breaker, sent once, its answer judged, and everything about it counted."""

import asyncio
import logging
from collections.abc import Callable, Mapping

from attrs import evolve, field, frozen

from genesis.adapters.bitfinex.endpoints import Endpoint
from genesis.adapters.bitfinex.errors import Asked, classify
from genesis.adapters.bitfinex.exchange_time import ExchangeTime
from genesis.adapters.bitfinex.limits import Limits
from genesis.adapters.bitfinex.log import log, tell_unknown
from genesis.ports.clock import Clock
from genesis.ports.errors import ExchangeError, OutcomeUnknown, Unreachable
from genesis.ports.metrics import Metrics
from genesis.ports.transport import HttpRequest, NoAnswer, NotConnected, Transport


@frozen
class Call:
    """A request on its way: what was asked, the bytes that ask it, and whose breaker counts.

    It waits for its turn until *leave_by_s*, and may take until *deadline_s*.
    """

    endpoint: Endpoint
    asked: Asked
    request: HttpRequest
    host: str
    leave_by_s: float
    deadline_s: float
    label: Mapping[str, str] = field(init=False, eq=False)
    """What metrics are told apart by."""

    @label.default
    def _(self) -> Mapping[str, str]:
        return {"endpoint": self.endpoint.name}


class Sender:
    """Sends calls over a transport, each once."""

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        metrics: Metrics,
        limits: Limits,
        on_outcome_unknown: Callable[[OutcomeUnknown], None],
        exchange_time: ExchangeTime,
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._metrics = metrics
        self._limits = limits
        self._on_outcome_unknown = on_outcome_unknown
        self._exchange_time = exchange_time

    async def admit(self, call: Call) -> None:
        """Wait for budget and breaker. Nothing else of the call has happened yet."""
        await self._limits.admit(call.endpoint, call.host, call.asked, call.leave_by_s)

    async def send(self, call: Call) -> bytes:
        """Send an admitted call and return the body of a result; raises the `ExchangeError` that the answer proves."""
        start_s = self._clock.monotonic_s()
        outcome = "cancelled"
        error: ExchangeError | None = None
        try:
            body = await self._exchange(call, start_s)
            outcome = "success"
            return body
        except ExchangeError as problem:
            outcome, error = type(problem).__name__, problem
            raise
        finally:
            if outcome != "cancelled":
                self._limits.finish(call.endpoint, call.host, error)
            spent_s = self._clock.monotonic_s() - start_s
            self._tell(call, outcome, error, spent_s)
            self._metrics.increment("rest_requests_total", labels={**call.label, "outcome": outcome})
            self._metrics.observe("rest_request_seconds", spent_s, call.label)

    @staticmethod
    def _tell(call: Call, outcome: str, error: ExchangeError | None, spent_s: float) -> None:
        facts: dict[str, object] = {
            "endpoint": call.endpoint.name,
            "request_id": call.asked.request_id,
            "seconds": round(spent_s, 6),
        }
        if error is None:
            log(logging.DEBUG, "rest.answer", {**facts, "outcome": outcome})
            return
        facts |= {"outcome": outcome, "text": error.text, "code": error.code}
        log(logging.INFO, "rest.failed", facts, error)

    async def _exchange(self, call: Call, now_s: float) -> bytes:
        asked = call.asked
        left_s = min(call.request.total_timeout_s, call.deadline_s - now_s)
        if left_s <= 0:
            raise Unreachable("no time was left to send it", endpoint=asked.endpoint, request_id=asked.request_id)
        sent_us, begun_s = self._clock.now_us(), self._clock.monotonic_s()
        log(logging.DEBUG, "rest.request", {**call.label, "request_id": asked.request_id, "path": asked.endpoint})
        try:
            answer = await self._transport.request(evolve(call.request, total_timeout_s=left_s))
        except NotConnected as problem:
            text = f"not connected: {problem}"
            raise Unreachable(text, endpoint=asked.endpoint, request_id=asked.request_id) from problem
        except NoAnswer as problem:
            raise asked.unknown(f"no answer: {problem}") from problem
        except asyncio.CancelledError:
            if asked.is_write:
                unknown = asked.unknown("cancelled while waiting for the answer")
                tell_unknown(unknown)
                self._on_outcome_unknown(unknown)
            raise
        self._exchange_time.note(answer.headers.get("date", ""), sent_us)
        self._metrics.increment("rest_answer_bytes_total", len(answer.body), call.label)
        spent_s = self._clock.monotonic_s() - begun_s
        if spent_s > 0:  # a clock may be too coarse
            self._metrics.observe("rest_answer_bytes_per_second", len(answer.body) / spent_s, call.label)
        error = classify(answer.status, answer.body, asked, answer.headers.get("retry-after", ""))
        if error is not None:
            raise error
        return answer.body

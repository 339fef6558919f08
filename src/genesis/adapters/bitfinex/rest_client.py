"""The central REST client: every request of every endpoint is built, sent, retried and read here.

A read is repeated until its deadline after anything that may pass. A write is sent once, and an order that does not
find its turn shortly is not sent at all.
"""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from secrets import SystemRandom
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import quote, urlencode

from attrs import frozen

from genesis.adapters.bitfinex.convert.numbers import each
from genesis.adapters.bitfinex.endpoints import Endpoint
from genesis.adapters.bitfinex.errors import Asked
from genesis.adapters.bitfinex.exchange_time import ExchangeTime
from genesis.adapters.bitfinex.key import ApiKey
from genesis.adapters.bitfinex.limits import Limits
from genesis.adapters.bitfinex.log import log
from genesis.adapters.bitfinex.notifications import Notified, accepted
from genesis.adapters.bitfinex.rest_settings import RestSettings
from genesis.adapters.bitfinex.retry import retry_delay_s
from genesis.adapters.bitfinex.sender import Call, Sender
from genesis.adapters.bitfinex.wire.codec import decode, encode_body
from genesis.adapters.bitfinex.wire.orders import NotificationRow
from genesis.ports.clock import Clock
from genesis.ports.errors import AuthRefused, ExchangeError, InputError, OutcomeUnknown, ProtocolViolation
from genesis.ports.metrics import Metrics
from genesis.ports.transport import HttpRequest, Transport

T = TypeVar("T")
V = TypeVar("V")

JITTER: Final = SystemRandom().random
"""Uniform in [0, 1), from the operating system: programs that failed together must not draw the same delays."""

EMPTY: Final = b"{}"
"""What is sent and signed where an endpoint has no parameters."""

UNREADABLE_MAX: Final = 32
UNREADABLE_BYTES_MAX: Final = 4096


@frozen
class Unreadable:
    """An answer that could not be read, cut short, and the request it belongs to: kept for diagnosis."""

    asked: Asked
    body: bytes


class _LastRows(NamedTuple):
    """The last answer of an endpoint that reads a list, and what it said."""

    endpoint: str
    convert: Callable[[Any], Any]  # Any: each endpoint has its own rows
    answer: bytes
    rows: Sequence[Any]  # Any: likewise


Query = Mapping[str, str | int | None]


def _as_it_is(row: NotificationRow) -> NotificationRow:
    return row


def _ignore(_error: OutcomeUnknown) -> None:
    """Take no notice of a write that was cancelled while it waited: for programs that only read."""


class RestClient:
    """Sends requests and returns their answers as structs; it belongs to one event loop.

    The last answers that could not be read are in `unreadable`.
    """

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        metrics: Metrics,
        limits: Limits,
        key: ApiKey | None = None,
        settings: RestSettings | None = None,
        on_outcome_unknown: Callable[[OutcomeUnknown], None] = _ignore,
        random: Callable[[], float] = JITTER,
        exchange_time: ExchangeTime | None = None,
    ) -> None:
        """Put the client together; all clients of a process share *limits*, and those of a key the *key*.

        *on_outcome_unknown* hears of each write that was cancelled while it waited for its answer, before the
        cancellation goes on; its `request_id` begins with the order's cid or id. *random* gives the jitter, uniform in
        [0, 1). *exchange_time* learns from every answer; the nonce store of the key asks it.
        """
        learning = exchange_time or ExchangeTime(clock, metrics)
        self._sender = Sender(transport, clock, metrics, limits, on_outcome_unknown, learning)
        self._clock = clock
        self._metrics = metrics
        self._key = key
        self._settings = settings or RestSettings()
        self._random = random
        self._ids = count(1)
        self._last: dict[str, _LastRows] = {}
        self.unreadable: Final[deque[Unreadable]] = deque(maxlen=UNREADABLE_MAX)

    async def get(
        self, endpoint: Endpoint, wanted: type[T], convert: Callable[[T], V], query: Query | None = None
    ) -> V:
        """Read a public endpoint; parameters that are None are left out."""
        given = {name: value for name, value in (query or {}).items() if value is not None}
        query_text = f"?{urlencode(given)}" if given else ""
        value, _ = await self._read(endpoint, wanted, convert, "GET", query_text)
        return value

    async def post(self, endpoint: Endpoint, wanted: type[T], convert: Callable[[T], V], body: object = None) -> V:
        """Post what reads or computes something, signed where its path says so."""
        value, _ = await self._read(endpoint, wanted, convert, "POST", "", EMPTY if body is None else encode_body(body))
        return value

    async def rows(
        self, endpoint: Endpoint, wanted: type[T], convert: Callable[[T], V], body: object = None
    ) -> list[V]:
        """Post what reads a list, and return its rows converted.

        An answer with the bytes of the one before it is not read again: a look at the account is repeated until it is
        the same twice.
        """
        answer, asked = await self._answer(endpoint, "POST", "", EMPTY if body is None else encode_body(body))
        last = self._last.get(endpoint.template)
        if last is None or (last.endpoint, last.convert, last.answer) != (asked.endpoint, convert, answer):
            rows = self._value(endpoint, asked, answer, list[wanted], each(convert))  # type: ignore[valid-type]  # a type by its name
            last = self._last[endpoint.template] = _LastRows(asked.endpoint, convert, answer, rows)
        return list(last.rows)

    async def write(self, endpoint: Endpoint, body: object, kinds: frozenset[str], subject: str) -> Notified:
        """Send a signed write and return its notification, which is one of *kinds* and reports success.

        *subject* names what it is about (a cid, an order id): the request id begins with it. Raises `OutcomeUnknown`
        unless a success or a refusal is proven.
        """
        row, asked = await self._read(endpoint, NotificationRow, _as_it_is, "POST", "", encode_body(body), subject)
        return accepted(row, kinds, asked)

    async def _read(
        self,
        endpoint: Endpoint,
        wanted: type[T],
        convert: Callable[[T], V],
        method: str,
        query: str = "",
        body: bytes = b"",
        subject: str = "r",
    ) -> tuple[V, Asked]:
        answer, asked = await self._answer(endpoint, method, query, body, subject)
        return self._value(endpoint, asked, answer, wanted, convert), asked

    async def _answer(
        self, endpoint: Endpoint, method: str, query: str, body: bytes, subject: str = "r"
    ) -> tuple[bytes, Asked]:
        asked = Asked(_path(endpoint), endpoint.is_write, f"{subject}-{next(self._ids)}")
        base = self._settings.base(endpoint)
        request = HttpRequest(
            method=method,
            url=base + asked.endpoint + query,
            connect_timeout_s=self._settings.connect_timeout_s,
            total_timeout_s=self._settings.total_timeout_s,
            answer_bytes_max=endpoint.answer_bytes_max,
            headers={"content-type": "application/json"} if method == "POST" else {},
            body=body,
        )
        now_s = self._clock.monotonic_s()
        leave_by_s, deadline_s = now_s + self._settings.wait_s(endpoint), now_s + self._settings.deadline_s(endpoint)
        return await self._until_deadline(Call(endpoint, asked, request, base, leave_by_s, deadline_s)), asked

    def _value(self, endpoint: Endpoint, asked: Asked, answer: bytes, wanted: type[T], convert: Callable[[T], V]) -> V:
        try:
            return convert(decode(answer, wanted, endpoint=asked.endpoint, bytes_max=endpoint.answer_bytes_max))
        except (ProtocolViolation, ValueError) as problem:
            self._metrics.increment("rest_unreadable_total", labels={"endpoint": endpoint.name})
            self.unreadable.append(Unreadable(asked, answer[:UNREADABLE_BYTES_MAX]))
            words = problem.text if isinstance(problem, ProtocolViolation) else str(problem)
            facts = {"endpoint": endpoint.name, "request_id": asked.request_id, "text": words}
            log(logging.WARNING, "rest.unreadable", facts, problem)
            raise asked.unreadable(words) from problem

    async def _until_deadline(self, call: Call) -> bytes:
        """Try until there is an answer, or an error that no retry can mend, or no time."""
        failures = 0
        while True:
            try:
                return await self._attempt(call)
            except ExchangeError as error:
                failures += 1
                is_write = call.asked.is_write
                wait_s = retry_delay_s(error, failures, self._settings.backoff, self._random(), is_write=is_write)
                if wait_s is None or self._clock.monotonic_s() + wait_s >= call.deadline_s:
                    raise
            name = "rest_auth_retry_triggered" if call.endpoint.is_signed else "rest_retry_triggered"
            self._metrics.increment(name, labels=call.label)
            facts = {"request_id": call.asked.request_id, "failures": failures, "wait_s": round(wait_s, 3)}
            log(logging.INFO, "rest.retry", {**call.label, **facts})
            await self._clock.sleep(wait_s)

    async def _attempt(self, call: Call) -> bytes:
        if not call.endpoint.is_signed:
            await self._sender.admit(call)
            return await self._sender.send(call)
        if self._key is None:
            text = "this needs an API key, and none was given"
            raise AuthRefused(text, endpoint=call.asked.endpoint, request_id=call.asked.request_id)
        return await self._key.send(self._sender, call)


def _path(endpoint: Endpoint) -> str:
    """Return the path as it is sent and signed; raises `InputError` where a part of it is no plain symbol or key."""
    path = endpoint.path or endpoint.template
    if "{" in path or ".." in path or quote(path, safe="/:,") != path:
        raise InputError(f"{path!r} is no path of the exchange: symbols and keys have letters, digits and colons")
    return path

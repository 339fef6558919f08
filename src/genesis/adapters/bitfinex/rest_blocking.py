"""The smallest client that can cancel: one connection, one request at a time, the standard library alone.

It is for the kill program, which has to start quickly and work when little else does. It needs no event loop, no disk
and no lock; where budgets are shared it keeps to them, for a request too many is refused and bans the next ones.
"""

import http.client
import json
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from genesis.adapters.bitfinex.endpoints import ORDER_CANCEL_MULTI, ORDERS
from genesis.adapters.bitfinex.sign import Signer
from genesis.domain.resilience import Priority
from genesis.ports.budgets import Budgets
from genesis.ports.errors import (
    AuthRefused,
    ExchangeError,
    InputError,
    Maintenance,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    StaleNonce,
    Unreachable,
)

ANSWER_BYTES_MAX: Final = 8 << 20
TIMEOUT_S: Final = 5.0
RATE_LIMIT_PAUSE_S: Final = 10.0
THIS_MACHINE: Final = frozenset({"127.0.0.1", "::1", "localhost"})
AUTHENTICATION: Final = frozenset({10100, 10111, 10112, 10113, 10200})
RATIONS: Final = {each.template: each.ration for each in (ORDERS, ORDER_CANCEL_MULTI)}
"""What may be posted: what is open, and cancels."""


class BlockingRest:
    """Posts signed requests below *base*, which ends in `/v2/`; *next_nonce* gives rising numbers."""

    def __init__(
        self,
        base: str,
        signer: Signer,
        next_nonce: Callable[[], int],
        budgets: Budgets,
        timeout_s: float = TIMEOUT_S,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises `InputError` for a base that would be asked in plain text beyond this machine."""
        parts = urlsplit(base)
        is_local = parts.scheme == "http" and parts.hostname in THIS_MACHINE
        if not (is_local or parts.scheme == "https") or not parts.hostname or not base.endswith("/v2/"):
            raise InputError(f"{base!r} is no base of the REST interface: it is https and ends in /v2/")
        self._host = parts.hostname
        self._port = parts.port
        self._path = parts.path
        self._context = None if is_local else ssl.create_default_context()
        self._signer = signer
        self._next_nonce = next_nonce
        self._budgets = budgets
        self._timeout_s = timeout_s
        self._monotonic_s = monotonic_s
        self._connection: http.client.HTTPConnection | None = None

    def post(self, path: str, body: Mapping[str, object]) -> object:
        """Send one signed request and return what was answered; raises the `ExchangeError` that the answer proves.

        Raises `RateLimited` with nothing sent while the budget of all is used up.
        """
        budget = self._budgets.of(RATIONS[path])
        wait_s = budget.start(self._monotonic_s(), Priority.CANCEL)
        if wait_s:
            words = f"this machine may ask again in {wait_s:.1f} s"
            raise RateLimited(words, endpoint=path, retry_after_s=min(wait_s, RATE_LIMIT_PAUSE_S))
        try:
            return self._sent(path, body)
        except RateLimited as limited:
            budget.block(self._monotonic_s(), limited.retry_after_s)
            raise

    def _sent(self, path: str, body: Mapping[str, object]) -> object:
        text = json.dumps(body).encode()
        headers = {"content-type": "application/json", **self._signer.rest_headers(path, self._next_nonce(), text)}
        try:
            connection = self._connected(path)
            connection.request("POST", self._path + path, text, headers)
            answer = connection.getresponse()
            content = answer.read(ANSWER_BYTES_MAX)
        except (OSError, http.client.HTTPException) as problem:
            self.close()
            raise OutcomeUnknown(f"no answer: {type(problem).__name__}: {problem}", endpoint=path) from None
        return _result(path, answer.status, content)

    def close(self) -> None:
        """Close the connection; the next request makes another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connected(self, path: str) -> http.client.HTTPConnection:
        if self._connection is None:
            if self._context is None:
                made = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
            else:
                made = http.client.HTTPSConnection(
                    self._host, self._port, timeout=self._timeout_s, context=self._context
                )
            try:
                made.connect()
            except OSError as problem:
                raise Unreachable(f"not connected: {problem}", endpoint=path) from None
            self._connection = made
        return self._connection


def _result(path: str, status: int, content: bytes) -> object:
    try:
        value: object = json.loads(content)
    except ValueError:
        raise OutcomeUnknown(f"HTTP {status}: unreadable body", endpoint=path) from None
    if status == 429:
        raise RateLimited(f"HTTP {status}", endpoint=path, retry_after_s=RATE_LIMIT_PAUSE_S)
    if isinstance(value, list) and len(value) >= 3 and value[0] == "error":
        raise _problem(path, value[1] if isinstance(value[1], int) else None, str(value[2]))
    if status != 200:
        raise OutcomeUnknown(f"HTTP {status}", endpoint=path)
    return value


def _problem(path: str, code: int | None, text: str) -> ExchangeError:
    match code:
        case 20060:
            return Maintenance(text, endpoint=path, code=code)
        case 10114:
            return StaleNonce(text, endpoint=path, code=code)
        case 11010:
            return RateLimited(text, endpoint=path, code=code, retry_after_s=RATE_LIMIT_PAUSE_S)
        case 11000:
            return Unreachable(text, endpoint=path, code=code)
        case int() if code in AUTHENTICATION:
            return AuthRefused(text, endpoint=path, code=code)
        case _:
            return Rejected(text, endpoint=path, code=code)

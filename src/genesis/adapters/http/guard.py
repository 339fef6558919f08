"""What stands in front of every route: who may ask, in what form, and how much.

`Guard` refuses what `head.decide` does, unknown paths included, lets in what the table of routes names for the role
that the asker proved, reads the body within its limits, and puts the security headers on every answer. Cookies are
never set nor read: they ignore ports, so a page of any other local server could ride on them.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from attrs import frozen
from litestar.enums import ScopeType
from litestar.types import (
    ASGIApp,
    HTTPRequestEvent,
    HTTPScope,
    Message,
    Receive,
    ReceiveMessage,
    Scope,
    Send,
    WebSocketScope,
)

from genesis.adapters.http.head import LOOPBACK, Headers, Names, Refusal, decide, too_large
from genesis.adapters.http.limiter import COSTLY_MAX, PAUSE_S, STRANGERS_TIMES, MinuteLimiter, peer_of
from genesis.adapters.http.routes import BODY_BYTES_MAX, Effect, Match, Route, RouteTable
from genesis.adapters.http.security_log import SecurityLog
from genesis.adapters.http.sessions import NOBODY, Principal, Sessions
from genesis.adapters.http.waiting import WaitingStrangers, address_of
from genesis.adapters.http.wire import error_body
from genesis.ports.access import Role
from genesis.ports.errors import StoreError

BODY_TIMEOUT_S: Final = 10.0
STRANGER_BODY_TIMEOUT_S: Final = 3.0

_NOTHING_MAY_LOAD: Final = (
    b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    b"require-trusted-types-for 'script'"
)
SECURITY_HEADERS: Final[tuple[tuple[bytes, bytes], ...]] = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", _NOTHING_MAY_LOAD),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)

HSTS: Final = (b"strict-transport-security", b"max-age=31536000")
"""Goes with every answer over TLS."""


def authorise(match: Match | Sequence[str], principal: Principal, path: str) -> Refusal | None:
    """Return why *principal* may not ask this, or None. Whoever proved nothing learns nothing of what there is."""
    if isinstance(match, Match):
        if principal.role >= match.route.role:
            return None
        if principal.role is Role.PUBLIC:
            return _UNKNOWN_ASKER
        return Refusal(403, "role_too_low", f"this needs the role {match.route.role.name.lower()}")
    if path.startswith("/api/") and principal.role is Role.PUBLIC:
        return _UNKNOWN_ASKER
    if match:
        allow = (b"allow", ", ".join(match).encode())
        return Refusal(405, "method_not_allowed", f"only {' and '.join(match)} are for this path", (allow,))
    return Refusal(404, "not_found", "there is nothing under this path")


_UNKNOWN_ASKER: Final = Refusal(
    401,
    "unknown_asker",
    "log in with the link of the session, or send a token as Authorization: Bearer",
    ((b"www-authenticate", b"Bearer"),),
)


_PAUSE: Final = ((b"retry-after", b"%d" % PAUSE_S),)
_TOO_OFTEN_WRONG: Final = Refusal(429, "too_many_failures", "too many wrong tokens: wait between two tries", _PAUSE)
_NO_UPGRADE: Final = Refusal(
    426, "upgrade_required", "this is a WebSocket: ask for an upgrade", ((b"upgrade", b"websocket"),)
)
_TOO_MUCH: Final = Refusal(
    429, "too_many_requests", "this costs the session too much to be asked so often: wait a while", _PAUSE
)


def idempotency_key(headers: Headers) -> str | Refusal:
    """Return the key that makes a change happen once, or why there is none."""
    found = [value for name, value in headers if name == b"idempotency-key"]
    try:
        (text,) = found
        key = UUID(text.decode("ascii"))
    except (ValueError, UnicodeDecodeError):
        return Refusal(400, "no_idempotency_key", "a change needs one Idempotency-Key header with a UUID of its own")
    return str(key)


@frozen
class Admitted:
    """What the guard found out about a request that it let in; handlers find it under `auth` in their scope."""

    principal: Principal
    route: Route
    path: Mapping[str, str]
    key: str
    address: str


class Guard:
    """An ASGI application around *app* that lets in what `decide` and `authorise` allow.

    *body_timeout_s* is for the whole body, and shorter for a stranger's: the owner does not wait behind them. A body is
    read only after its asker was let in. What they proved to be is handed on in the scope, as `auth`.
    """

    def __init__(
        self,
        app: ASGIApp,
        table: RouteTable,
        sessions: Sessions | None = None,
        security: SecurityLog | None = None,
        *,
        names: Names = LOOPBACK,
        costly_max: int = COSTLY_MAX,
        body_timeout_s: float = BODY_TIMEOUT_S,
        stranger_body_timeout_s: float = STRANGER_BODY_TIMEOUT_S,
    ) -> None:
        self._app = app
        self._table = table
        self._sessions = sessions
        self._security = security
        self._names = names
        self._body_timeout_s = body_timeout_s
        self._stranger_body_timeout_s = stranger_body_timeout_s
        self._waiting = WaitingStrangers()
        self._costly = MinuteLimiter(costly_max)
        self._costly_strangers = MinuteLimiter(STRANGERS_TIMES * costly_max)
        self._more = (HSTS,) if names.scheme == b"https" else ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.WEBSOCKET:
            await self._stream(scope, receive, send)
        elif scope["type"] == ScopeType.HTTP:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        match = self._table.match(method, scope["path"])
        route = match.route if isinstance(match, Match) else None
        limit = BODY_BYTES_MAX if route is None else route.body_bytes_max
        refusal = decide(method, scope["http_version"], _port(scope), scope["headers"], limit, self._names)
        if refusal is None:
            refusal = await self._admit(scope, match)
        if refusal is None and _may_have_body(scope):
            body = await self._body(scope, receive, limit)
            if body is None:
                return
            if isinstance(body, bytes):
                receive = _Replay(body, receive)
            else:
                refusal = body
        if refusal is not None:
            await _refuse(refusal, send)
            return
        headers = SECURITY_HEADERS if route is None or route.headers is None else route.headers

        more = self._more

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *headers, *more]
            await send(message)

        await self._app(scope, receive, send_guarded)

    async def _admit(self, scope: HTTPScope, match: Match | Sequence[str]) -> Refusal | None:
        """Return why the asker may not; put into the scope who it is and what the table says otherwise."""
        is_open = isinstance(match, Match) and match.route.role is Role.PUBLIC and not match.route.is_costly
        principal = NOBODY if is_open else await self._principal(scope)
        if isinstance(principal, Refusal):
            return principal
        refusal = authorise(match, principal, scope["path"])
        if refusal is not None:
            return refusal
        assert isinstance(match, Match)
        if match.route.is_stream:
            return _NO_UPGRADE
        address = address_of(scope["client"])
        if match.route.is_costly and self._is_too_much(principal, address, match.route):
            return _TOO_MUCH
        key = idempotency_key(scope["headers"]) if match.route.effect is Effect.STATE else ""
        if isinstance(key, Refusal):
            return key
        scope["auth"] = Admitted(principal, match.route, match.path, key, address)
        return None

    def _is_too_much(self, principal: Principal, address: str, route: Route) -> bool:
        now_s = asyncio.get_running_loop().time()
        if principal.role is not Role.PUBLIC:
            return self._costly.is_too_much(f"{principal.name} {route.path}", now_s)
        is_ones = self._costly.is_too_much(f"{peer_of(address)} {route.path}", now_s)
        return is_ones or self._costly_strangers.is_too_much(route.path, now_s)

    async def _principal(self, scope: HTTPScope) -> Principal | Refusal:
        """Return who asks; a wrong token is counted against its address, a right one is never held up."""
        presented = next((value for name, value in scope["headers"] if name == b"authorization"), None)
        if presented is None or self._sessions is None:
            return NOBODY
        kind, _, token = presented.partition(b" ")
        found = None
        if kind.lower() == b"bearer" and token.isascii():
            try:
                found = self._sessions.find(token.decode("ascii"))
            except StoreError as error:
                return Refusal(503, "store_unavailable", f"nobody can be known: {error}")
        if found is not None:
            return found
        is_too_often = self._security is not None and await self._security.failed(
            "wrong_token", address_of(scope["client"])
        )
        return _TOO_OFTEN_WRONG if is_too_often else _UNKNOWN_ASKER

    async def _stream(self, scope: WebSocketScope, receive: Receive, send: Send) -> None:
        headers: Headers = scope["headers"]
        refusal = decide("GET", scope["http_version"], _port(scope), headers, 0, self._names)
        if refusal is None and not any(name == b"origin" for name, _ in headers):
            refusal = Refusal(403, "foreign_origin", "a stream needs this server's own Origin")
        match = self._table.match("GET", scope["path"])
        if refusal is None and not (isinstance(match, Match) and match.route.is_stream):
            refusal = Refusal(404, "not_found", "there is no stream under this path")
        if refusal is None:
            await self._app(scope, receive, send)
        elif "websocket.http.response" in (scope.get("extensions") or {}):
            await _refuse(refusal, send, kind="websocket.http.response")
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": ""})

    async def _body(self, scope: HTTPScope, receive: Receive, limit: int) -> bytes | Refusal | None:
        """Return the body, or why it is refused, or None when the peer has gone."""
        admitted: Admitted = scope["auth"]
        is_stranger = admitted.principal.role is Role.PUBLIC
        timeout_s = self._stranger_body_timeout_s if is_stranger else self._body_timeout_s
        waiting = (
            self._waiting.wait(address_of(scope["client"]), timeout_s) if is_stranger else asyncio.timeout(timeout_s)
        )
        try:
            async with waiting:
                return await _read(receive, limit)
        except TimeoutError:
            late = f"the body did not arrive within {timeout_s:g} s, or others needed the room"
            return Refusal(408, "body_too_slow", late)


async def _read(receive: Receive, limit: int) -> bytes | Refusal | None:
    pieces = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        pieces += message["body"]
        if len(pieces) > limit:
            return too_large(limit)
        if not message["more_body"]:
            return bytes(pieces)


class _Replay:
    """Gives the body that was read already, then what the connection says."""

    __slots__ = ("_body", "_receive")

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> ReceiveMessage:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        event: HTTPRequestEvent = {"type": "http.request", "body": body, "more_body": False}
        return event


def _may_have_body(scope: HTTPScope) -> bool:
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])


def _port(scope: HTTPScope | WebSocketScope) -> int:
    server = scope["server"]
    return server[1] if server and server[1] else 0


async def _refuse(refusal: Refusal, send: Send, kind: str = "http.response") -> None:
    body = error_body(refusal.code, refusal.message)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),  # what is left of the body is not worth reading
        *refusal.more,
        *SECURITY_HEADERS,
    ]
    # Any: the two kinds of answers have the same fields under names of their own.
    start: Any = {"type": f"{kind}.start", "status": refusal.status, "headers": headers}
    await send(start)
    end: Any = {"type": f"{kind}.body", "body": body, "more_body": False}
    await send(end)

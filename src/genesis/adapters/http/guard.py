"""What stands in front of every route: who may ask, in what form, and how much.

`decide` is pure and looks at the request's head alone; `Guard` applies it to everything, unknown paths included, reads
the body within its limits, and puts the security headers on every answer. Cookies are never set nor read: they ignore
ports, so a page of any other local server could ride on them.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

from attrs import frozen
from litestar.enums import ScopeType
from litestar.types import (
    ASGIApp,
    HTTPRequestEvent,
    HTTPResponseBodyEvent,
    HTTPResponseStartEvent,
    HTTPScope,
    Message,
    Receive,
    ReceiveMessage,
    Scope,
    Send,
)

from genesis.adapters.http.wire import error_body

BODY_BYTES_MAX: Final = 64 * 1024
HEADER_BYTES_MAX: Final = 16 * 1024
BODY_TIMEOUT_S: Final = 10.0

Headers = Iterable[tuple[bytes, bytes]]

_NOTHING_MAY_LOAD: Final = (
    b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    b"require-trusted-types-for 'script'"
)
SECURITY_HEADERS: Final[tuple[tuple[bytes, bytes], ...]] = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", _NOTHING_MAY_LOAD),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"()"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)

_ONCE: Final = frozenset({b"authorization", b"content-length", b"content-type", b"host", b"origin", b"sec-fetch-site"})
_JSON_TYPES: Final = frozenset(
    {b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8"}
)
_LOOPBACK: Final = (b"127.0.0.1", b"localhost", b"[::1]")


@frozen
class Refusal:
    """Why a request is not let in: an HTTP status, a stable code, and a sentence."""

    status: int
    code: str
    message: str


def decide(method: str, http_version: str, port: int, headers: Headers, body_bytes_max: int) -> Refusal | None:
    """Return why a request with this head is refused, or None; *port* is the one that it arrived at."""
    once: dict[bytes, bytes] = {}
    size = 0
    for name, value in headers:
        size += len(name) + len(value) + 4
        if name in _ONCE and name in once:
            return Refusal(400, "duplicate_header", f"the header {name.decode()} may stand only once")
        once[name] = value
    if size > HEADER_BYTES_MAX:
        return Refusal(431, "headers_too_large", f"headers may have {HEADER_BYTES_MAX} bytes together")
    if http_version == "1.0" or b"host" not in once:
        return Refusal(400, "old_protocol", "HTTP/1.1 with a Host header is needed")
    if not _is_own_host(once[b"host"], port):
        return Refusal(421, "wrong_host", f"this server answers to 127.0.0.1:{port} and localhost:{port} only")
    return _foreign_page(method, once) or _unfit_body(method, once, body_bytes_max)


def _is_own_host(host: bytes, port: int) -> bool:
    # DNS rebinding gives any name our address, so the name itself is compared, byte for byte.
    suffix = b":%d" % port
    return any(host == name + suffix or (port == 80 and host == name) for name in _LOOPBACK)


def _foreign_page(method: str, once: Mapping[bytes, bytes]) -> Refusal | None:
    origin = once.get(b"origin")
    if origin is not None and origin != b"http://" + once[b"host"]:
        return Refusal(403, "foreign_origin", "pages of other origins may not ask")
    site = once.get(b"sec-fetch-site", b"same-origin")
    # `same-site` is any other port of this machine.
    if site != b"same-origin" and not (site == b"none" and method in ("GET", "HEAD")):
        return Refusal(403, "foreign_site", "pages of other sites may not ask")
    return None


def _unfit_body(method: str, once: Mapping[bytes, bytes], body_bytes_max: int) -> Refusal | None:
    length = once.get(b"content-length", b"0")
    if not (length.isdigit() and len(length) <= 19):
        return Refusal(400, "bad_length", "the Content-Length is no number")
    if int(length) > body_bytes_max:
        return _too_large(body_bytes_max)
    has_body = int(length) > 0 or b"transfer-encoding" in once
    if method not in ("POST", "PUT", "PATCH") and not has_body:
        return None
    if once.get(b"content-type", b"").lower() not in _JSON_TYPES:  # anything else needs no preflight in a browser
        return Refusal(415, "not_json", "the body's Content-Type must be application/json")
    if b"content-encoding" in once:
        return Refusal(415, "encoded_body", "the body must not be compressed")
    return None


def _too_large(body_bytes_max: int) -> Refusal:
    return Refusal(413, "body_too_large", f"the body may have {body_bytes_max} bytes")


class Guard:
    """An ASGI application around *app* that lets in what `decide` allows.

    *body_bytes_max* gives limits by path, where they differ from 64 KiB; *body_timeout_s* is for the whole body.
    """

    def __init__(self, app: ASGIApp, body_bytes_max: Mapping[str, int], body_timeout_s: float = BODY_TIMEOUT_S) -> None:
        self._app = app
        self._body_bytes_max = body_bytes_max
        self._body_timeout_s = body_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        limit = self._body_bytes_max.get(scope["path"], BODY_BYTES_MAX)
        server = scope["server"]
        port = server[1] if server and server[1] else 0
        refusal = decide(scope["method"], scope["http_version"], port, scope["headers"], limit)
        if refusal is None and _may_have_body(scope):
            body = await self._read(receive, limit)
            if body is None:
                return
            if isinstance(body, bytes):
                receive = _Replay(body, receive)
            else:
                refusal = body
        if refusal is not None:
            await _refuse(refusal, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *SECURITY_HEADERS]
            await send(message)

        await self._app(scope, receive, send_guarded)

    async def _read(self, receive: Receive, limit: int) -> bytes | Refusal | None:
        """Return the body, or why it is refused, or None when the peer has gone."""
        pieces = bytearray()
        try:
            async with asyncio.timeout(self._body_timeout_s):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        return None
                    pieces += message["body"]
                    if len(pieces) > limit:
                        return _too_large(limit)
                    if not message["more_body"]:
                        return bytes(pieces)
        except TimeoutError:
            return Refusal(408, "body_too_slow", f"the body did not arrive within {self._body_timeout_s:g} s")


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


async def _refuse(refusal: Refusal, send: Send) -> None:
    body = error_body(refusal.code, refusal.message)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),  # what is left of the body is not worth reading
        *SECURITY_HEADERS,
    ]
    start: HTTPResponseStartEvent = {"type": "http.response.start", "status": refusal.status, "headers": headers}
    await send(start)
    end: HTTPResponseBodyEvent = {"type": "http.response.body", "body": body, "more_body": False}
    await send(end)

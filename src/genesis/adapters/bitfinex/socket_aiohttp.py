"""WebSockets over aiohttp: TLS with the system's trust, no redirects, no proxies from the environment.

Plain text goes to this machine alone, for keys and orders are sent over what is opened here.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from genesis.adapters.bitfinex.rest_settings import THIS_MACHINE
from genesis.ports.errors import InputError, Maintenance, RateLimited, Unreachable
from genesis.ports.socket import SocketClosed

if TYPE_CHECKING:
    import aiohttp

MESSAGE_BYTES_MAX: Final = 4 * 2**20
CONNECT_S: Final = 10.0
CLOSE_S: Final = 2.0
RATE_LIMIT_PAUSE_S: Final = 60.0


class AiohttpSocket:
    """One connection."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def send(self, text: str) -> None:
        """Hand one message to the network."""
        import aiohttp

        try:
            await self._socket.send_str(text)
        except (aiohttp.ClientError, ConnectionError) as problem:
            raise SocketClosed(1006, str(problem)) from problem

    async def receive(self) -> str:
        """Return the next text message; anything else ends the connection."""
        from aiohttp import WSMsgType

        message = await self._socket.receive()
        if message.type is WSMsgType.TEXT:
            text: str = message.data
            return text
        if message.type is WSMsgType.BINARY:
            await self.close()
            raise SocketClosed(1003, "a binary message")
        problem = self._socket.exception()
        raise SocketClosed(self._socket.close_code or 1006, str(problem) if problem else str(message.extra or ""))

    async def close(self) -> None:
        """Say goodbye, and do not wait for the answer for long."""
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._socket.close()
        except TimeoutError:
            pass  # the connection is abandoned; the session's connector closes it


class AiohttpConnector:
    """Opens WebSockets; an async context manager, for it owns a client session."""

    def __init__(self, *, connect_s: float = CONNECT_S) -> None:
        self._connect_s = connect_s
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> AiohttpConnector:
        import aiohttp

        watching = aiohttp.TraceConfig()
        watching.on_request_redirect.append(_refuse_redirect)
        self._session = aiohttp.ClientSession(
            trust_env=False, cookie_jar=aiohttp.DummyCookieJar(), trace_configs=[watching]
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def connect(self, url: str) -> AiohttpSocket:
        """Open a connection, the WebSocket handshake included, within the deadline.

        Raises `InputError` for a URL that is not `wss` and leads beyond this machine.
        """
        import aiohttp

        parts = urlsplit(url)
        if parts.scheme != "wss" and not (parts.scheme == "ws" and parts.hostname in THIS_MACHINE):
            raise InputError(f"{url} is not safe: beyond this machine only wss:// is spoken")
        if self._session is None:
            raise RuntimeError("the connector must be entered first: `async with AiohttpConnector() as connector`")
        try:
            async with asyncio.timeout(self._connect_s):
                socket = await self._session.ws_connect(
                    url, max_msg_size=MESSAGE_BYTES_MAX, compress=0, heartbeat=None, autoping=True
                )
        except aiohttp.WSServerHandshakeError as refusal:
            raise _refused(refusal.status, url) from refusal
        except (aiohttp.ClientError, OSError, TimeoutError) as problem:
            raise Unreachable(str(problem) or "no connection in time", endpoint=url) from problem
        return AiohttpSocket(socket)


async def _refuse_redirect(
    _session: aiohttp.ClientSession, _context: object, asked: aiohttp.TraceRequestRedirectParams
) -> None:
    """Stop where the exchange was said to be: aiohttp has no switch for that when it upgrades."""
    asked.response.close()
    raise Unreachable(f"the upgrade was answered with a redirect ({asked.response.status})", endpoint=str(asked.url))


def _refused(status: int, url: str) -> RateLimited | Maintenance | Unreachable:
    """Return what an answer other than the switch of protocols means; no request was ever sent over such a
    connection.
    """
    text = f"the upgrade was answered with HTTP {status}"
    if status == 429:
        return RateLimited(text, endpoint=url, retry_after_s=RATE_LIMIT_PAUSE_S)
    if status in {408, 503}:
        return Maintenance(text, endpoint=url)
    return Unreachable(text, endpoint=url)

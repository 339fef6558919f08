"""HTTP by aiohttp, told to do nothing on its own: no retries, redirects, proxies from the environment, or cookies."""

import asyncio
import ssl
import zlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final

from genesis.ports.metrics import Metrics
from genesis.ports.transport import HttpAnswer, HttpRequest, NoAnswer, NotConnected, TransportError

if TYPE_CHECKING:
    from contextvars import ContextVar

    import aiohttp

CHUNK_BYTES: Final = 1 << 16
KEEPALIVE_S: Final = 15.0
CONNECTIONS_MAX: Final = 500
"""More than the request budgets let be on their way at once: a cancel must not wait for slow reads to give one back."""
USER_AGENT: Final = "genesis"


class AiohttpTransport:
    """A pool of connections in one event loop. The library is loaded with the first request."""

    def __init__(
        self,
        connections_max: int = CONNECTIONS_MAX,
        ssl_context: ssl.SSLContext | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        """Make a pool; *ssl_context* replaces the system's authorities and has to verify certificates.

        *metrics* hear of each connection by its number: requests, how they ended, seconds, and bytes.
        """
        if ssl_context is not None and ssl_context.verify_mode is not ssl.CERT_REQUIRED:
            raise ValueError("the exchange's certificate has to be verified")
        self._connections_max = connections_max
        self._ssl_context = ssl_context
        self._metrics = metrics
        self._session: aiohttp.ClientSession | None = None

    async def request(self, request: HttpRequest) -> HttpAnswer:
        """Send once and return the answer; see `Transport.request`."""
        import aiohttp

        session, start_s = self._open(), asyncio.get_running_loop().time()
        carrier = _no_carrier()
        answer: HttpAnswer | None = None
        progress = SimpleNamespace(is_connected=False, bytes_left=len(request.body), on_sent=request.on_sent)
        try:
            # Ours, not the library's: that one raises the same error before and after the request has left.
            async with asyncio.timeout(request.total_timeout_s):
                answer = await self._exchange(session, request, progress)
                return answer
        # Causes are told in words, not chained: a traceback with locals would show the library's copy of the headers.
        except aiohttp.ConnectionTimeoutError:
            raise NotConnected(f"no connection within {request.connect_timeout_s:g} s") from None
        except TimeoutError:
            raise _failed(progress, f"nothing complete came within {request.total_timeout_s:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as problem:
            raise _failed(progress, f"{type(problem).__name__}: {problem}") from None
        finally:
            self._count(carrier.get(""), answer, asyncio.get_running_loop().time() - start_s)

    async def close(self) -> None:
        """Close all connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _count(self, connection: str, answer: HttpAnswer | None, spent_s: float) -> None:
        """Count what a connection carried; a request that got none is counted by its endpoint alone."""
        if self._metrics is None or not connection:
            return
        labels = {"connection": connection}
        outcome = "no_answer" if answer is None else "answer"
        self._metrics.increment("rest_connection_requests_total", labels={**labels, "outcome": outcome})
        self._metrics.observe("rest_connection_request_seconds", spent_s, labels)
        if answer is not None:
            self._metrics.increment("rest_connection_answer_bytes_total", len(answer.body), labels)
        self._metrics.gauge("rest_connections_open", self.connections_open)

    @property
    def connections_open(self) -> int:
        """How many connections are open now."""
        from genesis.adapters.bitfinex.connections_aiohttp import NumberedConnector

        connector = None if self._session is None else self._session.connector
        return connector.open_count if isinstance(connector, NumberedConnector) else 0

    async def _exchange(
        self, session: "aiohttp.ClientSession", request: HttpRequest, progress: SimpleNamespace
    ) -> HttpAnswer:
        from aiohttp import ClientTimeout
        from yarl import URL

        async with session.request(
            request.method,
            URL(request.url, encoded=True),  # as it is: the path was signed
            data=request.body or None,
            headers=request.headers,
            # The first bounds the search for a name too, the second each address that was found.
            timeout=ClientTimeout(
                total=None, connect=request.connect_timeout_s, sock_connect=request.connect_timeout_s
            ),
            allow_redirects=False,
            trace_request_ctx=progress,
        ) as response:
            body = bytearray()
            async for chunk in response.content.iter_chunked(CHUNK_BYTES):
                body += chunk
                if len(body) > request.answer_bytes_max:
                    response.close()
                    raise NoAnswer(f"the answer is longer than {request.answer_bytes_max} bytes")
            headers = {name.lower(): value for name, value in response.headers.items()}
            plain = _decoded(bytes(body), headers.get("content-encoding", ""), request.answer_bytes_max)
            return HttpAnswer(response.status, headers, plain)

    def _open(self) -> "aiohttp.ClientSession":
        import aiohttp

        from genesis.adapters.bitfinex.connections_aiohttp import NumberedConnector

        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=NumberedConnector(
                    limit=self._connections_max,
                    ssl=True if self._ssl_context is None else self._ssl_context,
                    keepalive_timeout=KEEPALIVE_S,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"user-agent": USER_AGENT, "accept-encoding": "gzip"},
                auto_decompress=False,  # the library takes a compressed answer without its end for a whole one
                trust_env=False,
                trace_configs=[_tracing()],
            )
            # There is no public switch: a request on a kept connection that turns out closed would go out twice.
            self._session._retry_connection = False  # noqa: SLF001
        return self._session


def _decoded(body: bytes, coding: str, bytes_max: int) -> bytes:
    """Return an answer decompressed, within its bound; raises `NoAnswer` where it is too long, damaged or cut short."""
    if coding.lower() in {"", "identity"}:
        return body
    if coding.lower() != "gzip":
        raise NoAnswer("its content coding was not asked for")
    reader = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        plain = reader.decompress(body, bytes_max + 1)
    except zlib.error as problem:
        raise NoAnswer(f"damaged: {problem}") from problem
    if len(plain) > bytes_max:
        raise NoAnswer(f"the answer is longer than {bytes_max} bytes")
    if not reader.eof or reader.unused_data:
        raise NoAnswer("the compressed answer has no end")
    return plain


def _no_carrier() -> "ContextVar[str]":
    """Return where the connection of this task's next request will be told, emptied of the last one's."""
    from genesis.adapters.bitfinex.connections_aiohttp import CARRIER

    CARRIER.set("")
    return CARRIER


def _failed(progress: SimpleNamespace, text: str) -> TransportError:
    return NoAnswer(text) if progress.is_connected else NotConnected(text)


def _tracing() -> "aiohttp.TraceConfig":
    """Follow a request's progress: only before it has a connection is it proven that nothing left."""
    import aiohttp

    async def connected(
        _session: aiohttp.ClientSession,
        context: SimpleNamespace,
        _params: aiohttp.TraceConnectionCreateEndParams | aiohttp.TraceConnectionReuseconnParams,
    ) -> None:
        context.trace_request_ctx.is_connected = True

    async def sent(
        _session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestChunkSentParams
    ) -> None:
        # It is told just before the bytes are written, in the same step of the loop, so nothing comes in between.
        progress = context.trace_request_ctx
        progress.bytes_left -= len(params.chunk)
        if progress.bytes_left <= 0 and progress.on_sent is not None:
            progress.on_sent()
            progress.on_sent = None

    config = aiohttp.TraceConfig()
    config.on_connection_create_end.append(connected)
    config.on_connection_reuseconn.append(connected)
    config.on_request_chunk_sent.append(sent)
    return config

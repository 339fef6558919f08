"""A server of bytes: what arrives is kept, what is answered is scripted to the byte."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter, bytes], Awaitable[None]]


class RawServer:
    """Reads one request a connection after the other and hands each to the next script; the last script stays."""

    def __init__(self, *scripts: Script) -> None:
        self.requests: list[bytes] = []
        self.arrived = asyncio.Event()
        self.connections = 0
        self.url = ""
        self._scripts = list(scripts)
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> "RawServer":
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/v2/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await self._server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                body = await reader.readexactly(int(length[0].split(b":")[1])) if length else b""
                self.requests.append(head + body)
                self.arrived.set()
                script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
                await script(reader, writer, head + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


class CutServer:
    """Reads so many bytes of each connection and resets it."""

    def __init__(self, cut: int) -> None:
        self.connections = 0
        self.url = ""
        self._cut = cut

    async def __aenter__(self) -> "CutServer":
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v2/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await reader.readexactly(self._cut)
        writer.transport.abort()


def answer(data: bytes, *, then_close: bool = False) -> Script:
    """Return a script that writes *data*, and closes if asked to."""

    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _request: bytes) -> None:
        writer.write(data)
        await writer.drain()
        if then_close:
            writer.close()
            raise ConnectionResetError

    return script


def http(body: bytes, status: int = 200, headers: str = "") -> bytes:
    """Return a whole answer."""
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


async def silence(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter, _request: bytes) -> None:
    """Answer nothing, for ever."""
    await asyncio.Event().wait()


async def reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _request: bytes) -> None:
    """Drop the connection without an answer."""
    writer.transport.abort()
    raise ConnectionResetError

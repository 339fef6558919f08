"""Sockets over aiohttp against a server on 127.0.0.1 that misbehaves at the level of frames and of HTTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from genesis.adapters.bitfinex.socket_aiohttp import AiohttpConnector
from genesis.ports.errors import Maintenance, RateLimited, Unreachable
from genesis.ports.socket import SocketClosed

Serve = Callable[[web.WebSocketResponse], Awaitable[None]]


@asynccontextmanager
async def server(serve: Serve, status: int = 0) -> AsyncIterator[str]:
    async def handle(request: web.Request) -> web.StreamResponse:
        if status:
            return web.Response(status=status, text="<html>no</html>", headers={"Location": "http://127.0.0.1:9/"})
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await serve(socket)
        return socket

    app = web.Application()
    app.router.add_get("/ws/2", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        async with asyncio.timeout(10):
            yield f"ws://{host}:{port}/ws/2"
    finally:
        await runner.cleanup()


async def nothing(_socket: web.WebSocketResponse) -> None:
    """Say nothing."""


async def received(serve: Serve) -> SocketClosed:
    async with server(serve) as url, AiohttpConnector() as connector:
        socket = await connector.connect(url)
        with pytest.raises(SocketClosed) as caught:
            await socket.receive()
        with pytest.raises(SocketClosed):
            await socket.send("x")
        await socket.close()
        await socket.close()
    return caught.value


async def test_c9_an_oversize_message_closes_the_connection() -> None:
    async def serve(socket: web.WebSocketResponse) -> None:
        await socket.send_str("x" * (4 * 2**20 + 1))

    assert (await received(serve)).code == 1009


async def test_c9_bad_utf8_closes_the_connection() -> None:
    async def serve(socket: web.WebSocketResponse) -> None:
        assert socket._writer is not None
        await socket._writer.send_frame(b"\xff\xfe", 1)

    assert (await received(serve)).code in {1002, 1007}


async def test_c9_a_binary_message_closes_the_connection() -> None:
    async def serve(socket: web.WebSocketResponse) -> None:
        await socket.send_bytes(b"[1]")

    assert (await received(serve)).code == 1003


async def test_a_goodbye_has_its_code_and_a_reset_has_none() -> None:
    async def restart(socket: web.WebSocketResponse) -> None:
        await socket.close(code=1012)

    assert (await received(restart)).code == 1012


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, RateLimited),
        (503, Maintenance),
        (408, Maintenance),
        (500, Unreachable),
        (404, Unreachable),
        (302, Unreachable),
    ],
)
async def test_c12_an_upgrade_that_is_answered_otherwise_has_a_meaning(status: int, kind: type[Exception]) -> None:
    async with server(nothing, status) as url, AiohttpConnector() as connector:
        with pytest.raises(kind):
            await connector.connect(url)


async def test_c1_a_port_where_nobody_listens_is_unreachable() -> None:
    async with AiohttpConnector() as connector:
        with pytest.raises(Unreachable):
            await connector.connect("ws://127.0.0.1:9/ws/2")


async def test_c5_a_handshake_that_stalls_ends_at_its_deadline() -> None:
    gone = asyncio.Event()

    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        gone.set()

    listening = await asyncio.start_server(stall, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with listening, AiohttpConnector(connect_s=0.1) as connector:
        with pytest.raises(Unreachable):
            await connector.connect(f"ws://127.0.0.1:{port}/ws/2")
        await gone.wait()

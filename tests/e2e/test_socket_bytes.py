"""Sockets against a server of bytes on 127.0.0.1: frames that no honest server sends, redirects, what is left open."""

import asyncio
import base64
import hashlib
import os
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from genesis.adapters.bitfinex.session import SessionRules
from genesis.adapters.bitfinex.socket_aiohttp import AiohttpConnector
from genesis.adapters.bitfinex.streams import PublicStreams
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.domain.channel import TickerChannel
from genesis.domain.resilience import Backoff, RequestBudget
from genesis.domain.units import Symbol
from genesis.ports.errors import InputError, Unreachable
from genesis.ports.socket import SocketClosed
from tests.fakes.socket_server import loopback

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
Script = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def upgraded(script: Script) -> AsyncIterator[str]:
    """Serve connections that are upgraded properly and then speak bytes."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"permessage-deflate" not in head, "compression is not offered, so no frame may unpack to gigabytes"
        (key,) = [
            line.split(b":")[1].strip() for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key")
        ]
        accept = base64.b64encode(hashlib.sha1(key + MAGIC, usedforsecurity=False).digest())
        writer.write(b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept)
        writer.write(b"\r\n\r\n")
        await script(writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        async with asyncio.timeout(10):
            yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws/2"
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()


def frame(head: int, payload: bytes) -> bytes:
    size = len(payload)
    return bytes([head]) + (bytes([size]) if size < 126 else b"\x7f" + size.to_bytes(8, "big")) + payload


@pytest.mark.parametrize(
    "said",
    [
        frame(0x83, b"x"),
        frame(0xC1, zlib.compress(b"0" * 2**20)),
        bytes([0x81, 127]) + (2**62).to_bytes(8, "big"),
        frame(0x80, b"a continuation of nothing"),
        frame(0x01, b"[1,") + frame(0x81, b"[2]"),
        frame(0x09, b"x" * 126),
        b"".join(frame(0x01 if i == 0 else 0x00, b"x" * 2**16) for i in range(65)),
        frame(0x88, b"\x03"),
    ],
    ids=[
        "opcode",
        "compressed",
        "huge",
        "continuation",
        "interleaved",
        "long ping",
        "fragments",
        "short goodbye",
    ],
)
async def test_c9_frames_that_no_honest_server_sends_close_the_connection(said: bytes) -> None:
    async def script(writer: asyncio.StreamWriter) -> None:
        writer.write(said)

    async with upgraded(script) as url, AiohttpConnector() as connector:
        socket = await connector.connect(url)
        with pytest.raises(SocketClosed):
            await socket.receive()
        await socket.close()


async def test_c9_a_message_in_fragments_is_whole() -> None:
    async def script(writer: asyncio.StreamWriter) -> None:
        for byte in frame(0x01, b"[1,") + frame(0x89, b"?") + frame(0x00, b'"h') + frame(0x80, b'b"]'):
            writer.write(bytes([byte]))
            await writer.drain()

    async with upgraded(script) as url, AiohttpConnector() as connector:
        socket = await connector.connect(url)
        assert await socket.receive() == '[1,"hb"]'
        await socket.close()


async def test_a_redirect_is_not_followed() -> None:
    reached: list[str] = []

    async def elsewhere(request: web.Request) -> web.StreamResponse:
        reached.append(request.path)
        if request.path == "/ws/2":
            raise web.HTTPFound("/other")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        return socket

    app = web.Application()
    app.router.add_get("/{any:.*}", elsewhere)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        async with AiohttpConnector() as connector:
            with pytest.raises(Unreachable, match="redirect"):
                await connector.connect(f"ws://{host}:{port}/ws/2")
    finally:
        await runner.cleanup()
    assert reached == ["/ws/2"]


async def test_plain_text_goes_to_this_machine_alone() -> None:
    async with AiohttpConnector() as connector:
        for url in ("ws://api.bitfinex.com/ws/2", "ws://127.0.0.1.example.com/ws/2", "http://api.bitfinex.com/ws/2"):
            with pytest.raises(InputError, match="wss"):
                await connector.connect(url)


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts file descriptors as Linux shows them")
async def test_i34_a_hundred_lost_connections_leave_nothing_open() -> None:
    async with loopback() as world:
        streams = PublicStreams(
            world.connector,
            SystemClock(),
            MemoryMetrics(),
            url=world.url,
            session_rules=SessionRules(backoff=Backoff(base_s=0.001, max_s=0.001), tick_s=0.01),
            budget=RequestBudget(limit=1000, window_s=1.0),
        )
        async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
            running = tasks.create_task(streams.run())
            await streams.subscribe(TickerChannel(Symbol("tBTCUSD")))
            files, alive = open_files(), len(asyncio.all_tasks())
            for drop in range(100):
                world.exchange.peer().drop((1006, 1012)[drop % 2])
                while len(world.exchange.peers) < drop + 2 or not world.exchange.peer().channels:
                    await streams.next()
            assert open_files() <= files + 2
            assert len(asyncio.all_tasks()) <= alive + 4
            running.cancel()

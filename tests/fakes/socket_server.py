"""The fake exchange behind real sockets on 127.0.0.1, and the same in memory: two worlds for the same contract."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import WSMsgType, web
from attrs import define

from genesis.adapters.bitfinex.socket_aiohttp import AiohttpConnector
from genesis.adapters.memory.socket import MemoryConnector, MemorySocket
from genesis.ports.errors import RateLimited
from genesis.ports.socket import Connector
from tests.fakes.socket_exchange import FakePeer, FakeSocketExchange


@define
class World:
    """Where a client finds the fake exchange."""

    exchange: FakeSocketExchange
    connector: Connector
    url: str
    refuse_with: int = 0
    """The HTTP status to answer upgrades with, 0 for none."""


class _QueuedWire:
    """Speaks through a queue, for the fake exchange does not await."""

    def __init__(self) -> None:
        self.texts: asyncio.Queue[str | int] = asyncio.Queue()

    def deliver(self, text: str) -> None:
        self.texts.put_nowait(text)

    def drop(self, code: int = 1006, reason: str = "") -> None:
        del reason
        self.texts.put_nowait(code)

    async def pump(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        while True:
            said = await self.texts.get()
            if isinstance(said, str):
                await socket.send_str(said)
            elif said == 1006:
                if request.transport is not None:
                    request.transport.abort()
                return
            else:
                await socket.close(code=said)
                return


@asynccontextmanager
async def loopback() -> AsyncIterator[World]:
    """Serve the fake exchange on a free port."""
    world: World

    async def serve(request: web.Request) -> web.StreamResponse:
        if world.refuse_with:
            return web.Response(status=world.refuse_with, text="no")
        socket = web.WebSocketResponse(max_msg_size=2**20)
        await socket.prepare(request)
        wire = _QueuedWire()
        peer = FakePeer(world.exchange, wire)
        peer.greet()
        async with asyncio.TaskGroup() as tasks:
            pumping = tasks.create_task(wire.pump(socket, request))
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    peer.received(message.data)
            peer.closed()
            pumping.cancel()
        return socket

    app = web.Application()
    app.router.add_get("/ws/2", serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        async with AiohttpConnector() as connector:
            world = World(FakeSocketExchange(), connector, f"ws://{host}:{port}/ws/2")
            yield world
    finally:
        await runner.cleanup()


@asynccontextmanager
async def memory() -> AsyncIterator[World]:
    """Serve the fake exchange in memory."""
    world: World

    def accept(url: str, socket: MemorySocket) -> FakePeer:
        if world.refuse_with:
            raise RateLimited("429", endpoint=url, retry_after_s=0.0)
        peer = FakePeer(world.exchange, socket)
        peer.greet()
        return peer

    world = World(FakeSocketExchange(), MemoryConnector(accept), "memory:/ws/2")
    yield world

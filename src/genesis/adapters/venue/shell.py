"""The venue on loopback: REST and `/ws/2` on one port, by aiohttp. Time is real, at a speed, or stands until told.

Every frame of every connection goes through that connection's own queue and writer, so a slow client delays no other.
A queue that is full means a client that does not read: its connection is closed, as the exchange closes it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import WSMsgType, web

from genesis.adapters.venue.http import Delivery, Request, Response
from genesis.adapters.venue.session import ConnectionId
from genesis.adapters.venue.sockets import Close
from genesis.adapters.venue.venue import Venue, path_after_version
from genesis.domain.units import Mts

HEARTBEAT_S: Final = 15.0
TICK_S: Final = 0.05
QUEUE_MAX: Final = 100_000
BODY_MAX: Final = 1 << 20
ABNORMAL: Final = 1006

Frames = asyncio.Queue[str | Close]


class Clock:
    """Maps the listener's time to the venue's: *speed* venue seconds a second; 0 stands still."""

    def __init__(self, start: Mts, speed: float) -> None:
        self._start = start
        self._speed = speed
        self._begun = time.monotonic()

    @property
    def stands(self) -> bool:
        """Whether only control calls move time."""
        return self._speed == 0

    def now(self) -> Mts:
        """Return the venue's time."""
        return Mts(self._start + int((time.monotonic() - self._begun) * 1000 * self._speed))


class Shell:
    """Serves one venue."""

    def __init__(self, venue: Venue, speed: float = 0.0) -> None:
        self._venue = venue
        self._clock = Clock(venue.now, speed)
        self._queues: dict[ConnectionId, Frames] = {}

    def app(self) -> web.Application:
        """Return the application that an aiohttp runner serves."""
        app = web.Application(client_max_size=BODY_MAX)
        app.router.add_get("/ws/2", self._socket)
        app.router.add_get("/ws", self._socket)
        app.router.add_route("*", "/{path:.*}", self._request)
        app.cleanup_ctx.append(self._background)
        return app

    async def _background(self, _app: web.Application) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(self._tick(), name="venue clock"), tasks.create_task(self._beat(), name="hb")]
            yield
            for task in running:
                task.cancel()

    async def _tick(self) -> None:
        while not self._clock.stands:
            self._catch_up()
            await asyncio.sleep(TICK_S)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            self._venue.beat()
            self._deliver()

    def _catch_up(self) -> None:
        if not self._clock.stands:
            self._venue.advance(self._clock.now())
        self._deliver()

    def _deliver(self) -> None:
        for connection, what in self._venue.take_outbox():
            queue = self._queues.get(connection)
            if queue is None:
                continue
            if queue.full():
                queue.get_nowait()  # nobody reads: make room for the end
                queue.put_nowait(Close(ABNORMAL))
            else:
                queue.put_nowait(what)

    # HTTP

    async def _request(self, http: web.Request) -> web.StreamResponse:
        body = await http.read()
        self._catch_up()
        path = http.raw_path.partition("?")[0]
        request = Request(
            http.method,
            path_after_version(path),
            dict(http.query),
            {name.lower(): value for name, value in http.headers.items()},
            body,
            http.remote or "",
            time.monotonic_ns() // 1_000_000,
        )
        response = self._venue.request(path, request)
        self._deliver()
        return await _respond(http, response)

    # WebSocket

    async def _socket(self, http: web.Request) -> web.StreamResponse:
        self._catch_up()
        connection = self._venue.connect(http.remote or "", time.monotonic_ns() // 1_000_000)
        if connection is None:
            return web.Response(status=429, body=b'{"error":"ERR_RATE_LIMIT"}', content_type="application/json")
        socket = web.WebSocketResponse(compress=False, autoping=True)
        frames = self._queues[connection] = asyncio.Queue(QUEUE_MAX)
        try:
            await socket.prepare(http)
            self._deliver()
            async with asyncio.TaskGroup() as tasks:
                writer = tasks.create_task(_write(http, socket, frames), name=f"venue writer {connection}")
                async for message in socket:
                    if message.type is WSMsgType.TEXT:
                        self._catch_up()
                        self._venue.receive(connection, message.data)
                        self._deliver()
                writer.cancel()
        finally:
            del self._queues[connection]
            self._venue.disconnect(connection)
            self._deliver()
        return socket


async def _write(http: web.Request, socket: web.WebSocketResponse, frames: Frames) -> None:
    while True:
        frame = await frames.get()
        if isinstance(frame, Close):
            if frame.code == ABNORMAL:
                _abort(http)
            else:
                await socket.close(code=frame.code)
            return
        try:
            await socket.send_str(frame)
        except ConnectionError:
            return


async def _respond(http: web.Request, response: Response) -> web.StreamResponse:
    delivery = response.delivery
    if delivery.stalls:
        await asyncio.Event().wait()  # until the client goes away
    if delivery.delay_ms:
        await asyncio.sleep(delivery.delay_ms / 1000)
    content_type, _, charset = response.content_type.partition("; charset=")
    if delivery.cut_at is None and not delivery.drip_ms:
        return web.Response(
            status=response.status, body=response.body, content_type=content_type, charset=charset or None
        )
    return await _spoil(http, response, delivery)


async def _spoil(http: web.Request, response: Response, delivery: Delivery) -> web.StreamResponse:
    if delivery.cut_at is not None and delivery.cut_at < 0:
        _abort(http)
        return web.Response(status=500)
    stream = web.StreamResponse(status=response.status, headers={"Content-Type": response.content_type})
    stream.content_length = len(response.body)
    await stream.prepare(http)
    if delivery.cut_at is not None:
        await stream.write(response.body[: delivery.cut_at])
        _abort(http)
        return stream
    for at in range(len(response.body)):
        await stream.write(response.body[at : at + 1])
        await asyncio.sleep(delivery.drip_ms / 1000)
    return stream


def _abort(http: web.Request) -> None:
    if http.transport is not None:
        http.transport.abort()


@asynccontextmanager
async def serving(venue: Venue, *, port: int = 0, speed: float = 0.0) -> AsyncIterator[int]:
    """Serve *venue* on loopback and yield the port; *speed* 0 is lock-step."""
    runner = web.AppRunner(Shell(venue, speed).app(), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()

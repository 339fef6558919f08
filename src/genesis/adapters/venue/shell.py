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
WAITING_BYTES_MAX: Final = 16 << 20
BODY_MAX: Final = 1 << 20
ABNORMAL: Final = 1006
SHUTDOWN_S: Final = 1.0


class Link:
    """The way to one client; frames wait until its transport is there."""

    def __init__(self) -> None:
        self.transport: asyncio.WriteTransport | None = None
        self.waiting: list[bytes] = []

    def put(self, what: str | Close) -> None:
        """Take a frame; `flush` sends it."""
        if not isinstance(what, Close):
            self.waiting.append(text_frame(what))
        elif what.code != ABNORMAL:
            self.waiting.append(b"\x88\x02" + what.code.to_bytes(2, "big"))
        else:
            self.flush()
            self.cut()

    def flush(self) -> None:
        """Send what waits."""
        if self.transport is None or not self.waiting:
            return
        self.transport.write(b"".join(self.waiting))
        self.waiting.clear()
        if self.transport.get_write_buffer_size() > WAITING_BYTES_MAX:
            self.cut()

    def cut(self) -> None:
        """Reset the connection."""
        if self.transport is not None:
            self.transport.abort()


def text_frame(text: str) -> bytes:
    """Return a server's text frame: final, unmasked, uncompressed. Source: RFC 6455, section 5.2."""
    payload = text.encode()
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 1 << 16:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


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
        self._links: dict[ConnectionId, Link] = {}

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
        written: dict[ConnectionId, Link] = {}
        for connection, what in self._venue.take_outbox():
            link = self._links.get(connection)
            if link is not None:
                link.put(what)
                written[connection] = link
        for link in written.values():
            link.flush()

    # HTTP

    async def _request(self, http: web.Request) -> web.StreamResponse:
        body = await http.read()
        self._catch_up()
        path = _readable(http.raw_path.partition("?")[0])
        request = Request(
            http.method,
            path_after_version(path),
            dict(http.query),
            {name.lower(): _readable(value) for name, value in http.headers.items()},
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
        link = self._links[connection] = Link()
        try:
            await socket.prepare(http)
            link.transport = http.transport
            self._deliver()
            link.flush()
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._catch_up()
                    self._venue.receive(connection, message.data, time.monotonic_ns() // 1_000_000)
                    self._deliver()
        finally:
            del self._links[connection]
            self._venue.disconnect(connection)
            self._deliver()
        return socket


def _readable(text: str) -> str:
    """Return *text* with a question mark for every byte that was no UTF-8: nothing that we know is written so."""
    return text.encode(errors="replace").decode()


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
    runner = web.AppRunner(
        Shell(venue, speed).app(), access_log=None, handler_cancellation=True, shutdown_timeout=SHUTDOWN_S
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()

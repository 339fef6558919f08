"""The venue without a network: the same client adapters on the other end, under any clock, virtual time included.

It is a `Transport` and a `Connector`. Frames are delivered as soon as they are made; what a fault delays waits on the
clock."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, Protocol, TypeVar
from urllib.parse import parse_qsl, urlsplit

from genesis.adapters.venue.http import JSON, Request, Response
from genesis.adapters.venue.session import ConnectionId
from genesis.adapters.venue.sockets import Close
from genesis.adapters.venue.venue import Venue, path_after_version
from genesis.ports.clock import Clock
from genesis.ports.errors import RateLimited
from genesis.ports.socket import Socket, SocketClosed
from genesis.ports.transport import HttpAnswer, HttpRequest, NoAnswer, NotConnected

HEARTBEAT_S: Final = 15.0
CONNECTION_PAUSE_S: Final = 60.0
PEER: Final = "in-process"
GOING_AWAY: Final = 1001
ABNORMAL: Final = 1006


class Listener(Protocol):
    """Whoever takes what the venue sends on one connection."""

    def put(self, what: str | Close) -> None:
        """Take a frame or the end."""


ListenerT = TypeVar("ListenerT", bound=Listener)


class InProcessVenue:
    """A venue and the clock that it lives by. `run` keeps its time; requests and frames bring it up to date as well."""

    def __init__(self, venue: Venue, clock: Clock) -> None:
        self.venue = venue
        self._clock = clock
        self._sockets: dict[ConnectionId, Listener] = {}
        self._is_closed = False

    async def run(self) -> None:
        """Let the market play and hearts beat, until cancelled."""
        beat_at = self._clock.monotonic_s() + HEARTBEAT_S
        while True:
            self.catch_up()
            wait_s = beat_at - self._clock.monotonic_s()
            if self.venue.next_mts is not None:
                wait_s = min(wait_s, (self.venue.next_mts - self._clock.now()) / 1000)
            await self._clock.sleep(max(0.0, wait_s))
            if self._clock.monotonic_s() >= beat_at:
                beat_at += HEARTBEAT_S
                self.venue.beat()

    def catch_up(self) -> None:
        """Bring the venue to the clock's time and deliver what it has to say."""
        self.venue.advance(self._clock.now())
        self.deliver()

    def deliver(self) -> None:
        """Hand frames to their sockets."""
        for connection, what in self.venue.take_outbox():
            socket = self._sockets.get(connection)
            if socket is not None:
                socket.put(what)

    # Transport

    async def request(self, request: HttpRequest) -> HttpAnswer:
        """Answer a request; see `Transport`."""
        if self._is_closed:
            raise NotConnected("the venue is closed")
        self.catch_up()
        url = urlsplit(request.url)
        if request.on_sent is not None:
            request.on_sent()
        answer = self.venue.request(url.path, self._venue_request(request, url.path, url.query))
        self.deliver()
        await self._travel(answer, request.total_timeout_s)
        if len(answer.body) > request.answer_bytes_max:
            raise NoAnswer(f"the answer has more than {request.answer_bytes_max} bytes")
        return HttpAnswer(answer.status, {"content-type": answer.content_type or JSON}, answer.body)

    async def close(self) -> None:
        """Take no more requests and close every socket."""
        self._is_closed = True
        for socket in list(self._sockets.values()):
            socket.put(Close(GOING_AWAY))

    def _venue_request(self, request: HttpRequest, path: str, query: str) -> Request:
        return Request(
            request.method,
            path_after_version(path),
            dict(parse_qsl(query, keep_blank_values=True)),
            _lower(request.headers),
            request.body,
            PEER,
            int(self._clock.monotonic_s() * 1000),
        )

    async def _travel(self, response: Response, timeout_s: float) -> None:
        """Let the answer take its time; raises `NoAnswer` where it does not arrive whole in *timeout_s*."""
        delivery = response.delivery
        takes_s = (delivery.delay_ms + delivery.drip_ms * len(response.body)) / 1000
        if delivery.stalls or takes_s > timeout_s:
            await self._clock.sleep(timeout_s)
            raise NoAnswer(f"no answer within {timeout_s} s")
        if takes_s:
            await self._clock.sleep(takes_s)
        if delivery.cut_at is not None:
            raise NoAnswer("connection reset")

    # Connector

    async def connect(self, url: str) -> Socket:
        """Open a connection; see `Connector`."""
        return self.open(url, lambda connection: VenueSocket(self, connection))

    def open(self, url: str, listening: Callable[[ConnectionId], ListenerT]) -> ListenerT:
        """Open a connection whose frames go to what *listening* makes; raises `RateLimited` beyond the limit."""
        self.catch_up()
        connection = self.venue.connect(PEER, int(self._clock.monotonic_s() * 1000))
        if connection is None:
            raise RateLimited("too many connections", endpoint=url, retry_after_s=CONNECTION_PAUSE_S, code=429)
        listener = listening(connection)
        self._sockets[connection] = listener
        self.deliver()
        return listener

    def receive(self, connection: ConnectionId, text: str) -> None:
        """Take a frame from a socket."""
        self.catch_up()
        self.venue.receive(connection, text, int(self._clock.monotonic_s() * 1000))
        self.deliver()

    def disconnect(self, connection: ConnectionId) -> None:
        """Note that a socket is closed."""
        if self._sockets.pop(connection, None) is not None:
            self.venue.disconnect(connection)
            self.deliver()


class VenueSocket:
    """One end of a connection to the venue; see `Socket`."""

    def __init__(self, home: InProcessVenue, connection: ConnectionId) -> None:
        self._home = home
        self._connection = connection
        self._frames: asyncio.Queue[str | Close] = asyncio.Queue()
        self._end: Close | None = None

    def put(self, what: str | Close) -> None:
        """Deliver a frame or the end."""
        self._frames.put_nowait(what)

    async def send(self, text: str) -> None:
        """Hand one message to the venue; see the port."""
        if self._end is not None:
            raise SocketClosed(self._end.code, "")
        await asyncio.sleep(0)
        self._home.receive(self._connection, text)

    async def receive(self) -> str:
        """Return the next message; see the port."""
        if self._end is None:
            what = await self._frames.get()
            if not isinstance(what, Close):
                return what
            self._end = what
            self._home.disconnect(self._connection)
        raise SocketClosed(self._end.code, "")

    async def close(self) -> None:
        """End the connection; see the port."""
        if self._end is None:
            self._end = Close(ABNORMAL)
            self._home.disconnect(self._connection)
            self._frames.put_nowait(self._end)


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}

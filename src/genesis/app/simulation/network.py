"""The network between one machine and the venue: it takes time, loses what is under way, and falls silent.

Bytes that have left may arrive or not, and who sent them cannot tell. Frames of one connection stay in order, as TCP
keeps them; requests may overtake each other.
"""

import asyncio
from collections import deque
from email.utils import formatdate
from random import Random
from typing import Final, NamedTuple, Protocol

from attrs import define, evolve

from genesis.adapters.memory.virtual_time import VirtualLoop
from genesis.adapters.venue.in_process import GOING_AWAY, InProcessVenue
from genesis.adapters.venue.session import ConnectionId
from genesis.adapters.venue.sockets import Close
from genesis.ports.errors import Unreachable
from genesis.ports.socket import Socket, SocketClosed
from genesis.ports.transport import HttpAnswer, HttpRequest, NoAnswer, NotConnected

RESET: Final = Close(1006)
GONE_AFTER_S: Final = 120.0
"""How long the venue keeps a connection whose other end has vanished without a word."""


class Tap(Protocol):
    """Whoever sees what passes on the wire, at the moment in which it leaves the machine or reaches it."""

    def frame_left(self, text: str) -> None:
        """Take a frame whose bytes are leaving."""

    def frame_came(self, text: str) -> None:
        """Take a frame that the machine reads."""

    def request_left(self, request: HttpRequest) -> None:
        """Take a request whose bytes are leaving."""

    def answer_came(self, request: HttpRequest, answer: HttpAnswer) -> None:
        """Take the answer that the machine reads."""


class Mortal(Protocol):
    """A process that may die at any of the places that it passes."""

    async def cross(self, place: str) -> None:
        """Pass *place*; a process that dies there never returns from this."""


@define(eq=False)
class Weather:
    """How the network is at the moment; faults change it."""

    latency_s: float = 0.04
    jitter_s: float = 0.02
    is_down: bool = False
    is_stuck: bool = False
    """Whether connections take bytes and carry none: half-open, until they are given up."""


class Network:
    """The way from one machine to the venue. It outlives the processes of the machine."""

    def __init__(self, venue: InProcessVenue, loop: VirtualLoop, seed: int) -> None:
        self.weather = Weather()
        self.sockets: list[WireSocket] = []
        self._venue = venue
        self._loop = loop
        self._chance = Random(seed)  # nosec B311 - the weather of a simulated network is no secret

    def travel_s(self) -> float:
        """Return how long the next message takes on its way."""
        weather = self.weather
        return weather.latency_s + weather.jitter_s * self._chance.random()

    async def exchange(self, request: HttpRequest) -> HttpAnswer:
        """Carry a request there and its answer back."""
        await asyncio.sleep(self.travel_s())
        if self.weather.is_down or self.weather.is_stuck:
            raise NoAnswer("connection reset: the request was lost on its way")
        answer = await self._venue.request(evolve(request, on_sent=None))
        dated = {**answer.headers, "date": formatdate(self._venue.venue.now // 1000, usegmt=True)}
        await asyncio.sleep(self.travel_s())
        if self.weather.is_down or self.weather.is_stuck:
            raise NoAnswer("connection reset: the answer was lost on its way")
        return evolve(answer, headers=dated)

    async def connect(self, url: str, tap: Tap, mortal: Mortal) -> "WireSocket":
        """Open a connection."""
        await asyncio.sleep(2 * self.travel_s())
        if self.weather.is_down or self.weather.is_stuck:
            raise Unreachable("no route to the exchange", endpoint=url)
        ends = Ends(self, self._venue, self._loop)
        socket = self._venue.open(url, lambda connection: WireSocket(ends, connection, tap, mortal))
        self.sockets.append(socket)
        return socket

    def cut(self) -> None:
        """Reset every connection: what is under way is lost."""
        for socket in list(self.sockets):
            socket.cut()

    def vanish(self, *, is_silent: bool) -> None:
        """Take the process away: its connections are closed by its kernel, or, *is_silent*, nobody closes them."""
        for socket in list(self.sockets):
            socket.abandon(is_silent=is_silent)


class Ends(NamedTuple):
    """What a connection runs between, and in whose time."""

    network: Network
    venue: InProcessVenue
    loop: VirtualLoop


class WireSocket:
    """One end of a connection to the venue; see `Socket`."""

    def __init__(self, ends: Ends, connection: ConnectionId, tap: Tap, mortal: Mortal) -> None:
        self._network, self._venue, self._loop = ends
        self._connection = connection
        self._tap = tap
        self._mortal = mortal
        self._coming: deque[tuple[float, str | Close]] = deque()
        self._going: deque[tuple[float, str | Close]] = deque()
        self._coming_at_s = self._going_at_s = 0.0
        self._woken: asyncio.Future[None] | None = None
        self._end: Close | None = None
        self._is_cut = False

    # The venue's side

    def put(self, what: str | Close) -> None:
        """Take a frame of the venue, or the end, on its way to us."""
        if self._is_cut or self._network.weather.is_stuck:
            return
        self._coming_at_s = max(self._coming_at_s, self._loop.time() + self._network.travel_s())
        self._coming.append((self._coming_at_s, what))
        self._wake()

    def cut(self) -> None:
        """Lose the connection with all that is under way."""
        if not self._is_cut:
            self._leave()
            self._coming.clear()
            self._coming.append((self._loop.time(), RESET))
            self._venue.disconnect(self._connection)
            self._wake()

    def abandon(self, *, is_silent: bool) -> None:
        """Lose our end: what has left still arrives, then the venue sees the end, now or only after minutes."""
        self._end = self._end or RESET
        if is_silent:
            self._leave()
            self._loop.call_later(GONE_AFTER_S, self._venue.disconnect, self._connection)
        else:
            self._go(Close(GOING_AWAY))

    # Ours

    async def send(self, text: str) -> None:
        """Hand one message to the network; see the port."""
        await self._mortal.cross("frame: about to leave")
        if self._end is not None:
            raise SocketClosed(self._end.code, "")
        self._tap.frame_left(text)
        self._go(text)
        await self._mortal.cross("frame: left")

    async def receive(self) -> str:
        """Return the next message; see the port."""
        while self._end is None:
            if not self._coming:
                self._woken = self._loop.create_future()
                await self._woken
                continue
            due_s, what = self._coming[0]
            wait_s = due_s - self._loop.time()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
                continue  # the connection may have been cut meanwhile
            self._coming.popleft()
            if not isinstance(what, Close):
                self._tap.frame_came(what)
                await self._mortal.cross("frame: came")
                return what
            self._end = what
            self._leave()
            self._venue.disconnect(self._connection)
        raise SocketClosed(self._end.code, "")

    async def close(self) -> None:
        """End the connection; see the port."""
        if self._end is None:
            self._end = RESET
            self._wake()
            self._go(Close(GOING_AWAY))

    def _go(self, what: str | Close) -> None:
        self._going_at_s = max(self._going_at_s, self._loop.time() + self._network.travel_s())
        self._going.append((self._going_at_s, what))
        self._loop.call_at(self._going_at_s, self._arrive)

    def _arrive(self) -> None:
        """Let what is due arrive, in order: timers of the same moment ring in any."""
        now_s = self._loop.time() + 1e-9
        while self._going and self._going[0][0] <= now_s and not self._is_cut:
            _, what = self._going.popleft()
            if isinstance(what, Close):
                self._leave()
                self._venue.disconnect(self._connection)
            elif not self._network.weather.is_stuck:
                self._venue.receive(self._connection, what)

    def _leave(self) -> None:
        self._is_cut = True
        self._going.clear()
        if self in self._network.sockets:
            self._network.sockets.remove(self)

    def _wake(self) -> None:
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)


class Wire:
    """The network as one process sees it: a `Transport` and a `Connector`."""

    def __init__(self, network: Network, tap: Tap, mortal: Mortal) -> None:
        self._network = network
        self._tap = tap
        self._mortal = mortal
        self._is_closed = False

    async def request(self, request: HttpRequest) -> HttpAnswer:
        """Send a request once; see `Transport`."""
        await self._mortal.cross("request: about to leave")
        if self._is_closed or self._network.weather.is_down:
            raise NotConnected("no route to the exchange")
        self._tap.request_left(request)
        if request.on_sent is not None:
            request.on_sent()
        try:
            async with asyncio.timeout(request.total_timeout_s):
                answer = await self._network.exchange(request)
        except TimeoutError:
            raise NoAnswer(f"no answer within {request.total_timeout_s} s") from None
        self._tap.answer_came(request, answer)
        await self._mortal.cross("request: answered")
        return answer

    async def close(self) -> None:
        """Send no more; see `Transport`."""
        self._is_closed = True

    async def connect(self, url: str) -> Socket:
        """Open a connection; see `Connector`."""
        await self._mortal.cross("connection: about to open")
        return await self._network.connect(url, self._tap, self._mortal)

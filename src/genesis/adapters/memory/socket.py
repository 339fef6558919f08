"""Sockets in memory: the other end is an object in the same process, and time is whatever the clock says."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

from genesis.ports.socket import SocketClosed


class Server(Protocol):
    """The other end of one connection: it is told what happens, and speaks through the `MemorySocket` it was given."""

    def received(self, text: str) -> None:
        """Take one message from the client."""

    def closed(self) -> None:
        """The client has gone."""


Accept = Callable[[str, "MemorySocket"], Server]
"""Takes a URL and the socket to speak through, and returns the server; refuses by raising what `Connector.connect`
may raise.
"""


class MemorySocket:
    """One connection. The client uses the port's methods, the server `deliver` and `drop`."""

    def __init__(self) -> None:
        self._messages: deque[str] = deque()
        self._server: Server | None = None
        self._closed: SocketClosed | None = None
        self._waiting: asyncio.Future[None] | None = None

    def serve(self, server: Server) -> None:
        """Connect the other end."""
        self._server = server

    @property
    def is_closed(self) -> bool:
        """Whether either end has closed it."""
        return self._closed is not None

    def deliver(self, text: str) -> None:
        """Send a message to the client; after the end it goes nowhere."""
        if self._closed is None:
            self._messages.append(text)
            self._wake()

    def drop(self, code: int = 1006, reason: str = "") -> None:
        """End the connection from the server's side; what was delivered before can still be received."""
        if self._closed is None:
            self._closed = SocketClosed(code, reason)
            self._wake()

    async def send(self, text: str) -> None:
        """Hand one message to the server, which reacts at once."""
        if self._closed is not None:
            raise self._closed
        if self._server is not None:
            self._server.received(text)

    async def receive(self) -> str:
        """Return the next message."""
        while not self._messages:
            if self._closed is not None:
                raise self._closed
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        return self._messages.popleft()

    async def close(self) -> None:
        """End the connection from the client's side."""
        if self._closed is None:
            self._closed = SocketClosed(1000, "closed by us")
            if self._server is not None:
                self._server.closed()
            self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


class MemoryConnector:
    """Connects to servers that *accept* makes."""

    def __init__(self, accept: Accept) -> None:
        self._accept = accept

    async def connect(self, url: str) -> MemorySocket:
        """Open a connection; raises whatever *accept* refuses with."""
        socket = MemorySocket()
        socket.serve(self._accept(url, socket))
        return socket

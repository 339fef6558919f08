"""A two-way channel of text messages, as a port: the same code runs over TLS, over loopback, and over memory in
virtual time.
"""

from typing import Protocol

from genesis.ports.errors import GenesisError


class SocketClosed(GenesisError):
    """The other end, or the network, ended the connection; *code* is the WebSocket close code, 1006 without a
    goodbye.
    """

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        super().__init__(f"closed with {code}{': ' if reason else ''}{reason}")


class Socket(Protocol):
    """An open connection. Messages arrive whole, in order, and at most once."""

    async def send(self, text: str) -> None:
        """Hand one message to the network; raises `SocketClosed` when the connection has ended.

        Cancelled or failed, the message may or may not have left.
        """

    async def receive(self) -> str:
        """Return the next message; raises `SocketClosed` after the last one. Cancelling it loses no message.

        Messages that are no text, too long, or badly encoded close the connection instead of being returned.
        """

    async def close(self) -> None:
        """End the connection, within a bounded time and whatever its state; closing twice does nothing."""


class Connector(Protocol):
    """Opens connections."""

    async def connect(self, url: str) -> Socket:
        """Open a connection to *url* within a deadline.

        Raises `Unreachable` if that failed, `RateLimited` where the server counts connections, `Maintenance` where it
        says so.
        """

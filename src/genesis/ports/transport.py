"""HTTP, as a port so small that a simulation can put virtual time and an exchange without sockets under a client."""

from collections.abc import Callable, Mapping
from typing import Protocol

from attrs import field, frozen


@frozen
class HttpRequest:
    """One request with everything that bounds it; *body* is sent byte for byte.

    *connect_timeout_s* bounds the way to the first byte, *total_timeout_s* everything until the last byte of the
    answer. *answer_bytes_max* bounds the answer after decompression. *on_sent* is called once, when the last byte was
    handed to the connection.
    """

    method: str
    url: str
    connect_timeout_s: float
    total_timeout_s: float
    answer_bytes_max: int
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    on_sent: Callable[[], None] | None = field(default=None, repr=False)


@frozen
class HttpAnswer:
    """What came back, whole; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class TransportError(Exception):
    """A request without an answer; its text is the cause in a few words."""


class NotConnected(TransportError):
    """Proof that no byte of the request left: name not found, connection refused, no route, TLS refused, no time."""


class NoAnswer(TransportError):
    """The request may have arrived: anything that went wrong after the connection was there, timeouts included."""


class Transport(Protocol):
    """Sends a request once."""

    async def request(self, request: HttpRequest) -> HttpAnswer:
        """Return the answer, whatever its status; raises `NotConnected` or `NoAnswer`.

        The request is sent at most once: it is never repeated, not even on another connection when a kept one turns out
        to be closed; and redirects are not followed. An answer longer than allowed, cut short, or lying about its
        length or coding raises `NoAnswer`. When cancelled, the request may have left; its connection is not used again.
        """

    async def close(self) -> None:
        """Close all connections; requests that still wait raise `NoAnswer`."""

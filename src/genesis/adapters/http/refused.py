"""An answer that the protocol itself gives, before or beside the application: it has what every answer has."""

from collections.abc import Sequence

from genesis.adapters.http.guard import SECURITY_HEADERS
from genesis.adapters.http.wire import error_body


def refused(status: int, code: str, message: str, more: Sequence[tuple[bytes, bytes]] = ()) -> bytes:
    """Return the whole answer, with the headers *more*, after which the connection is closed."""
    body = error_body(code, message)
    own = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
    ]
    lines = [b"%s: %s\r\n" % header for header in (*own, *more, *SECURITY_HEADERS)]
    return b"".join([b"HTTP/1.1 %d Refused\r\n" % status, *lines, b"\r\n", body])

"""Whether a request may be looked at, by its head alone: its form, whose host it asks for, and from which page."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from attrs import frozen

HEADER_BYTES_MAX: Final = 16 * 1024

Headers = Iterable[tuple[bytes, bytes]]

_ONCE: Final = frozenset(
    {b"authorization", b"content-length", b"content-type", b"host", b"origin", b"sec-fetch-site", b"transfer-encoding"}
)
_JSON_TYPES: Final = frozenset(
    {b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8"}
)


@frozen
class Refusal:
    """Why a request is not let in: an HTTP status, a stable code, and a sentence."""

    status: int
    code: str
    message: str
    more: Sequence[tuple[bytes, bytes]] = ()
    """Headers that go with it."""


@frozen
class Names:
    """What this server is called: *hosts* as they stand in a Host header, without the port."""

    hosts: Sequence[bytes] = (b"127.0.0.1", b"localhost", b"[::1]")
    scheme: bytes = b"http"

    def port_may_be_left_out(self, port: int) -> bool:
        """Whether *port* is the scheme's own."""
        return port == (443 if self.scheme == b"https" else 80)


LOOPBACK: Final = Names()


def decide(
    method: str, http_version: str, port: int, headers: Headers, body_bytes_max: int, names: Names = LOOPBACK
) -> Refusal | None:
    """Return why a request with this head is refused, or None; *port* is the one that it arrived at."""
    once: dict[bytes, bytes] = {}
    size = 0
    for name, value in headers:
        size += len(name) + len(value) + 4
        if name in _ONCE and name in once:
            return Refusal(400, "duplicate_header", f"the header {name.decode()} may stand only once")
        once[name] = value
    if size > HEADER_BYTES_MAX:
        return Refusal(431, "headers_too_large", f"headers may have {HEADER_BYTES_MAX} bytes together")
    if http_version != "1.1" or b"host" not in once:
        return Refusal(400, "old_protocol", "HTTP/1.1 with a Host header is needed")
    if not _is_own_host(once[b"host"], port, names):
        known = " and ".join(f"{name.decode()}:{port}" for name in names.hosts)
        return Refusal(421, "wrong_host", f"this server answers to {known} only")
    return _foreign_page(method, once, names) or _unfit_body(method, once, body_bytes_max)


def _is_own_host(host: bytes, port: int, names: Names) -> bool:
    # DNS rebinding gives any name our address, so the name itself is compared, byte for byte.
    suffix = b":%d" % port
    is_short = names.port_may_be_left_out(port)
    return any(host == name + suffix or (is_short and host == name) for name in names.hosts)


def _foreign_page(method: str, once: Mapping[bytes, bytes], names: Names) -> Refusal | None:
    origin = once.get(b"origin")
    if origin is not None and origin != names.scheme + b"://" + once[b"host"]:
        return Refusal(403, "foreign_origin", "pages of other origins may not ask")
    site = once.get(b"sec-fetch-site", b"same-origin")
    # `same-site` is any other port of this machine.
    if site != b"same-origin" and not (site == b"none" and method in ("GET", "HEAD")):
        return Refusal(403, "foreign_site", "pages of other sites may not ask")
    return None


def _unfit_body(method: str, once: Mapping[bytes, bytes], body_bytes_max: int) -> Refusal | None:
    if b"transfer-encoding" in once and (once[b"transfer-encoding"] != b"chunked" or b"content-length" in once):
        return Refusal(400, "unclear_length", "a body has a Content-Length or comes in chunks, and is not encoded")
    length = once.get(b"content-length", b"0")
    if not (length.isdigit() and len(length) <= 19):
        return Refusal(400, "bad_length", "the Content-Length is no number")
    if int(length) > body_bytes_max:
        return too_large(body_bytes_max)
    has_body = int(length) > 0 or b"transfer-encoding" in once
    if method not in ("POST", "PUT", "PATCH") and not has_body:
        return None
    if once.get(b"content-type", b"").lower() not in _JSON_TYPES:  # anything else needs no preflight in a browser
        return Refusal(415, "not_json", "the body's Content-Type must be application/json")
    if b"content-encoding" in once:
        return Refusal(415, "encoded_body", "the body must not be compressed")
    return None


def too_large(body_bytes_max: int) -> Refusal:
    return Refusal(413, "body_too_large", f"the body may have {body_bytes_max} bytes")

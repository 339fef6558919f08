"""A scanner that finds a secret by undoing encodings; it shares no code with the redactor, which makes them."""

import base64
import html
import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import unquote_to_bytes

WINDOW = 8
DEPTH = 2
PART_BYTES = 1 << 20
OVERLAP_BYTES = 2_048

_ESCAPES = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_CONTROL = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f"}


def leaks(output: bytes, secret: str) -> list[bytes]:
    """Return the eight-byte pieces of *secret* that *output* holds in any encoding known here, two encodings deep."""
    return leaks_of([secret], output)[secret]


def leaks_of(secrets: Iterable[str], output: bytes) -> dict[str, list[bytes]]:
    """Return the same for each of *secrets*, undoing the encodings once."""
    views = fresh = {output}
    for _ in range(DEPTH):
        fresh = {undone for view in fresh for undone in _undone(view)} - views
        views = views | fresh
    everything = b"\0\0".join(views)
    return {secret: sorted(piece for piece in _pieces(secret) if piece in everything) for secret in secrets}


def leaks_in_large(secrets: Sequence[str], output: bytes) -> dict[str, list[bytes]]:
    """Return the same for an output of any size, read in parts that overlap by more than any secret's encoding."""
    found: dict[str, set[bytes]] = {secret: set() for secret in secrets}
    for start in range(0, max(1, len(output)), PART_BYTES):
        for secret, pieces in leaks_of(secrets, output[start : start + PART_BYTES + OVERLAP_BYTES]).items():
            found[secret].update(pieces)
    return {secret: sorted(pieces) for secret, pieces in found.items()}


def _pieces(secret: str) -> set[bytes]:
    encoded = secret.encode("utf-8")
    return {encoded[at : at + WINDOW] for at in range(len(encoded) - WINDOW + 1)}


def _undone(data: bytes) -> Iterator[bytes]:
    yield _ESCAPES.sub(_unescaped, data)
    yield unquote_to_bytes(data)
    yield unquote_to_bytes(data.replace(b"+", b" "))
    yield html.unescape(data.decode("utf-8", "replace")).encode("utf-8", "replace")
    yield data.decode("latin-1").encode("utf-8")
    for start in (0, 1):
        even = data[start : start + (len(data) - start) // 2 * 2]
        for order in ("utf-16-le", "utf-16-be"):
            yield even.decode(order, "ignore").encode("utf-8", "ignore")
    for run in re.findall(rb"[0-9a-fA-F]{16,}", data):
        for start in (0, 1):
            even = run[start : start + (len(run) - start) // 2 * 2]
            yield bytes.fromhex(even.decode())
    for run in re.findall(rb"[A-Za-z0-9+/_-]{10,}", data):
        for start in range(4):
            quads = run[start : start + (len(run) - start) // 4 * 4]
            yield base64.b64decode(quads, altchars=b"-_" if b"-" in quads or b"_" in quads else None)
            yield base64.b64decode(run[start:] + b"A" * (-len(run[start:]) % 4), altchars=b"-_")


def _unescaped(match: re.Match[bytes]) -> bytes:
    unicode, byte, char = match.groups()
    if unicode:
        return chr(int(unicode, 16)).encode("utf-8", "replace")
    if byte:
        return bytes([int(byte, 16)])
    return _CONTROL.get(char, char)

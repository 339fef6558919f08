"""WebSocket frames (RFC 6455), server side, without any IO: bytes in, messages out.

Only what `/stream` needs: no extensions, no compression, text from clients. Whatever else arrives is a `BrokenFrames`
with the close code that the standard names for it.
"""

import base64
import hashlib
from collections.abc import Iterator
from enum import IntEnum
from typing import Final

from attrs import frozen

MESSAGE_BYTES_MAX: Final = 64 * 1024
FRAGMENT_BYTES_MAX: Final = 64 * 1024

_ACCEPT_SALT: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CONTROL_BYTES_MAX: Final = 125


class Opcode(IntEnum):
    """What a frame is."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class BrokenFrames(Exception):
    """Bytes that are no frames of ours; *code* is the close code that says why."""

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        super().__init__(text)


@frozen
class Arrived:
    """A whole message, or a control frame."""

    opcode: Opcode
    data: bytes


def accept_key(key: bytes) -> bytes | None:
    """Return the answer to a handshake's key; None where it is not sixteen bytes in base64."""
    try:
        if len(base64.b64decode(key, validate=True)) != 16:
            return None
    except ValueError:
        return None
    # SHA-1 is what the standard says, and nothing is kept safe by it.
    return base64.b64encode(hashlib.sha1(key + _ACCEPT_SALT, usedforsecurity=False).digest())


def frame(opcode: Opcode, data: bytes, *, is_last: bool = True) -> bytes:
    """Return *data* as one frame, unmasked, as servers send it."""
    first = (0x80 if is_last else 0) | opcode
    size = len(data)
    if size <= _CONTROL_BYTES_MAX:
        return bytes((first, size)) + data
    if size < 1 << 16:
        return bytes((first, 126)) + size.to_bytes(2, "big") + data
    return bytes((first, 127)) + size.to_bytes(8, "big") + data


def text_frames(data: bytes) -> bytes:
    """Return a text message as frames of at most 64 KiB."""
    if len(data) <= FRAGMENT_BYTES_MAX:
        return frame(Opcode.TEXT, data)
    pieces = []
    for start in range(0, len(data), FRAGMENT_BYTES_MAX):
        piece = data[start : start + FRAGMENT_BYTES_MAX]
        opcode = Opcode.CONTINUATION if start else Opcode.TEXT
        pieces.append(frame(opcode, piece, is_last=start + FRAGMENT_BYTES_MAX >= len(data)))
    return b"".join(pieces)


def close_frame(code: int, reason: str = "") -> bytes:
    """Return a close frame; a *reason* that is too long for one is cut between two characters."""
    cut = reason.encode()[: _CONTROL_BYTES_MAX - 2].decode(errors="ignore")
    return frame(Opcode.CLOSE, code.to_bytes(2, "big") + cut.encode())


class FrameReader:
    """Puts a client's bytes together to messages of at most *message_bytes_max* bytes."""

    def __init__(self, message_bytes_max: int = MESSAGE_BYTES_MAX) -> None:
        self._message_bytes_max = message_bytes_max
        self._buffer = bytearray()
        self._pieces: list[bytes] = []
        self._is_open = False

    def feed(self, data: bytes) -> Iterator[Arrived]:
        """Yield what *data* completes; raises `BrokenFrames`, after which nothing may be fed."""
        self._buffer += data
        while (found := self._frame()) is not None:
            arrived = self._message(*found)
            if arrived is not None:
                yield arrived

    def _frame(self) -> tuple[bool, Opcode, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        first, second = buffer[0], buffer[1]
        if first & 0x70:
            raise BrokenFrames(1002, "reserved bits are set, and no extension was agreed on")
        try:
            opcode = Opcode(first & 0x0F)
        except ValueError:
            raise BrokenFrames(1002, "an unknown kind of frame") from None
        if not second & 0x80:
            raise BrokenFrames(1002, "a client's frame must be masked")
        is_last, size, start = bool(first & 0x80), second & 0x7F, 2
        if opcode >= Opcode.CLOSE and (size > _CONTROL_BYTES_MAX or not is_last):
            raise BrokenFrames(1002, "a control frame must be short and whole")
        if size >= 126:
            width = 2 if size == 126 else 8
            if len(buffer) < 2 + width:
                return None
            size, start = int.from_bytes(buffer[2 : 2 + width], "big"), 2 + width
        if size + sum(map(len, self._pieces)) > self._message_bytes_max:
            raise BrokenFrames(1009, f"a message may have {self._message_bytes_max} bytes")
        end = start + 4 + size
        if len(buffer) < end:
            return None
        data = _unmasked(bytes(buffer[start : start + 4]), bytes(buffer[start + 4 : end]))
        del buffer[:end]
        return is_last, opcode, data

    def _message(self, is_last: bool, opcode: Opcode, data: bytes) -> Arrived | None:
        if opcode >= Opcode.CLOSE:
            return Arrived(opcode, data)
        if opcode is Opcode.BINARY:
            raise BrokenFrames(1003, "only text is understood here")
        if self._is_open is not (opcode is Opcode.CONTINUATION):
            raise BrokenFrames(1002, "a message began within another, or went on without a beginning")
        self._pieces.append(data)
        self._is_open = not is_last
        if not is_last:
            if len(self._pieces) > 1024:
                raise BrokenFrames(1008, "a message in too many pieces")
            return None
        whole = b"".join(self._pieces)
        self._pieces.clear()
        return Arrived(Opcode.TEXT, whole)


def _unmasked(mask: bytes, data: bytes) -> bytes:
    if not data:
        return b""
    stretched = (mask * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(stretched, "big")).to_bytes(len(data), "big")

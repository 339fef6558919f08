"""WebSocket frames, as a client sends them and as we do."""

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.adapters.http.websocket_frames import (
    Arrived,
    BrokenFrames,
    FrameReader,
    Opcode,
    accept_key,
    close_frame,
    frame,
    text_frames,
)


def masked(opcode: int, data: bytes, *, is_last: bool = True, mask: bytes = b"\x01\x02\x03\x04") -> bytes:
    """A frame as a client sends it."""
    size = len(data)
    first = bytes(((0x80 if is_last else 0) | opcode,))
    if size <= 125:
        length = bytes((0x80 | size,))
    elif size < 1 << 16:
        length = bytes((0x80 | 126,)) + size.to_bytes(2, "big")
    else:
        length = bytes((0x80 | 127,)) + size.to_bytes(8, "big")
    return first + length + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))


def read(raw: bytes, pieces: int = 1) -> list[Arrived]:
    reader = FrameReader()
    found: list[Arrived] = []
    step = max(1, len(raw) // pieces)
    for start in range(0, len(raw), step):
        found += reader.feed(raw[start : start + step])
    return found


def test_the_accept_key_is_that_of_the_standard() -> None:
    # RFC 6455, section 1.3
    assert accept_key(b"dGhlIHNhbXBsZSBub25jZQ==") == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert accept_key(b"") is None
    assert accept_key(b"!!!") is None
    assert accept_key(base64.b64encode(b"short")) is None


@given(st.lists(st.binary(max_size=300), max_size=5), st.integers(1, 50), st.binary(min_size=4, max_size=4))
def test_messages_arrive_whole_however_their_bytes_come(messages: list[bytes], pieces: int, mask: bytes) -> None:
    raw = b"".join(masked(Opcode.TEXT, data, mask=mask) for data in messages)
    assert read(raw, pieces) == [Arrived(Opcode.TEXT, data) for data in messages]


def test_pieces_of_a_message_are_put_together_with_control_frames_between() -> None:
    raw = masked(1, b"ab", is_last=False) + masked(9, b"ping") + masked(0, b"cd", is_last=False) + masked(0, b"e")
    assert read(raw) == [Arrived(Opcode.PING, b"ping"), Arrived(Opcode.TEXT, b"abcde")]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (frame(Opcode.TEXT, b"unmasked"), 1002),
        (masked(1, b"x")[:1] + bytes((0x81,)) + b"", None),
        (bytes((0xC1, 0x80)) + b"\0\0\0\0", 1002),
        (masked(3, b""), 1002),
        (masked(2, b"binary"), 1003),
        (masked(0, b"no beginning"), 1002),
        (masked(1, b"a", is_last=False) + masked(1, b"b"), 1002),
        (masked(9, b"x" * 126), 1002),
        (masked(8, b"x", is_last=False), 1002),
        (masked(1, b"x" * 70_000), 1009),
        (bytes((0x81, 0xFF)) + (2**63).to_bytes(8, "big"), 1009),
        (masked(1, b"x" * 40_000, is_last=False) + masked(0, b"x" * 40_000), 1009),
    ],
)
def test_bytes_that_are_no_frames_of_ours_have_their_code(raw: bytes, code: int | None) -> None:
    if code is None:
        assert read(raw) == []
        return
    with pytest.raises(BrokenFrames) as broken:
        read(raw)
    assert broken.value.code == code


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail_otherwise(raw: bytes) -> None:
    reader = FrameReader(100)
    try:
        for arrived in reader.feed(raw):
            assert len(arrived.data) <= 125
    except BrokenFrames:
        return


def test_long_texts_leave_in_frames_of_64_kib() -> None:
    data = os.urandom(150_000)
    raw = text_frames(data)
    assert raw[0] == Opcode.TEXT  # not the last
    assert raw.count(data[:100]) == 1
    assert len(raw) == len(data) + 3 * 10 - 6
    assert text_frames(b"short") == frame(Opcode.TEXT, b"short")
    assert close_frame(1000, "x" * 200)[1] == 125
    assert close_frame(1000, "x" + "é" * 100)[4:].decode() == "x" + "é" * 61

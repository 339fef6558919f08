"""Bytes that no decent client sends: the venue refuses them, and everybody else is served as before."""

import asyncio

import pytest

from genesis.adapters.venue.shell import serving
from tests.e2e.venue_house import quiet_venue

UPGRADE = (
    b"GET /ws/2 HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
SIGNED_WITH_RUBBISH = (
    b"POST /v2/auth/r/wallets HTTP/1.1\r\nHost: here\r\nbfx-apikey: demo-alice-key\r\nbfx-nonce: \xff\xfe\r\n"
    b"bfx-signature: \xff\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
)
STATUS = b"GET /v2/platform/status HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"
PING = b'{"event":"ping","cid":7}'


def frame(payload: bytes, opcode: int = 1, *, claims: int | None = None, is_last: bool = True) -> bytes:
    """Return a client's frame, masked with zeros; *claims* is the length that it says it has."""
    head = bytes((0x80 * is_last | opcode, 0xFF))
    return head + (len(payload) if claims is None else claims).to_bytes(8, "big") + b"\0\0\0\0" + payload


async def talk(port: int, *parts: bytes, until: bytes) -> bytes:
    """Send *parts* on one connection and return what comes up to *until*, or to the end of the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard = b""
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        while until not in heard and (more := await asyncio.wait_for(reader.read(65_536), 10)):
            heard += more
    except ConnectionError:
        pass  # the venue hung up in the middle of it
    finally:
        writer.close()
    return heard


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"\x00\xff\r\n\r\n", b" 400 "),
        (b"GET /v2/%ff%fe/%zz HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n", b" 404 "),
        (b"GET /v2/../sim/state HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n", b" 404 "),
        (b"GET /ws/2 HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n", b" 400 "),
        (
            SIGNED_WITH_RUBBISH,
            b'["error",10112,"apikey: digest invalid"]',
        ),
        (b"POST /v2/calc/fx HTTP/1.1\r\nHost: here\r\nContent-Length: 9000000\r\n\r\n" + b"[" * 1_500_000, b" 413 "),
    ],
)
async def test_a_broken_request_is_refused_and_the_next_one_answered(request_bytes: bytes, status: bytes) -> None:
    async with serving(quiet_venue()) as port:
        assert status in await talk(port, request_bytes, until=status)
        assert (await talk(port, STATUS, until=b"[1]")).endswith(b"[1]")


@pytest.mark.parametrize(
    ("frames", "answer"),
    [
        ((frame(b"\xff\x00", 2), frame(PING)), b'"cid":7}'),
        ((frame(b"[" * 3_000_000), frame(PING)), b'"cid":7}'),
        ((frame(b'{"event":"ping","cid":"\\ud800"}'), frame(PING)), b'"cid":7}'),
        ((frame(PING[:9], is_last=False), frame(PING[9:], 0)), b'"cid":7}'),
        ((frame(b"\xff\xfe"),), b"\x88\x02\x03\xef"),
        ((frame(b"x", claims=1 << 40),), b"\x88\x02\x03\xf1"),
    ],
)
async def test_a_broken_frame_is_refused_or_passed_over(frames: tuple[bytes, ...], answer: bytes) -> None:
    venue = quiet_venue()
    async with serving(venue) as port:
        assert answer in await talk(port, UPGRADE, *frames, until=answer)
        assert b'"cid":7}' in await talk(port, UPGRADE, frame(PING), until=b'"cid":7}')
    assert venue.sockets.sessions == {}

"""The transport's contract on real sockets.

One request goes out once, and a failure says whether it could have arrived.
"""

import asyncio
import gzip
import ssl
from collections.abc import Callable

import pytest
from attrs import evolve

from genesis.adapters.bitfinex.transport_aiohttp import AiohttpTransport
from genesis.ports.transport import HttpRequest, NoAnswer, NotConnected, TransportError
from tests.fakes.raw_server import RawServer, Script, answer, http, reset, silence

BODY = b'{"type":"EXCHANGE LIMIT","symbol":"tBTCUSD","amount":"0.5","price":"100","cid":7}'
ANSWER = http(b'["the whole answer"]')


def post(url: str, *, total_timeout_s: float = 2.0, on_sent: Callable[[], None] | None = None) -> HttpRequest:
    path, headers = "auth/w/order/submit", {"bfx-nonce": "1"}
    return HttpRequest("POST", url + path, 1.0, total_timeout_s, 1000, headers, BODY, on_sent)


async def send(request: HttpRequest) -> TransportError | bytes:
    """Return the answer's body or the error."""
    transport = AiohttpTransport()
    try:
        return (await transport.request(request)).body
    except TransportError as error:
        return error
    finally:
        await transport.close()


async def test_body_and_headers_arrive_as_they_were_given() -> None:
    async with RawServer(answer(http(b"[1]", 429, "Retry-After: 7\r\n"))) as server:
        transport = AiohttpTransport()
        found = await transport.request(post(server.url))
        await transport.close()
    assert (found.status, found.headers["retry-after"], found.body) == (429, "7", b"[1]")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert body == BODY
    assert head.startswith(b"POST /v2/auth/w/order/submit HTTP/1.1\r\n")
    assert b"bfx-nonce: 1" in head


async def test_the_path_is_sent_as_it_was_signed() -> None:
    async with RawServer(answer(ANSWER)) as server:
        await send(HttpRequest("GET", server.url + "candles/trade:1m:fUSD:a30:p2:p30/hist?a=%2C", 1, 1, 1000))
    assert server.requests[0].startswith(b"GET /v2/candles/trade:1m:fUSD:a30:p2:p30/hist?a=%2C HTTP/1.1\r\n")


async def test_a_refused_connection_proves_that_nothing_left() -> None:
    """C1."""
    async with RawServer(silence) as server:
        url = server.url
    assert type(await send(post(url))) is NotConnected


async def test_an_unknown_name_proves_that_nothing_left() -> None:
    """C1."""
    assert type(await send(post("http://no-such-host.invalid/v2/"))) is NotConnected


async def test_a_name_that_nobody_finds_ends_with_the_time_to_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    """C1: the search for an address is a part of connecting."""

    async def search(*_: object, **__: object) -> list[object]:
        return [await asyncio.Event().wait()]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", search)
    found = await send(evolve(post("http://exchange.example/v2/", total_timeout_s=30), connect_timeout_s=0.1))
    assert type(found) is NotConnected
    assert "no connection within 0.1 s" in str(found)


async def test_plain_text_where_tls_is_expected_proves_that_nothing_left() -> None:
    """C2: no fallback."""
    async with RawServer(answer(ANSWER)) as server:
        assert type(await send(post(server.url.replace("http:", "https:"), total_timeout_s=0.3))) is NotConnected
    assert server.requests == []


def test_certificates_are_always_verified() -> None:
    """C2."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with pytest.raises(ValueError, match="verified"):
        AiohttpTransport(ssl_context=context)


async def test_a_reset_after_the_request_proves_nothing() -> None:
    """C3."""
    async with RawServer(reset) as server:
        assert type(await send(post(server.url))) is NoAnswer


async def test_a_cut_at_any_byte_of_the_answer_is_no_answer() -> None:
    """C4: a part of an answer is never used."""
    for cut in range(len(ANSWER)):
        async with RawServer(answer(ANSWER[:cut], then_close=True)) as server:
            assert type(await send(post(server.url))) is NoAnswer, f"cut after byte {cut}"
            assert len(server.requests) == 1


async def test_silence_ends_with_the_total_time() -> None:
    """C5."""
    async with RawServer(silence) as server:
        assert type(await send(post(server.url, total_timeout_s=0.1))) is NoAnswer
    assert len(server.requests) == 1


async def test_a_drip_ends_with_the_total_time() -> None:
    """C6: every read is quick, the answer is not."""

    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _request: bytes) -> None:
        for byte in ANSWER * 100:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.01)

    async with RawServer(drip) as server:
        assert type(await send(post(server.url, total_timeout_s=0.2))) is NoAnswer


LIES: dict[str, bytes] = {
    "longer than said": b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n[1]",
    "garbage instead of chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n[1]\r\n0\r\n\r\n",
    "no gzip": http(b"[1]", headers="Content-Encoding: gzip\r\n"),
    "a gzip cut short": http(gzip.compress(b"[1]" * 50)[:-12], headers="Content-Encoding: gzip\r\n"),
    "a gzip with something after it": http(gzip.compress(b"[1]") + b"[2]", headers="Content-Encoding: gzip\r\n"),
    "a coding that nobody asked for": http(b"[1]", headers="Content-Encoding: br\r\n"),
    "a length that is no number": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n[1]",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "a header line without end": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000,
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
async def test_an_answer_that_lies_about_itself_is_no_answer(lie: bytes) -> None:
    """C13."""
    async with RawServer(answer(lie, then_close=True)) as server:
        assert type(await send(post(server.url))) is NoAnswer
        assert len(server.requests) == 1


async def test_a_compressed_answer_is_read() -> None:
    async with RawServer(answer(http(gzip.compress(b"[1]" * 50), headers="Content-Encoding: gzip\r\n"))) as server:
        assert await send(post(server.url)) == b"[1]" * 50
    assert b"accept-encoding: gzip\r\n" in server.requests[0].lower()


async def test_an_answer_is_bounded_after_decompression() -> None:
    """C13: four megabytes in four kilobytes."""
    bomb = http(gzip.compress(b"[" + b"0," * 2_000_000 + b"0]"), headers="Content-Encoding: gzip\r\n")
    async with RawServer(answer(bomb)) as server:
        found = await send(post(server.url))
    assert isinstance(found, NoAnswer)
    assert "longer than 1000 bytes" in str(found)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(status: int) -> None:
    """C12: neither credentials nor orders go anywhere else."""
    async with RawServer(answer(ANSWER)) as other:
        moved = http(b"", status, f"Location: {other.url}\r\n")
        async with RawServer(answer(moved)) as server:
            assert await send(post(server.url)) == b""
        assert other.requests == []


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_kept_connection_that_turns_out_closed_sends_nothing_twice(method: str) -> None:
    """C18: the server answers once, then drops the connection on the next request."""
    async with RawServer(answer(ANSWER), reset, answer(ANSWER)) as server:
        transport = AiohttpTransport()
        request = evolve(post(server.url), method=method, body=BODY if method == "POST" else b"")
        await transport.request(request)
        with pytest.raises(NoAnswer):
            await transport.request(request)
        assert (len(server.requests), server.connections) == (2, 1)
        assert (await transport.request(request)).status == 200
        await transport.close()


async def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """C17."""
    async with RawServer(answer(ANSWER)) as proxy, RawServer(answer(ANSWER)) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        await send(post(server.url))
        assert (len(proxy.requests), len(server.requests)) == (0, 1)


async def test_cookies_are_not_kept() -> None:
    async with RawServer(answer(http(b"[1]", headers="Set-Cookie: a=b\r\n"))) as server:
        transport = AiohttpTransport()
        await transport.request(post(server.url))
        await transport.request(post(server.url))
        await transport.close()
    assert b"cookie" not in server.requests[1].lower()


async def test_it_is_told_once_that_the_request_was_sent_before_the_answer_is_there() -> None:
    told: list[str] = []

    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _request: bytes) -> None:
        told.append("arrived")
        writer.write(ANSWER)

    async with RawServer(script) as server:
        await send(post(server.url, on_sent=lambda: told.append("sent")))
    assert told == ["sent", "arrived"]


async def test_closing_ends_waiting_requests() -> None:
    async with RawServer(silence) as server:
        transport = AiohttpTransport()
        sent = asyncio.Event()
        waiting = asyncio.create_task(transport.request(post(server.url, on_sent=sent.set)))
        await sent.wait()
        await transport.close()
        with pytest.raises(NoAnswer):
            await waiting


async def test_a_cancelled_request_does_not_leave_its_connection_to_the_next() -> None:
    """C19: the late answer of the first must not be taken for the second's."""

    async def late(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _request: bytes) -> None:
        await asyncio.sleep(0.05)
        writer.write(http(b"[1]"))

    scripts: tuple[Script, Script] = (late, answer(http(b"[2]")))
    async with RawServer(*scripts) as server:
        transport = AiohttpTransport()
        sent = asyncio.Event()
        first = asyncio.create_task(transport.request(post(server.url, on_sent=sent.set)))
        await sent.wait()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert (await transport.request(post(server.url))).body == b"[2]"
        assert server.connections == 2
        await transport.close()

"""C2: a certificate that is not the exchange's ends the attempt before a byte of the request has left."""

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trustme

from genesis.adapters.bitfinex.transport_aiohttp import AiohttpTransport
from genesis.ports.transport import HttpRequest, NotConnected

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[1]"
YESTERDAY = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """Return what a client has that trusts *authority* alone."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@asynccontextmanager
async def listening(context: ssl.SSLContext | None) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Serve one answer a connection, over TLS or in plain text; the list holds what arrived."""
    arrived: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            arrived.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(ANSWER)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v2/auth/w/order/submit", arrived
    finally:
        server.close()
        await server.wait_closed()


def serving(authority: trustme.CA, *names: str, expired: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued = authority.issue_cert(*names, not_after=YESTERDAY if expired else None)
    issued.configure_cert(context)
    return context


async def answer_of(url: str, client: ssl.SSLContext, connect_timeout_s: float = 5.0) -> bytes:
    transport = AiohttpTransport(ssl_context=client)
    try:
        request = HttpRequest("POST", url, connect_timeout_s, 10.0, 1000, {"bfx-nonce": "1"}, b"{}")
        return (await transport.request(request)).body
    finally:
        await transport.close()


async def test_a_certificate_of_a_trusted_authority_for_the_right_host_is_fine(authority: trustme.CA) -> None:
    async with listening(serving(authority, "127.0.0.1")) as (url, arrived):
        assert await answer_of(url, trusting(authority)) == b"[1]"
    assert len(arrived) == 1


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("expired", "certificate has expired"),
        ("wrong host", "IP address mismatch"),
        ("another authority", "unable to get local issuer certificate"),
        ("self-signed", "self-signed certificate"),
        ("old protocol", ""),
    ],
)
async def test_c2_a_wrong_certificate_is_refused_before_anything_is_sent(
    case: str, said: str, authority: trustme.CA
) -> None:
    server = serving(authority, "127.0.0.1", expired=case == "expired")
    match case:
        case "wrong host":
            server = serving(authority, "api.bitfinex.com")
        case "another authority":
            server = serving(trustme.CA(organization_name="others"), "127.0.0.1")
        case "self-signed":
            alone = trustme.CA()
            server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            with alone.cert_pem.tempfile() as certificate, alone.private_key_pem.tempfile() as key:
                server.load_cert_chain(certificate, key)
        case "old protocol":
            server.maximum_version = ssl.TLSVersion.TLSv1_2
    client = trusting(authority)
    if case == "old protocol":
        client.minimum_version = ssl.TLSVersion.TLSv1_3
    async with listening(server) as (url, arrived):
        with pytest.raises(NotConnected) as caught:
            await answer_of(url, client)
    assert said in str(caught.value).replace("self signed", "self-signed")
    assert arrived == []


async def test_c2_a_handshake_that_stalls_ends_with_the_time_to_connect(authority: trustme.CA) -> None:
    async with listening(None) as (url, arrived):  # reads the greeting as text and never answers it
        with pytest.raises(NotConnected, match="no connection within"):
            await answer_of(url, trusting(authority), connect_timeout_s=0.2)
    assert arrived == []

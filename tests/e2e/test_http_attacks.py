"""What comes over a bare socket: slow, large, ambiguous and many; and an owner who is served meanwhile."""

import asyncio
import json
import os
import re
import ssl
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
import trustme
from attrs import frozen

from genesis.adapters.archive_files import ArchiveFiles
from genesis.adapters.audit_log.file import AuditFile
from genesis.adapters.audit_log.reading import read_entries
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.http import protocol, tls_door
from genesis.adapters.http.app import TradingSide, build_app
from genesis.adapters.http.guard import SECURITY_HEADERS
from genesis.adapters.http.requests import MONEY_PATTERN
from genesis.adapters.http.server import Exposure, HttpServer, names_of
from genesis.adapters.memory.credentials import MemoryCredentials
from genesis.adapters.memory.kill_latch import MemoryKillLatch
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.monitor import MemoryMonitor
from genesis.adapters.memory.session_view import MemorySessionView
from genesis.adapters.metrics_prometheus import PrometheusMetrics
from genesis.app.config_book import SessionConfigBook
from genesis.app.config_problems import SchemaDesk
from genesis.app.exposure import exposure_of
from genesis.app.metric_catalogue import CATALOGUE
from genesis.app.settings import Settings
from genesis.ports.access import Role
from genesis.ports.errors import InputError
from genesis.ports.session_view import Overview
from tests.e2e.api_house import SYMBOL, House, RecordingOperator, feed, house
from tests.e2e.api_routes import every_route, filled_path


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path) as found:
        feed(found.view)
        yield found


UNHEARD = "no token was heard within two seconds, or too many wait: try again"


async def raw(site: House, request: bytes, within_s: float = 5.0) -> bytes:
    """Send *request* and return what comes back until the server closes; raises `TimeoutError` if it never does."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    received = b""
    try:
        async with asyncio.timeout(within_s):
            writer.write(request)
            while piece := await reader.read(65_536):
                received += piece
    except ConnectionResetError:
        pass
    finally:
        writer.close()
    return received


UPGRADE = "GET /stream HTTP/1.1\r\nHOST\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

CORPUS: dict[str, tuple[str, int]] = {
    "two hosts": ("GET /health HTTP/1.1\r\nHOST\r\nHost: evil.test\r\n\r\n", 400),
    "absolute form": ("GET http://evil.test/health HTTP/1.1\r\nHOST\r\n\r\n", 400),
    "authority form": ("CONNECT evil.test:80 HTTP/1.1\r\nHOST\r\n\r\n", 400),
    "asterisk form": ("OPTIONS * HTTP/1.1\r\nHOST\r\n\r\n", 400),
    "empty host": ("GET /health HTTP/1.1\r\nHost:\r\n\r\n", 421),
    "no host": ("GET /health HTTP/1.1\r\n\r\n", 400),
    "old protocol": ("GET /health HTTP/1.0\r\nHOST\r\n\r\n", 400),
    "protocol that is none": ("GET /health HTTP/2.0\r\nHOST\r\n\r\n", 400),
    "a stream without a key": (UPGRADE + "Sec-WebSocket-Version: 13\r\n\r\n", 400),
    "a stream of another version": (UPGRADE + KEY + "Sec-WebSocket-Version: 12\r\n\r\n", 400),
    "a stream that is posted": (UPGRADE.replace("GET", "POST") + KEY + "Sec-WebSocket-Version: 13\r\n\r\n", 400),
    "no protocol": ("GET /health\r\n\r\n", 400),
    "length and chunks": (
        (
            "POST /config/audit HTTP/1.1\r\nHOST\r\nContent-Type: application/json\r\nContent-Length: 4\r\n"
            "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        400,
    ),
    "two lengths": (
        (
            "POST /config/audit HTTP/1.1\r\nHOST\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
            "Content-Length: 3\r\n\r\n{} "
        ),
        400,
    ),
    "odd coding": (
        (
            "POST /config/audit HTTP/1.1\r\nHOST\r\nContent-Type: application/json\r\n"
            "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"
        ),
        400,
    ),
    "signed length": (
        "POST /config/audit HTTP/1.1\r\nHOST\r\nContent-Type: application/json\r\nContent-Length: +2\r\n\r\n{}",
        400,
    ),
    "space before colon": ("GET /health HTTP/1.1\r\nHOST\r\nX : y\r\n\r\n", 400),
    "folded header": ("GET /health HTTP/1.1\r\nHOST\r\nX: y\r\n z\r\n\r\n", 400),
    "bare line feed": ("GET /health HTTP/1.1\nHOST\n\n", 400),
    "null in a header": ("GET /health HTTP/1.1\r\nHOST\r\nX: a\x00b\r\n\r\n", 400),
    "carriage return in a value": ("GET /health HTTP/1.1\r\nHOST\r\nX: a\rb\r\n\r\n", 400),
    "no method": (" /health HTTP/1.1\r\nHOST\r\n\r\n", 400),
    "bad chunk": (
        (
            "POST /config/audit HTTP/1.1\r\nHOST\r\nContent-Type: application/json\r\n"
            "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"
        ),
        400,
    ),
    "large head": ("GET /health HTTP/1.1\r\nHOST\r\nX: " + "y" * 200_000 + "\r\n\r\n", 431),
    "head without end": ("GET /health HTTP/1.1\r\nHOST\r\n" + "X: y\r\n" * 4_000, 431),
}


@pytest.mark.parametrize("name", CORPUS)
async def test_f3_f13_f14_what_two_readers_could_read_otherwise_is_refused(site: House, name: str) -> None:
    request, status = CORPUS[name]
    answer = await raw(site, request.replace("HOST", f"Host: 127.0.0.1:{site.port}").encode("latin-1"))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert int(head.split(b" ")[1]) == status, answer[:200]
    assert len(re.findall(rb"HTTP/1\.1 [1-5]", answer)) == 1  # what followed was not taken for a request
    assert set(json.loads(body)["error"]) == {"code", "message"}
    assert all(b"%s: %s" % header in head for header in SECURITY_HEADERS)
    written = read_entries(site.home / "logs" / "config_audit.log")
    assert all(str(each.entry).startswith("{'action': 'security.") for each in written)  # it was turned away, at most


@pytest.mark.parametrize(
    "path",
    [
        "/page/../secret",
        "/page/%2e%2e/%2e%2e/etc/passwd",
        "/page/..%2f..%2fetc/passwd",
        "/page//main.js",
        "/page/main.js/",
        "/page/main.js%00",
        "/page/main.js%00.css",
        "//etc/passwd",
        "/page/",
        "/page/PAGE.JS",
        "/%2e%2e/pyproject.toml",
        "/page/dashboard.html",
        "/page/\\..\\main.js",
    ],
)
async def test_f8_no_path_leads_to_the_disk(site: House, path: str) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nConnection: close\r\n\r\n"
    assert (await raw(site, request.encode())).split(b" ")[1] in (b"404", b"400")


async def test_f4_heads_that_come_slowly_are_closed_and_the_owner_is_served(
    site: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEADER_TIMEOUT_S", 0.4)
    slow = [await asyncio.open_connection("127.0.0.1", site.port) for _ in range(100)]

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        closed = asyncio.ensure_future(reader.read())
        with suppress(ConnectionError):
            for byte in b"GET /health HTTP/1.1\r\nX-Never-Ends: " + b"x" * 400:
                if closed.done():
                    break
                writer.write(bytes((byte,)))
                await asyncio.wait({closed}, timeout=0.05)
            await closed

    dripping = [asyncio.ensure_future(drip(*each)) for each in slow]
    for _ in range(5):
        assert (await site.ask("GET", "/api/v1/portfolio"))[0] == 200
    async with asyncio.timeout(15):  # 21 s of bytes, if nobody closed
        await asyncio.gather(*dripping)
    for _, writer in slow:
        writer.close()


async def test_f6_idle_connections_make_room_and_never_keep_the_owner_out(
    site: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "CONNECTIONS_MAX", 20)
    idle = [await asyncio.open_connection("127.0.0.1", site.port) for _ in range(60)]
    for _ in range(5):
        answer = await raw(
            site, f"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nConnection: close\r\n\r\n".encode()
        )
        assert answer.startswith(b"HTTP/1.1 200")
    for _, writer in idle:
        writer.close()


async def dawdling(site: House, count: int, path: str) -> list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open *count* connections that each begin a body and never end it."""
    opened = [await asyncio.open_connection("127.0.0.1", site.port) for _ in range(count)]
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nContent-Type: application/json\r\n"
    for _, writer in opened:
        writer.write(f"{head}Content-Length: 60000\r\n\r\n{{".encode())
        await writer.drain()
    return opened


async def closed(connections: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]) -> None:
    for _, writer in connections:
        writer.close()


@pytest.mark.parametrize("path", ["/config/validate", "/config/diff", "/api/v1/session"])
async def test_f6_strangers_whose_bodies_never_end_do_not_keep_the_owner_out(
    site: House, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(protocol, "CONNECTIONS_MAX", 20)
    slow = await dawdling(site, 40, path)
    assert (await site.ask("GET", "/api/v1/portfolio"))[0] == 200
    assert (await site.ask("POST", "/api/v1/control/kill", {"reason": "enough", "phrase": "kill"}))[0] == 200
    assert await site.login()  # they had no token yet, and got in all the same
    await closed(slow)


async def test_f6_strangers_have_few_places_to_dawdle_in_and_those_for_a_short_time(
    site: House,
) -> None:
    slow = await dawdling(site, 70, "/config/validate")
    async with asyncio.timeout(5):  # the last of them have three seconds; the first had to give way
        answers = await asyncio.gather(*(reader.read() for reader, _ in slow))
    assert all(answer.startswith(b"HTTP/1.1 408") for answer in answers)
    await closed(slow)


async def test_f6_whoever_showed_a_token_is_served_to_the_end_among_strangers(
    site: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "CONNECTIONS_MAX", 8)
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    body = b'{"reason":"slow line"}'
    token = site.bearer()["Authorization"].encode()
    writer.write(
        b"POST /api/v1/control/halt HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"
        b"Authorization: %s\r\nIdempotency-Key: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
        % (site.port, token, str(uuid.uuid4()).encode(), len(body))
    )
    await writer.drain()
    slow = await dawdling(site, 30, "/config/validate")
    writer.write(body)
    assert (await reader.read()).startswith(b"HTTP/1.1 200")
    await closed([*slow, (reader, writer)])


async def test_f6_a_body_is_not_waited_for_before_its_asker_showed_a_token(site: House) -> None:
    for path in ("/config/audit", "/api/v1/control/halt"):
        (connection,) = await dawdling(site, 1, path)
        assert (await connection[0].read()).startswith(b"HTTP/1.1 401")
        await closed([connection])


async def test_f6_streams_without_a_token_do_not_keep_the_owner_out(
    site: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "CONNECTIONS_MAX", 24)
    origin = {"Origin": site.url}
    silent = [await site.client.ws_connect(f"{site.url}/stream", headers=origin) for _ in range(20)]
    assert await silent[0].receive(1) == aiohttp.WSMessage(aiohttp.WSMsgType.CLOSE, 1013, UNHEARD)
    assert (await site.ask("GET", "/api/v1/portfolio"))[0] == 200
    for socket in silent:
        await socket.close()


async def test_f23_every_answer_of_every_route_has_the_headers(site: House) -> None:
    strict = {name.decode() for name, _ in SECURITY_HEADERS}
    for route in every_route():
        for role in (None, Role.READ):
            async with site.client.request(
                route.method, site.url + filled_path(route), headers=site.bearer(role)
            ) as answer:
                assert strict <= {name.lower() for name in answer.headers}, route.path
                assert "set-cookie" not in answer.headers
                assert "server" not in answer.headers
                policy = answer.headers["content-security-policy"]
                assert "default-src 'none'" in policy
                assert "unsafe" not in policy


async def test_f19_numbers_that_are_not_plain_are_no_money() -> None:
    good = ["0", "-1", "1.5", "123456789012.1234567890"]
    bad = ["NaN", "sNaN", "Infinity", "1e3", "1_000", " 1", "1 ", "1\n", "１", "+1", ".5", "1.", "1,5", "0x1", ""]
    assert all(re.search(MONEY_PATTERN, text) for text in good)
    assert not any(re.search(MONEY_PATTERN, text) for text in bad)


@frozen
class Exposed:
    """A server that others may reach, and what a client that trusts its certificate needs."""

    server: HttpServer
    port: int
    credentials: MemoryCredentials
    client: aiohttp.ClientSession
    authority: trustme.CA


@pytest.fixture
async def exposed(tmp_path: Path) -> AsyncIterator[Exposed]:
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.cert_chain_pems[0].write_to_path(str(cert))
    certificate.private_key_pem.write_to_path(str(key))
    exposure = exposure_of(Settings(expose=True, tls_cert=cert, tls_key=key, names="Localhost, trader.test"))
    assert exposure is not None
    monitor = MemoryMonitor(SystemClock(), MemoryMetrics(), version="0", mode="paper")
    audit = AuditFile(tmp_path / "audit.log", SystemClock(), monitor)
    metrics, credentials = PrometheusMetrics(CATALOGUE), MemoryCredentials(SystemClock())
    view = MemorySessionView(Overview(0, "paper", SYMBOL, "1m", None))
    book = SessionConfigBook(None, tmp_path)
    operator, archive = RecordingOperator(audit, MemoryKillLatch()), ArchiveFiles(tmp_path, tmp_path / "audit.log")
    trading = TradingSide(view, operator, archive, credentials, SystemClock(), monitor, book)
    app = build_app(monitor, SchemaDesk(), audit, metrics, trading, names=names_of(exposure))
    server = HttpServer(app, "127.0.0.1", 0, exposure)
    port = server.bind()
    running = asyncio.create_task(server.run())
    context = ssl.create_default_context()
    authority.configure_trust(context)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as client:
        yield Exposed(server, port, credentials, client, authority)
    running.cancel()
    await asyncio.wait([running])


async def test_f28_others_come_in_over_tls_under_the_given_names_alone(exposed: Exposed) -> None:
    server, port, client = exposed.server, exposed.port, exposed.client
    assert server.url == f"https://localhost:{port}"
    async with client.get(f"{server.url}/health") as answer:
        assert answer.status == 200
        assert "max-age" in answer.headers["strict-transport-security"]
    async with client.get(f"{server.url}/health", headers={"Host": f"127.0.0.1:{port}"}) as answer:
        assert answer.status == 421
    for path in ("/metrics", "/observability/dashboard"):  # on this machine everybody may read them
        async with client.get(server.url + path) as answer:
            assert answer.status == 401, path
        token = {"Authorization": f"Bearer {exposed.credentials.issue_token(path[1:4], Role.READ, 1)}"}
        async with client.get(server.url + path, headers=token) as answer:
            assert answer.status == 200, path
    async with client.get(f"{server.url}/health", headers={"Origin": f"http://localhost:{port}"}) as answer:
        assert answer.status == 403


async def test_f28_what_never_shakes_hands_makes_room_and_keeps_nobody_out(exposed: Exposed) -> None:
    silent = [await asyncio.open_connection("127.0.0.1", exposed.port) for _ in range(tls_door.HANDSHAKES_MAX + 20)]
    async with asyncio.timeout(5):
        for reader, _ in silent[:20]:
            with suppress(ConnectionError):
                assert await reader.read() == b""  # the oldest are gone
    async with exposed.client.get(f"{exposed.server.url}/health") as answer:
        assert answer.status == 200
    for _, writer in silent:
        writer.close()


async def test_f28_a_handshake_has_a_deadline(exposed: Exposed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls_door, "HANDSHAKE_TIMEOUT_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", exposed.port)
    async with asyncio.timeout(5):
        with suppress(ConnectionError):
            assert await reader.read() == b""
    writer.close()


async def test_f28_the_health_check_of_the_image_asks_as_the_settings_say(exposed: Exposed, tmp_path: Path) -> None:
    script = (Path(__file__).parents[2] / "ops" / "image" / "genesis-health").read_text("utf-8").split("'")[1]
    more = {"GENESIS_EXPOSE": "true", "GENESIS_NAMES": "Localhost, trader.test", "GENESIS_HOST": "0.0.0.0"}
    for given, code in (({**more, "GENESIS_PORT": str(exposed.port)}, 0), ({"GENESIS_PORT": str(exposed.port)}, 1)):
        asking = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, env={**os.environ, **given}, cwd=tmp_path, stderr=asyncio.subprocess.PIPE
        )
        _, said = await asking.communicate()
        assert asking.returncode == code, said


async def test_f28_what_comes_with_the_end_of_the_handshake_is_read(exposed: Exposed) -> None:
    context = ssl.create_default_context()
    exposed.authority.configure_trust(context)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    reader, writer = await asyncio.open_connection("127.0.0.1", exposed.port)
    async with asyncio.timeout(5):
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                writer.write(outgoing.read())
                incoming.write(await reader.read(65_536))
        tls.write(f"GET /health HTTP/1.1\r\nHost: localhost:{exposed.port}\r\n\r\n".encode())
        writer.write(outgoing.read())  # the handshake's last bytes and the request in one piece
        said = b""
        while b"HTTP/1.1 200" not in said:
            incoming.write(await reader.read(65_536))
            with suppress(ssl.SSLWantReadError):
                said += tls.read(65_536)
    writer.close()


def exposed_as(names: str) -> Settings:
    return Settings(expose=True, tls_cert=Path("cert.pem"), tls_key=Path("key.pem"), names=names)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (Settings(expose=True), "needs GENESIS_TLS_CERT, GENESIS_TLS_KEY, GENESIS_NAMES"),
        (Settings(names="trader.test"), "GENESIS_NAMES is set, but not GENESIS_EXPOSE"),
        *(
            (exposed_as(name), "without scheme, port or path")
            for name in ("a.test:8000", "https://a.test", "a/b", "[x]")
        ),
    ],
)
def test_f28_half_a_leave_is_none_and_no_name_locks_everybody_out(settings: Settings, said: str) -> None:
    with pytest.raises(InputError, match=said):
        exposure_of(settings)


def test_f28_a_certificate_that_cannot_be_used_is_told_before_anything_listens(tmp_path: Path) -> None:
    monitor = MemoryMonitor(SystemClock(), MemoryMetrics(), version="0", mode="paper")
    app = build_app(monitor, SchemaDesk(), AuditFile(tmp_path / "audit.log", SystemClock(), monitor))
    exposure = Exposure(tmp_path / "none.pem", tmp_path / "none.pem", ("trader.test",))
    with pytest.raises(InputError, match="cannot be used as certificate"):
        HttpServer(app, "0.0.0.0", 0, exposure).bind()

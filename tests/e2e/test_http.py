"""The HTTP side on a real socket: what it answers, and that nothing sent to it makes it fail."""

import asyncio
import itertools
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genesis.adapters.archive_files import ArchiveFiles
from genesis.adapters.audit_log.file import AuditFile
from genesis.adapters.audit_log.reading import verify_file
from genesis.adapters.http.app import TradingSide, build_app
from genesis.adapters.http.guard import SECURITY_HEADERS
from genesis.adapters.http.server import HttpServer
from genesis.adapters.memory.credentials import MemoryCredentials
from genesis.adapters.memory.kill_latch import MemoryKillLatch
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.monitor import MemoryMonitor
from genesis.adapters.memory.session_view import MemorySessionView
from genesis.app.config_book import SessionConfigBook
from genesis.app.config_problems import SchemaDesk
from genesis.domain.audit import ChainHead
from genesis.domain.json_value import JsonValue
from genesis.domain.units import Mts, Symbol
from genesis.ports.access import Role
from genesis.ports.audit import AuditLog, AuditReceipt
from genesis.ports.errors import InputError, StoreError, StoreFull
from genesis.ports.monitor import MonitorFeed
from genesis.ports.session_view import Overview
from tests.e2e.api_house import RecordingOperator

PATHS = ("/health", "/observability/dashboard", "/config/validate", "/config/diff", "/config/audit", "/nope")


class FixedClock:
    """A clock that stands still."""

    def now(self) -> Mts:
        return Mts(1_700_000_000_000)

    def now_us(self) -> int:
        return 1_700_000_000_000_000

    def monotonic_s(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        del seconds


@frozen
class Answer:
    """A parsed response."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes

    @property
    def json(self) -> Any:  # Any: whatever the body says
        return json.loads(self.body)


@frozen
class Site:
    """A server under test and what stands behind it."""

    port: int
    monitor: MemoryMonitor
    metrics: MemoryMetrics
    audit_path: Path
    token: str

    async def raw(self, request: bytes, quiet_s: float = 10.0) -> bytes:
        """Send *request* on a connection of its own; return what comes back until its end or until it is quiet."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        received = b""
        try:
            writer.write(request)
            async with asyncio.timeout(quiet_s):
                while piece := await reader.read(65_536):
                    received += piece
        except (TimeoutError, ConnectionResetError):
            pass  # it waits for the rest of a request, or closed before it had read all of this one
        finally:
            writer.close()
        return received

    async def ask(
        self, method: str, path: str, body: bytes | None = None, *more: str, host: str = "127.0.0.1"
    ) -> Answer:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}:{self.port}", "Connection: close", *more]
        if path == "/config/audit":
            lines.append(f"Authorization: Bearer {self.token}")
        if body is not None:
            if not any(line.startswith("Content-Type") for line in more):
                lines.append("Content-Type: application/json")
            lines.append(f"Content-Length: {len(body)}")
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b""))
            return parsed(await reader.read())
        finally:
            writer.close()

    async def post(self, path: str, document: Any) -> Answer:  # Any: any JSON
        return await self.ask("POST", path, json.dumps(document).encode())


def parsed(raw: bytes) -> Answer:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
    return Answer(int(first.split(b" ")[1]), headers, body)


def trading_side(audit: AuditLog, home: Path, feed: MonitorFeed) -> tuple[TradingSide, str]:
    """Return who may prove to be somebody, and a token of somebody who trades."""
    clock, credentials = FixedClock(), MemoryCredentials(FixedClock())
    view = MemorySessionView(Overview(0, "paper", Symbol("tBTCUSD"), "1m", None))
    operator, archive = RecordingOperator(audit, MemoryKillLatch()), ArchiveFiles(home, home / "config_audit.log")
    side = TradingSide(view, operator, archive, credentials, clock, feed, SessionConfigBook(None, home))
    return side, credentials.issue_token("me", Role.TRADE, 1)


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setenv("LITESTAR_DEBUG", "1")
    monkeypatch.setenv("LITESTAR_PDB", "1")
    metrics = MemoryMetrics()
    monitor = MemoryMonitor(FixedClock(), metrics, version="0.1.0", mode="paper")
    path = tmp_path / "logs" / "config_audit.log"
    audit = AuditFile(path, FixedClock(), monitor)
    trading, token = trading_side(audit, tmp_path, monitor)
    server = HttpServer(build_app(monitor, SchemaDesk(), audit, None, trading, costly_max=10_000), port=0)
    port = server.bind()
    running = asyncio.create_task(server.run())
    yield Site(port, monitor, metrics, path, token)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_health_is_what_the_monitor_was_told(site: Site) -> None:
    site.monitor.set_status("running")
    site.monitor.saw_event(Mts(42))
    answer = await site.ask("GET", "/health")
    assert answer.status == 200
    assert answer.json == {
        "status": "running",
        "reason": "",
        "version": "0.1.0",
        "mode": "paper",
        "uptime_s": 0.0,
        "last_event_mts": 42,
        "stalled_s": 0.0,
    }


async def test_head_of_health_has_no_body_and_other_methods_are_not_for_it(site: Site) -> None:
    head = await site.ask("HEAD", "/health")
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers[b"content-length"]) > 0
    refused = await site.ask("DELETE", "/health")
    assert (refused.status, refused.headers[b"allow"]) == (405, b"GET, HEAD")


async def test_the_dashboard_shows_counters_gauges_distributions_and_events(site: Site) -> None:
    site.metrics.increment("events_total", 3)
    site.metrics.gauge("equity", 10_000.5)
    site.metrics.observe("decide_seconds", 0.25)
    site.monitor.note("risk", "risk.refused", {"limit": "0.5"}, "warning")
    found = (await site.ask("GET", "/observability/dashboard")).json
    assert found["counters"] == {"events_total": 3.0}
    assert found["gauges"] == {"equity": 10_000.5}
    assert found["distributions"]["decide_seconds"]["count"] == 1
    assert found["health"]["mode"] == "paper"
    (event,) = found["events"]
    assert (event["name"], event["severity"], event["fields"]) == ("risk.refused", "warning", {"limit": "0.5"})


async def test_validate_lists_every_error_with_its_path(site: Site) -> None:
    assert (await site.post("/config/validate", {"dry_run": True})).json == {"valid": True, "errors": []}
    answer = await site.post("/config/validate", {"dry_run": 1, "fees": {"fee_bps": -1, "zzz": 0}})
    assert answer.status == 200
    assert answer.json["valid"] is False
    assert [error["path"] for error in answer.json["errors"]] == ["$.dry_run", "$.fees.fee_bps", "$.fees.zzz"]
    assert all(error["message"] and error["rule"] for error in answer.json["errors"])


async def test_diff_lists_nested_changes_and_keeps_the_digits(site: Site) -> None:
    old = b'{"a":{"b":[1,2]},"c":0.10000000000000000555}'
    new = b'{"a":{"b":[1]},"c":0.1,"d":null}'
    answer = await site.ask("POST", "/config/diff", b'{"old":' + old + b',"new":' + new + b"}")
    assert answer.status == 200
    assert answer.json["changes"] == [
        {"path": "$.a.b[1]", "kind": "removed", "old": 2, "new": None},
        {"path": "$.c", "kind": "changed", "old": 0.1, "new": 0.1},
        {"path": "$.d", "kind": "added", "old": None, "new": None},
    ]
    assert b'"old":0.10000000000000000555' in answer.body


async def test_nobody_forges_what_others_did_through_the_door_for_notes(site: Site) -> None:
    for action in ("config.apply", "security.login", "control.halt"):
        answer = await site.post("/config/audit", {"action": action, "document": {"dry_run": False}})
        assert (answer.status, answer.json["error"]["code"]) == (400, "refused")


async def test_a_note_stands_in_the_log_as_its_senders_whatever_it_claims(site: Site) -> None:
    claims = [
        {"action": "kill.reset", "reason": "looked into it", "was": "x"},
        {"action": "Control.halt", "who": "owner-1"},
        {"action": "session.begin", "mode": "live", "who": "ann"},
    ]
    for claim in claims:
        assert (await site.post("/config/audit", claim)).status == 201
    entries = [json.loads(line)["entry"] for line in site.audit_path.read_text("utf-8").splitlines()]
    assert [each["entry"] for each in entries] == claims
    assert {(each["action"], each["who"]) for each in entries} == {("note", "me")}


async def test_f25_who_is_nobody_adds_nothing_to_the_audit_log(site: Site) -> None:
    body = b'{"who": "nobody"}'
    head = f"POST /config/audit HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nContent-Type: application/json\r\n"
    for proof in ("", "Authorization: Bearer gen_nothing\r\n"):
        request = f"{head}{proof}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body
        assert parsed(await site.raw(request)).status == 401
    entries = [json.loads(line)["entry"] for line in site.audit_path.read_text("utf-8").splitlines()]
    assert entries == [{"action": "security.wrong_token", "address": "127.0.0.1"}]  # that is all they leave


async def test_audit_appends_a_chained_line_before_it_answers(site: Site) -> None:
    answers = [await site.post("/config/audit", {"who": "me", "n": number}) for number in range(3)]
    assert [answer.status for answer in answers] == [201, 201, 201]
    assert [answer.json["seq"] for answer in answers] == [1, 2, 3]
    assert verify_file(site.audit_path) == ChainHead(3, answers[-1].json["hash"])


async def test_audits_at_the_same_time_make_one_chain(site: Site) -> None:
    answers = await asyncio.gather(*(site.post("/config/audit", {"n": number}) for number in range(30)))
    assert sorted(answer.json["seq"] for answer in answers) == list(range(1, 31))
    assert isinstance(verify_file(site.audit_path), ChainHead)


async def test_an_audit_that_cannot_be_written_says_so(site: Site) -> None:
    await site.post("/config/audit", {})
    site.audit_path.write_bytes(b"broken\n" * 40)
    answer = await site.post("/config/audit", {})
    assert (answer.status, answer.json["error"]["code"]) == (503, "store_unavailable")
    assert site.audit_path.read_bytes() == b"broken\n" * 40


class FailingLog:
    """An audit log on a disk that fails with *error*."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def append(self, entry: JsonValue) -> AuditReceipt:
        del entry
        raise self._error


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (StoreFull("no room"), 507, "disk_full"),
        (StoreError("no disk"), 503, "store_unavailable"),
        (ZeroDivisionError("a secret"), 500, "internal_error"),
    ],
)
async def test_failures_have_a_status_a_code_and_no_traceback(
    error: Exception, status: int, code: str, site: Site
) -> None:
    log = FailingLog(error)
    trading, token = trading_side(log, site.audit_path.parent, site.monitor)
    server = HttpServer(build_app(site.monitor, SchemaDesk(), log, None, trading), port=0)
    other = Site(server.bind(), site.monitor, site.metrics, site.audit_path, token)
    running = asyncio.create_task(server.run())
    answer = await other.post("/config/audit", {})
    assert (answer.status, answer.json["error"]["code"]) == (status, code)
    assert b"a secret" not in answer.body
    assert b"Traceback" not in answer.body
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


MALFORMED = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"1",
    b"NaN",
    b'{"dry_run":Infinity}',
    b'{"a":1,"a":2}',
    b'{"a":"\\ud800"}',
    b'{"a":"\xff"}',
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b"[" * 60_000,
    b'{"a":' * 10_000,
    b'{"a":' + b"[" * 60_000 + b"]" * 60_000 + b"}",
    b'{"a":' + b"9" * 5_000 + b"}",
    b'{"a":1e999999999}',
    b'{"a":[' + b"1," * 20_000 + b"1]}",
    b'{"a":1}' * 2,
    b"\x00" * 100,
    b"a=1&b=2",
    b"<?xml version='1.0'?><a/>",
]


@pytest.mark.parametrize("path", ["/config/validate", "/config/diff", "/config/audit"])
async def test_bodies_that_are_no_objects_are_refused_with_a_reason(site: Site, path: str) -> None:
    for body in MALFORMED:
        answer = await site.ask("POST", path, body)
        assert 400 <= answer.status < 500, body[:20]
        assert set(answer.json["error"]) == {"code", "message"}, body[:20]
    assert not site.audit_path.exists()


async def test_a_diff_wants_two_objects_and_nothing_else(site: Site) -> None:
    one_sided: list[object] = [{}, {"old": {}}, {"new": {}}, {"old": {}, "new": []}, {"old": None, "new": {}}]
    for document in [*one_sided, {"old": {}, "new": {}, "more": 1}, {"old": 1, "new": 2}]:
        answer = await site.post("/config/diff", document)
        assert (answer.status, answer.json["error"]["code"]) == (400, "wrong_type"), document


async def test_bodies_have_a_limit_each_route_its_own(site: Site) -> None:
    text = b'{"x-a":"' + b"a" * 70_000 + b'","dry_run":true}'
    assert (await site.ask("POST", "/config/validate", text)).json == {"valid": True, "errors": []}
    # The head alone: what is refused by its length is not read, and a close with bytes unread resets the connection.
    host = f"Host: 127.0.0.1:{site.port}\r\nContent-Type: application/json\r\n"
    for path, length in (("/config/audit", len(text)), ("/config/validate", 1_048_577)):
        head = f"POST {path} HTTP/1.1\r\n{host}Content-Length: {length}\r\n\r\n"
        refused = parsed(await site.raw(head.encode()))
        assert (refused.status, refused.headers[b"connection"]) == (413, b"close")


async def test_a_chunked_body_has_the_same_limit(site: Site) -> None:
    head = f"POST /config/audit HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nContent-Type: application/json\r\n"
    chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    proof = f"Authorization: Bearer {site.token}\r\n"
    writer.write((head + proof).encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 5)
    line = await reader.readline()
    assert line.startswith(b"HTTP/1.1 413")
    writer.close()


async def test_what_a_page_can_post_without_asking_is_refused(site: Site) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = await site.ask("POST", "/config/audit", b"{}", f"Content-Type: {content_type}")
        assert answer.status == 415, content_type
    assert not site.audit_path.exists()


async def test_a_rebound_name_is_refused_on_every_path(site: Site) -> None:
    for path in PATHS:
        assert (await site.ask("GET", path, host="evil.test")).status == 421, path


async def test_two_hosts_no_host_and_old_protocols_are_refused(site: Site) -> None:
    own = f"Host: 127.0.0.1:{site.port}\r\n"
    for request in (
        f"GET /health HTTP/1.1\r\n{own}Host: evil.test\r\n\r\n",
        "GET /health HTTP/1.1\r\n\r\n",
        f"GET /health HTTP/1.0\r\n{own}\r\n",
    ):
        assert parsed(await site.raw(request.encode())).status == 400


async def test_headers_without_end_are_refused(site: Site) -> None:
    answer = await site.ask("GET", "/health", None, f"X: {'y' * 20_000}")
    assert answer.status == 431


async def test_every_answer_carries_the_security_headers_and_says_what_failed(site: Site) -> None:
    for path, method in itertools.product(PATHS, ("GET", "POST", "PUT", "DELETE", "OPTIONS", "TRACE")):
        answer = await site.ask(method, path)
        assert answer.status < 500, (method, path)
        assert set(SECURITY_HEADERS) <= set(answer.headers.items()), (method, path)
        assert b"server" not in answer.headers
        if answer.status >= 400:
            assert set(answer.json["error"]) == {"code", "message"}, (method, path)


async def test_the_framework_shows_nothing_of_itself(site: Site) -> None:
    for path in (
        "/schema",
        "/schema/openapi.json",
        "/docs",
        "/openapi.json",
        "/static/..%2f",
        "/%00",
        "/a/../b",
    ):
        assert (await site.ask("GET", path)).status == 404


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
sections = st.sampled_from(
    ["dry_run", "max_daily_loss", "strategy", "risk", "fees", "data", "old", "new", "x-a", "params"]
)
documents = st.dictionaries(sections, json_values | st.dictionaries(sections, json_values, max_size=3), max_size=5)
bodies = st.one_of(
    st.binary(max_size=200),
    documents.map(lambda value: json.dumps(value).encode()),
    json_values.map(lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")),
)


fuzzing = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@fuzzing
@given(path=st.sampled_from(PATHS), method=st.sampled_from(["POST", "GET", "PUT"]), body=bodies)
async def test_no_body_makes_any_route_fail(
    site: Site, caplog: pytest.LogCaptureFixture, path: str, method: str, body: bytes
) -> None:
    answer = await site.ask(method, path, body)
    assert 200 <= answer.status < 500
    if answer.status >= 400:
        assert set(answer.json["error"]) == {"code", "message"}
    assert not caplog.records


HEADERS = [
    b"Host: HOST\r\n",
    b"Content-Type: application/json\r\n",
    b"Content-Length: 4\r\n",
    b"Content-Length: x\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b" folded\r\n",
    b"A : b\r\n",
    b"Upgrade: websocket\r\n",
    b"Connection: upgrade\r\n",
    b"Connection: close\r\n",
    b"Expect: 100-continue\r\n",
]
requests = st.builds(
    lambda method, path, headers, body: b"%s %s HTTP/1.1\r\n%s\r\n%s" % (method, path, b"".join(headers), body),
    st.sampled_from([b"GET", b"POST", b"BREW", b"get"]) | st.binary(max_size=4),
    st.sampled_from([b"/health", b"*", b"http://evil.test/", b"/config/audit"]) | st.binary(max_size=20),
    st.lists(st.sampled_from(HEADERS) | st.binary(max_size=20), max_size=6),
    st.binary(max_size=20),
)


@fuzzing
@given(request=st.binary(max_size=300) | requests)
async def test_no_bytes_on_the_socket_make_the_server_fail(
    site: Site, caplog: pytest.LogCaptureFixture, request: bytes
) -> None:
    raw = await site.raw(request.replace(b"HOST", b"127.0.0.1:%d" % site.port), quiet_s=0.02)
    assert not raw.startswith(b"HTTP/1.1 5")
    assert b"Traceback" not in raw
    assert not caplog.records


async def test_the_server_is_gone_within_a_second_though_clients_hang_on(site: Site) -> None:
    log = NeverLog()
    trading, token = trading_side(log, site.audit_path.parent, site.monitor)
    server = HttpServer(build_app(site.monitor, SchemaDesk(), log, None, trading), port=0)
    port = server.bind()
    running = asyncio.create_task(server.run())
    idle = await asyncio.open_connection("127.0.0.1", port)
    slow = await asyncio.open_connection("127.0.0.1", port)
    slow[1].write(b"POST /config/audit HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" % port)
    hung = await asyncio.open_connection("127.0.0.1", port)
    hung[1].write(
        b"POST /config/audit HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"
        b"Authorization: Bearer %s\r\nContent-Length: 2\r\n\r\n{}" % (port, token.encode())
    )
    await NeverLog.asked.wait()
    async with asyncio.timeout(2.0):  # a second, and another for a busy machine
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    for _, writer in (idle, slow, hung):
        writer.close()
    with pytest.raises(OSError, match="Connect"):
        await asyncio.open_connection("127.0.0.1", port)


class NeverLog:
    """An audit log on a disk that never answers."""

    asked = asyncio.Event()

    async def append(self, entry: JsonValue) -> AuditReceipt:
        del entry
        self.asked.set()
        await asyncio.Event().wait()
        raise AssertionError("unreachable")


def server_on(host: str, port: int) -> HttpServer:
    monitor = MemoryMonitor(FixedClock(), MemoryMetrics(), version="0", mode="paper")
    return HttpServer(build_app(monitor, SchemaDesk(), FailingLog(StoreError(""))), host, port)


def test_a_taken_port_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"^port {port} is in use on 127.0.0.1; stop"):
            server_on("127.0.0.1", port).bind()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.1", "8.8.8.8", "example.org", ""])
def test_hosts_that_others_can_reach_are_refused(host: str) -> None:
    with pytest.raises(InputError, match="host"):
        server_on(host, 0).bind()


@pytest.mark.parametrize("port", [-1, 65_536])
def test_ports_that_do_not_exist_are_refused(port: int) -> None:
    with pytest.raises(InputError, match="does not exist"):
        server_on("127.0.0.1", port).bind()


def test_port_zero_becomes_the_real_port() -> None:
    server = server_on("localhost", 0)
    port = server.bind()
    assert port == server.bind() > 0
    assert server.url == f"http://localhost:{port}"
    server.close()


async def test_a_server_binds_again_after_it_was_stopped(site: Site) -> None:
    del site
    server = server_on("127.0.0.1", 0)
    for _ in range(2):
        server.bind()
        running = asyncio.create_task(server.run())
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

"""R9, F1: thousands of requests, right, wrong and wild, over every route: none fails, none answers undocumented.

In this process, past the sockets: what bytes on a socket do is tried elsewhere. `GENESIS_HTTP_CASES` asks for more.
"""

import asyncio
import json
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import jsonschema_rs
import pytest
import schemathesis
from attrs import frozen
from hypothesis import HealthCheck, Phase, given, seed, settings
from litestar import Litestar

from genesis.adapters.archive_files import ArchiveFiles
from genesis.adapters.audit_log.file import AuditFile
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.http.app import TradingSide, build_app
from genesis.adapters.http.openapi import openapi_document
from genesis.adapters.memory.credentials import MemoryCredentials
from genesis.adapters.memory.kill_latch import MemoryKillLatch
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.monitor import MemoryMonitor
from genesis.adapters.memory.session_view import MemorySessionView
from genesis.app.config_authority import ConfigAuthority
from genesis.app.config_book import SessionConfigBook
from genesis.app.config_file import ConfigFile
from genesis.app.config_problems import SchemaDesk
from genesis.ports.access import Role
from genesis.ports.session_view import Overview
from tests.e2e.api_house import SYMBOL, RecordingOperator, feed
from tests.e2e.api_routes import every_route, filled_path, fitting_body

CASES = int(os.environ.get("GENESIS_HTTP_CASES", "5000"))
PER_OPERATION = max(5, CASES // 500)
PORT = 8000
SEED = 20260101


@frozen
class Answer:
    status: int
    headers: dict[bytes, bytes]
    body: bytes


class Application:
    """The application with all its routes, asked without a socket."""

    def __init__(self, home: Path) -> None:
        clock = SystemClock()
        monitor = MemoryMonitor(clock, MemoryMetrics(), version="0", mode="paper")
        audit = AuditFile(home / "logs" / "config_audit.log", clock, monitor)
        view, credentials = MemorySessionView(Overview(0, "paper", SYMBOL, "1m", None)), MemoryCredentials(clock)
        feed(view)
        operator = RecordingOperator(audit, MemoryKillLatch())
        authority = ConfigAuthority(audit, ConfigFile(home / "config" / "current.json"), clock, monitor)
        authority.open()
        archive = ArchiveFiles(home, home / "logs" / "config_audit.log")
        trading = TradingSide(view, operator, archive, credentials, clock, monitor, SessionConfigBook(authority, home))
        self.app: Litestar = build_app(monitor, SchemaDesk(), audit, None, trading, costly_max=10 * CASES)
        self.token = credentials.issue_token("fuzz", Role.ADMIN, 1).encode()
        self.loop = asyncio.new_event_loop()

    def ask(
        self,
        method: str,
        path: str,
        query: bytes,
        headers: list[tuple[bytes, bytes]],
        body: bytes,
        version: str = "1.1",
    ) -> Answer:
        return self.loop.run_until_complete(self._ask(method, path, query, headers, body, version))

    async def _ask(
        self, method: str, path: str, query: bytes, headers: list[tuple[bytes, bytes]], body: bytes, version: str
    ) -> Answer:
        sent: list[Any] = []  # Any: ASGI messages
        scope: Any = {  # Any: an ASGI scope
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": version,
            "method": method,
            "path": path,
            "raw_path": path.encode("utf-8", "replace"),
            "query_string": query,
            "root_path": "",
            "scheme": "http",
            "headers": headers,
            "server": ("127.0.0.1", PORT),
            "client": ("127.0.0.1", 5),
            "state": {},
        }
        pieces = [body]

        async def receive() -> Any:  # Any: an ASGI message
            if pieces:
                return {"type": "http.request", "body": pieces.pop(), "more_body": False}
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:  # Any: an ASGI message
            sent.append(message)

        await self.app(scope, receive, send)
        start = sent[0]
        whole = b"".join(message.get("body", b"") for message in sent[1:])
        return Answer(start["status"], dict(start["headers"]), whole)


@pytest.fixture
def application(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Any:  # Any: a generator
    found = Application(tmp_path)
    yield found
    found.loop.close()
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def document() -> dict[str, Any]:  # Any: JSON
    return openapi_document(every_route(), "0")


class Description:
    """What the OpenAPI document promises, ready to be held against answers."""

    def __init__(self) -> None:
        self.document = document()
        self._validators: dict[tuple[str, str, int], Any] = {}  # Any: a compiled schema

    def check(self, path: str, method: str, answer: Answer) -> None:
        responses = self.document["paths"][path][method.lower()]["responses"]
        assert str(answer.status) in responses, (method, path, answer)
        content = responses[str(answer.status)].get("content")
        if content is None or answer.headers.get(b"content-type") != b"application/json":
            return
        key = (path, method, answer.status)
        if key not in self._validators:
            schema = {**content["application/json"]["schema"], "components": self.document["components"]}
            self._validators[key] = jsonschema_rs.validator_for(schema)
        self._validators[key].validate(json.loads(answer.body))


@pytest.mark.filterwarnings("ignore")
def test_f1_what_the_description_allows_and_forbids_is_answered_as_described(application: Application) -> None:
    description, count = Description(), Counter[int]()
    schema = schemathesis.openapi.from_dict(description.document)
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]  # Any: schemathesis's; a description of ours is good

        @seed(SEED)
        @settings(
            max_examples=PER_OPERATION,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(case=operation.as_strategy())
        def try_case(case: Any) -> None:  # Any: schemathesis's own
            sent = case.as_transport_kwargs(base_url=f"http://127.0.0.1:{PORT}")
            answer = application.ask(*request_of(sent, application.token))
            count[answer.status] += 1
            assert answer.status < 500, (sent, answer)
            description.check(case.operation.path, case.method, answer)

        try_case()
    assert count.total() >= 20 * PER_OPERATION  # what takes no parameters has but one case
    assert {200, 400, 403, 404, 409} <= count.keys()


def request_of(sent: dict[str, Any], token: bytes) -> tuple[str, str, bytes, list[tuple[bytes, bytes]], bytes]:
    """A case as ASGI has it; asked by an administrator, or nothing but 401 would come back."""
    headers = [(b"host", b"127.0.0.1:%d" % PORT), (b"authorization", b"Bearer " + token)]
    for name, value in sent["headers"].items():
        if name.lower() not in ("authorization", "host"):
            headers.append((name.lower().encode(), str(value).encode("utf-8", "replace")))
    body = b""
    if "json" in sent:
        body = json.dumps(sent["json"]).encode("utf-8", "replace")
    elif isinstance(sent.get("data"), bytes | str):
        body = sent["data"] if isinstance(sent["data"], bytes) else sent["data"].encode("utf-8", "replace")
    if body:
        headers.append((b"content-length", b"%d" % len(body)))
    query = urlencode(sent.get("params") or {}, doseq=True).encode("ascii", "replace")
    return sent["method"], unquote(urlsplit(sent["url"]).path), query, headers, body


def test_f1_wild_requests_never_fail(application: Application) -> None:
    chance = random.Random(SEED)  # a seed is the point
    wild = Wild(chance, application.token)
    statuses: Counter[int] = Counter()
    for _ in range(CASES):
        request = wild.request()
        answer = application.ask(*request)
        statuses[answer.status] += 1
        assert answer.status < 500, request
        if answer.status >= 400:
            assert set(json.loads(answer.body)["error"]) == {"code", "message"}, request
    assert {200, 400, 401, 403, 404, 405, 413, 415, 421} <= statuses.keys(), statuses


class Wild:
    """Requests that nobody would send: each begins as a good one, and something of it goes wrong."""

    def __init__(self, chance: random.Random, token: bytes) -> None:
        self._chance = chance
        self._token = token
        self._routes = every_route()

    def request(self) -> tuple[str, str, bytes, list[tuple[bytes, bytes]], bytes, str]:
        chance = self._chance
        route = chance.choice(self._routes)
        method: str = route.method
        path = filled_path(route)
        body = json.dumps(fitting_body(route)).encode() if fitting_body(route) is not None else b""
        headers = {
            b"host": b"127.0.0.1:%d" % PORT,
            b"authorization": b"Bearer " + self._token,
            b"content-type": b"application/json",
            b"idempotency-key": b"%032x" % chance.getrandbits(128),
        }
        query = chance.choice(
            [b"", b"", b"limit=5", b"limit=0", b"%ff=%00", b"a=1&a=2", bytes(chance.choices(range(256), k=9))]
        )
        for _ in range(chance.randint(0, 2)):
            match chance.randint(0, 6):
                case 0:
                    method = chance.choice(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "x"])
                case 1:
                    path = self._path(path)
                case 2:
                    name = chance.choice([*headers, b"origin", b"sec-fetch-site", b"transfer-encoding", b"x"])
                    headers[name] = chance.choice([b"", b"null", b"*", b"gzip", bytes(chance.choices(range(256), k=9))])
                case 3:
                    headers.pop(chance.choice(list(headers)))
                    headers.setdefault(b"host", b"127.0.0.1:%d" % PORT)
                case _:
                    body = self._body(body)
        if body:
            headers.setdefault(b"content-length", b"%d" % len(body))
        return method, path, query, list(headers.items()), body, chance.choice(["1.1"] * 20 + ["1.0", "2"])

    def _path(self, path: str) -> str:
        chance = self._chance
        odd = ["..", "/", "\x00", "%2e", "é", "\udcff", "x" * 300, "{cid}", "99999999999999999999", "<script>", " "]
        at = chance.randint(0, len(path))
        return path[:at] + chance.choice(odd) + path[at:]

    def _body(self, body: bytes) -> bytes:
        chance = self._chance
        match chance.randint(0, 7):
            case 0:
                return bytes(chance.choices(range(256), k=chance.randint(1, 60)))
            case 1:
                return b"[" * 50_000 + b"]" * 50_000
            case 2:
                return b'{"a":' * 40 + b"1" + b"}" * 40
            case 3:
                return b'{"reason":"a","reason":"b"}'
            case 4:
                return b'{"reason":1e999999,"on":NaN}'
            case 5:
                return b'{"reason":"\\ud800"}'
            case 6:
                return b" " * chance.choice([70_000, 1_100_000])
            case _:
                at = chance.randint(0, len(body))
                return body[:at] + bytes((chance.randint(0, 255),)) + body[at + chance.randint(0, 1) :]

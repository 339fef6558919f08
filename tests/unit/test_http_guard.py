"""The guard lets in what comes from this machine's own user in the right form, and nothing else."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.adapters.http.guard import SECURITY_HEADERS, Guard
from genesis.adapters.http.head import Refusal, decide
from genesis.adapters.http.routes import Route, RouteTable
from genesis.ports.access import Role

PORT = 8000
HOST = (b"host", b"127.0.0.1:8000")
JSON = (b"content-type", b"application/json")
TABLE = RouteTable([Route("POST", "/path", Role.PUBLIC, "a path", body_bytes_max=10)])


def code(method: str, *headers: tuple[bytes, bytes], version: str = "1.1", limit: int = 100) -> str | None:
    found = decide(method, version, PORT, headers, limit)
    return found.code if found else None


@pytest.mark.parametrize("host", [b"127.0.0.1:8000", b"localhost:8000", b"[::1]:8000"])
def test_our_own_names_with_our_port_are_let_in(host: bytes) -> None:
    assert code("GET", (b"host", host)) is None


@pytest.mark.parametrize(
    "host",
    [
        b"evil.test:8000",
        b"127.0.0.1",
        b"127.0.0.1:8001",
        b"127.0.0.1:08000",
        b"localhost:8000.evil.test",
        b"evil.test@localhost:8000",
        b"LOCALHOST:8000",
        b"localhost.:8000",
        b"127.1:8000",
        b"0.0.0.0:8000",
        b"",
        b" 127.0.0.1:8000",
        "١٢٧.0.0.1:8000".encode(),
    ],
)
def test_any_other_name_is_refused(host: bytes) -> None:
    assert code("GET", (b"host", host)) == "wrong_host"


@given(st.binary(max_size=40))
def test_no_host_is_let_in_but_the_three_exact_ones(host: bytes) -> None:
    own = {b"127.0.0.1:8000", b"localhost:8000", b"[::1]:8000"}
    assert (code("GET", (b"host", host)) is None) == (host in own)


def test_the_default_port_may_be_left_out() -> None:
    assert decide("GET", "1.1", 80, [(b"host", b"localhost")], 100) is None


@pytest.mark.parametrize("name", [b"host", b"origin", b"content-type", b"content-length", b"authorization"])
def test_a_header_that_decides_may_stand_only_once(name: bytes) -> None:
    value = {b"host": HOST[1], b"content-length": b"0"}.get(name, b"x")
    assert code("GET", *{HOST[0]: HOST}.values(), (name, value), (name, value)) == "duplicate_header"


def test_old_protocols_and_requests_without_a_host_are_refused() -> None:
    assert {code("GET", HOST, version=each) for each in ("0.9", "1.0", "2", "2.0", "1.10")} == {"old_protocol"}
    assert code("GET") == "old_protocol"


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (b"http://127.0.0.1:8000", None),
        (b"http://localhost:8000", "foreign_origin"),  # ours by another name is still another origin
        (b"http://127.0.0.1:3000", "foreign_origin"),
        (b"https://127.0.0.1:8000", "foreign_origin"),
        (b"null", "foreign_origin"),
        (b"", "foreign_origin"),
        (b"http://127.0.0.1:8000.evil.test", "foreign_origin"),
    ],
)
def test_pages_of_other_origins_may_not_ask(origin: bytes, expected: str | None) -> None:
    assert code("POST", HOST, JSON, (b"origin", origin)) == expected


@pytest.mark.parametrize(
    ("method", "site", "expected"),
    [
        ("GET", b"same-origin", None),
        ("GET", b"none", None),
        ("POST", b"none", "foreign_site"),
        ("GET", b"same-site", "foreign_site"),
        ("GET", b"cross-site", "foreign_site"),
        ("POST", b"same-origin", None),
    ],
)
def test_another_port_of_this_machine_is_a_foreign_site(method: str, site: bytes, expected: str | None) -> None:
    assert code(method, HOST, JSON, (b"sec-fetch-site", site)) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([JSON], None),
        ([(b"content-type", b"application/json; charset=utf-8")], None),
        ([], "not_json"),
        ([(b"content-type", b"text/plain")], "not_json"),
        ([(b"content-type", b"text/plain; application/json")], "not_json"),
        ([(b"content-type", b"application/jsonx")], "not_json"),
        ([(b"content-type", b"application/json; charset=utf-16")], "not_json"),
        ([JSON, (b"content-encoding", b"gzip")], "encoded_body"),
        ([JSON, (b"content-length", b"100")], None),
        ([JSON, (b"content-length", b"101")], "body_too_large"),
        ([JSON, (b"content-length", b"9" * 19)], "body_too_large"),
        ([JSON, (b"content-length", b"9" * 5_000)], "bad_length"),
        ([JSON, (b"content-length", b"-1")], "bad_length"),
        ([JSON, (b"content-length", "１".encode())], "bad_length"),
        ([JSON, (b"x", b"y" * 17_000)], "headers_too_large"),
    ],
)
def test_a_body_is_json_of_a_known_size_or_refused(headers: list[tuple[bytes, bytes]], expected: str | None) -> None:
    assert code("POST", HOST, *headers) == expected


@pytest.mark.parametrize("header", [(b"content-length", b"1"), (b"transfer-encoding", b"chunked")])
def test_a_body_under_get_is_judged_like_any_other(header: tuple[bytes, bytes]) -> None:
    assert code("GET", HOST, header) == "not_json"


names = st.sampled_from([b"host", b"origin", b"content-type", b"content-length", b"sec-fetch-site", b"x"])


@given(st.text(max_size=7), st.lists(st.tuples(names, st.binary(max_size=30)), max_size=6), st.integers(0, 65_535))
def test_any_head_gets_an_answer_without_a_server_error(
    method: str, headers: list[tuple[bytes, bytes]], port: int
) -> None:
    found = decide(method, "1.1", port, headers, 100)
    assert found is None or isinstance(found, Refusal)
    assert found is None or 400 <= found.status < 500


class Exchange:
    """One ASGI request whose body comes in *pieces*, and what was sent back."""

    def __init__(self, *pieces: bytes, never_ends: bool = False) -> None:
        self.pieces = list(pieces)
        self.never_ends = never_ends
        self.sent: list[Any] = []  # Any: ASGI messages
        self.seen: list[bytes] = []

    async def receive(self) -> Any:  # Any: an ASGI message
        if self.pieces:
            body = self.pieces.pop(0)
            return {"type": "http.request", "body": body, "more_body": bool(self.pieces) or self.never_ends}
        if self.never_ends:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:  # Any: an ASGI message
        self.sent.append(message)

    async def app(self, scope: Any, receive: Any, send: Any) -> None:  # Any: the ASGI interface
        del scope
        self.seen.append((await receive())["body"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def through(self, body_timeout_s: float = 10.0) -> int | None:
        """Return the status that comes back through a guard with a limit of 10 bytes."""
        scope: Any = {  # Any: the part of an ASGI scope that is read
            "type": "http",
            "method": "POST",
            "http_version": "1.1",
            "path": "/path",
            "server": ("127.0.0.1", PORT),
            "client": ("127.0.0.1", 5),
            "headers": [HOST, JSON, (b"transfer-encoding", b"chunked")],
        }
        await Guard(self.app, TABLE, stranger_body_timeout_s=body_timeout_s)(scope, self.receive, self.send)
        return self.sent[0]["status"] if self.sent else None


async def test_a_body_in_pieces_arrives_whole() -> None:
    exchange = Exchange(b"12345", b"", b"67890")
    assert await exchange.through() == 200
    assert exchange.seen == [b"1234567890"]


async def test_a_body_of_unknown_length_is_cut_off_at_the_limit() -> None:
    exchange = Exchange(b"12345", b"678901", b"x" * 1_000)
    assert await exchange.through() == 413
    assert exchange.seen == []
    assert exchange.pieces == [b"x" * 1_000]


async def test_a_body_that_never_ends_is_given_up() -> None:
    exchange = Exchange(b"1", never_ends=True)
    assert await exchange.through(body_timeout_s=0.0) == 408


async def test_a_peer_that_leaves_inside_its_body_gets_no_answer_and_does_nothing() -> None:
    exchange = Exchange()
    assert await exchange.through() is None
    assert exchange.seen == []


async def test_every_answer_carries_the_security_headers() -> None:
    for exchange in (Exchange(b"1"), Exchange(b"x" * 11)):
        await exchange.through()
        assert set(SECURITY_HEADERS) <= set(exchange.sent[0]["headers"])


async def test_a_websocket_is_refused_before_it_is_accepted() -> None:
    exchange = Exchange()
    scope: Any = {  # Any: the part of a scope that is read
        "type": "websocket",
        "path": "/",
        "http_version": "1.1",
        "server": ("127.0.0.1", PORT),
        "headers": [HOST],
    }
    await Guard(exchange.app, TABLE)(scope, exchange.receive, exchange.send)
    assert [message["type"] for message in exchange.sent] == ["websocket.close"]

"""I39: nothing that a whole session says, answers or leaves holds a secret, in any encoding, or eight bytes of one."""

import base64
import html
import json
import os
import random
import sqlite3
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.canary_session import PLAIN_NAMED, SECRETS, Outputs, run_refused, run_session
from tests.property.secret_scanner import WINDOW, leaks, leaks_in_large

ALL = (*SECRETS.values(), PLAIN_NAMED)


def hits(outputs: Outputs) -> dict[str, list[bytes]]:
    """Return the pieces that were found, by where; equal lines are read once, for undoing encodings is slow."""
    found = {}
    for place, content in outputs.found.items():
        lines = content if place.startswith("file") else b"\n".join(sorted(set(content.splitlines())))
        pieces = [piece for each in leaks_in_large(ALL, lines).values() for piece in each]
        if pieces:
            found[place] = pieces
    return found


def test_i39_g1_a_whole_session_at_debug_shows_no_secret(tmp_path: Path) -> None:
    outputs = run_session(tmp_path, "20000")
    places = " ".join(outputs.found)
    for place in ("stdout", "stderr", "HTTP", "file journal", "file logs/config_audit.log", "file audit"):
        assert place in places
    assert outputs.found["HTTP"].count(b"HTTP/1.1 2") >= 5
    assert b"***" in outputs.found["HTTP"]
    assert b"***" in outputs.found["file logs/config_audit.log"]
    if "/proc environ" in places:
        assert b"GENESIS_LOG=DEBUG" in outputs.found["/proc environ"]
    assert hits(outputs) == {}


def test_i39_e6_sessions_that_are_refused_for_a_secret_do_not_repeat_it(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o700)
    (tmp_path / "keys" / "audit").write_text(SECRETS["GENESIS_AUDIT_KEY"])
    (tmp_path / "keys" / "audit").chmod(0o600)
    outputs = run_refused(tmp_path)
    assert b"an option holds a secret" in outputs.found["refused run"]
    assert hits(outputs) == {}


SECRET = SECRETS["BITFINEX_WS_API_SECRET"]


def in_database(secret: str) -> bytes:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE a (b)")
        connection.execute("INSERT INTO a VALUES (?)", (f"order for {secret}",))
        raw = connection.serialize()
    connection.close()
    return raw


def in_traceback(secret: str) -> bytes:
    import traceback

    try:
        raise ValueError({"key": secret})
    except ValueError as error:
        return "".join(traceback.format_exception(error)).encode()


LEAKS: dict[str, Callable[[str], bytes]] = {
    "a line of a log": lambda s: f"2026-11-28T10:00:00Z INFO rest.sent key={s}".encode(),
    "a log in JSON": lambda s: json.dumps({"event": "x", "fields": {"note": s}}).encode(),
    "a log in JSON in a log in JSON": lambda s: json.dumps({"event": json.dumps({"note": s})}).encode(),
    "a repr": lambda s: repr([s]).encode(),
    "a repr of bytes": lambda s: repr(s.encode()).encode(),
    "a traceback": in_traceback,
    "an address": lambda s: f"GET /v2/x?key={urllib.parse.quote(s, safe='')} 200".encode(),
    "a form": lambda s: urllib.parse.urlencode({"key": s}).encode(),
    "a page": lambda s: f"<td>{html.escape(s)}</td>".encode(),
    "basic authorization": lambda s: b"Authorization: Basic " + base64.b64encode(f"user:{s}".encode()),
    "base64 for addresses": lambda s: base64.urlsafe_b64encode(b"x" + s.encode()),
    "hex": lambda s: s.encode().hex().encode(),
    "upper hex": lambda s: s.encode().hex().upper().encode(),
    "a dump of memory": lambda s: os.urandom(200) + s.encode() + os.urandom(200),
    "UTF-16 of Windows": lambda s: b"\xff\xfe" + f"key {s}".encode("utf-16-le"),
    "UTF-16 of a network": lambda s: s.encode("utf-16-be"),
    "a database": in_database,
    "the environment of a process": lambda s: b"HOME=/root\0BITFINEX_API_SECRET=" + s.encode() + b"\0LANG=C\0",
    "the arguments of a process": lambda s: b"python\0run\0--strategy\0" + s.encode() + b"\0",
    "the first eight characters": lambda s: b"key " + s[:WINDOW].encode() + b"... accepted",
    "the last eight characters": lambda s: b"key ..." + s[-WINDOW:].encode(),
    "eight characters of the middle": lambda s: b"near " + s[11 : 11 + WINDOW].encode(),
}


@pytest.mark.parametrize("name", sorted(LEAKS))
def test_the_scanner_finds_each_deliberate_leak_in_the_output_of_a_session(name: str) -> None:
    chance = random.Random(name)
    around = [json.dumps({"seq": at, "hash": f"{chance.getrandbits(256):064x}"}).encode() for at in range(60)]
    clean = b"\n".join(around)
    assert leaks(clean, SECRET) == []
    dirty = b"\n".join([*around[:30], LEAKS[name](SECRET), *around[30:]])
    assert leaks_in_large([SECRET], dirty)[SECRET], name


def test_there_are_twenty_deliberate_leaks_at_least() -> None:
    assert len(LEAKS) >= 20


def test_no_secret_has_eight_bytes_of_another() -> None:
    windows = [{secret[at : at + WINDOW] for at in range(len(secret) - WINDOW + 1)} for secret in ALL]
    assert len(set().union(*windows)) == sum(map(len, windows))

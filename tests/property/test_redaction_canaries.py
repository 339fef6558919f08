"""No registered secret leaves through a log, whatever way it went in; and the scanner finds what is planted."""

import base64
import html
import io
import json
import logging
import re
import sys
import urllib.parse
from collections.abc import Callable

import pytest
import structlog
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from genesis.adapters.redaction.logs import (
    RedactingFilter,
    RedactingFormatter,
    redacting_processor,
    redacting_renderer,
)
from genesis.adapters.redaction.redactor import Redactor
from genesis.adapters.redaction.stream import RedactingStream
from genesis.ports.secrets import Secret
from tests.property.secret_scanner import leaks

CANARY = "C4nary/+\"key'é\\ and=more&ß%"

Plant = Callable[[str], bytes]

PLANTS: dict[str, Plant] = {
    "raw": lambda s: s.encode(),
    "inside words": lambda s: f"xx{s}yy".encode(),
    "json": lambda s: json.dumps({"a": s}).encode(),
    "json kept": lambda s: json.dumps([s], ensure_ascii=False).encode(),
    "json in json": lambda s: json.dumps(json.dumps(s)).encode(),
    "json with slashes": lambda s: json.dumps(s).replace("/", "\\/").encode(),
    "json upper case": lambda s: re.sub(r"\\u(....)", lambda m: "\\u" + m[1].upper(), json.dumps(s)).encode(),
    "repr": lambda s: repr({"a": s}).encode(),
    "ascii": lambda s: ascii([s]).encode(),
    "repr of bytes": lambda s: repr(s.encode()).encode(),
    "repr of repr": lambda s: repr(repr(s)).encode(),
    "repr in json": lambda s: json.dumps(repr(s)).encode(),
    "url": lambda s: urllib.parse.quote(s, safe="").encode(),
    "url with slashes": lambda s: urllib.parse.quote(s).encode(),
    "url lower case": lambda s: re.sub("%..", lambda m: m[0].lower(), urllib.parse.quote(s, safe="")).encode(),
    "query": lambda s: urllib.parse.urlencode({"q": s}).encode(),
    "html": lambda s: html.escape(s).encode(),
    "base64": lambda s: base64.b64encode(s.encode()),
    "base64 second": lambda s: base64.b64encode(b"1" + s.encode() + b"2"),
    "base64 third": lambda s: base64.b64encode(b"ab" + s.encode() + b"cd"),
    "base64 url": lambda s: base64.urlsafe_b64encode(b"user:" + s.encode()),
    "hex": lambda s: s.encode().hex().encode(),
    "hex upper case": lambda s: s.encode().hex().upper().encode(),
    "utf-16-le": lambda s: s.encode("utf-16-le"),
    "utf-16-be": lambda s: b"x" + s.encode("utf-16-be"),
    "latin-1": lambda s: s.encode("latin-1"),
    "hex of utf-16": lambda s: s.encode("utf-16-le").hex().encode(),
}
CUT_PLANTS: dict[str, Plant] = {
    "first half": lambda s: s[: len(s) // 2].encode(),
    "second half": lambda s: s[len(s) // 2 :].encode(),
    "eight characters": lambda s: s[9:17].encode(),
}

latin_secrets = st.text(st.characters(max_codepoint=0xFF, exclude_categories=["Cs"]), min_size=16, max_size=40)
any_secrets = st.text(st.characters(exclude_categories=["Cs"]), min_size=16, max_size=40)
secret_texts = st.one_of(latin_secrets, any_secrets, st.just(CANARY)).filter(lambda s: len(set(s)) > 8)
surroundings = st.text(max_size=20)


def registered(*secrets: str) -> Redactor:
    redactor = Redactor()
    for secret in secrets:
        redactor.register(Secret(secret))
    return redactor


@pytest.mark.parametrize("plant", [*PLANTS, *CUT_PLANTS])
def test_the_scanner_finds_every_deliberate_leak(plant: str) -> None:
    output = b"2026-11-22 [info] before " + (PLANTS | CUT_PLANTS)[plant](CANARY) + b" after\n"
    assert leaks(output, CANARY)


def test_the_scanner_finds_nothing_in_clean_output() -> None:
    assert (
        leaks(b"2026-11-22 [info] order.submitted cid=1 apiKey=*** AAAAAAAAAAAAAAAA 0123456789abcdef0123\n", CANARY)
        == []
    )


@pytest.mark.parametrize("plant", PLANTS)
def test_every_encoding_of_a_secret_is_masked_in_bytes(plant: str) -> None:
    output = registered(CANARY).data(b"before " + PLANTS[plant](CANARY) + b" after")
    assert leaks(output, CANARY) == []
    assert output.startswith(b"before ")
    assert output.endswith(b" after")


@pytest.mark.parametrize("plant", [name for name in PLANTS if not name.startswith(("utf-16", "latin"))])
def test_every_encoding_of_a_secret_is_masked_in_text(plant: str) -> None:
    text = registered(CANARY).text(f"before {PLANTS[plant](CANARY).decode()} after")
    assert leaks(text.encode(), CANARY) == []


@settings(max_examples=150, deadline=None)
@given(secret_texts, surroundings, surroundings, st.sampled_from(sorted(PLANTS)))
def test_no_secret_survives_any_encoding(secret: str, before: str, after: str, plant: str) -> None:
    assume(secret not in before + after)
    try:
        planted = PLANTS[plant](secret)
    except UnicodeEncodeError:
        planted = secret.encode()
    output = before.encode("utf-8", "replace") + planted + after.encode("utf-8", "replace")
    masked = registered(secret).data(output)
    assert not _whole(masked, secret)


@settings(max_examples=150, deadline=None)
@given(secret_texts, st.lists(st.one_of(surroundings, st.just("{secret}"), st.just("apiKey="), st.just("***"))))
def test_masking_twice_is_masking_once(secret: str, parts: list[str]) -> None:
    redactor = registered(secret)
    once = redactor.text("".join(parts).replace("{secret}", secret))
    assert redactor.text(once) == once
    assert secret not in once


class Holder:
    """An object that prints what it holds."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def __repr__(self) -> str:
        return f"Holder({self.secret!r})"


def fail(secret: str) -> None:
    try:
        raise ValueError(f"bad value {secret}")
    except ValueError as cause:
        error = RuntimeError({"outer": secret})
        error.add_note(f"note {secret}")
        raise error from cause


def log_everywhere(logger: logging.Logger, secret: str) -> None:
    """Use every door of stdlib logging at every level."""
    logger.debug(f"message {secret}")  # noqa: G004  # what people do
    logger.debug("argument %s", secret)
    logger.info("arguments %r %s %d", secret, {"nested": [secret, (secret,)]}, 5)
    logger.info("named %(value)s", {"value": secret})
    logger.warning("object %s %r", Holder(secret), Holder(secret))
    logger.warning("extra", extra={"field": secret, "deep": {"list": [secret.encode(), Holder(secret)]}})
    logger.error("stack", stack_info=True)
    logger.error("bad format %d", secret)
    logger.error("json %s", json.dumps({"authSig": secret}))
    logger.error("url https://example.invalid/?q=%s", urllib.parse.quote(secret))
    logger.error("basic %s", base64.b64encode(f"user:{secret}".encode()).decode())
    try:
        fail(secret)
    except RuntimeError:
        logger.exception("failed %s", secret)
        logger.critical("failed", exc_info=True)


def run_stdlib(secret: str, redactor: Redactor, wrap: bool, filtered: bool) -> str:
    """Return what a handler writes: with a filter, a formatter, or both."""
    sink = io.StringIO()
    handler = logging.StreamHandler(sink)
    plain = logging.Formatter("%(levelname)s %(message)s %(field)s %(deep)s", defaults={"field": "", "deep": ""})
    handler.setFormatter(RedactingFormatter(redactor, plain) if wrap else plain)
    if filtered:
        handler.addFilter(RedactingFilter(redactor))
    logger = logging.Logger("tests.redaction", logging.DEBUG)  # noqa: LOG001  # one for this run, outside the tree
    logger.addHandler(handler)
    log_everywhere(logger, secret)
    return sink.getvalue()


@pytest.mark.parametrize(("wrap", "filtered"), [(True, True), (False, True)], ids=["both", "filter"])
@settings(max_examples=25, deadline=None)
@given(secret=secret_texts)
def test_no_door_of_stdlib_logging_lets_a_secret_out(wrap: bool, filtered: bool, secret: str) -> None:
    output = run_stdlib(secret, registered(secret), wrap, filtered)
    assert output.count("failed") >= 2
    assert not _whole(output.encode("utf-8", "surrogatepass"), secret)


def test_a_secret_that_ends_in_a_line_break_is_masked_where_a_formatter_cut_it_off() -> None:
    secret = "000000001234567\n"
    assert not _whole(run_stdlib(secret, registered(secret), wrap=True, filtered=True).encode(), secret)


def run_structlog(secret: str, redactor: Redactor) -> bytes:
    sink = io.BytesIO()
    render = redacting_renderer(redactor, structlog.processors.JSONRenderer())

    def encode(_logger: object, _name: str, text: object) -> bytes:
        return str(text).encode()

    logger = structlog.wrap_logger(
        structlog.BytesLogger(sink),
        processors=[redacting_processor(redactor), render, encode],
        wrapper_class=structlog.BoundLogger,
    )
    event = f"event {secret}"
    logger.debug(event, value=secret, nested={"a": [secret, (1, secret)], secret: 1}, raw=secret.encode())
    logger.info("named", apiKey="short", bfx_signature="x", count=5, ratio=0.5, flag=True, nothing=None)
    logger.warning("object", holder=Holder(secret), error=ValueError(secret), headers=[("bfx-apikey", secret)])
    try:
        fail(secret)
    except RuntimeError as error:
        for exc_info in (True, error, sys.exc_info()):
            logger.error("failed", exc_info=exc_info)
    return sink.getvalue()


@settings(max_examples=25, deadline=None)
@given(secret=secret_texts)
def test_no_door_of_structlog_lets_a_secret_out(secret: str) -> None:
    output = run_structlog(secret, registered(secret))
    assert output.count(b"Traceback") >= 3
    assert not _whole(output, secret)
    assert b'"apiKey": "***"' in output
    assert b'"count": 5, "ratio": 0.5, "flag": true, "nothing": null' in output


def test_the_same_doors_without_a_redactor_leak_so_the_tests_can_fail() -> None:
    assert leaks(run_stdlib(CANARY, Redactor(), wrap=True, filtered=True).encode(), CANARY)
    assert leaks(run_structlog(CANARY, Redactor()), CANARY)


@settings(max_examples=25, deadline=None)
@given(
    st.text("abcdefghijklmnopqrstuvwxyz", min_size=16, max_size=40).filter(lambda s: len(set(s)) > 8),
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=16, max_size=40).filter(lambda s: len(set(s)) > 8),
)
def test_two_runs_that_differ_in_the_secret_print_the_same(one: str, other: str) -> None:
    assert run_structlog(one, registered(one)) == run_structlog(other, registered(other))
    first, second = (run_stdlib(secret, registered(secret), True, True) for secret in (one, other))
    assert first == second


@settings(max_examples=100, deadline=None)
@given(secret_texts, st.data())
def test_a_stream_masks_a_secret_wherever_the_writes_are_cut(secret: str, data: st.DataObject) -> None:
    plants = [PLANTS[name] for name in ("raw", "json", "base64 second", "hex", "utf-16-le")]
    whole = b"".join(b"line " + plant(secret) + b" end\n" for plant in plants) + b"rest " + secret.encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=12)))
    sink = io.BytesIO()
    stream = RedactingStream(sink, registered(secret))
    for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        stream.write(whole[start:end])
        stream.flush()
    stream.close()
    assert not _whole(sink.getvalue(), secret)
    assert sink.getvalue().count(b"line ") == 5
    assert sink.getvalue().endswith(b"rest ***")


def _whole(output: bytes, secret: str) -> bool:
    """Whether an output still holds the secret: any eight bytes of one that cannot occur by chance, else all of it."""
    encoded = secret.encode()
    if secret.isascii() and secret.isalnum():
        return bool(leaks(output, secret))
    found = set(leaks(output, secret))
    return {encoded[at : at + 8] for at in range(len(encoded) - 7)} <= found


def test_the_property_tests_know_a_whole_secret_from_a_part() -> None:
    assert _whole(json.dumps(CANARY).encode(), CANARY)
    assert not _whole(CANARY[:12].encode(), CANARY)

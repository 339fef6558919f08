"""The second layer, the edges of registering, and what must stay readable."""

import io
import logging
import sys

import pytest

from genesis.adapters.redaction.logs import RedactingFilter
from genesis.adapters.redaction.redactor import Redactor
from genesis.adapters.redaction.shapes import is_secret_name
from genesis.adapters.redaction.stream import LINE_BYTES_MAX, RedactingStream
from genesis.ports.errors import InputError
from genesis.ports.secrets import Secret

SIGNATURE = "6c0927c20ebda81f7824bc3d5f81f316acf66aa19577006a5add3d5ff9120126b82527c2c30af83b06fb9557d544cc63"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ('{"apiKey": "x"}', '{"apiKey": "***"}'),
        ('{"apiKey":"x","authNonce":5,"authSig":"ff"}', '{"apiKey":"***","authNonce":5,"authSig":"***"}'),
        (r'"{\"apiKey\": \"x\", \"a\": 1}"', r'"{\"apiKey\": \"***\", \"a\": 1}"'),
        ("{'bfx-signature': 'ff', 'bfx-nonce': '5'}", "{'bfx-signature': '***', 'bfx-nonce': '5'}"),
        ("bfx-apikey: x\nbfx-nonce: 5", "bfx-apikey: ***\nbfx-nonce: 5"),
        ("[('bfx-apikey', 'x'), ('a', 'b')]", "[('bfx-apikey', '***'), ('a', 'b')]"),
        ("[(b'bfx-apikey', b'x')]", "[(b'bfx-apikey', b'***')]"),
        ("BITFINEX_API_SECRET=x next", "BITFINEX_API_SECRET=*** next"),
        ("?token=x&symbol=tBTCUSD", "?token=***&symbol=tBTCUSD"),
        ("Authorization: Bearer x.y-z", "Authorization: ***"),
        ("Cookie: a=b; session=x\nHost: h", "Cookie: ***\nHost: h"),
        ('password: "with \\"quotes\\" inside", a', 'password: "***", a'),
        ("passphrase='never closed", "passphrase='***'"),
        ("api_key = x, b = 1", "api_key = ***, b = 1"),
        (f"signed {SIGNATURE}.", "signed ***."),
        (f"SIGNED {SIGNATURE.upper()}", "SIGNED ***"),
        ("pub:api:88f0a1b2-caps:s:o:f:w-write used", "*** used"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl end", "jwt *** end"),
    ],
)
def test_names_and_shapes_are_masked_without_any_registration(text: str, masked: str) -> None:
    assert Redactor().text(text) == masked
    assert Redactor().data(text.encode()) == masked.encode()


@pytest.mark.parametrize(
    "text",
    [
        "order.submitted cid=27200000000000 symbol=tBTCUSD price=43210.5 side=buy",
        "tokens_total 5",
        "the secret of a good fill is patience",
        'bad token, "hello" was expected',
        "keyboard monkey key=5",
        f"config hash {SIGNATURE[:64]}",
        f"two hashes {SIGNATURE}{SIGNATURE}",
        "unauthorised",
        "",
    ],
)
def test_what_is_no_secret_stays_readable(text: str) -> None:
    assert Redactor().text(text) == text


def test_names_are_told_by_their_ends() -> None:
    assert all(
        map(is_secret_name, ["apiKey", "API_SECRET", "bfx-signature", "BITFINEX_WS_API_KEY", "authSig", "Set-Cookie"])
    )
    assert not any(map(is_secret_name, ["key", "tokens", "secret_name", "nonce", "cid", ""]))


def test_a_long_hostile_text_is_masked_in_linear_time() -> None:
    redactor = Redactor()
    redactor.register(Secret("a secret of some length"))
    for part in ("token=\\", 'token="', "secret:" + " " * 50, "key" * 9, "0" * 95 + "g", "eyJ-", "\\" * 50 + '"'):
        assert len(redactor.text(part * 4000)) > 0


@pytest.mark.parametrize("value", ["", "1234567"])
def test_a_short_secret_cannot_be_masked_by_value_and_the_error_does_not_tell_it(value: str) -> None:
    with pytest.raises(InputError, match="fewer than 8 characters") as refused:
        Redactor().register(Secret(value))
    assert value == "" or value not in str(refused.value)


def test_a_secret_that_looks_like_masks_is_masked() -> None:
    redactor = Redactor()
    redactor.register(Secret("********"))
    assert "********" not in redactor.text("*" * 100)


def test_a_form_that_contains_another_secret_leaves_no_rest() -> None:
    redactor = Redactor()
    redactor.register(Secret("inner-secret"))
    redactor.register(Secret("outer inner-secret outer"))
    assert redactor.text("x outer inner-secret outer y inner-secret z") == "x *** y *** z"


def test_values_keep_their_types_where_nothing_is_secret() -> None:
    redactor = Redactor()
    redactor.register(Secret("a registered secret"))
    marker = object()
    value = {"a": (1, 2.5, None, True, b"x"), "b": ["y", {"z": marker}], "apiKey": None, "n": 10**20}
    assert redactor.value(value) == value
    deep: list[object] = []
    deep.append(deep)
    assert redactor.value(deep)
    redactor.register(Secret("1234567890"))
    assert redactor.value({"cid": 1234567890, "token": ["x"]}) == {"cid": "***", "token": "***"}


def test_what_has_no_text_is_masked_and_stops_no_one_who_logs() -> None:
    class Silent:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    record = logging.LogRecord("tests", logging.WARNING, "", 0, "odd", None, None)
    vars(record)["fields"] = {"value": Silent(), "size": 3}
    assert RedactingFilter(Redactor()).filter(record)
    assert vars(record)["fields"] == {"value": "***", "size": 3}


def test_a_filter_on_one_handler_protects_the_handlers_after_it() -> None:
    redactor = Redactor()
    redactor.register(Secret("a registered secret"))
    first, second = io.StringIO(), io.StringIO()
    logger = logging.Logger("tests.redaction", logging.DEBUG)  # noqa: LOG001  # one for this test, outside the tree
    for sink in (first, second):
        logger.addHandler(logging.StreamHandler(sink))
    logger.handlers[0].addFilter(RedactingFilter(redactor))
    try:
        raise ValueError("a registered secret")
    except ValueError:
        logger.exception("failed with %s", "a registered secret")
    assert "registered" not in first.getvalue() + second.getvalue()


def test_a_secret_of_several_lines_is_masked_across_writes_and_flushes() -> None:
    secret = "-----BEGIN KEY-----\nabcdefgh\nijklmnop\n-----END KEY-----"
    redactor = Redactor()
    redactor.register(Secret(secret))
    sink = io.BytesIO()
    with RedactingStream(sink, redactor) as stream:
        for char in f"before\n{secret}\nafter\n":
            stream.write(char.encode())
            stream.flush()
    assert sink.getvalue() == b"before\n***\nafter\n"


def test_a_line_without_end_is_passed_on_in_parts_and_still_masked() -> None:
    redactor = Redactor()
    redactor.register(Secret("a registered secret"))
    sink = io.BytesIO()
    with RedactingStream(sink, redactor) as stream:
        for _ in range(10):
            stream.write(b"x" * (LINE_BYTES_MAX // 4 - 7) + b"a registered secret")
        assert len(sink.getvalue()) > LINE_BYTES_MAX
    assert sink.getvalue().count(b"***") == 10
    assert b"registered" not in sink.getvalue()


def test_standard_error_can_be_wrapped() -> None:
    redactor = Redactor()
    redactor.register(Secret("a registered secret"))
    sink = io.BytesIO()
    wrapped = io.TextIOWrapper(io.BufferedWriter(RedactingStream(sink, redactor)), "utf-8", line_buffering=True)
    print("é with a registered secret", file=wrapped)
    assert sink.getvalue() == "é with ***\n".encode()
    wrapped.close()
    assert not sys.stderr.closed

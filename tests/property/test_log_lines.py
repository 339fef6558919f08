"""F26: nothing that is logged begins a line of its own, moves a cursor, or turns the direction of writing."""

import json
import logging
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.adapters.redaction.logs import RedactingFilter, RedactingFormatter
from genesis.adapters.redaction.redactor import Redactor
from genesis.app.log_lines import TEXT_CHARS_MAX, JsonLine, TextLine
from genesis.ports.secrets import Secret

HOSTILE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            'x"}\n{"event":"order.filled"',
            "\r\n2026-11-22T10:00:00.123Z WARNING order.filled",
            "\x1b[2J\x1b[H",
            "\u202eevil\u2066",
            "\u2028{",
            "\x00",
            "\ud800",
        ]
    ),
)
VALUES = st.recursive(
    st.one_of(HOSTILE, st.none(), st.booleans(), st.integers(), st.floats(), st.binary(max_size=9)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(HOSTILE, inner, max_size=3)),
    max_leaves=8,
)


def record_of(message: str, fields: object, trace: str = "") -> logging.LogRecord:
    record = logging.LogRecord("genesis.test", logging.WARNING, __file__, 1, message, None, None)
    record.fields = fields
    record.exc_text = trace or None
    return record


@given(HOSTILE, st.dictionaries(HOSTILE, VALUES, max_size=4), HOSTILE)
def test_f26_a_json_line_is_one_object_in_ascii_whatever_is_in_it(
    message: str, fields: dict[str, object], trace: str
) -> None:
    line = JsonLine().format(record_of(message, fields, trace))
    assert line.isascii()
    assert line.isprintable()
    found = json.loads(line, parse_constant=pytest.fail)
    assert found["level"] == "warning"
    assert set(found) <= {"time", "level", "category", "event", "logger", "fields", "trace"}
    assert {str(name) for name in fields} <= set(found["fields"])


@given(HOSTILE, st.dictionaries(HOSTILE, VALUES, max_size=4), HOSTILE)
def test_f26_a_text_line_is_one_line_and_a_trace_is_indented(
    message: str, fields: dict[str, object], trace: str
) -> None:
    first, *rest = TextLine().format(record_of(message, fields, trace)).split("\n")
    assert " WARNING " in first
    assert all(line.startswith("    ") for line in rest)
    for line in (first, *rest):
        assert all(unicodedata.category(sign) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for sign in line)


def test_a_text_without_end_is_cut() -> None:
    for formatter in (TextLine(), JsonLine()):
        line = formatter.format(record_of("x" * 10_000_000, {"a": "y" * 10_000_000}))
        assert len(line) < 3 * TEXT_CHARS_MAX


def test_a_secret_is_masked_in_both_before_anything_is_cut() -> None:
    redactor = Redactor()
    redactor.register(Secret("s3cret-of-some-length"))
    hidden = "z" * (TEXT_CHARS_MAX - 10) + "s3cret-of-some-length"
    for formatter in (TextLine(), JsonLine()):
        record = record_of("order.filled", {"text": hidden, "api_secret": "whatever"}, hidden)
        RedactingFilter(redactor).filter(record)
        line = RedactingFormatter(redactor, formatter).format(record)
        assert "s3cret" not in line
        assert "whatever" not in line


@pytest.mark.parametrize(
    ("message", "event"),
    [("order.filled", "order.filled"), ("Task was destroyed", "log.genesis"), ("a.b\nc.d", "log.genesis")],
)
def test_only_a_dotted_name_is_an_event(message: str, event: str) -> None:
    found = json.loads(JsonLine().format(record_of(message, {"n": 1})))
    assert found["event"] == event
    assert found["fields"]["n"] == 1
    assert ("text" in found["fields"]) is (event != message)

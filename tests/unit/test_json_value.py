"""JSON is read strictly and written canonically."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.domain.json_value import JsonValue, MalformedJson, canonical_json, parse_json, same_json

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
numbers = st.integers(-(10**18), 10**18) | st.decimals(allow_nan=False, allow_infinity=False, places=4, max_value=10**9)
values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_reading_the_canonical_text_gives_the_same_value(value: JsonValue) -> None:
    assert same_json(parse_json(canonical_json(value)), value)


@given(values)
def test_a_plain_reader_agrees_with_the_canonical_text(value: JsonValue) -> None:
    text = canonical_json(value)
    plain = json.loads(text, parse_float=Decimal)
    assert text == canonical_json(plain)


@given(values, values)
def test_two_values_are_the_same_exactly_when_python_says_so_up_to_booleans(left: JsonValue, right: JsonValue) -> None:
    def tagged(value: JsonValue) -> object:
        if isinstance(value, bool):
            return ("bool", value)
        if isinstance(value, dict):
            return {key: tagged(member) for key, member in value.items()}
        return [tagged(member) for member in value] if isinstance(value, list) else value

    assert same_json(left, right) == (tagged(left) == tagged(right))


@pytest.mark.parametrize("text", ["1", "1.0", "1e0", "10E-1", "1.00000"])
def test_one_number_has_one_canonical_text(text: str) -> None:
    assert canonical_json(parse_json(text)) == "1"


def test_true_is_not_one() -> None:
    assert not same_json(True, 1)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "Expecting value"),
        (b"{", "line 1"),
        (b"[1,]", "line 1"),
        (b"[1] 2", "Extra data"),
        (b"NaN", "NaN"),
        (b"[Infinity]", "Infinity"),
        (b"-Infinity", "-Infinity"),
        (b'{"a":1,"a":2}', "twice"),
        (b'{"a":1,"\\u0061":2}', "twice"),
        (b'"\\ud800"', "surrogate"),
        (b'{"\\udfff":1}', "surrogate"),
        (b'"\xff"', "byte 1"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b"[" * 100_000, "nested"),
        (b'{"a":' * 100_000, "nested"),
        (b"[" * 33 + b"]" * 33, "nested"),
        (b"[" + b"1," * 10_001 + b"1]", "values"),
        (b"9" * 5_000, "digits"),
        (b"1." + b"9" * 5_000, "digits"),
        (b"1e400", "digits"),
        (b"1e999999999999999999999", "digits"),
        ("１".encode(), "Expecting value"),
        (b"'a'", "Expecting value"),
        (b'"a\nb"', "control"),
        (b'"unfinished', "Unterminated"),
    ],
)
def test_what_two_readers_could_take_differently_is_refused_with_a_reason(raw: bytes, reason: str) -> None:
    with pytest.raises(MalformedJson, match=reason):
        parse_json(raw)


def test_brackets_inside_texts_do_not_count_as_nesting() -> None:
    text = "[" * 100 + '\\"' + "{" * 100
    assert parse_json(f'["{text}"]') == ["[" * 100 + '"' + "{" * 100]


@given(st.binary(max_size=64))
def test_any_bytes_are_read_or_refused_but_never_break_the_reader(raw: bytes) -> None:
    try:
        value = parse_json(raw)
    except MalformedJson:
        return
    assert same_json(parse_json(canonical_json(value)), value)


@given(st.from_regex(r"-?(0|[1-9][0-9]{0,70})(\.[0-9]{1,70})?([eE][+-]?[0-9]{1,3})?", fullmatch=True))
def test_every_number_that_is_read_can_be_read_again_from_its_canonical_text(text: str) -> None:
    try:
        value = parse_json(text)
    except MalformedJson:
        return
    assert isinstance(value, int | Decimal)
    assert Decimal(text) == value
    assert parse_json(canonical_json(value)) == value

"""Every row of the wire, by laws: written is read back, new fields at the end change nothing, damage is refused.

The rows are found by walking the modules, so a new one is tested without being listed.
"""

import json
import random
import types
import typing
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.adapters.bitfinex.wire import account, conf, funding, market, orders
from genesis.adapters.bitfinex.wire.codec import Row, decode, encode
from genesis.adapters.bitfinex.wire.number import Number, js_text
from genesis.ports.errors import ProtocolViolation

MODULES = (account, conf, funding, market, orders)
ROWS: list[type[Row]] = [
    kind
    for module in MODULES
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Row) and kind is not Row and kind.__module__ == module.__name__
]

NUMBERS = st.decimals(min_value="-1e20", max_value="1e20", places=10).map(lambda value: Number(value.normalize()))
FLOATS = st.floats(min_value=-1e25, max_value=1e25).map(lambda value: value + 0.0)
SAFE = st.integers(-(2**53) + 1, 2**53 - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def values(
    kind: Any,
) -> st.SearchStrategy[Any]:  # Any: a type as an annotation writes it, and whatever such a type holds
    """Build values of a field's type."""
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        return SAFE
    if origin is typing.Literal:
        return st.sampled_from(typing.get_args(kind))
    if origin in {typing.Union, types.UnionType}:
        return st.one_of([values(option) for option in typing.get_args(kind)])
    if origin is dict:
        return st.dictionaries(TEXTS, st.one_of(TEXTS, SAFE), max_size=3)
    if isinstance(kind, type) and issubclass(kind, Row):
        return row_of(kind)
    table: dict[Any, st.SearchStrategy[Any]] = {  # Any: as above
        Any: st.none(),
        type(None): st.none(),
        Number: NUMBERS,
        float: FLOATS,
        int: SAFE,
        bool: st.booleans(),
        str: TEXTS,
        msgspec.Raw: st.just(msgspec.Raw(b"[1,null,0.5]")),
    }
    return table[kind]


def row_of(kind: type[Row]) -> st.SearchStrategy[Row]:
    fields = {field.name: values(field.type) for field in msgspec.structs.fields(kind)}
    return st.fixed_dictionaries(fields).map(lambda chosen: kind(**chosen))


def comparable(value: object) -> object:
    """Return a row as lists, with raw parts as bytes: `Raw` compares by identity."""
    if isinstance(value, Row):
        return [comparable(getattr(value, name)) for name in value.__struct_fields__]
    return bytes(value) if isinstance(value, msgspec.Raw) else value


def samples(kind: type[Row], count: int) -> Iterator[list[Any]]:  # Any: JSON
    """Yield valid rows as JSON lists, made by hand from the types: quick, and the same every time."""
    rng = random.Random(kind.__name__)

    def pick(hint: Any) -> Any:  # Any: as in `values`
        origin = typing.get_origin(hint)
        if origin in {typing.Union, types.UnionType}:
            return pick(rng.choice(typing.get_args(hint)))
        if origin is typing.Literal:
            return rng.choice(typing.get_args(hint))
        if origin is dict:
            return {"$F7": 1}
        if isinstance(hint, type) and issubclass(hint, Row):
            return next(samples(hint, 1))
        if hint is Number or hint is float:
            return rng.choice([0.5, 100, -1e-8, 12345.678])
        return {str: "text", bool: True, msgspec.Raw: [1]}.get(hint, rng.randrange(10**12) if origin else None)

    for _ in range(count):
        yield [pick(field.type) for field in msgspec.structs.fields(kind)]


@pytest.mark.parametrize("kind", ROWS, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_what_is_written_is_read_back(kind: type[Row], data: st.DataObject) -> None:
    row = data.draw(row_of(kind))
    assert comparable(decode(encode(row), kind, endpoint="x")) == comparable(row)


@pytest.mark.parametrize("kind", ROWS, ids=lambda kind: kind.__name__)
def test_new_fields_at_the_end_change_nothing(kind: type[Row]) -> None:
    for sample in samples(kind, 20):
        grown = [*sample, None, "new", {"a": [1]}, 1e5]
        known = decode(json.dumps(sample).encode(), kind, endpoint="x")
        assert comparable(decode(json.dumps(grown).encode(), kind, endpoint="x")) == comparable(known)


@pytest.mark.parametrize("kind", ROWS, ids=lambda kind: kind.__name__)
def test_a_row_that_lacks_a_required_field_is_refused_with_its_path(kind: type[Row]) -> None:
    needed = max(index for index, field in enumerate(msgspec.structs.fields(kind)) if field.required)
    sample = next(samples(kind, 1))
    for length in range(needed + 1):
        with pytest.raises(ProtocolViolation, match=r"at least length .*at `\$\[0\]`"):
            decode(json.dumps([sample[:length]]).encode(), list[kind], endpoint="x")  # type: ignore[valid-type]  # a loop over types


WRONG: tuple[object, ...] = ([[]], {"a": 1}, True, "x")


@pytest.mark.parametrize("kind", ROWS, ids=lambda kind: kind.__name__)
def test_a_mistyped_field_is_refused_with_its_path(kind: type[Row]) -> None:
    sample = next(samples(kind, 1))
    for index, field in enumerate(msgspec.structs.fields(kind)):
        if field.type in {Any, msgspec.Raw}:
            continue
        for wrong in WRONG:
            damaged = json.dumps([*sample[:index], wrong, *sample[index + 1 :]]).encode()
            hint = str(field.type)
            if (
                (wrong == "x" and "str" in hint)
                or (wrong is True and "bool" in hint)
                or (type(wrong) is dict and "dict" in hint)
            ):
                continue
            with pytest.raises(ProtocolViolation, match=rf"at `\$\[{index}\]"):
                decode(damaged, kind, endpoint="x")


def test_damaged_bytes_are_read_or_refused_and_never_anything_else() -> None:
    """100 000 mutations: bytes flipped, cut, doubled, swapped for the tokens that parsers stumble over."""
    rng = random.Random(20260101)
    tokens = [
        b"NaN",
        b"Infinity",
        b"1e400",
        b"-",
        b"[" * 50,
        b'"',
        b"{",
        b"9" * 25,
        b"null",
        b"\xff",
        b"\\u0000",
        b'""',
        b",",
    ]
    bodies = [(kind, json.dumps(sample).encode()) for kind in ROWS for sample in samples(kind, 5)]
    outcomes = {"read": 0, "refused": 0}
    for _ in range(100_000):
        kind, body = rng.choice(bodies)
        at = rng.randrange(len(body))
        match rng.randrange(4):
            case 0:
                body = body[:at] + bytes([rng.randrange(256)]) + body[at + 1 :]
            case 1:
                body = body[:at]
            case 2:
                body = body[:at] + body[at // 2 :]
            case _:
                body = body[:at] + rng.choice(tokens) + body[at + 1 :]
        try:
            decode(body, kind, endpoint="x")
        except ProtocolViolation:
            outcomes["refused"] += 1
        else:
            outcomes["read"] += 1
    assert min(outcomes.values()) > 1_000


HOSTILE = {
    "NaN": b"[NaN]",
    "Infinity": b"[-Infinity]",
    "an exponent beyond reason": b"[1e400]",
    "an exponent that Decimal cannot hold": b"[1e99999999999999999999]",
    "5 000 digits": b"[" + b"9" * 5_000 + b"]",
    "5 000 decimals": b"[0." + b"9" * 5_000 + b"]",
    "a quoted number": b'["0.5"]',
    "a quoted NaN": b'["NaN"]',
    "a truth": b"[true]",
    "100 000 brackets": b"[" * 100_000,
    "brackets in a field that is not read": b"[1," + b"[" * 100_000 + b"]" * 100_000 + b"]",
    "objects in a field that is not read": b"[1," + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"]",
    "a key twice": b'[1,{"a":1,"a":2}]',
    "bad UTF-8 in a field that is not read": b'[1,"\xff"]',
    "UTF-16": "[1]".encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf[1]",
    "two documents": b"[1] [2]",
    "nothing": b"",
    "too much": b"[1," + b"0," * 600_000 + b"0]",
}


class OneNumber(Row, frozen=True):
    """A row of one exact number."""

    value: Number


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_json_is_refused_with_one_error(body: bytes) -> None:
    """C10, C11."""
    with pytest.raises(ProtocolViolation) as caught:
        decode(body, OneNumber, endpoint="auth/r/wallets")
    assert caught.value.endpoint == "auth/r/wallets"
    assert len(str(caught.value)) < 1_000


def test_an_integer_that_javascript_cannot_hold_is_no_id() -> None:
    with pytest.raises(ProtocolViolation, match=r"at `\$\[0\]"):
        decode(b"[9007199254740992,1,1,1]", market.TradeRow, endpoint="x")


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value="-1e60", max_value="1e60", places=12))
def test_the_text_of_a_number_is_the_number_to_the_last_digit(value: Decimal) -> None:
    assert Decimal(js_text(value)) == value
    assert decode(f"[{js_text(value)}]".encode(), OneNumber, endpoint="x").value == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("100.0", "100"),
        ("0.00001", "0.00001"),
        ("0.0000001", "1e-7"),
        ("1e21", "1e+21"),
        ("0.000001", "0.000001"),
        ("0.00000099", "9.9e-7"),
        ("0.000000015", "1.5e-8"),
        ("-0.00000001", "-1e-8"),
        ("0", "0"),
        ("-0.0", "0"),
        ("123456789012345678901", "123456789012345678901"),
        ("1.5e25", "1.5e+25"),
    ],
)
def test_numbers_are_written_as_javascript_writes_them(value: str, text: str) -> None:
    assert js_text(Decimal(value)) == text

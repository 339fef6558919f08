"""JSON as the core sees it: exact numbers, strict reading, one canonical writing.

Numbers are `int` or `Decimal`, never `float`, so what a person wrote is what is compared, hashed and shown. Reading
refuses what readers disagree about: duplicate keys, NaN, lone surrogates, numbers and nesting without bound.
"""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, TypeAlias

JsonValue: TypeAlias = "bool | int | Decimal | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
JsonObject: TypeAlias = Mapping[str, JsonValue]

DEPTH_MAX: Final = 32
NODES_MAX: Final = 10_000
DIGITS_MAX: Final = 64

_TOKENS: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{},]', re.DOTALL)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class MalformedJson(ValueError):
    """Text that is not JSON as Genesis reads it; the message says what and, where known, at which character."""


class TooComplex(MalformedJson):
    """Text that nobody should try to read: nested too deep, or of too many values."""


def parse_json(raw: bytes | str, *, depth_max: int = DEPTH_MAX, nodes_max: int = NODES_MAX) -> JsonValue:
    """Return the one JSON value in *raw* (UTF-8); raises `MalformedJson` where two readers could differ."""
    text = raw if isinstance(raw, str) else _decoded(raw)
    if text.startswith("\ufeff"):
        raise MalformedJson("starts with a byte order mark; save it as UTF-8 without one")
    _measure(text, depth_max, nodes_max)
    try:
        value: JsonValue = json.loads(
            text,
            object_pairs_hook=_object,
            parse_float=_number,
            parse_int=_integer,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        raise MalformedJson(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    if isinstance(raw, str) or "\\u" in text:  # UTF-8 itself has none, so only an escape can bring one
        _refuse_surrogates(value)
    return value


def canonical_json(value: JsonValue) -> str:
    """Return *value* as the one text that stands for it: keys sorted, no spaces, numbers plain, no trailing zeros.

    Equal values give equal text, whatever they were read from: 1, 1.0 and 1e0 are all written ``1``.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return _canonical_number(value)
        case str():
            return json.dumps(value)
        case Mapping():
            return "{" + ",".join(f"{json.dumps(key)}:{canonical_json(value[key])}" for key in sorted(value)) + "}"
        case _:
            return "[" + ",".join(map(canonical_json, value)) + "]"


def indented_json(value: JsonValue, indent: str = "") -> str:
    """Return *value* for people to read and edit: a member a line, keys sorted, numbers as in `canonical_json`."""
    inner = f"{indent}  "
    match value:
        case Mapping() if value:
            members = [f"{inner}{json.dumps(key)}: {indented_json(value[key], inner)}" for key in sorted(value)]
            return "{\n" + ",\n".join(members) + f"\n{indent}}}"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case Sequence() if value:
            items = [f"{inner}{indented_json(item, inner)}" for item in value]
            return "[\n" + ",\n".join(items) + f"\n{indent}]"
        case _:
            return canonical_json(value)


def same_json(left: JsonValue, right: JsonValue) -> bool:
    """Tell whether two values are the same JSON: ``1`` is ``1.0``, but never ``true``."""
    return canonical_json(left) == canonical_json(right)


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedJson(f"is not UTF-8 at byte {error.start}") from None


def _measure(text: str, depth_max: int, nodes_max: int) -> None:
    # Before the parser sees the text, for its answer to 100 000 brackets is a RecursionError.
    depth = nodes = 0
    tokens_max = 5 * nodes_max + 5  # a value is at most a key, a comma, two brackets and a text
    for count, match in enumerate(_TOKENS.finditer(text)):
        mark = match[0]
        if mark in "[{":
            depth += 1
            nodes += 1
            if depth > depth_max:
                raise TooComplex(f"is nested more than {depth_max} deep")
        elif mark in "]}":
            depth -= 1
        elif mark == ",":
            nodes += 1
        if nodes > nodes_max or count > tokens_max:
            raise TooComplex(f"has more than {nodes_max} values")


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    result: dict[str, JsonValue] = {}
    for key, value in pairs:
        if key in result:
            raise MalformedJson(f"has the key {json.dumps(key)} twice in one object")
        result[key] = value
    return result


def _number(text: str) -> Decimal:
    exponent = text.lower().partition("e")[2]
    if len(text) <= 3 * DIGITS_MAX and len(exponent) <= 4:
        value = Decimal(text)
        own_exponent = value.as_tuple().exponent
        assert isinstance(own_exponent, int)  # JSON has no NaN
        if value.adjusted() < DIGITS_MAX and own_exponent >= -DIGITS_MAX:
            return value
    raise MalformedJson(f"has a number beyond {DIGITS_MAX} digits before or after the point")


def _integer(text: str) -> int:
    if len(text.removeprefix("-")) > DIGITS_MAX:
        raise MalformedJson(f"has a number beyond {DIGITS_MAX} digits before or after the point")
    return int(text)


def _refuse_constant(name: str) -> JsonValue:
    raise MalformedJson(f"has {name}, which is not a JSON number")


def _refuse_surrogates(value: JsonValue) -> None:
    match value:
        case str():
            if _SURROGATE.search(value):
                raise MalformedJson("has half of a surrogate pair in a text, which UTF-8 cannot carry")
        case Mapping():
            for key, member in value.items():
                _refuse_surrogates(key)
                _refuse_surrogates(member)
        case Sequence():
            for member in value:
                _refuse_surrogates(member)
        case _:
            pass


def _canonical_number(value: int | Decimal) -> str:
    if isinstance(value, int):
        return str(value)
    if not value.is_finite():
        raise MalformedJson(f"{value} is not a JSON number")
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text

"""Bytes to structs and back, strictly: whatever is not exactly what a row says is refused with one kind of error.

Refused: other types than the row's (a quoted number is not a number), short rows, NaN and Infinity, numbers and
integers out of range, duplicate keys, nesting deeper than the reader's stack, bad UTF-8, and bodies beyond the caller's
bound. Fields after the last one that a row knows are ignored, as Bitfinex appends fields without notice.
"""

import json
import re
from decimal import Decimal
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from genesis.adapters.bitfinex.wire.number import Number, js_text, number_from_json, number_from_untyped
from genesis.ports.errors import ProtocolViolation

T = TypeVar("T")

BODY_BYTES_MAX: Final = 1 << 20
SHOWN_MAX: Final = 200
WORD_END: Final = re.compile(rb'[\s,"\[\]{}:]')


class Row(Struct, array_like=True, frozen=True):
    """A positional array: fields by index; placeholders are null when we write and ignored when we read."""


Unused = Any
"""A placeholder position: whatever the exchange puts there is not looked at, so it can have any type."""


def _read_custom(wanted: type, value: object) -> object:
    if wanted is Number:
        return number_from_untyped(value)
    raise NotImplementedError(wanted)


_decoders: dict[object, "msgspec.json.Decoder[Any]"] = {}  # Any: one table for the readers of all types


def decoder(wanted: type[T]) -> "msgspec.json.Decoder[T]":
    """Return the JSON reader of a type; each is built once. It raises more kinds of error than `decode` does."""
    if wanted not in _decoders:
        _decoders[wanted] = msgspec.json.Decoder(wanted, dec_hook=_read_custom, float_hook=number_from_json)
    return _decoders[wanted]


def _unique(pairs: list[tuple[str, object]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key {excerpt(twice.encode(errors='replace'))!r} appears twice")


def decode(body: bytes | msgspec.Raw, wanted: type[T], *, endpoint: str, bytes_max: int = BODY_BYTES_MAX) -> T:
    """Read *body* as *wanted*.

    Raises `ProtocolViolation` that names *endpoint* and the path of the offending element.
    """
    data = bytes(body)
    if len(data) > bytes_max:
        raise ProtocolViolation(f"{len(data)} bytes, at most {bytes_max} are read", endpoint=endpoint)
    try:
        text = data.decode()
        if "{" in text:  # the reader below lets the last of two equal keys win
            json.loads(text, object_pairs_hook=_unique, parse_int=len, parse_float=len)
        value: T = decoder(wanted).decode(data)
        return value
    except RecursionError:
        raise ProtocolViolation("nested too deeply", endpoint=endpoint) from None
    except (msgspec.MsgspecError, ValueError) as problem:
        raise ProtocolViolation(f"{problem}; got {excerpt(data)}", endpoint=endpoint) from problem


def excerpt(data: bytes) -> str:
    """Return the beginning of *data*, cut between two words.

    Half a word could be half a secret, which nothing recognises as one any more.
    """
    if len(data) <= SHOWN_MAX:
        return data.decode(errors="replace")
    ends = [match.end() for match in WORD_END.finditer(data, 0, SHOWN_MAX)]
    return data[: ends[-1] if ends else 0].decode(errors="replace") + "…"


def encode_body(body: object) -> bytes:
    """Write the body of a request: it has texts and integers alone, so the quick writer's form is JavaScript's."""
    return msgspec.json.encode(body)


def encode(value: object) -> bytes:
    """Write rows, structs and builtins as compact JSON with numbers in JavaScript's form."""
    return _text(msgspec.to_builtins(value, builtin_types=(Decimal,), enc_hook=_write_custom)).encode()


def _write_custom(value: object) -> object:
    if isinstance(value, Decimal):
        return Decimal(value)
    if isinstance(value, msgspec.Raw):
        return decoder(Any).decode(bytes(value))
    raise NotImplementedError(type(value))


def _text(value: object) -> str:
    match value:
        case bool() | None | str() | int():
            return msgspec.json.encode(value).decode()
        case float():
            return js_text(Decimal(repr(value)))
        case Decimal():
            return js_text(value)
        case dict():
            return "{" + ",".join(f"{_text(str(key))}:{_text(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(map(_text, value)) + "]"
        case _:
            raise TypeError(f"{type(value).__name__} has no place on the wire")

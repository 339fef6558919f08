"""The one canonical text of every entry: JSON with the fields in declared order, no spaces, ASCII.

Money, times and ids are integers. A float is its shortest exact text, which is what JSON's numbers are; what JSON has
no number for is the text `nan`, `inf` or `-inf`. How a class is written follows from its fields, so a new event needs
no line here. A field that is marked as `LATER`, because older journals do not have it, is written only where it is not
its default. Reading accepts nothing but the canonical text, and gives back what was written, bit for bit.
"""

import json
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, Final, NamedTuple, Union, get_args, get_origin, get_type_hints

import attrs

from genesis.domain.events import Decision, Event, Submit
from genesis.domain.journal.entries import Entry, RecordedEntry, RecordedSubmit, SessionMark, recorded
from genesis.domain.saved import LATER, Saved
from genesis.domain.units import decimal_from_text

TYPE: Final = "type"
STATE: Final = "state"
"""The kind of a row that holds the whole state of a core."""
_NOT_FINITE: Final = ("nan", "inf", "-inf")
_text: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode

# Any: the codecs are derived at run time from the annotations of classes; their inputs and outputs are whatever those
# classes hold, and each reader checks what it is given.
Write = Callable[[Any], Any]
Read = Callable[[Any], Any]


class MalformedEntry(ValueError):
    """A text that is not the canonical form of an entry."""


class Codec(NamedTuple):
    """How values of one type become JSON and come back."""

    write: Write
    read: Read


def encode(entry: Entry | RecordedEntry) -> tuple[str, str]:
    """Return the kind of *entry* (session, event, decision) and its canonical text."""
    if type(entry) is Submit:
        entry = recorded(entry)
    kind, name, codec = _by_class()[type(entry)]
    return kind, _text({TYPE: name, **codec.write(entry)})


def decode(kind: str, text: str) -> RecordedEntry:
    """Return the entry of a kind and a canonical text; raises `MalformedEntry` on anything else."""
    try:
        tree = json.loads(text)
        cls = _by_name()[kind, tree.pop(TYPE)]
        entry: RecordedEntry = _by_class()[cls].codec.read(tree)
        if encode(entry) == (kind, text):
            return entry
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise MalformedEntry(f"{kind} {text[:200]}: {type(error).__name__}: {error}") from error
    raise MalformedEntry(f"{kind} {text[:200]}: is not written canonically")


class _Known(NamedTuple):
    kind: str
    name: str
    codec: Codec


@cache
def _by_class() -> Mapping[type, _Known]:
    kinds = {
        "session": get_args(SessionMark),
        "event": get_args(Event),
        "decision": get_args(Decision),
        STATE: (Saved,),
    }
    known = {}
    for kind, classes in kinds.items():
        for cls in classes:
            stored = RecordedSubmit if cls is Submit else cls
            known[stored] = _Known(kind, _snake(cls.__name__), _codec(stored))
    return known


@cache
def _by_name() -> Mapping[tuple[str, str], type]:
    return {(known.kind, known.name): cls for cls, known in _by_class().items()}


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).removeprefix("_")


def _codec(annotation: Any) -> Codec:  # Any: an annotation is any object
    while hasattr(annotation, "__supertype__"):  # a NewType is written as what it is made of
        annotation = annotation.__supertype__
    if annotation is float:
        return Codec(_write_float, _read_float)
    if annotation in (int, bool, str):
        return Codec(_exactly(annotation), _exactly(annotation))
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is Decimal:
        return Codec(str, _read_decimal)
    if origin in (Union, UnionType):
        return _optional(arguments) if type(None) in arguments else _one_of(arguments)
    if origin is tuple:
        return _tuple_of(arguments)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return Codec(lambda member: member.value, annotation)
    return _fields(annotation)


def _exactly(kind: type) -> Write:
    def check(value: Any) -> Any:  # Any: see Write
        if type(value) is not kind:
            raise TypeError(f"{value!r} is no {kind.__name__}")
        return value

    return check


def _write_float(value: Any) -> float | str:  # Any: an int is welcome where a float is declared
    number = float(value)
    return number if math.isfinite(number) else repr(number)


def _read_float(value: Any) -> float:  # Any: see Read
    if type(value) is float:
        return value
    if value in _NOT_FINITE:
        return float(value)
    raise TypeError(f"{value!r} is no float")


def _optional(arguments: tuple[Any, ...]) -> Codec:  # Any: annotations
    inner = tuple(each for each in arguments if each is not type(None))
    codec = _codec(inner[0]) if len(inner) == 1 else _one_of(inner)
    return Codec(
        lambda value: None if value is None else codec.write(value),
        lambda value: None if value is None else codec.read(value),
    )


def _read_decimal(value: Any) -> Decimal:  # Any: see Read
    if type(value) is not str:
        raise TypeError(f"{value!r} is no decimal text")
    return decimal_from_text(value)


def _one_of(arguments: tuple[Any, ...]) -> Codec:  # Any: annotations
    """Write a value of one of several classes with the name of its class in front."""
    known = {cls: (_snake(cls.__name__), _codec(cls)) for cls in arguments}
    named = dict(known.values())

    def write(value: Any) -> dict[str, Any]:  # Any: see Write
        name, codec = known[type(value)]
        return {TYPE: name, **codec.write(value)}

    def read(tree: Any) -> Any:  # Any: see Read
        return named[tree.pop(TYPE)].read(tree)

    return Codec(write, read)


def _tuple_of(arguments: tuple[Any, ...]) -> Codec:  # Any: annotations
    if arguments[-1] is Ellipsis:
        codec = _codec(arguments[0])
        return Codec(lambda value: list(map(codec.write, value)), lambda value: tuple(map(codec.read, value)))
    codecs = [_codec(each) for each in arguments]
    return Codec(
        lambda value: [codec.write(each) for codec, each in zip(codecs, value, strict=True)],
        lambda value: tuple(codec.read(each) for codec, each in zip(codecs, value, strict=True)),
    )


@cache
def _fields(cls: type[Any]) -> Codec:  # Any: whatever class an entry is made of
    hints = get_type_hints(cls)
    # What is neither an attrs class nor a NamedTuple has no place in an entry.
    names = [field.name for field in attrs.fields(cls) if field.init] if attrs.has(cls) else list(cls._fields)
    codecs = {name: _codec(hints[name]) for name in names}
    writers = [(name, codec.write) for name, codec in codecs.items()]
    later = {
        each.name: each.default for each in (attrs.fields(cls) if attrs.has(cls) else ()) if LATER in each.metadata
    }

    def write(value: Any) -> dict[str, Any]:  # Any: see Write
        written = {name: writer(getattr(value, name)) for name, writer in writers}
        for name, default in later.items():
            if getattr(value, name) == default:
                del written[name]
        return written

    def read(tree: Any) -> Any:  # Any: see Read
        return cls(**{name: codecs[name].read(each) for name, each in tree.items()})

    return Codec(write, read)

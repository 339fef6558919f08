"""Where in a text each value of a JSON document stands, and what in it two readers would read differently.

A strict reader stops at the first thing that it dislikes. This one goes on, so that a person is told all of it at once:
keys that come twice, numbers that JSON does not have or that are too long, halves of surrogate pairs.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from attrs import Factory, define, frozen

from genesis.domain.config_diff import Step
from genesis.domain.json_value import DIGITS_MAX, JsonValue, MalformedJson, TooComplex, parse_json

Steps = tuple[Step, ...]

_TOKEN: Final = re.compile(r'\r\n?|\n|"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}:,]|[^\s\[\]{}:,"]+', re.DOTALL)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_CONSTANTS: Final = frozenset({"NaN", "Infinity", "-Infinity"})
_BYTE_ORDER_MARK: Final = "\ufeff"


@frozen
class Oddity:
    """What is wrong with the text at *steps*, in *line* (from 1)."""

    steps: Steps
    line: int
    reason: str
    rule: str


@frozen
class Reading:
    """A text as far as it could be read: its value, the line of each member, and everything odd about it.

    *value* has None where a number was odd; *is_json* is False where there is no value at all.
    """

    is_json: bool
    value: JsonValue
    lines: Mapping[Steps, int]
    oddities: tuple[Oddity, ...]


@define
class _Frame:
    """An object or a list that is being read: the steps to it, and where in it we are."""

    steps: Steps
    is_list: bool
    at: Step = 0
    wants_key: bool = True
    keys: set[str] = Factory(set)


def read_with_places(raw: bytes) -> Reading:
    """Return *raw* read as leniently as can be, with everything that a strict reader refuses as oddities."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = 1 + raw.count(b"\n", 0, error.start)
        return _unreadable(line, f"is not UTF-8 at byte {error.start}; save it as UTF-8")
    begun: tuple[Oddity, ...] = ()
    if text.startswith(_BYTE_ORDER_MARK):
        text = text[1:]
        begun = (Oddity((), 1, "starts with a byte order mark; save it as UTF-8 without one", "encoding"),)
    try:
        value, places = _read(text)
    except MalformedJson as error:
        return Reading(False, None, {}, (*begun, Oddity((), _line_of(str(error)), str(error), "syntax")))
    return Reading(True, value, places.lines, (*begun, *places.oddities))


def _read(text: str) -> "tuple[JsonValue, _Places]":
    try:
        return parse_json(text), _Places(text)
    except TooComplex:
        raise
    except MalformedJson:
        places = _Places(text)
        if not places.oddities:
            raise
        return _lenient(text), places


class _Places:
    """The walk over the tokens of a text; its results mean something where the text is JSON."""

    def __init__(self, text: str) -> None:
        self._stack: list[_Frame] = []
        self.lines: dict[Steps, int] = {}
        self.oddities: list[Oddity] = []
        for mark, line in _tokens(text):
            frame = self._stack[-1] if self._stack else None
            if mark in "}]":
                if self._stack:
                    self._stack.pop()
            elif mark == ",":
                self._next(frame)
            elif mark == ":":
                continue
            elif frame is not None and not frame.is_list and frame.wants_key:
                self._key(frame, mark, line)
            else:
                self._value(frame, mark, line)

    def _next(self, frame: _Frame | None) -> None:
        if frame is None:
            return
        frame.wants_key = True
        if frame.is_list and isinstance(frame.at, int):
            frame.at += 1

    def _key(self, frame: _Frame, mark: str, line: int) -> None:
        key = _text_of(mark)
        frame.at, frame.wants_key = key, False
        steps = (*frame.steps, key)
        if key in frame.keys:
            first = self.lines[steps]
            self.oddities.append(Oddity(steps, line, f"is there twice, first in line {first}", "duplicate"))
        frame.keys.add(key)
        self.lines[steps] = line
        self._look(steps, key, line)

    def _value(self, frame: _Frame | None, mark: str, line: int) -> None:
        steps: Steps = () if frame is None else (*frame.steps, frame.at)
        self.lines.setdefault(steps, line)
        if mark in "{[":
            self._stack.append(_Frame(steps, is_list=mark == "["))
        elif mark.startswith('"'):
            self._look(steps, _text_of(mark), line)
        elif mark in _CONSTANTS:
            self.oddities.append(Oddity(steps, line, f"is {mark}, which is not a JSON number", "number"))
        elif _is_long(mark):
            reason = f"is a number beyond {DIGITS_MAX} digits before or after the point"
            self.oddities.append(Oddity(steps, line, reason, "number"))

    def _look(self, steps: Steps, text: str, line: int) -> None:
        if _SURROGATE.search(text):
            reason = "holds half of a surrogate pair, which UTF-8 cannot carry"
            self.oddities.append(Oddity(steps, line, reason, "surrogate"))


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    line = 1
    for match in _TOKEN.finditer(text):
        mark = match[0]
        if mark[0] in "\r\n":
            line += 1
            continue
        yield mark, line


def _text_of(mark: str) -> str:
    try:
        found = json.loads(mark, strict=False)
    except ValueError:
        return mark
    return found if isinstance(found, str) else mark


def _is_long(mark: str) -> bool:
    try:
        parse_json(mark)
    except MalformedJson as error:
        return "digits" in str(error)
    return False


def _lenient(text: str) -> JsonValue:
    """Return the value of *text* with None for odd numbers; raises `MalformedJson` for what is no JSON all the same."""

    def number(mark: str) -> JsonValue:
        return None if _is_long(mark) else parse_json(mark)

    def constant(_: str) -> JsonValue:
        return None

    try:
        found: JsonValue = json.loads(text, parse_float=number, parse_int=number, parse_constant=constant)
    except json.JSONDecodeError as error:
        raise MalformedJson(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    return found


def _unreadable(line: int, reason: str) -> Reading:
    return Reading(False, None, {}, (Oddity((), line, reason, "encoding"),))


def _line_of(message: str) -> int:
    found = re.search(r"at line (\d+)", message)
    return int(found[1]) if found else 1

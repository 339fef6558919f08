"""Log records as lines: for people as words, for machines as JSON. Nothing that is logged can begin a line of its own.

Whoever sees a line knows that its beginning was written here: texts of others are quoted or escaped, so that neither
line breaks, nor terminal sequences, nor signs that turn the direction of writing get through.
"""

import json
import logging
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from genesis.app.event_sampling import CATEGORIES, category_of
from genesis.ports.monitor import Category, Severity

FORMATS: Final = ("text", "json")
TEXT_CHARS_MAX: Final = 8_192
"""A longer text is cut, after it was masked: one line must not fill a disk."""

_DOTTED: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")
_DEPTH: Final = 8


def event_of(record: logging.LogRecord) -> str:
    """Return the dotted name of a record; those of other libraries are `log.` and the logger's first word."""
    message = record.getMessage()
    if _DOTTED.fullmatch(message):
        return message
    return f"log.{re.sub(r'[^a-z0-9_]', '_', record.name.partition('.')[0].lower())}"


def category_of_record(record: logging.LogRecord) -> Category:
    """Return the category of a record: its own, where whoever wrote it gave one."""
    given: object = getattr(record, "category", None)
    return next((each for each in CATEGORIES if each == given), category_of(event_of(record)))


def severity_of(record: logging.LogRecord) -> Severity:
    """Return how bad a record is."""
    if record.levelno >= logging.ERROR:
        return "error"
    return "warning" if record.levelno >= logging.WARNING else "info"


class TextLine(logging.Formatter):
    """`2026-11-22T10:00:00.123Z WARNING order.unknown request_id=on-7-1 …`, and a traceback below, indented."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line."""
        words = [f"{shown(name)}={shown(value)}" for name, value in _fields(record).items()]
        line = " ".join([_when(record), record.levelname, printable(record.getMessage()), *words])
        trace = _trace(self, record)
        return "\n".join([line, *(f"    {printable(each)}" for each in trace.splitlines())])


class JsonLine(logging.Formatter):
    """One JSON object, in ASCII: time, level, category, event, logger, fields, and a traceback under `trace`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line."""
        event, fields = event_of(record), dict(_fields(record))
        if event != record.getMessage():
            fields = {"text": record.getMessage(), **fields}
        line: dict[str, object] = {
            "time": _when(record),
            "level": record.levelname.lower(),
            "category": category_of_record(record),
            "event": event,
            "logger": record.name,
            "fields": _plain(fields, _DEPTH),
        }
        if trace := _trace(self, record):
            line["trace"] = trace[:TEXT_CHARS_MAX]
        return json.dumps(line, ensure_ascii=True, allow_nan=False)


def shown(value: object) -> str:
    """Return a value as one word: quoted where it has spaces or signs that do not show."""
    text = _cut(str(value))
    return text if text.isprintable() and " " not in text and text else repr(text)


def printable(text: str) -> str:
    """Return *text* with every sign that does not show escaped."""
    return _cut(text if text.isprintable() else repr(text)[1:-1])


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_CHARS_MAX else f"{text[:TEXT_CHARS_MAX]}… ({len(text)} characters)"


def _when(record: logging.LogRecord) -> str:
    when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    return when.replace("+00:00", "Z")


def _fields(record: logging.LogRecord) -> Mapping[str, object]:
    fields: object = getattr(record, "fields", None)
    return {str(name): value for name, value in fields.items()} if isinstance(fields, Mapping) else {}


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    return record.exc_text or (formatter.formatException(record.exc_info) if record.exc_info else "")


def _plain(value: object, depth: int) -> object:
    """Return *value* as JSON has it; what it does not have becomes text."""
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case str():
            return _cut(value)
        case Mapping() if depth:
            return {str(name): _plain(each, depth - 1) for name, each in value.items()}
        case Sequence() if depth and not isinstance(value, bytes | bytearray):
            return [_plain(each, depth - 1) for each in value]
    return _cut(str(value))

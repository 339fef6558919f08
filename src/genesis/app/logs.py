"""What a command writes beside its result: log lines and errors, all of them behind one redactor.

`GENESIS_LOG` is the level (DEBUG, INFO, WARNING, ERROR; WARNING without it). Lines go to standard error: time, level,
event, fields. The standard library's logging is enough for that, and is there already: a richer one would cost every
command a tenth of a second.
"""

import io
import logging
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TextIO

from genesis.adapters.redaction.logs import RedactingFilter, RedactingFormatter
from genesis.adapters.redaction.redactor import Redactor
from genesis.adapters.redaction.stream import RedactingStream
from genesis.app.settings import DOTENV, Keys, load_keys, load_settings
from genesis.ports.errors import InputError

REDACTOR: Final = Redactor()
"""The process's own: what is registered here shows in no log and on no standard error."""

LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")


def guarded_keys(dotenv: Path = DOTENV) -> Keys:
    """Return the configured keys; from now on neither logs nor errors nor tracebacks of this process show them.

    Raises `InputError` for a key that is too short to be recognised in a text.
    """
    keys = load_keys(dotenv)
    for secret in {keys.api_key, keys.api_secret, keys.ws_api_key, keys.ws_api_secret}:
        if secret:
            REDACTOR.register(secret)
    start_logging(dotenv=dotenv)
    if not isinstance(sys.stderr, GuardedErrors):
        sys.stderr = GuardedErrors(sys.stderr)
    return keys


def start_logging(level: str = "", dotenv: Path = DOTENV) -> None:
    """Send the log to standard error, masked; calling it again changes the level. *level* wins over `GENESIS_LOG`."""
    name = (level or load_settings(dotenv).log).upper()
    if name not in LEVELS:
        raise InputError(f"GENESIS_LOG is {name}: it must be one of {', '.join(LEVELS)}")
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, _ErrorsHandler)]:
        root.removeHandler(handler)
    root.addHandler(_ErrorsHandler())
    root.setLevel(name)


class GuardedErrors(io.TextIOWrapper):
    """Standard error, masked on its way; an unfinished line waits for its end, or for that of the process."""

    def __init__(self, inner: TextIO) -> None:
        self._inner = inner  # which closes what it stands on when nobody holds it
        super().__init__(
            io.BufferedWriter(RedactingStream(inner.buffer, REDACTOR)),
            encoding="utf-8",
            errors="backslashreplace",
            line_buffering=True,
        )


class _ErrorsHandler(logging.Handler):
    """Writes to whatever standard error is at that moment."""

    def __init__(self) -> None:
        super().__init__()
        self.addFilter(RedactingFilter(REDACTOR))
        self.setFormatter(RedactingFormatter(REDACTOR, _Line()))

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError, ValueError):  # where nobody reads it any more: nothing waits for a log, nothing fails
            sys.stderr.write(f"{self.format(record)}\n")


class _Line(logging.Formatter):
    """`2026-11-22T10:00:00.123Z WARNING order.unknown request_id=on-7-1 …`, and a traceback below."""

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        fields: object = getattr(record, "fields", None)
        words = [f"{name}={_shown(value)}" for name, value in fields.items()] if isinstance(fields, Mapping) else []
        line = " ".join([when, record.levelname, record.getMessage(), *words])
        trace = record.exc_text or (self.formatException(record.exc_info) if record.exc_info else "")
        return f"{line}\n{trace}" if trace else line


def _shown(value: object) -> str:
    """Return a value as one word: quoted where it has spaces or line breaks of its own."""
    text = str(value)
    return text if text.isprintable() and " " not in text and text else repr(text)

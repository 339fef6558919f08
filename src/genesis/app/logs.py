"""What a command writes beside its result: log lines and errors, all of them behind one redactor.

`GENESIS_LOG` is the level (DEBUG, INFO, WARNING, ERROR; WARNING without it), `GENESIS_LOG_FORMAT` is text or json.
Lines go to standard error: time, level, event, fields. The standard library's logging is enough for that, and is there
already: a richer one would cost every command a tenth of a second.

A command writes its lines itself. A session hands them to a queue: trading never waits for who reads them.
"""

import functools
import io
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from attrs import fields

from genesis.adapters.redaction.logs import RedactingFilter, RedactingFormatter
from genesis.adapters.redaction.redactor import Redactor
from genesis.adapters.redaction.stream import RedactingStream
from genesis.app.event_log import SamplingFilter
from genesis.app.event_sampling import Sampler, rates_from
from genesis.app.log_lines import FORMATS, JsonLine, TextLine
from genesis.app.log_queue import QueuedLog, unbuffered
from genesis.app.settings import DOTENV, Keys, Settings, load_keys, load_settings, secret_settings, take_secrets
from genesis.domain.config_secrets import is_reference
from genesis.ports.clock import Clock
from genesis.ports.errors import InputError
from genesis.ports.metrics import Metrics
from genesis.ports.secrets import Secret

if TYPE_CHECKING:
    from genesis.app.secrets import SecretResolver

_OF_PROVIDERS: Final = ("AZURE_CLIENT_SECRET", "AZURE_PASSWORD", "OP_SERVICE_ACCOUNT_TOKEN", "OP_CONNECT_TOKEN")
"""Variables with which the keepers of secrets are asked: they have to stay where they are, but show nowhere."""

REDACTOR: Final = Redactor()
"""The process's own: what is registered here shows in no log and on no standard error."""

LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")


def guarded_keys(dotenv: Path = DOTENV) -> Keys:
    """Return the configured keys; from now on neither logs nor errors nor tracebacks of this process show them.

    References are followed to where the keys are kept, and the variables that held keys leave the environment. Raises
    `InputError` for a key that is too short to be recognised in a text, and `SecretError` for one that cannot be had.
    """
    start_logging(dotenv=dotenv)
    found = load_keys(dotenv)
    guard_secrets(dotenv)
    return Keys(*(guarded_secret(f"BITFINEX_{each.name.upper()}", getattr(found, each.name)) for each in fields(Keys)))


def find_keys(is_doubted: bool, dotenv: Path = DOTENV) -> Keys:
    """Return the keys as their keepers have them now; where they are doubted, nothing known is taken for granted.

    Blocks. Raises `SecretError` for a key that cannot be had, `InputError` for one that cannot be used.
    """
    found = load_keys(dotenv)
    return Keys(*(guarded_secret("the API key", getattr(found, each.name), is_doubted) for each in fields(Keys)))


def guard_secrets(dotenv: Path = DOTENV) -> None:
    """Let nothing of this process show a secret that is set, and no child inherit one; references are not followed.

    A secret that is too short to be recognised in a text is left to whoever uses it.
    """
    for value in secret_settings(dotenv).values():
        if not is_reference(value.reveal()):
            with suppress(InputError):
                REDACTOR.register(value)
    take_secrets()
    if not isinstance(sys.stderr, GuardedErrors):
        sys.stderr = GuardedErrors(sys.stderr)


def refuse_secrets(*words: str) -> None:
    """Raise `InputError` if one of *words* holds a secret of this process: it would be printed, recorded and shown."""
    if any(REDACTOR.knows(word) for word in words):
        raise InputError("an option holds a secret that is set for this program: give the name of its place instead")


def guarded_secret(name: str, value: Secret, is_doubted: bool = False) -> Secret:
    """Return the secret of the setting *name*, or the one that it refers to; this process shows it nowhere from now on.

    Where it *is_doubted*, nothing that is known of a reference is taken for granted.
    Raises `InputError` for one that is too short to be recognised in a text, and `SecretError` if it cannot be had.
    """
    if not value:
        return value
    if is_reference(value.reveal()):
        if is_doubted:
            secret_resolver().forget(value.reveal())
        return secret_resolver().resolve(value.reveal())
    try:
        REDACTOR.register(value)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    return value


@functools.cache
def secret_resolver() -> "SecretResolver":
    """Return the process's own resolver of references; what it finds shows in no log."""
    from genesis.adapters.clock_system import SystemClock
    from genesis.app.secrets import SecretResolver, secret_providers

    for name in _OF_PROVIDERS:
        with suppress(InputError):  # one too short to be masked is no secret of theirs
            REDACTOR.register(Secret(os.environ.get(name, "")))
    clock = SystemClock()
    return SecretResolver(secret_providers(clock), clock, REDACTOR.register)


def start_logging(level: str = "", dotenv: Path = DOTENV) -> None:
    """Send the log to standard error, masked; calling it again changes the level. *level* wins over `GENESIS_LOG`."""
    settings = load_settings(dotenv)
    name = _level(level or settings.log)
    _install(_ErrorsHandler(_style(settings)), name)


@contextmanager
def session_log(clock: Clock, metrics: Metrics, settings: Settings) -> Iterator[None]:
    """Log through a queue that nobody waits for, sampled by category; at the end, write for a second what is left."""
    level, formatter, sampler = (
        _level(settings.log),
        _formatter(_style(settings)),
        Sampler(rates_from(settings.log_sample)),
    )
    handler = QueuedLog(
        RedactingFormatter(REDACTOR, formatter),
        RedactingFilter(REDACTOR),
        lambda: metrics.increment("log_lines_dropped_total"),
        # The lines are masked already, and a buffer has a lock that a reader who stands still would keep for ever.
        unbuffered(sys.stderr.inner if isinstance(sys.stderr, GuardedErrors) else sys.stderr),
    )
    handler.addFilter(SamplingFilter(sampler, clock, metrics))
    _install(handler, level)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        handler.stop()


def _install(handler: logging.Handler, level: str) -> None:
    """Make *handler* the one that writes."""
    root = logging.getLogger()
    for other in [each for each in root.handlers if isinstance(each, _ErrorsHandler | QueuedLog)]:
        root.removeHandler(other)
    handler.setLevel(level)  # alerts may ask a logger for more than is written
    root.addHandler(handler)
    root.setLevel(level)


def _level(text: str) -> str:
    name = text.upper()
    if name not in LEVELS:
        raise InputError(f"GENESIS_LOG is {name}: it must be one of {', '.join(LEVELS)}")
    return name


def _style(settings: Settings) -> str:
    if settings.log_format not in FORMATS:
        raise InputError(f"GENESIS_LOG_FORMAT is {settings.log_format}: it must be one of {', '.join(FORMATS)}")
    return settings.log_format


def _formatter(style: str) -> logging.Formatter:
    return JsonLine() if style == "json" else TextLine()


class GuardedErrors(io.TextIOWrapper):
    """Standard error, masked on its way; an unfinished line waits for its end, or for that of the process."""

    def __init__(self, inner: TextIO) -> None:
        self.inner = inner  # which closes what it stands on when nobody holds it
        super().__init__(
            io.BufferedWriter(RedactingStream(inner.buffer, REDACTOR)),
            encoding="utf-8",
            errors="backslashreplace",
            line_buffering=True,
        )


class _ErrorsHandler(logging.Handler):
    """Writes to whatever standard error is at that moment."""

    def __init__(self, style: str) -> None:
        super().__init__()
        self.addFilter(RedactingFilter(REDACTOR))
        self.setFormatter(RedactingFormatter(REDACTOR, _formatter(style)))

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError, ValueError):  # where nobody reads it any more: nothing waits for a log, nothing fails
            sys.stderr.write(f"{self.format(record)}\n")

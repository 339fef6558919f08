"""Redaction for stdlib logging and for structlog."""

import logging
import sys
import traceback
from collections.abc import Callable, MutableMapping
from typing import Final

from genesis.adapters.redaction.redactor import Redactor

_ERRORS_OF_FORMATTING: Final = (TypeError, ValueError, KeyError, IndexError, AttributeError)
_OWN: Final = frozenset(
    {
        "args",
        "msg",
        "exc_info",
        "exc_text",
        "levelno",
        "lineno",
        "created",
        "msecs",
        "relativeCreated",
        "thread",
        "process",
    }
)
"""Handled on their own, or numbers that logging computes with."""

EventDict = MutableMapping[str, object]


class RedactingFilter(logging.Filter):
    """Masks a record itself: message, arguments, exception, stack, thread name, extra fields.

    Put it on handlers: a filter of a logger does not see what its children log. The exception is turned into text, so
    that no later handler prints the original.
    """

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask *record* in place; never drops one."""
        record.msg, record.args = self._message(record), None
        if record.exc_info:
            record.exc_text = record.exc_text or "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
            record.exc_info = None
        if record.exc_text:
            record.exc_text = self._redactor.text(record.exc_text)
        extra = {name: value for name, value in vars(record).items() if name not in _OWN}
        masked = self._redactor.value(extra)
        assert isinstance(masked, dict)
        for name in extra:
            del vars(record)[name]
        vars(record).update(masked)
        return True

    def _message(self, record: logging.LogRecord) -> str:
        try:
            message = record.getMessage()
        except _ERRORS_OF_FORMATTING:
            # logging would print message and arguments to standard error, in clear text.
            message = f"{record.msg!r} % {record.args!r}"
        return self._redactor.text(message)


class RedactingFormatter(logging.Formatter):
    """Masks what another formatter made: the last stop before a handler writes."""

    def __init__(self, redactor: Redactor, inner: logging.Formatter | None = None) -> None:
        super().__init__()
        self._redactor = redactor
        self._inner = inner or logging.Formatter()

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as masked text."""
        return self._redactor.text(self._inner.format(record))


def redacting_processor(redactor: Redactor) -> Callable[[object, str, EventDict], EventDict]:
    """Return a structlog processor that masks keys and values; exceptions become text under `exception`.

    Put it last before the renderer, and the renderer into `redacting_renderer`.
    """

    def process(_logger: object, _name: str, event: EventDict) -> EventDict:
        masked = redactor.value({name: _described(name, value) for name, value in event.items()})
        assert isinstance(masked, dict)
        return masked

    return process


def redacting_renderer(
    redactor: Redactor, renderer: Callable[[object, str, EventDict], str | bytes]
) -> Callable[[object, str, EventDict], str | bytes]:
    """Return *renderer* with its text or bytes masked: the last stop before a logger writes."""

    def render(logger: object, name: str, event: EventDict) -> str | bytes:
        rendered = renderer(logger, name, event)
        return redactor.text(rendered) if isinstance(rendered, str) else redactor.data(rendered)

    return render


def _described(name: str, value: object) -> object:
    """Return an exception as its traceback, for its repr says less and its object prints itself later."""
    if name == "exc_info" and value is True:
        value = sys.exception()
    if isinstance(value, tuple) and len(value) == 3 and isinstance(value[1], BaseException):
        value = value[1]
    return "".join(traceback.format_exception(value)) if isinstance(value, BaseException) else value

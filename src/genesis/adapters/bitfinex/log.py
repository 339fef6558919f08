"""What the adapter tells a person: events with a dotted name and fields, through the standard library's logging.

A program that sets nothing up sees nothing. Whoever sets logging up puts the redaction in front of its
handlers: fields and tracebacks hold what the exchange wrote, and nobody knows what it may repeat.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from genesis.ports.errors import OutcomeUnknown

_LOG: Final = logging.getLogger("genesis.bitfinex")
_LOG.addHandler(logging.NullHandler())  # else warnings without their fields would go to standard error


def log(level: int, event: str, fields: Mapping[str, object], error: BaseException | None = None) -> None:
    """Write *event* with its *fields* in the record's attribute of that name; at DEBUG with *error*'s traceback."""
    if _LOG.isEnabledFor(level):
        shown = error if _LOG.isEnabledFor(logging.DEBUG) else None
        _LOG.log(level, event, exc_info=shown, extra={"fields": dict(fields)}, stacklevel=2)


def tell_unknown(unknown: OutcomeUnknown) -> None:
    """Write that the outcome of a write is not known: a person should look, and the program looks it up."""
    facts = {"request_id": unknown.request_id, "endpoint": unknown.endpoint, "code": unknown.code}
    log(logging.WARNING, "order.unknown", {**facts, "text": unknown.text}, unknown)


@contextmanager
def telling_unknown() -> Iterator[None]:
    """Write of an outcome that is not known on its way to the caller."""
    try:
        yield
    except OutcomeUnknown as unknown:
        tell_unknown(unknown)
        raise

"""What the answer to a write says: the notification, its verdict, and the orders inside it.

REST wraps the submitted order in one more list than all others, and a pair of orders is two of them, the limit first; a
reader that takes the first list inside a list takes all. Whatever cannot be read proves nothing about a write and is an
`OutcomeUnknown`.
"""

from collections.abc import Callable
from typing import TypeVar

from attrs import frozen
from msgspec import Raw

from genesis.adapters.bitfinex.errors import Asked, classify_notification
from genesis.adapters.bitfinex.wire.codec import decode
from genesis.adapters.bitfinex.wire.orders import NotificationRow
from genesis.ports.errors import ProtocolViolation

R = TypeVar("R")
V = TypeVar("V")


@frozen
class Notified:
    """A notification that reports success, with what was asked: *asked* gives errors their endpoint and request id."""

    row: NotificationRow
    asked: Asked

    def one(self, wanted: type[R], convert: Callable[[R], V]) -> V:
        """Return the one value inside; raises `OutcomeUnknown` if there is none that can be read."""
        try:
            return convert(decode(_unwrapped(self.row.data, self.asked), wanted, endpoint=self.asked.endpoint))
        except (ProtocolViolation, ValueError) as problem:
            raise self.asked.unreadable(f"unreadable echo: {_words(problem)}") from problem

    def many(self, wanted: type[R], convert: Callable[[R], V]) -> list[V]:
        """Return the values inside, none for null; raises `OutcomeUnknown` if one cannot be read."""
        try:
            found = decode(self.row.data, list[wanted] | None, endpoint=self.asked.endpoint)  # type: ignore[arg-type,valid-type]  # a union is a type to the reader
            return [convert(row) for row in found or []]
        except (ProtocolViolation, ValueError) as problem:
            raise self.asked.unreadable(f"unreadable echo: {_words(problem)}") from problem


def accepted(row: NotificationRow, kinds: frozenset[str], asked: Asked) -> Notified:
    """Return a notification of one of *kinds* that reports success; raises what it proves otherwise."""
    if row.type not in kinds:
        raise asked.unreadable(f"the answer is a {row.type!r}, {' or '.join(sorted(kinds))} was expected")
    error = classify_notification(row.status, row.code, row.text or "", asked)
    if error is not None:
        raise error
    return Notified(row, asked)


def _unwrapped(data: Raw, asked: Asked) -> Raw:
    inner = decode(data, list[Raw], endpoint=asked.endpoint)
    return inner[0] if inner and bytes(inner[0]).lstrip().startswith(b"[") else data


def _words(problem: ProtocolViolation | ValueError) -> str:
    return problem.text if isinstance(problem, ProtocolViolation) else str(problem)

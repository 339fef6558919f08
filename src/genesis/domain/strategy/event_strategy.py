"""Strategies that do not fit an expression: a decision of their own on every event.

An event strategy is a value that never changes; all that it remembers is in the state that it is given and gives back.
So it can be replayed, restarted from a copy of its state, and tried by `event_proof`.
"""

from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

from genesis.domain.events import Event
from genesis.domain.units import Symbol

S = TypeVar("S")


class Target(NamedTuple):
    """What *symbol* is to be held: a share of the equity in [-1, 1]; NaN is no decision."""

    symbol: Symbol
    exposure: float


Targets: TypeAlias = tuple[Target, ...]
"""The instruments that a decision is about; those that are not named keep their targets."""


class EventStrategy(Protocol[S]):
    """What decides event by event.

    Both methods answer the same to the same arguments, today and in a replay years later: no clock, no file, no
    randomness, nothing kept in the strategy itself. The state that was given may be given again: it is left as it was.

    An attribute `reads`, a tuple of symbols, names other instruments whose candles it is to see as well.
    """

    def start(self) -> S:
        """Return the state before the first event."""
        ...

    def decide(self, state: S, event: Event) -> tuple[S, Targets]:
        """Return the state after *event*, and the targets that it changes; events come in the order of their times."""
        ...


AnyEventStrategy: TypeAlias = EventStrategy[Any]  # Any: whoever runs a strategy hands its state back unread

"""Copies of what goes on changing, for events."""

from typing import TypeVar

from genesis.domain.simulation.exchange_orders import PlacedOrder
from genesis.domain.simulation.margin_position import MarginPosition

Moving = TypeVar("Moving", PlacedOrder, MarginPosition)


def snapshot(value: Moving) -> Moving:
    """Return *value* as it stands now. `copy` would do, at five times the cost: every event of an order takes one."""
    clone = object.__new__(type(value))
    clone.__dict__.update(value.__dict__)
    return clone

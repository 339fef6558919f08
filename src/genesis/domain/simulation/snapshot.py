"""Copies of what goes on changing, for events."""

from copy import copy
from typing import TypeVar

from genesis.domain.simulation.exchange_orders import PlacedOrder
from genesis.domain.simulation.margin_position import MarginPosition

Moving = TypeVar("Moving", PlacedOrder, MarginPosition)


def snapshot(value: Moving) -> Moving:
    """Return *value* as it stands now."""
    return copy(value)

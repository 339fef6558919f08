"""An order as the matching engine sees it: what decides how it meets the book, and where it stands. No wire, no
money."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NewType

from attrs import define, field

from genesis.domain.order import OrderId, OrderType, Side
from genesis.domain.units import Atoms, Mts, Price

if TYPE_CHECKING:
    from genesis.domain.simulation.book_side import Level

UserId = NewType("UserId", int)
"""The owner of orders, wallets and positions."""

NO_PRICE = Price(0)
NEVER = Mts(0)


class OrderState(Enum):
    """Where an order stands; `FILLED` and `CANCELED` are final."""

    NEW = "new"
    WAITING = "waiting"
    """A stop whose trigger has not been reached."""
    DUE = "due"
    """A stop whose trigger was reached and that has not met the book yet."""
    WORKING = "working"
    FILLED = "filled"
    CANCELED = "canceled"


@define(eq=False)
class MatchingOrder:
    """One order and its links into the book. The engine owns every field from the moment it accepts the order.

    `price` is the limit (`NO_PRICE` where the type has none), `stop_price` the trigger; a trailing stop has its
    distance in `trail` and, until it is accepted, no trigger."""

    id: OrderId
    owner: UserId
    side: Side
    type: OrderType
    amount: Atoms
    price: Price = NO_PRICE
    stop_price: Price = NO_PRICE
    trail: Price = NO_PRICE
    hidden: bool = False
    post_only: bool = False
    avoids_self: bool = False
    expires: Mts = NEVER
    is_limited: bool = field(init=False)
    """Whether `price` bounds what it trades at."""
    is_stop: bool = field(init=False)
    left: Atoms = field(init=False)
    state: OrderState = field(init=False, default=OrderState.NEW)
    oco: MatchingOrder | None = field(init=False, default=None, repr=False)
    """The other half of a one-cancels-other pair."""
    anchor: Price = field(init=False, default=NO_PRICE)
    """The best last price that a trailing stop has seen."""
    trigger_ticket: int = field(init=False, default=0, repr=False)
    anchor_ticket: int = field(init=False, default=0, repr=False)
    level: Level | None = field(init=False, default=None, repr=False)
    before: MatchingOrder | None = field(init=False, default=None, repr=False)
    after: MatchingOrder | None = field(init=False, default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        self.left = self.amount
        kind = self.type  # compared by identity: the hash of an Enum member is a Python call
        self.is_stop = kind is OrderType.STOP or kind is OrderType.STOP_LIMIT or kind is OrderType.TRAILING_STOP
        self.is_limited = not (kind is OrderType.MARKET or kind is OrderType.STOP or kind is OrderType.TRAILING_STOP)

    @property
    def is_open(self) -> bool:
        """Whether the order may still trade."""
        return self.state not in (OrderState.FILLED, OrderState.CANCELED)

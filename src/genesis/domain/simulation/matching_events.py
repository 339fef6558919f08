"""What the matching engine says happened. Orders in events are the engine's own and move on; the numbers are of that
moment."""

from enum import Enum
from typing import NamedTuple

from genesis.domain.order import OrderId
from genesis.domain.simulation.matching_order import MatchingOrder
from genesis.domain.units import Atoms, Mts, Price


class CancelReason(Enum):
    """Why an order ended unfilled."""

    REQUESTED = "requested"
    OCO = "oco"
    """Its other half traded, was triggered or ended."""
    POST_ONLY = "post_only"
    IMMEDIATE_OR_CANCEL = "immediate_or_cancel"
    FILL_OR_KILL = "fill_or_kill"
    NO_LIQUIDITY = "no_liquidity"
    SELF_TRADE = "self_trade"
    FUNDS = "funds"
    """The owner could not pay for the rest."""
    MARGIN = "margin"
    REDUCE_NO_POSITION = "reduce_no_position"
    REDUCE_WOULD_INCREASE = "reduce_would_increase"
    REDUCE_WOULD_FLIP = "reduce_would_flip"
    DEAD_MAN = "dead_man"


class RejectReason(Enum):
    """Why a command had no effect."""

    AMOUNT = "amount"
    PRICE = "price"
    STOP_PRICE = "stop_price"
    TRAIL = "trail"
    DUPLICATE = "duplicate"
    UNKNOWN_ORDER = "unknown_order"


class ChangeReason(Enum):
    """What altered an open order."""

    UPDATED = "updated"
    TRAILED = "trailed"
    TRIGGERED = "triggered"


class Accepted(NamedTuple):
    """The order has an open state; it has not met the book yet."""

    mts: Mts
    order: MatchingOrder


class Traded(NamedTuple):
    """A match at the resting order's price. *maker_left* and *taker_left* are what remains open after it."""

    mts: Mts
    id: int
    price: Price
    amount: Atoms
    maker: MatchingOrder
    taker: MatchingOrder
    maker_left: Atoms
    taker_left: Atoms


class Changed(NamedTuple):
    """An open order has other values; *price_before* and *left_before* are what it had, *left_after* what it got."""

    mts: Mts
    order: MatchingOrder
    reason: ChangeReason
    price_before: Price
    left_before: Atoms
    left_after: Atoms
    was_resting: bool


class Canceled(NamedTuple):
    """An order ended with *left* unfilled; *was_resting* says whether the book showed it."""

    mts: Mts
    order: MatchingOrder
    reason: CancelReason
    left: Atoms
    was_resting: bool


class Expired(NamedTuple):
    """An order reached its time with *left* unfilled."""

    mts: Mts
    order: MatchingOrder
    left: Atoms
    was_resting: bool


class Rejected(NamedTuple):
    """A command had no effect."""

    mts: Mts
    id: OrderId
    reason: RejectReason


MatchingEvent = Accepted | Traded | Changed | Canceled | Expired | Rejected

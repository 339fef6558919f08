"""Orders as the exchange keeps them: what was asked, who asked, and what became of it."""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from attrs import define, field, frozen

from genesis.domain.order import Cid, OrderId, OrderType, Side
from genesis.domain.simulation.matching_events import CancelReason
from genesis.domain.simulation.matching_order import NEVER, NO_PRICE, MatchingOrder, UserId
from genesis.domain.units import Atoms, Mts, Price, Symbol

NOTHING: Mapping[str, object] = {}


@frozen
class OrderTicket:
    """What a user asks for. *price* is the limit of limited types, *stop_price* the trigger; unused prices are
    `NO_PRICE`."""

    symbol: Symbol
    side: Side
    type: OrderType
    amount: Atoms
    price: Price = NO_PRICE
    stop_price: Price = NO_PRICE
    trail: Price = NO_PRICE
    oco_stop: Price = NO_PRICE
    on_margin: bool = False
    hidden: bool = False
    post_only: bool = False
    reduce_only: bool = False
    closes: bool = False
    avoids_self: bool = False
    no_variable_rates: bool = False
    expires: Mts = NEVER
    cid: Cid | None = None
    gid: int | None = None
    meta: Mapping[str, object] = NOTHING


class OrderStatus(Enum):
    """Where an order of the exchange stands."""

    ACTIVE = "active"
    EXECUTED = "executed"
    CANCELED = "canceled"
    EXPIRED = "expired"


class RefusalCode(Enum):
    """Why a request was not carried out; nothing has changed."""

    SYMBOL = "symbol: invalid"
    AMOUNT = "amount: invalid"
    PRICE = "price: invalid"
    STOP_PRICE = "price_stop: invalid"
    TRAIL = "price_trailing: invalid"
    TOO_SMALL = "minimum size"
    TOO_LARGE = "maximum size"
    EXCHANGE_BALANCE = "not enough exchange balance"
    TRADABLE_BALANCE = "not enough tradable balance"
    NO_MARGIN = "margin trading not available"
    EXPIRY = "tif: invalid"
    NOT_FOUND = "Order not found."


class Refusal(NamedTuple):
    """A request that was not carried out, and the number that it should have respected where there is one."""

    code: RefusalCode
    limit: int = 0


@define(eq=False, slots=False)
class PlacedOrder:
    """An order that the exchange accepted. Amounts are atoms > 0, prices price units."""

    id: OrderId
    user: UserId
    ticket: OrderTicket
    side: Side
    type: OrderType
    amount: Atoms
    left: Atoms
    price: Price
    stop_price: Price
    trail: Price
    expires: Mts
    cid: Cid
    gid: int | None
    created: Mts
    changed: Mts
    meta: Mapping[str, object]
    placed_by: OrderId | None = None
    type_before: OrderType | None = None
    status: OrderStatus = OrderStatus.ACTIVE
    reason: CancelReason | None = None
    forced: bool = False
    fills: tuple[tuple[Price, Atoms], ...] = ()
    notional: int = 0
    """The sum of amount × price of the fills."""
    held: int = 0
    engine_order: MatchingOrder | None = field(default=None, repr=False)

    @property
    def symbol(self) -> Symbol:
        """The instrument."""
        return self.ticket.symbol

    @property
    def filled(self) -> int:
        """Atoms that traded."""
        return sum(amount for _, amount in self.fills)

    @property
    def average_price(self) -> Price:
        """The volume-weighted price of the fills, rounded to nearest; `NO_PRICE` without one."""
        filled = self.filled
        return Price((2 * self.notional + filled) // (2 * filled)) if filled else NO_PRICE

    @property
    def is_open(self) -> bool:
        """Whether the order may still trade."""
        return self.status is OrderStatus.ACTIVE

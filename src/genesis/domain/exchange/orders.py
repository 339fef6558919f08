"""Our orders and fills as the exchange reports them, and what we ask of it beside new orders.

Prices and amounts are `Decimal`, exactly as sent: averages have any number of decimals, and so have amounts after
partial fills at times. Crossing into atoms is the job of whoever books them.
"""

from datetime import date
from decimal import Decimal
from enum import Enum

from attrs import frozen

from genesis.domain.order import Cid, OrderId, OrderType, Side
from genesis.domain.units import Atoms, Mts, Price, Symbol


class Account(Enum):
    """Which wallet an order trades: `EXCHANGE` owns what it buys, `MARGIN` (derivatives too) holds a position."""

    EXCHANGE = "exchange"
    MARGIN = "margin"


class ReportedStatus(Enum):
    """The head of an order's status text; only the first two are open. Source: Bitfinex, "Order status"."""

    ACTIVE = "ACTIVE"
    PARTIALLY_FILLED = "PARTIALLY FILLED"
    EXECUTED = "EXECUTED"
    FORCED_EXECUTED = "FORCED EXECUTED"
    CANCELED = "CANCELED"
    INSUFFICIENT_BALANCE = "INSUFFICIENT BALANCE"
    INSUFFICIENT_MARGIN = "INSUFFICIENT MARGIN"
    POST_ONLY_CANCELED = "POSTONLY CANCELED"
    IOC_CANCELED = "IOC CANCELED"
    FILL_OR_KILL_CANCELED = "FILLORKILL CANCELED"
    DUST = "RSN_DUST"
    PAUSE = "RSN_PAUSE"
    BOOK_SLIP = "RSN_BOOK_SLIP"
    REDUCE_WOULD_INCREASE = "RSN_POS_REDUCE_INCR"
    REDUCE_WOULD_FLIP = "RSN_POS_REDUCE_FLIP"
    NO_POSITION = "RSN_POS_NOTFOUND"

    @property
    def is_open(self) -> bool:
        """Whether the order can still fill."""
        return self in {ReportedStatus.ACTIVE, ReportedStatus.PARTIALLY_FILLED}


@frozen
class OrderReport:
    """An order as the exchange sees it. *amount* is what was asked for, *amount_remaining* what is not filled.

    Both >= 0.
    """

    id: OrderId
    cid: Cid | None
    group_id: int | None
    symbol: Symbol
    account: Account
    side: Side
    type: OrderType
    amount: Decimal
    amount_remaining: Decimal
    status: ReportedStatus
    status_text: str
    mts_created: Mts
    mts_updated: Mts
    price: Decimal | None
    price_average: Decimal | None
    price_trailing: Decimal | None
    price_auxiliary: Decimal | None
    post_only: bool
    reduce_only: bool
    hidden: bool
    placed_id: OrderId | None
    mts_expiry: Mts | None

    @property
    def amount_filled(self) -> Decimal:
        """What was filled, in base units."""
        return self.amount - self.amount_remaining


@frozen
class FillReport:
    """A match of one of our orders as the exchange reports it.

    *fee* is None until the exchange has told it, > 0 when paid and < 0 for a rebate, in *fee_currency*.
    """

    id: int
    symbol: Symbol
    mts: Mts
    order_id: OrderId
    cid: Cid | None
    side: Side
    amount: Decimal
    price: Decimal
    is_maker: bool | None
    fee: Decimal | None
    fee_currency: str | None


@frozen
class OrderAck:
    """The exchange has taken a write: the order as it echoed it, which is not yet resting nor filled.

    *differences* names what was accepted otherwise than asked: a price cut to five significant digits, for instance.
    """

    order: OrderReport
    text: str
    differences: tuple[str, ...] = ()


@frozen
class OrderChange:
    """New values for an open order; None leaves a value as it is.

    *side* is the order's own, for the sign of *amount*.
    """

    id: OrderId
    symbol: Symbol
    side: Side
    amount: Atoms | None = None
    price: Price | None = None
    stop_limit_price: Price | None = None
    trail: Price | None = None

    def __attrs_post_init__(self) -> None:
        if self.amount is None and self.price is None and self.stop_limit_price is None and self.trail is None:
            raise ValueError(f"order {self.id}: a change changes nothing")
        if self.amount is not None and self.amount <= 0:
            raise ValueError(f"order {self.id}: amount must be > 0, was {self.amount}")


@frozen
class ById:
    """An order by the exchange's id."""

    id: OrderId


@frozen
class ByCid:
    """An order by our id and the UTC date on which the exchange created it.

    An order sent just before midnight may have been created just after: who is not sure asks for both dates.
    """

    cid: Cid
    created: date


OrderReference = ById | ByCid


@frozen
class Everything:
    """All orders of the account, spot and derivatives alike, ours and others'."""


@frozen
class CancelMany:
    """Orders to cancel together; at least one."""

    orders: tuple[OrderReference, ...]

    def __attrs_post_init__(self) -> None:
        if not self.orders:
            raise ValueError("a cancellation of many names no order")

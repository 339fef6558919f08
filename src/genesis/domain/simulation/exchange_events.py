"""What the exchange says happened, to its users and to everyone. Orders and positions in events are copies of that
moment."""

from enum import Enum
from typing import NamedTuple

from genesis.domain.order import OrderId, Side
from genesis.domain.simulation.exchange_orders import PlacedOrder
from genesis.domain.simulation.margin_position import MarginPosition
from genesis.domain.simulation.matching_order import UserId
from genesis.domain.simulation.wallets import LedgerEntry
from genesis.domain.units import Atoms, Currency, Mts, Price, Symbol


class Step(Enum):
    """What an event says about an order or a position."""

    OPENED = "opened"
    CHANGED = "changed"
    CLOSED = "closed"


class OrderMoved(NamedTuple):
    """An order opened, changed or closed."""

    step: Step
    order: PlacedOrder


class OwnTrade(NamedTuple):
    """One side of a match: *fee* is in atoms of *fee_currency*, > 0 where it was paid."""

    id: int
    mts: Mts
    order: PlacedOrder
    price: Price
    amount: Atoms
    is_maker: bool
    fee: int
    fee_currency: Currency


class WalletMoved(NamedTuple):
    """A balance changed; *available* is what no open order waits for."""

    entry: LedgerEntry
    available: int


class PositionMoved(NamedTuple):
    """A position opened, changed or closed."""

    step: Step
    user: UserId
    position: MarginPosition


class PublicTrade(NamedTuple):
    """A match as everyone sees it; *side* is the taker's."""

    symbol: Symbol
    id: int
    mts: Mts
    side: Side
    amount: Atoms
    price: Price


class BookMoved(NamedTuple):
    """A visible resting order has *left* open, 0 when it left the book or its price."""

    symbol: Symbol
    order_id: OrderId
    side: Side
    price: Price
    left: Atoms


ExchangeEvent = OrderMoved | OwnTrade | WalletMoved | PositionMoved | PublicTrade | BookMoved

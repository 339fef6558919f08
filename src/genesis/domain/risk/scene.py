"""What the gate looks at besides the order: the account around it, at one moment.

Amounts are atoms of the instrument's base currency, money is atoms of the quote currency.
"""

from enum import Enum
from typing import Final, NamedTuple

from attrs import frozen

from genesis.domain.order import Cid, OrderRequest, OrderType, Side
from genesis.domain.units import Mts, Price, Symbol


class Standing(Enum):
    """Whether the account may send orders at all, and why not."""

    OPEN = "open"
    LINK_DOWN = "link_down"
    MAINTENANCE = "maintenance"
    RECONCILING = "reconciling"
    FROZEN = "frozen"


class Top(NamedTuple):
    """The best bid and ask of an instrument."""

    bid: Price
    ask: Price


class Sent(NamedTuple):
    """An order that left; *is_guard*: to guard a position at the exchange, and for no wish of its strategy."""

    mts: Mts
    strategy: str
    symbol: Symbol
    side: Side
    is_guard: bool = False


class Pending(NamedTuple):
    """An order of the account that may still fill: ours (with its cid) or a foreign one; *amount* at its worst case.

    *price* is its limit, None where it takes any; one that is dormant waits for a trigger and is in no book yet.
    """

    cid: Cid | None
    symbol: Symbol
    side: Side
    amount: int
    price: Price | None
    is_dormant: bool = False


@frozen
class Scene:
    """The account around an order of one instrument.

    *bid* and *ask* are None without a reference; *age_ms* says how old they were. *net_amount* is what the
    account holds of the base. *exposure_elsewhere* and *positions_elsewhere* are those of all other instruments, at
    their worst. *cash_free* is the quote currency that no pending purchase needs, None on margin. *gets_out* says that
    the order only makes smaller what its strategy holds, or guards that.
    """

    now: Mts
    standing: Standing
    strategy: str
    bid: Price | None
    ask: Price | None
    age_ms: int
    net_amount: int
    pending: tuple[Pending, ...]
    exposure_elsewhere: int
    positions_elsewhere: int
    sent: tuple[Sent, ...]
    cash_free: int | None
    gets_out: bool = False

    def pending_amount(self, side: Side) -> int:
        """Return what may still fill on one side."""
        return sum(each.amount for each in self.pending if each.side is side)

    def worst_net(self, order: OrderRequest | None = None) -> int:
        """Return the largest net amount, long or short, that fills could lead to, with *order* or without it."""
        buys, sells = self.pending_amount(Side.BUY), self.pending_amount(Side.SELL)
        if order is not None:
            buys += order.amount if order.side is Side.BUY else 0
            sells += order.amount if order.side is Side.SELL else 0
        return max(abs(self.net_amount + buys), abs(self.net_amount - sells))

    def reference(self, side: Side) -> Price | None:
        """Return the price that a market order of *side* would meet."""
        return self.ask if side is Side.BUY else self.bid


_AT_ANY_PRICE: Final = frozenset({OrderType.MARKET, OrderType.STOP, OrderType.TRAILING_STOP})
_TRIGGERED: Final = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP})


def limit_of(order: OrderRequest) -> Price | None:
    """Return the worst price at which *order* may fill, None where any will do."""
    return None if order.type in _AT_ANY_PRICE else order.price


def is_dormant(order: OrderRequest) -> bool:
    """Whether *order* waits for a trigger before it meets the book."""
    return order.type in _TRIGGERED

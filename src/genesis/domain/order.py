"""Orders as we wish them: what to trade, which way, how much, and under which rules."""

from enum import Enum
from typing import Final, NewType

from attrs import frozen

from genesis.domain.units import Atoms, Mts, Price, Symbol

Cid = NewType("Cid", int)
"""Client order id: unique per API key, < 2^45."""

NO_CID: Final = Cid(0)
"""Of fills between two strategies of ours, which no order made, and of orders that are only judged."""

OrderId = NewType("OrderId", int)
"""The exchange's id of an order."""


class Side(Enum):
    """The direction of an order or fill."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> "Side":
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(Enum):
    """How an order meets the book. Whether it trades on margin is the account's business, not the type's."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"
    FILL_OR_KILL = "fill_or_kill"
    IMMEDIATE_OR_CANCEL = "immediate_or_cancel"


@frozen
class OrderRequest:
    """An order before anyone has seen it: no exchange id yet. Prices that its type does not use are None."""

    cid: Cid
    symbol: Symbol
    side: Side
    type: OrderType
    amount: Atoms
    mts: Mts
    price: Price | None = None
    stop_price: Price | None = None
    trail: Price | None = None
    post_only: bool = False
    reduce_only: bool = False
    hidden: bool = False
    oco_stop: Price | None = None
    """Makes a limit order one half of a pair: the other is a stop at this price, and what fills cancels its other."""

    def __attrs_post_init__(self) -> None:
        if self.amount <= 0:
            raise ValueError(f"order {self.cid}: amount must be > 0, was {self.amount}")

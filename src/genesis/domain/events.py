"""What the core hears and what it answers: plain values, in the order in which they happened."""

from enum import Enum
from typing import NamedTuple, TypeAlias

from genesis.domain.candle import Candle
from genesis.domain.fill import Fill
from genesis.domain.order import Cid
from genesis.domain.risk.gate import Approved
from genesis.domain.units import Mts, Price, Symbol


class CandleClosed(NamedTuple):
    """A candle is complete; it is the one event on which a strategy decides."""

    symbol: Symbol
    candle: Candle


class Quote(NamedTuple):
    """The best bid and ask, as a market order would meet them now."""

    symbol: Symbol
    mts: Mts
    bid: Price
    ask: Price


class OrderFilled(NamedTuple):
    """One of our orders met another one."""

    fill: Fill


class OrderRejected(NamedTuple):
    """The exchange refused one of our orders for good."""

    mts: Mts
    symbol: Symbol
    cid: Cid
    reason: str


class HaltRequested(NamedTuple):
    """An operator wants out: flatten and trade no more."""

    mts: Mts
    reason: str


Event: TypeAlias = CandleClosed | Quote | OrderFilled | OrderRejected | HaltRequested


class RequestQuote(NamedTuple):
    """The core wants to trade *symbol* and needs the next quote to size the order."""

    symbol: Symbol


class Submit(NamedTuple):
    """Send this order."""

    order: Approved


class AlertCode(Enum):
    """Why the core wants a person to look."""

    MAX_DRAWDOWN = "max_drawdown"
    MAX_DAILY_LOSS = "max_daily_loss"
    OPERATOR_HALT = "operator_halt"
    ORDER_REJECTED = "order_rejected"


class Alert(NamedTuple):
    """Something that a person should see, in one sentence."""

    mts: Mts
    code: AlertCode
    text: str


Decision: TypeAlias = RequestQuote | Submit | Alert

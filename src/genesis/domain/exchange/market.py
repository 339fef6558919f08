"""What the exchange shows to everyone. Numbers are `float`, the market's own.

Amounts are > 0 and the direction is a `Side`.
"""

from decimal import Decimal
from enum import Enum
from typing import NamedTuple

from attrs import frozen

from genesis.domain.order import OrderId, Side
from genesis.domain.units import Atoms, Currency, Mts, Symbol


class PlatformStatus(Enum):
    """Whether the exchange takes orders."""

    OPERATIVE = "operative"
    MAINTENANCE = "maintenance"


class Ticker(NamedTuple):
    """The state of a pair: best prices, and the last 24 hours. Sizes sum the 25 best levels.

    What is unknown is None.
    """

    symbol: Symbol
    bid: float | None
    bid_size: float | None
    ask: float | None
    ask_size: float | None
    daily_change: float | None
    daily_change_fraction: float | None
    last_price: float | None
    volume: float | None
    high: float | None
    low: float | None


class FundingTicker(NamedTuple):
    """The state of a funding currency; rates are fractions per day, periods days."""

    symbol: Symbol
    flash_return_rate: float | None
    bid: float | None
    bid_period_days: int | None
    bid_size: float | None
    ask: float | None
    ask_period_days: int | None
    ask_size: float | None
    daily_change: float | None
    daily_change_fraction: float | None
    last_rate: float | None
    volume: float | None
    high: float | None
    low: float | None
    flash_return_amount: float | None


class HourlyQuote(NamedTuple):
    """Best prices at a full hour."""

    mts: Mts
    symbol: Symbol
    bid: float | None
    ask: float | None


class Trade(NamedTuple):
    """A public trade; *side* is the taker's."""

    id: int
    mts: Mts
    side: Side
    amount: float
    price: float


class FundingTrade(NamedTuple):
    """A public funding trade: *amount* lent at *rate* per day for *period_days*.

    *side* SELL took a bid, BUY an offer.
    """

    id: int
    mts: Mts
    side: Side
    amount: float
    rate: float
    period_days: int


class BookLevel(NamedTuple):
    """A price of a book with everything that rests there; BUY is a bid."""

    side: Side
    price: float
    order_count: int
    amount: float


class BookOrder(NamedTuple):
    """An order of a raw book; BUY is a bid."""

    side: Side
    order_id: OrderId
    price: float
    amount: float


class FundingBookLevel(NamedTuple):
    """A rate and period of a funding book; BUY asks for funds, SELL offers them."""

    side: Side
    rate: float
    period_days: int
    order_count: int
    amount: float


class FundingBookOrder(NamedTuple):
    """An offer or bid of a raw funding book; BUY asks for funds, SELL offers them."""

    side: Side
    offer_id: int
    rate: float
    period_days: int
    amount: float


class Precision(Enum):
    """How a book groups its prices: to 5, 4, 3, 2 or 1 significant digits."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"


class Statistic(NamedTuple):
    """A value of one of the exchange's statistics."""

    mts: Mts
    value: float | None


class DerivativeStatus(NamedTuple):
    """A perpetual's state: prices, the coming funding event, open interest."""

    symbol: Symbol
    mts: Mts
    deriv_price: float | None
    spot_price: float | None
    insurance_fund_balance: float | None
    next_funding_mts: Mts | None
    next_funding_accrued: float | None
    current_funding: float | None
    mark_price: float | None
    open_interest: float | None
    clamp_min: float | None
    clamp_max: float | None


class Liquidation(NamedTuple):
    """A position that the exchange closed; *side* is the position's, BUY is long."""

    position_id: int
    mts: Mts
    symbol: Symbol
    side: Side
    amount: float
    base_price: float
    is_execution: bool
    is_sold_on_market: bool
    price_acquired: float | None


@frozen
class PairRules:
    """What the exchange takes as an order of a pair; margins are fractions, None where a pair has no margin trading."""

    symbol: Symbol
    amount_min: Atoms
    amount_max: Atoms
    initial_margin: Decimal | None
    minimum_margin: Decimal | None


@frozen
class CurrencyName:
    """What a currency code stands for: `UST` is `USDt`."""

    currency: Currency
    name: str


class AverageExecution(NamedTuple):
    """What an order of *amount* would cost on average, in quote units per base unit, or as a rate for funding."""

    price: float
    amount: float

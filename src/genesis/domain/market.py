"""What public channels tell, as values.

Prices and amounts are the JSON numbers of the wire; amounts are > 0, `side` says which way.
"""

from enum import Enum
from typing import NamedTuple

from genesis.domain.book import BookLevel, BookTop, Offer, RawOrder
from genesis.domain.candle import Candle
from genesis.domain.order import Side
from genesis.domain.units import Mts, Symbol


class Ticker(NamedTuple):
    """A pair over the last 24 hours; bid and ask sizes are sums over the 25 best levels, *change* is in quote units."""

    bid: float
    bid_amount: float
    ask: float
    ask_amount: float
    change: float
    change_rate: float
    last: float
    volume: float
    high: float
    low: float


class FundingTicker(NamedTuple):
    """A funding currency over the last 24 hours; rates are fractions a day, periods are days."""

    flash_return_rate: float
    bid: float
    bid_period: int
    bid_amount: float
    ask: float
    ask_period: int
    ask_amount: float
    change: float
    change_rate: float
    last: float
    volume: float
    high: float
    low: float
    amount_available: float | None


class Print(Enum):
    """Which of its messages showed a trade: every trade is executed once, and confirmed once with the same id a
    little later.
    """

    EXECUTED = "te"
    CONFIRMED = "tu"
    SNAPSHOT = "snapshot"


class PublicTrade(NamedTuple):
    """A match on the exchange; *side* is the taker's. Count one *id* once, whatever the prints."""

    print: Print
    id: int
    mts: Mts
    side: Side
    amount: float
    price: float


class PublicFundingTrade(NamedTuple):
    """A funding match; SELL is an offer taken (lent), BUY a bid; *period* in days."""

    print: Print
    id: int
    mts: Mts
    side: Side
    amount: float
    rate: float
    period: int


class BookSnapshot(NamedTuple):
    """The whole book, as after a subscription; what was known before is void."""

    rows: tuple[BookLevel | RawOrder | Offer, ...]


class CandleSnapshot(NamedTuple):
    """The newest candles, oldest first; the last may still be forming."""

    candles: tuple[Candle, ...]


class DerivativeStatus(NamedTuple):
    """A perpetual: prices in quote units, funding as fractions; clamps bound the funding rate."""

    mts: Mts
    price: float | None
    spot_price: float | None
    insurance_balance: float | None
    next_funding_mts: Mts | None
    next_funding_accrued: float | None
    next_funding_step: int | None
    current_funding: float | None
    mark_price: float | None
    open_interest: float | None
    clamp_min: float | None
    clamp_max: float | None


class Liquidation(NamedTuple):
    """A position taken over by the exchange; *side* is the position's.

    *is_match* tells execution from the first trigger.
    """

    id: int
    mts: Mts
    symbol: Symbol
    side: Side
    amount: float
    base_price: float
    is_match: bool
    is_market_sold: bool
    price_acquired: float | None


class GapReason(Enum):
    """Why something of a channel may be missing."""

    SEQUENCE = "sequence"  # the connection's numbering skipped
    SLOW_CONSUMER = "slow_consumer"  # the consumer's queue was full
    UNREADABLE = "unreadable"  # a frame of the channel could not be read
    CHECKSUM = "checksum"  # the book disagreed with the exchange
    SILENCE = "silence"  # the channel said nothing for too long
    CROSSED = "crossed"  # the book stayed crossed
    LINK = "link"  # the connection was lost or the platform resynchronised


class Gap(NamedTuple):
    """Something of this channel may be missing; *missed* counts it where that is known, else 0."""

    reason: GapReason
    missed: int


MarketEvent = (
    Ticker
    | FundingTicker
    | PublicTrade
    | PublicFundingTrade
    | BookLevel
    | RawOrder
    | Offer
    | BookSnapshot
    | BookTop
    | Candle
    | CandleSnapshot
    | DerivativeStatus
    | Liquidation
    | Gap
)

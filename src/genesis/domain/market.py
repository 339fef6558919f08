"""What public channels tell, as events.

What one message shows is a value of `exchange.market`; here is what it means in a stream.
"""

from enum import Enum
from typing import NamedTuple

from genesis.domain.book import BookRow, BookTop
from genesis.domain.candle import Candle
from genesis.domain.exchange.market import (
    DerivativeStatus,
    FundingTicker,
    FundingTrade,
    Liquidation,
    Ticker,
    Trade,
)


class Print(Enum):
    """Which of its messages showed a trade: every trade is executed once, and confirmed once with the same id a
    little later.
    """

    EXECUTED = "te"
    CONFIRMED = "tu"
    SNAPSHOT = "snapshot"


class PrintedTrade(NamedTuple):
    """A public trade as one of its messages showed it. Count one id once, whatever the prints."""

    print: Print
    trade: Trade | FundingTrade


class BookSnapshot(NamedTuple):
    """The whole book, as after a subscription; what was known before is void."""

    rows: tuple[BookRow, ...]


class CandleSnapshot(NamedTuple):
    """The newest candles, oldest first; the last may still be forming."""

    candles: tuple[Candle, ...]


class GapReason(Enum):
    """Why something of a channel may be missing."""

    SEQUENCE = "sequence"  # the connection's numbering skipped
    SLOW_CONSUMER = "slow_consumer"  # the consumer's queue was full
    UNREADABLE = "unreadable"  # a frame of the channel could not be read
    CHECKSUM = "checksum"  # the book disagreed with the exchange
    SILENCE = "silence"  # the channel said nothing for too long
    CROSSED = "crossed"  # the book stayed crossed
    REFUSED = "refused"  # the exchange no longer gives this channel; it is not asked for again
    LINK = "link"  # the connection was lost or the platform resynchronised


class Gap(NamedTuple):
    """Something of this channel may be missing; *missed* counts it where that is known, else 0."""

    reason: GapReason
    missed: int


MarketEvent = (
    Ticker
    | FundingTicker
    | PrintedTrade
    | BookRow
    | BookSnapshot
    | BookTop
    | Candle
    | CandleSnapshot
    | DerivativeStatus
    | Liquidation
    | Gap
)

"""Public market channels: what one can listen to, named as values that can be compared and used as keys."""

from enum import Enum
from typing import Final

from attrs import field, frozen

from genesis.domain.units import Symbol


class Grouping(Enum):
    """How a book groups its prices: P0 to 5 significant digits down to P4 to 1; R0 shows single orders."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"
    R0 = "R0"


class Frequency(Enum):
    """How often a book speaks: F0 at once, F1 every two seconds."""

    F0 = "F0"
    F1 = "F1"


BOOK_LENGTHS: Final = (1, 25, 100, 250)
"""Levels (R0: orders) a side. Source: Bitfinex documentation, "Books"."""


@frozen(cache_hash=True)
class TickerChannel:
    """The ticker of a pair or funding currency."""

    symbol: Symbol


@frozen(cache_hash=True)
class TradesChannel:
    """The public trades of a pair or funding currency."""

    symbol: Symbol


@frozen(cache_hash=True)
class BookChannel:
    """An order book; *length* levels a side."""

    symbol: Symbol
    grouping: Grouping = Grouping.P0
    frequency: Frequency = Frequency.F0
    length: int = field(default=25)

    @length.validator
    def _check_length(self, _attribute: object, value: int) -> None:
        if value not in BOOK_LENGTHS:
            raise ValueError(f"book of {self.symbol}: length must be one of {BOOK_LENGTHS}, was {value}")

    @property
    def is_funding(self) -> bool:
        """Whether rates are quoted instead of prices."""
        return self.symbol.startswith("f")

    @property
    def is_raw(self) -> bool:
        """Whether its rows are orders instead of levels."""
        return self.grouping is Grouping.R0


@frozen(cache_hash=True)
class CandlesChannel:
    """Candles of *timeframe* (`1m`, `1h`, `1D`, …); *period* completes a funding key, as in `p30` or `a30:p2:p30`."""

    symbol: Symbol
    timeframe: str
    period: str = ""

    @property
    def key(self) -> str:
        """The exchange's key: `trade:1m:tBTCUSD`."""
        return ":".join(filter(None, ("trade", self.timeframe, self.symbol, self.period)))


@frozen(cache_hash=True)
class DerivativeChannel:
    """The status of a perpetual: mark price, funding, open interest."""

    symbol: Symbol


@frozen(cache_hash=True)
class LiquidationsChannel:
    """Every liquidation on the platform."""


Channel = TickerChannel | TradesChannel | BookChannel | CandlesChannel | DerivativeChannel | LiquidationsChannel


def channel_name(channel: Channel) -> str:
    """Return a short text for people and logs: `book tBTCUSD P0 F0 25`."""
    match channel:
        case TickerChannel(symbol):
            return f"ticker {symbol}"
        case TradesChannel(symbol):
            return f"trades {symbol}"
        case BookChannel(symbol, grouping, frequency, length):
            return f"book {symbol} {grouping.value} {frequency.value} {length}"
        case CandlesChannel():
            return f"candles {channel.key}"
        case DerivativeChannel(symbol):
            return f"status deriv:{symbol}"
        case LiquidationsChannel():
            return "status liq:global"


def channel_from_text(text: str) -> Channel:
    """Return the channel that a person names.

    `ticker:tBTCUSD`, `trades:fUSD`, `book:tBTCUSD` with any of a grouping, frequency and length behind it
    (`book:tBTCUSD:R0:100`), `candles:1m:tBTCUSD`, `status:tBTCF0:USTF0`, `liquidations`. Raises `ValueError` that says
    what is wrong.
    """
    kind, _, rest = text.partition(":")
    match kind:
        case "ticker" if rest:
            return TickerChannel(Symbol(rest))
        case "trades" if rest:
            return TradesChannel(Symbol(rest))
        case "candles" if rest.count(":") >= 1:
            timeframe, _, symbol = rest.partition(":")
            symbol, period = _symbol_and_period(symbol)
            return CandlesChannel(Symbol(symbol), timeframe, period)
        case "status" if rest:
            return DerivativeChannel(Symbol(rest))
        case "liquidations" if not rest:
            return LiquidationsChannel()
        case "book" if rest:
            return _book_from_text(rest)
        case _:
            raise ValueError(f"{text!r} is no channel such as trades:tBTCUSD, book:tBTCUSD:P0:25 or candles:1m:tBTCUSD")


def _symbol_and_period(text: str) -> tuple[str, str]:
    if not text.startswith("f"):
        return text, ""
    symbol, _, period = text.partition(":")
    return symbol, period


def _book_from_text(text: str) -> BookChannel:
    parts = text.split(":")
    grouping, frequency, length = Grouping.P0, Frequency.F0, 25
    while len(parts) > 1:
        last = parts[-1]
        if last in Grouping.__members__:
            grouping = Grouping[last]
        elif last in Frequency.__members__:
            frequency = Frequency[last]
        elif last.isdecimal():
            length = int(last)
        else:
            break
        parts.pop()
    return BookChannel(Symbol(":".join(parts)), grouping, frequency, length)

"""What everyone saw of one instrument: trades, candles of every length, the last day."""

from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple

from attrs import define

from genesis.adapters.venue.numbers import scaled_text
from genesis.domain.candle import DAY_MS, MINUTE_MS, Timeframe
from genesis.domain.instrument import Instrument
from genesis.domain.simulation.exchange_events import PublicTrade
from genesis.domain.units import ATOM_DECIMALS, Mts, Price

TRADES_KEPT: Final = 50_000


@define
class Bar:
    """A candle in exact units: prices in price units, volume in atoms."""

    mts: int
    open: int
    close: int
    high: int
    low: int
    volume: int

    def text(self, decimals: int) -> str:
        """Return the row of the wire."""
        prices = (self.open, self.close, self.high, self.low)
        values = ",".join(scaled_text(price, decimals) for price in prices)
        return f"[{self.mts},{values},{scaled_text(self.volume, ATOM_DECIMALS)}]"


class Day(NamedTuple):
    """The last 24 hours: prices in price units, volume in atoms."""

    open: int
    high: int
    low: int
    volume: int


class Tape:
    """The record of one instrument."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.trades: deque[PublicTrade] = deque(maxlen=TRADES_KEPT)
        self.candles: dict[Timeframe, list[Bar]] = {frame: [] for frame in Timeframe}
        self._ends: dict[Timeframe, Mts] = dict.fromkeys(Timeframe, Mts(0))
        self.last_price: Price | None = None
        self.changes = 0
        """How often the candles have changed."""
        self._day: tuple[int, Day | None] = (-1, None)

    def add(self, trade: PublicTrade, *, in_candles: bool) -> None:
        """Record a trade; one outside the candles is seen as a trade and leaves history as it was."""
        self.trades.append(trade)
        self.last_price = trade.price
        if in_candles:
            self.add_price(trade.mts, trade.price, trade.amount)

    def add_price(self, mts: Mts, price: int, volume: int) -> None:
        """Let *volume* at *price* count in the candles."""
        self.changes += 1
        for frame, bars in self.candles.items():
            if mts < self._ends[frame]:
                bar = bars[-1]
                bar.close = price
                bar.high = max(price, bar.high)
                bar.low = min(price, bar.low)
                bar.volume += volume
            else:
                bars.append(Bar(frame.start(mts), price, price, price, price, volume))
                self._ends[frame] = frame.end(mts)

    def day(self, mts: Mts) -> Day | None:
        """Return the 24 hours before *mts*, to the minute; None without a candle in them."""
        minute = mts // MINUTE_MS
        bars = self.candles[Timeframe.M1]
        if not bars:
            return None
        if self._day[0] != minute:
            self._day = (minute, _summary(_since(bars[:-1], mts - DAY_MS)))
        past, now = self._day[1], bars[-1]
        if past is None:
            return Day(now.open, now.high, now.low, now.volume)
        return Day(past.open, max(past.high, now.high), min(past.low, now.low), past.volume + now.volume)


def trade_text(trade: PublicTrade, decimals: int) -> str:
    """Return the row of a public trade."""
    amount = scaled_text(trade.amount * trade.side.sign, ATOM_DECIMALS)
    return f"[{trade.id},{trade.mts},{amount},{scaled_text(trade.price, decimals)}]"


def _since(bars: list[Bar], start: int) -> Iterator[Bar]:
    for bar in reversed(bars):
        if bar.mts < start:
            return
        yield bar


def _summary(newest_first: Iterator[Bar]) -> Day | None:
    bars = list(newest_first)
    if not bars:
        return None
    return Day(
        bars[-1].open, max(bar.high for bar in bars), min(bar.low for bar in bars), sum(bar.volume for bar in bars)
    )

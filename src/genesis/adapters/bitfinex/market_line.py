"""One instrument that is traded on a market stream: its candles, and the best prices of its raw book."""

from typing import Final

from attrs import frozen

from genesis.adapters.bitfinex.candle_line import CandleLine, ReadInstrument
from genesis.domain.candle import Timeframe
from genesis.domain.channel import BookChannel, Channel, Grouping
from genesis.domain.instrument import Instrument
from genesis.domain.units import Price, Symbol
from genesis.ports.streams import MarketStream


@frozen
class TradedInstrument:
    """What is traded, the interval of the candles on which is decided, and how many of the past are told first.

    *reads* are the instruments whose candles are told before its own of the same start.
    """

    instrument: Instrument
    timeframe: Timeframe
    warm_up: int = 0
    reads: tuple[Symbol, ...] = ()


class MarketLine(CandleLine):
    """The channels of one instrument that is traded."""

    def __init__(self, traded: TradedInstrument, stream: MarketStream) -> None:
        instrument = traded.instrument
        super().__init__(ReadInstrument(instrument.symbol, traded.timeframe, traded.warm_up), stream)
        self._instrument = instrument
        self._book_channel: Final = BookChannel(instrument.symbol, Grouping.R0)

    @property
    def channels(self) -> tuple[Channel, ...]:
        """What it listens to."""
        return self.candles_channel, self._book_channel

    async def subscribe(self) -> None:
        """Subscribe to the book first: with the candle that makes us decide, the book around it is there."""
        await self._ask_for(self._book_channel)
        await super().subscribe()

    def best(self) -> tuple[Price, Price] | None:
        """Return the best bid and ask; None while there is no book to be trusted, or none with two sides."""
        if self._candles.running is None:  # after a restart a plan may go on before there is a book at all
            return None
        book = self._stream.book(self._book_channel)
        top = book.top
        if book.is_stale or not (top.bid and top.ask) or top.is_crossed:
            return None
        price = self._instrument.price_from_market
        bid, ask = price(top.bid), price(top.ask)
        return bid, ask if ask > bid else Price(bid + 1)  # a spread that is finer than the instrument's decimals

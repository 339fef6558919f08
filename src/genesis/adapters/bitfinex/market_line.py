"""One instrument on a market stream: its candles, told when they are closed, and the best prices of its raw book."""

from contextlib import suppress
from typing import Final

from attrs import frozen

from genesis.adapters.bitfinex.closed_candles import ClosedCandles
from genesis.domain.candle import Candle, Timeframe
from genesis.domain.channel import BookChannel, CandlesChannel, Channel, Grouping
from genesis.domain.events import CandleClosed
from genesis.domain.instrument import Instrument
from genesis.domain.market import CandleSnapshot, Gap, GapReason, MarketEvent
from genesis.domain.units import Mts, Price
from genesis.ports.errors import OutcomeUnknown
from genesis.ports.streams import MarketStream


@frozen
class TradedInstrument:
    """What is traded, the interval of the candles on which is decided, and how many of the past are told first."""

    instrument: Instrument
    timeframe: Timeframe
    warm_up: int = 0


class MarketLine:
    """The channels of one instrument."""

    def __init__(self, traded: TradedInstrument, stream: MarketStream) -> None:
        self.traded: Final = traded
        self._instrument = traded.instrument
        self._stream = stream
        self._candles = ClosedCandles()
        self.candles_channel: Final = CandlesChannel(traded.instrument.symbol, traded.timeframe.value)
        self._book_channel = BookChannel(traded.instrument.symbol, Grouping.R0)
        self._is_ending = False
        self.is_ended = False
        """Whether the running candle was closed as well, and nothing more comes."""

    @property
    def channels(self) -> tuple[CandlesChannel | BookChannel, ...]:
        """What it listens to."""
        return self.candles_channel, self._book_channel

    @property
    def running_mts(self) -> Mts | None:
        """When the running candle began."""
        return None if self._candles.running is None else self._candles.running.mts

    def has_come(self, mts: Mts) -> bool:
        """Whether the candle of *mts* or a later one runs."""
        return self.running_mts is not None and self.running_mts >= mts

    async def subscribe(self) -> None:
        """Subscribe to the book first: with the candle that makes us decide, the book around it is there."""
        await self._ask_for(self._book_channel)
        await self._ask_for(self.candles_channel)

    async def end(self) -> None:
        """Ask for the candles a last time; with their snapshot the running one is closed as well."""
        await self._stream.unsubscribe(self.candles_channel)
        self._is_ending = True
        await self._ask_for(self.candles_channel)

    async def hear(self, event: MarketEvent) -> list[CandleClosed]:
        """Return the candles that an event of the candles' channel proves complete."""
        match event:
            case _ if self.is_ended:
                pass
            case Candle():
                return self._closed(self._candles.take(event))
            case CandleSnapshot(candles):
                closed = self._candles.take_all(candles)
                if self._is_ending:
                    closed += self._candles.close()
                    self.is_ended = True
                return self._closed(closed)
            case Gap(reason) if reason is not GapReason.LINK:  # after that one a snapshot comes by itself
                await self._stream.unsubscribe(self.candles_channel)
                await self._ask_for(self.candles_channel)
        return []

    async def _ask_for(self, channel: Channel) -> None:
        """Subscribe; what was not answered in time is asked again, for a network that is down passes by itself."""
        while True:
            with suppress(OutcomeUnknown):
                await self._stream.subscribe(channel)
                return

    def best(self) -> tuple[Price, Price] | None:
        """Return the best bid and ask; None while there is no book to be trusted, or none with two sides."""
        if self._candles.running is None:  # after a restart a plan may go on before there is a book at all
            return None
        book = self._stream.book(self._book_channel)
        top = book.top
        if book.is_stale or not (top.bid and top.ask) or top.is_crossed:
            return None
        price = self._instrument.price_from_market
        return price(top.bid), price(top.ask)

    def _closed(self, candles: list[Candle]) -> list[CandleClosed]:
        return [CandleClosed(self._instrument.symbol, candle) for candle in candles]

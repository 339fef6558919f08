"""The candles of one instrument on a market stream, told when they are closed."""

from contextlib import suppress
from typing import Final

from attrs import frozen

from genesis.adapters.bitfinex.closed_candles import ClosedCandles
from genesis.domain.candle import Candle, Timeframe
from genesis.domain.channel import CandlesChannel, Channel
from genesis.domain.events import CandleClosed
from genesis.domain.market import CandleSnapshot, Gap, GapReason, MarketEvent
from genesis.domain.units import Mts, Symbol
from genesis.ports.errors import OutcomeUnknown
from genesis.ports.streams import MarketStream


@frozen
class ReadInstrument:
    """An instrument whose candles are read, and how many of the past are told first."""

    symbol: Symbol
    timeframe: Timeframe
    warm_up: int = 0


class CandleLine:
    """The channel of candles of one instrument.

    *is_current* says that everything was heard until now: there was a snapshot, and no gap since.
    """

    def __init__(self, read: ReadInstrument, stream: MarketStream) -> None:
        self.read: Final = read
        self.candles_channel: Final = CandlesChannel(read.symbol, read.timeframe.value)
        self.is_current = False
        self.is_ended = False
        """Whether the running candle was closed as well, and nothing more comes."""
        self._stream = stream
        self._candles = ClosedCandles()
        self._is_ending = False

    @property
    def channels(self) -> tuple[Channel, ...]:
        """What it listens to."""
        return (self.candles_channel,)

    @property
    def running_mts(self) -> Mts | None:
        """When the running candle began."""
        return None if self._candles.running is None else self._candles.running.mts

    def has_come(self, mts: Mts) -> bool:
        """Whether the candle of *mts* or a later one runs."""
        return self.running_mts is not None and self.running_mts >= mts

    async def subscribe(self) -> None:
        """Subscribe; returns when the exchange has answered."""
        await self._ask_for(self.candles_channel)

    async def end(self) -> None:
        """Ask for the candles a last time; with their snapshot the running one is closed as well."""
        await self._stream.unsubscribe(self.candles_channel)
        self._is_ending = True
        await self._ask_for(self.candles_channel)

    def warm(self, candles: tuple[Candle, ...]) -> list[CandleClosed]:
        """Take candles of the past, oldest first; return those that are complete."""
        return self._closed(self._candles.take_all(candles))

    def over(self, mts: Mts) -> list[CandleClosed]:
        """Return the running candle if it began before *mts*: a whole interval has passed since its end."""
        return self._closed(self._candles.over(mts))

    async def hear(self, event: MarketEvent) -> list[CandleClosed]:
        """Return the candles that an event of the candles' channel proves complete."""
        match event:
            case _ if self.is_ended:
                pass
            case Candle():
                return self._closed(self._candles.take(event))
            case CandleSnapshot(candles):
                self.is_current = True
                closed = self._candles.take_all(candles)
                if self._is_ending:
                    closed += self._candles.close()
                    self.is_ended = True
                return self._closed(closed)
            case Gap(reason):
                self.is_current = False
                if reason is not GapReason.LINK:  # after that one a snapshot comes by itself
                    await self._stream.unsubscribe(self.candles_channel)
                    await self._ask_for(self.candles_channel)
        return []

    async def _ask_for(self, channel: Channel) -> None:
        """Subscribe; what was not answered in time is asked again, for a network that is down passes by itself."""
        while True:
            with suppress(OutcomeUnknown):
                await self._stream.subscribe(channel)
                return

    def _closed(self, candles: list[Candle]) -> list[CandleClosed]:
        return [CandleClosed(self.read.symbol, candle) for candle in candles]

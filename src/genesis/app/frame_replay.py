"""Recorded frames through the production parsers into the trading core: the session that they would have been.

Candles are those of their channel once the next one proves them complete; where the recording has no such channel, they
are made of its trades. Orders are filled as in a backtest, at the next open, so that a recording gives the same
decisions always, at any speed.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from itertools import chain, islice
from pathlib import Path
from time import perf_counter
from typing import Final

from attrs import define, field, frozen

from genesis.adapters.bitfinex.closed_candles import ClosedCandles
from genesis.adapters.bitfinex.recorded import RecordedConnections
from genesis.adapters.frames_file import RecordedFrame, recorded_frames
from genesis.adapters.memory.candle_market import CandleMarket
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.app.backtest import RunObserver, Terms
from genesis.app.trade import trade
from genesis.domain.candle import Candle, Timeframe
from genesis.domain.channel import CandlesChannel, Channel, TradesChannel, channel_name
from genesis.domain.core import one_desk
from genesis.domain.exchange.market import Trade
from genesis.domain.market import CandleSnapshot, Gap, MarketEvent, PrintedTrade
from genesis.domain.statistics.record import Record, Recorder
from genesis.domain.units import Symbol
from genesis.ports.clock import Clock
from genesis.ports.errors import InputError

PEEKED: Final = 10_000
"""Frames that are looked through for subscriptions before the first is played."""


@define
class Counts:
    """What a recording held: frames, and events by their kind."""

    frames: int = 0
    events: Counter[str] = field(factory=Counter)
    gaps: Counter[str] = field(factory=Counter)
    candles: int = 0


@frozen
class FrameReplay:
    """A finished replay; *made_of* says what its candles were made of."""

    counts: Counts
    connections: int
    channels: tuple[str, ...]
    made_of: str
    record: Record
    seconds: float


class CandlesOfTrades:
    """Candles made of public trades: each closes with the first trade of a later interval."""

    def __init__(self, timeframe: Timeframe) -> None:
        self._timeframe = timeframe
        self._running: Candle | None = None
        self._seen = 0

    def take(self, printed: PrintedTrade) -> list[Candle]:
        """Return the candle that this trade proves complete, if there is one; a trade counts once."""
        trade = printed.trade
        if not isinstance(trade, Trade) or trade.id <= self._seen:
            return []
        self._seen = trade.id
        price = trade.price
        start, before = self._timeframe.start(trade.mts), self._running
        if before is None or start > before.mts:
            self._running = Candle(start, price, price, price, price, trade.amount)
            return [] if before is None else [before]
        high, low = max(before.high, price), min(before.low, price)
        self._running = before._replace(high=high, low=low, close=price, volume=before.volume + trade.amount)
        return []


class RecordedSession:
    """Plays a recording: frames go in, candles of one instrument come out, everything is counted."""

    def __init__(self, symbol: Symbol, timeframe: Timeframe, *, from_trades: bool) -> None:
        self.counts = Counts()
        self.closed: list[Candle] = []
        self.made_of = "trades" if from_trades else "candles"
        self.connections = RecordedConnections(self._take, MemoryMetrics())
        self._candles_channel = None if from_trades else CandlesChannel(symbol, timeframe.value)
        self._trades_channel = TradesChannel(symbol) if from_trades else None
        self._candles = ClosedCandles()
        self._made = CandlesOfTrades(timeframe)

    def _take(self, channel: Channel, event: MarketEvent) -> None:
        self.counts.events[type(event).__name__] += 1
        if isinstance(event, Gap):
            self.counts.gaps[event.reason.value] += 1
        elif channel == self._candles_channel:
            if isinstance(event, Candle):
                self.closed += self._candles.take(event)
            elif isinstance(event, CandleSnapshot):
                self.closed += self._candles.take_all(event.candles)
        elif channel == self._trades_channel and isinstance(event, PrintedTrade):
            self.closed += self._made.take(event)


def replay_frames(
    path: Path, terms: Terms, timeframe: Timeframe, clock: Clock, speed: float | None = None
) -> FrameReplay:
    """Play the recording *path*; *speed* is recorded time per wall time, None as fast as it goes.

    Raises `InputError` for what is no recording, or holds neither candles nor trades of the instrument.
    """
    symbol = terms.desk.instrument.symbol
    frames = recorded_frames(path)
    first = list(islice(frames, PEEKED))
    session = RecordedSession(symbol, timeframe, from_trades=_is_made_of_trades(first, symbol, timeframe, path))
    recorder = Recorder(terms.desk.instrument, terms.cash)
    core = one_desk(terms.desk, terms.cash)
    begin = perf_counter()
    feed = _feed(chain(first, frames), session, clock, speed)
    asyncio.run(trade(core, CandleMarket(terms.desk.instrument, terms.costs, feed), RunObserver(recorder)))
    seconds = perf_counter() - begin
    record = recorder.finish(core.cash, core.position(symbol), core.refusals)
    connections = session.connections
    channels = tuple(sorted(map(channel_name, connections.channels)))
    return FrameReplay(session.counts, len(connections), channels, session.made_of, record, seconds)


def _is_made_of_trades(first: list[RecordedFrame], symbol: Symbol, timeframe: Timeframe, path: Path) -> bool:
    """Tell whether candles have to be made of trades: no channel of theirs is among the first subscriptions."""
    peeked = RecordedConnections(lambda _channel, _event: None, MemoryMetrics())
    for frame in first:
        if frame.frame is not None and frame.frame[:1] == "{":
            peeked.take(*frame)
    channels = peeked.channels
    if CandlesChannel(symbol, timeframe.value) in channels:
        return False
    if TradesChannel(symbol) in channels:
        return True
    there = ", ".join(sorted(map(channel_name, channels))) or "none"
    raise InputError(f"{path}: has neither {timeframe.value} candles nor trades of {symbol}; its channels are: {there}")


async def _feed(
    frames: Iterator[RecordedFrame], session: RecordedSession, clock: Clock, speed: float | None
) -> AsyncIterator[list[Candle]]:
    take, counts = session.connections.take, session.counts
    began_us = begun_s = None
    for received_us, connection, text in frames:
        if speed is not None:
            if began_us is None or begun_s is None:
                began_us, begun_s = received_us, clock.monotonic_s()
            due_s = begun_s + (received_us - began_us) / 1e6 / speed
            if (wait_s := due_s - clock.monotonic_s()) > 0.0:
                await clock.sleep(wait_s)
        counts.frames += 1
        take(received_us, connection, text)
        if session.closed:
            batch, session.closed = session.closed, []
            counts.candles += len(batch)
            yield batch

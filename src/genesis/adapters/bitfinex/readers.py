"""Readers of everything but books, and the choice of a channel's reader."""

from typing import Final

from genesis.adapters.bitfinex import frames, readings
from genesis.adapters.bitfinex.frames import decode_trade
from genesis.adapters.bitfinex.reader import BookShape, ChannelReader, Distrust, Reader, Sink
from genesis.adapters.bitfinex.reader_rows import RowsReader
from genesis.adapters.bitfinex.readers_book import LevelsReader, OffersReader, RawOrdersReader
from genesis.domain.book import Book, FundingBook, PriceBook, RawBook
from genesis.domain.channel import (
    BookChannel,
    CandlesChannel,
    Channel,
    DerivativeChannel,
    LiquidationsChannel,
    TickerChannel,
    TradesChannel,
)
from genesis.domain.market import CandleSnapshot, Print

_EXECUTED: Final = Print.EXECUTED  # looking a member up in its enum costs as much as a search in a book
_CONFIRMED: Final = Print.CONFIRMED


class TickerReader(ChannelReader):
    """Reads the ticker of a pair or a funding currency."""

    def __init__(self, channel: TickerChannel, channel_id: int, sink: Sink) -> None:
        super().__init__(channel, channel_id, sink)
        self._symbol = channel.symbol

    def read(self, frame: str) -> int | None:
        """Take one frame."""
        if frame[self._at] == '"':
            return self._heartbeat(frame)
        self.had_data = True
        if self._symbol.startswith("f"):
            funding = frames.decode_funding_ticker(frame)
            self._sink(self.channel, readings.funding_ticker(self._symbol, funding.row))
            return funding.sequence
        pair = frames.decode_ticker(frame)
        self._sink(self.channel, readings.ticker(self._symbol, pair.row))
        return pair.sequence


class TradesReader(ChannelReader):
    """Reads a pair's trades: a snapshot, oldest first, then `te` and `tu`."""

    def read(self, frame: str) -> int | None:
        """Take one frame."""
        if frame[self._at + 1] == "t":
            update = decode_trade(frame)
            self.had_data = True
            print_ = _EXECUTED if update.kind == "te" else _CONFIRMED
            self._sink(self.channel, readings.trade(print_, update.row))
            return update.sequence
        if frame.startswith('"hb"', self._at):
            return self._heartbeat(frame)
        snapshot = frames.decode_trades(frame)
        for row in reversed(snapshot.rows):
            self._sink(self.channel, readings.trade(Print.SNAPSHOT, row))
        self.had_data = True
        return snapshot.sequence


class FundingTradesReader(ChannelReader):
    """Reads a funding currency's trades: a snapshot, oldest first, then `fte` and `ftu`."""

    def read(self, frame: str) -> int | None:
        """Take one frame."""
        if frame[self._at] == "[":
            snapshot = frames.decode_funding_trades(frame)
            for row in reversed(snapshot.rows):
                self._sink(self.channel, readings.funding_trade(Print.SNAPSHOT, row))
            self.had_data = True
            return snapshot.sequence
        if frame.startswith('"hb"', self._at):
            return self._heartbeat(frame)
        update = frames.decode_funding_trade(frame)
        self.had_data = True
        self._sink(self.channel, readings.funding_trade(readings.PRINTS[update.kind], update.row))
        return update.sequence


class CandlesReader(ChannelReader):
    """Reads candles: a snapshot, then the running one again and again, now and then the one before it corrected."""

    def read(self, frame: str) -> int | None:
        """Take one frame."""
        if frame[self._at] == '"':
            return self._heartbeat(frame)
        if frame.startswith(("[[", "[]"), self._at):
            snapshot = frames.decode_candles(frame)
            candles = sorted(readings.candle(row) for row in snapshot.rows)
            self._sink(self.channel, CandleSnapshot(tuple(candles)))
            self.had_data = True
            return snapshot.sequence
        update = frames.decode_candle(frame)
        self.had_data = True
        self._sink(self.channel, readings.candle(update.row))
        return update.sequence


class DerivativeReader(ChannelReader):
    """Reads the status of a perpetual."""

    def __init__(self, channel: DerivativeChannel, channel_id: int, sink: Sink) -> None:
        super().__init__(channel, channel_id, sink)
        self._symbol = channel.symbol

    def read(self, frame: str) -> int | None:
        """Take one frame."""
        if frame[self._at] == '"':
            return self._heartbeat(frame)
        update = frames.decode_derivative(frame)
        self.had_data = True
        self._sink(self.channel, readings.derivative(self._symbol, update.row))
        return update.sequence


class LiquidationsReader(ChannelReader):
    """Reads liquidations, which come as lists."""

    def read(self, frame: str) -> int | None:
        """Take one frame."""
        if frame[self._at] == '"':
            return self._heartbeat(frame)
        update = frames.decode_liquidations(frame)
        self.had_data = True
        for row in update.rows:
            self._sink(self.channel, readings.liquidation(row))
        return update.sequence


def reader_for(
    channel: Channel, channel_id: int, sink: Sink, book: Book | None, distrust: Distrust, shape: BookShape
) -> Reader:
    """Return the reader of *channel*; *book* is the book to keep, None where none is kept."""
    match channel, book:
        case TickerChannel(), _:
            return TickerReader(channel, channel_id, sink)
        case TradesChannel(symbol), _:
            return (FundingTradesReader if symbol.startswith("f") else TradesReader)(channel, channel_id, sink)
        case CandlesChannel(), _:
            return CandlesReader(channel, channel_id, sink)
        case DerivativeChannel(), _:
            return DerivativeReader(channel, channel_id, sink)
        case LiquidationsChannel(), _:
            return LiquidationsReader(channel, channel_id, sink)
        case BookChannel(), None:
            return RowsReader(channel, channel_id, sink, is_bulk=shape.is_bulk)
        case BookChannel(), PriceBook():
            return LevelsReader(channel, channel_id, sink, book, distrust, shape)
        case BookChannel(), RawBook():
            return RawOrdersReader(channel, channel_id, sink, book, distrust, shape)
        case BookChannel(), FundingBook():
            return OffersReader(channel, channel_id, sink, book, distrust, shape)
        case _:
            raise ValueError(f"{channel} needs a book to keep")

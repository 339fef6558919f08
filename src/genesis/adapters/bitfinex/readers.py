"""One reader a subscribed channel: takes its frames, emits typed events, keeps its book.

`read(frame, at)` gets a data frame and the index behind its channel id and comma, and returns the frame's sequence
number (None without that flag). It raises one of `UNREADABLE` for a frame that it cannot read, and then changed
nothing.
"""

from collections.abc import Callable
from typing import Final, Protocol

from genesis.adapters.bitfinex import frames, readings
from genesis.adapters.bitfinex.checksum import book_checksum
from genesis.domain.book import EMPTY_TOP, Book, FundingBook, FundingRow, PriceBook, RawBook
from genesis.domain.channel import (
    BookChannel,
    CandlesChannel,
    Channel,
    DerivativeChannel,
    LiquidationsChannel,
    TickerChannel,
    TradesChannel,
)
from genesis.domain.market import BookSnapshot, CandleSnapshot, GapReason, MarketEvent, Print

Sink = Callable[[Channel, MarketEvent], None]
"""Where events go; called within the reading of a frame, it must neither block nor raise."""

Distrust = Callable[[Channel, GapReason], None]
"""What to tell when a book is not the exchange's: the channel must be subscribed anew."""


class Reader(Protocol):
    """Reads the frames of one channel on one connection."""

    channel: Channel
    was_heard: bool  # any frame, heartbeats included, since the timekeeper last looked
    had_data: bool  # a frame with data, likewise

    def read(self, frame: str, at: int) -> int | None:
        """Take one frame."""


class _Reader:
    """What all readers share."""

    def __init__(self, channel: Channel, sink: Sink) -> None:
        self.channel = channel
        self.was_heard = True
        self.had_data = True
        self._sink = sink

    def _heartbeat(self, frame: str) -> int | None:
        self.was_heard = True
        return frames.decode_heartbeat(frame).sequence


class TickerReader(_Reader):
    """Reads the ticker of a pair or a funding currency."""

    def __init__(self, channel: TickerChannel, sink: Sink) -> None:
        super().__init__(channel, sink)
        self._symbol = channel.symbol

    def read(self, frame: str, at: int) -> int | None:
        """Take one frame."""
        if frame[at] == '"':
            return self._heartbeat(frame)
        self.was_heard = self.had_data = True
        if self._symbol.startswith("f"):
            funding = frames.decode_funding_ticker(frame)
            self._sink(self.channel, readings.funding_ticker(self._symbol, funding.row))
            return funding.sequence
        pair = frames.decode_ticker(frame)
        self._sink(self.channel, readings.ticker(self._symbol, pair.row))
        return pair.sequence


class TradesReader(_Reader):
    """Reads a pair's trades: a snapshot, oldest first, then `te` and `tu`."""

    def read(self, frame: str, at: int) -> int | None:
        """Take one frame."""
        if frame[at] == "[":
            snapshot = frames.decode_trades(frame)
            for row in reversed(snapshot.rows):
                self._sink(self.channel, readings.trade(Print.SNAPSHOT, row))
            self.was_heard = self.had_data = True
            return snapshot.sequence
        if frame.startswith('"hb"', at):
            return self._heartbeat(frame)
        update = frames.decode_trade(frame)
        self.was_heard = self.had_data = True
        self._sink(self.channel, readings.trade(readings.PRINTS[update.kind], update.row))
        return update.sequence


class FundingTradesReader(_Reader):
    """Reads a funding currency's trades: a snapshot, oldest first, then `fte` and `ftu`."""

    def read(self, frame: str, at: int) -> int | None:
        """Take one frame."""
        if frame[at] == "[":
            snapshot = frames.decode_funding_trades(frame)
            for row in reversed(snapshot.rows):
                self._sink(self.channel, readings.funding_trade(Print.SNAPSHOT, row))
            self.was_heard = self.had_data = True
            return snapshot.sequence
        if frame.startswith('"hb"', at):
            return self._heartbeat(frame)
        update = frames.decode_funding_trade(frame)
        self.was_heard = self.had_data = True
        self._sink(self.channel, readings.funding_trade(readings.PRINTS[update.kind], update.row))
        return update.sequence


class CandlesReader(_Reader):
    """Reads candles: a snapshot, then the running one again and again, now and then the one before it corrected."""

    def read(self, frame: str, at: int) -> int | None:
        """Take one frame."""
        if frame[at] == '"':
            return self._heartbeat(frame)
        if frame.startswith(("[[", "[]"), at):
            snapshot = frames.decode_candles(frame)
            candles = sorted(readings.candle(row) for row in snapshot.rows)
            self._sink(self.channel, CandleSnapshot(tuple(candles)))
            self.was_heard = self.had_data = True
            return snapshot.sequence
        update = frames.decode_candle(frame)
        self.was_heard = self.had_data = True
        self._sink(self.channel, readings.candle(update.row))
        return update.sequence


class DerivativeReader(_Reader):
    """Reads the status of a perpetual."""

    def __init__(self, channel: DerivativeChannel, sink: Sink) -> None:
        super().__init__(channel, sink)
        self._symbol = channel.symbol

    def read(self, frame: str, at: int) -> int | None:
        """Take one frame."""
        if frame[at] == '"':
            return self._heartbeat(frame)
        update = frames.decode_derivative(frame)
        self.was_heard = self.had_data = True
        self._sink(self.channel, readings.derivative(self._symbol, update.row))
        return update.sequence


class LiquidationsReader(_Reader):
    """Reads liquidations, which come as lists."""

    def read(self, frame: str, at: int) -> int | None:
        """Take one frame."""
        if frame[at] == '"':
            return self._heartbeat(frame)
        update = frames.decode_liquidations(frame)
        self.was_heard = self.had_data = True
        for row in update.rows:
            self._sink(self.channel, readings.liquidation(row))
        return update.sequence


class _BookReader(_Reader):
    """What the readers of books share: which list of rows is a snapshot, checksums, the top."""

    def __init__(self, channel: BookChannel, sink: Sink, book: Book, distrust: Distrust, *, is_bulk: bool) -> None:
        super().__init__(channel, sink)
        self.book = book
        self._distrust = distrust
        self._is_bulk = is_bulk
        self._has_snapshot = False
        self._top = EMPTY_TOP

    def _is_snapshot(self) -> bool:
        """Whether a list of rows voids the book: the first always does, later ones unless updates come in bulk."""
        return not (self._has_snapshot and self._is_bulk)

    def _spoken(self, frame: str, at: int) -> int | None:
        if frame.startswith('"hb"', at):
            return self._heartbeat(frame)
        said = frames.decode_checksum(frame)
        self.was_heard = self.had_data = True
        book = self.book
        if isinstance(book, FundingBook) or book.is_stale:
            return said.sequence
        if book_checksum(book) != said.checksum:
            book.is_stale = True
            self._distrust(self.channel, GapReason.CHECKSUM)
        return said.sequence

    def _took_snapshot(self) -> None:
        self.was_heard = self.had_data = self._has_snapshot = True
        self._emit_top()

    def _emit_top(self) -> None:
        top = self.book.top
        if top != self._top:
            self._top = top
            self._sink(self.channel, top)


class LevelsReader(_BookReader):
    """Reads a book of price levels and keeps it."""

    def __init__(
        self, channel: BookChannel, sink: Sink, book: PriceBook, distrust: Distrust, *, is_bulk: bool = False
    ) -> None:
        super().__init__(channel, sink, book, distrust, is_bulk=is_bulk)
        self._levels: Final = book

    def read(self, frame: str, at: int) -> int | None:
        """Take one frame."""
        if frame[at + 1] in "[]hc":
            return self._spoken(frame, at) if frame[at] == '"' else self._list(frame)
        update = frames.decode_level(frame)
        level = readings.level(update.row)
        self.was_heard = self.had_data = True
        self._sink(self.channel, level)
        if self._has_snapshot and self._levels.update(level, frame):
            self._emit_top()
        return update.sequence

    def _list(self, frame: str) -> int | None:
        many = frames.decode_levels(frame)
        texts = map(readings.level_text, frames.decode_texts(frame).rows)
        levels = list(zip(map(readings.level, many.rows), texts, strict=True))
        if self._is_snapshot():
            self._levels.replace(levels)
            self._sink(self.channel, BookSnapshot(tuple(level for level, _ in levels)))
        else:
            for level, text in levels:
                self._levels.update(level, text)
                self._sink(self.channel, level)
        self._took_snapshot()
        return many.sequence


class RawOrdersReader(_BookReader):
    """Reads a raw book and keeps it."""

    def __init__(
        self, channel: BookChannel, sink: Sink, book: RawBook, distrust: Distrust, *, is_bulk: bool = False
    ) -> None:
        super().__init__(channel, sink, book, distrust, is_bulk=is_bulk)
        self._orders: Final = book

    def read(self, frame: str, at: int) -> int | None:
        """Take one frame."""
        if frame[at] == '"':
            return self._spoken(frame, at)
        if frame.startswith(("[[", "[]"), at):
            return self._list(frame)
        update = frames.decode_raw_order(frame)
        order = readings.raw_order(update.row)
        text = readings.amount_text(frames.decode_text(frame).row)
        self.was_heard = self.had_data = True
        self._sink(self.channel, order)
        if self._has_snapshot:
            self._orders.update(order, text)
            self._emit_top()
        return update.sequence

    def _list(self, frame: str) -> int | None:
        many = frames.decode_raw_orders(frame)
        texts = map(readings.amount_text, frames.decode_texts(frame).rows)
        orders = list(zip(map(readings.raw_order, many.rows), texts, strict=True))
        if self._is_snapshot():
            self._orders.replace(orders)
            self._sink(self.channel, BookSnapshot(tuple(order for order, _ in orders)))
        else:
            for order, text in orders:
                self._orders.update(order, text)
                self._sink(self.channel, order)
        self._took_snapshot()
        return many.sequence


class OffersReader(_BookReader):
    """Reads a funding book, grouped or raw, and keeps it; its checksums are not usable and ignored."""

    def __init__(
        self, channel: BookChannel, sink: Sink, book: FundingBook, distrust: Distrust, *, is_bulk: bool = False
    ) -> None:
        super().__init__(channel, sink, book, distrust, is_bulk=is_bulk)
        self._offers: Final = book
        self._is_raw = channel.is_raw

    def read(self, frame: str, at: int) -> int | None:
        """Take one frame."""
        if frame[at] == '"':
            return self._spoken(frame, at)
        if frame.startswith(("[[", "[]"), at):
            return self._list(frame)
        offer, sequence = self._one(frame)
        self.was_heard = self.had_data = True
        if self._has_snapshot:
            self._offers.update(offer)
        self._sink(self.channel, offer)
        self._emit_top()
        return sequence

    def _one(self, frame: str) -> tuple[FundingRow, int | None]:
        if self._is_raw:
            raw = frames.decode_raw_offer(frame)
            return readings.raw_offer(raw.row), raw.sequence
        grouped = frames.decode_offer(frame)
        return readings.offer(grouped.row), grouped.sequence

    def _many(self, frame: str) -> tuple[list[FundingRow], int | None]:
        if self._is_raw:
            raw = frames.decode_raw_offers(frame)
            return [readings.raw_offer(row) for row in raw.rows], raw.sequence
        grouped = frames.decode_offers(frame)
        return [readings.offer(row) for row in grouped.rows], grouped.sequence

    def _list(self, frame: str) -> int | None:
        offers, sequence = self._many(frame)
        if self._is_snapshot():
            self._offers.replace(offers)
            self._sink(self.channel, BookSnapshot(tuple(offers)))
        else:
            for offer in offers:
                self._offers.update(offer)
                self._sink(self.channel, offer)
        self._took_snapshot()
        return sequence


def empty_book(channel: BookChannel) -> Book:
    """Return a book of the kind that *channel* needs, stale until its snapshot comes."""
    if channel.is_funding:
        return FundingBook()
    return RawBook() if channel.is_raw else PriceBook()


def reader_for(channel: Channel, sink: Sink, book: Book | None, distrust: Distrust, *, is_bulk: bool = False) -> Reader:
    """Return the reader of *channel*; *book* is the book to keep, for book channels."""
    match channel, book:
        case TickerChannel(), _:
            return TickerReader(channel, sink)
        case TradesChannel(symbol), _:
            return (FundingTradesReader if symbol.startswith("f") else TradesReader)(channel, sink)
        case CandlesChannel(), _:
            return CandlesReader(channel, sink)
        case DerivativeChannel(), _:
            return DerivativeReader(channel, sink)
        case LiquidationsChannel(), _:
            return LiquidationsReader(channel, sink)
        case BookChannel(), PriceBook():
            return LevelsReader(channel, sink, book, distrust, is_bulk=is_bulk)
        case BookChannel(), RawBook():
            return RawOrdersReader(channel, sink, book, distrust, is_bulk=is_bulk)
        case BookChannel(), FundingBook():
            return OffersReader(channel, sink, book, distrust, is_bulk=is_bulk)
        case _:
            raise ValueError(f"{channel} needs a book to keep")

"""Readers of books: they keep the book, verify its checksums, and tell its top."""

from collections.abc import Iterable
from typing import Final

from genesis.adapters.bitfinex import frames, readings
from genesis.adapters.bitfinex.checksum import book_checksum
from genesis.adapters.bitfinex.frames import decode_level
from genesis.adapters.bitfinex.reader import BookShape, ChannelReader, Distrust, Sink
from genesis.domain.book import EMPTY_TOP, Book, BookRow, FundingBook, FundingRow, PriceBook, RawBook
from genesis.domain.channel import BookChannel
from genesis.domain.market import BookSnapshot, GapReason


class _BookReader(ChannelReader):
    """What the readers of books share: which list of rows is a snapshot, checksums, the top."""

    def __init__(
        self, channel: BookChannel, channel_id: int, sink: Sink, book: Book, distrust: Distrust, shape: BookShape
    ) -> None:
        super().__init__(channel, channel_id, sink)
        self.book = book
        self._distrust = distrust
        self._is_bulk = shape.is_bulk
        self._with_rows = shape.with_rows
        self._has_snapshot = False
        self._top = EMPTY_TOP

    def _is_snapshot(self) -> bool:
        """Whether a list of rows voids the book: the first always does, later ones unless updates come in bulk."""
        return not (self._has_snapshot and self._is_bulk)

    def _spoken(self, frame: str) -> int | None:
        if frame.startswith('"hb"', self._at):
            return self._heartbeat(frame)
        said = frames.decode_checksum(frame)
        self.had_data = True
        book = self.book
        if isinstance(book, FundingBook) or book.is_stale:
            return said.sequence
        if book_checksum(book) != said.checksum:
            book.is_stale = True
            self._distrust(self.channel, GapReason.CHECKSUM)
        return said.sequence

    def _took_list(self, rows: Iterable[BookRow], *, is_snapshot: bool) -> None:
        self.had_data = self._has_snapshot = True
        if is_snapshot:
            self.book.is_stale = False
        if self._with_rows and is_snapshot:
            self._sink(self.channel, BookSnapshot(tuple(rows)))
        elif self._with_rows:
            for row in rows:
                self._sink(self.channel, row)
        self._emit_top()

    def _emit_top(self) -> None:
        top = self.book.top
        if top != self._top and self._has_snapshot:
            self._top = top
            self._sink(self.channel, top)


class LevelsReader(_BookReader):
    """Reads a book of price levels and keeps it."""

    def __init__(
        self,
        channel: BookChannel,
        channel_id: int,
        sink: Sink,
        book: PriceBook,
        distrust: Distrust,
        shape: BookShape,
    ) -> None:
        super().__init__(channel, channel_id, sink, book, distrust, shape)
        self._levels: Final = book
        self._put_bid, self._put_ask = book.bids.update, book.asks.update
        self._second: Final = self._at + 1

    def read(self, frame: str) -> int | None:
        """Take one frame."""
        if frame[self._second] in "[]hc":
            return self._spoken(frame) if frame[self._at] == '"' else self._list(frame)
        update = decode_level(frame)
        row = update.row
        if row.amount > 0.0:
            touches_best = self._put_bid(-row.price, row, frame)
        else:
            touches_best = self._put_ask(row.price, row, frame)
        self.had_data = True
        if self._with_rows:
            self._sink(self.channel, readings.level(row))
        if touches_best:
            self._emit_top()
        return update.sequence

    def _list(self, frame: str) -> int | None:
        many = frames.decode_levels(frame)
        texts = list(map(readings.level_text, frames.decode_texts(frame).rows))
        is_snapshot = self._is_snapshot()
        if is_snapshot:
            self._levels.clear()
        for row, text in zip(many.rows, texts, strict=True):
            if row.amount > 0.0:
                self._put_bid(-row.price, row, text)
            else:
                self._put_ask(row.price, row, text)
        self._took_list(map(readings.level, many.rows), is_snapshot=is_snapshot)
        return many.sequence


class RawOrdersReader(_BookReader):
    """Reads a raw book and keeps it."""

    def __init__(
        self,
        channel: BookChannel,
        channel_id: int,
        sink: Sink,
        book: RawBook,
        distrust: Distrust,
        shape: BookShape,
    ) -> None:
        super().__init__(channel, channel_id, sink, book, distrust, shape)
        self._orders: Final = book

    def read(self, frame: str) -> int | None:
        """Take one frame."""
        if frame[self._at] == '"':
            return self._spoken(frame)
        if frame.startswith(("[[", "[]"), self._at):
            return self._list(frame)
        update = frames.decode_raw_order(frame)
        order = readings.raw_order(update.row)
        text = readings.amount_text(frames.decode_text(frame).row)
        self.had_data = True
        self._orders.update(order, text)
        if self._with_rows:
            self._sink(self.channel, order)
        self._emit_top()
        return update.sequence

    def _list(self, frame: str) -> int | None:
        many = frames.decode_raw_orders(frame)
        orders = list(map(readings.raw_order, many.rows))
        texts = list(map(readings.amount_text, frames.decode_texts(frame).rows))
        is_snapshot = self._is_snapshot()
        if is_snapshot:
            self._orders.clear()
        for order, text in zip(orders, texts, strict=True):
            self._orders.update(order, text)
        self._took_list(orders, is_snapshot=is_snapshot)
        return many.sequence


class OffersReader(_BookReader):
    """Reads a funding book, grouped or raw, and keeps it; its checksums are not usable and ignored."""

    def __init__(
        self,
        channel: BookChannel,
        channel_id: int,
        sink: Sink,
        book: FundingBook,
        distrust: Distrust,
        shape: BookShape,
    ) -> None:
        super().__init__(channel, channel_id, sink, book, distrust, shape)
        self._offers: Final = book
        self._is_raw = channel.is_raw

    def read(self, frame: str) -> int | None:
        """Take one frame."""
        if frame[self._at] == '"':
            return self._spoken(frame)
        if frame.startswith(("[[", "[]"), self._at):
            return self._list(frame)
        offer, sequence = self._one(frame)
        self.had_data = True
        self._offers.update(offer)
        if self._with_rows:
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
        is_snapshot = self._is_snapshot()
        if is_snapshot:
            self._offers.clear()
        for offer in offers:
            self._offers.update(offer)
        self._took_list(offers, is_snapshot=is_snapshot)
        return sequence


def empty_book(channel: BookChannel) -> Book:
    """Return a book of the kind that *channel* needs, stale until its snapshot comes."""
    if channel.is_funding:
        return FundingBook()
    return RawBook() if channel.is_raw else PriceBook()

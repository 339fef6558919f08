"""The reader of a book's rows for who keeps no book here: each row is an event, and nothing is verified."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from genesis.adapters.bitfinex import frames, readings
from genesis.adapters.bitfinex.reader import ChannelReader, Sink
from genesis.domain.book import BookRow
from genesis.domain.channel import BookChannel
from genesis.domain.market import BookSnapshot


class _Shape(NamedTuple):
    one: Callable[[str], frames.RowFrame[Any]]  # Any: four kinds of rows, each with its own reading beside it
    many: Callable[[str], frames.RowsFrame[Any]]
    reading: Callable[[Any], BookRow]


_SHAPES: Final = {  # by whether it is a funding book, and whether it is raw
    (False, False): _Shape(frames.decode_level, frames.decode_levels, readings.level),
    (False, True): _Shape(frames.decode_raw_order, frames.decode_raw_orders, readings.raw_order),
    (True, False): _Shape(frames.decode_offer, frames.decode_offers, readings.offer),
    (True, True): _Shape(frames.decode_raw_offer, frames.decode_raw_offers, readings.raw_offer),
}


class RowsReader(ChannelReader):
    """Reads any book without keeping it: a `BookSnapshot`, then its rows as they change."""

    def __init__(self, channel: BookChannel, channel_id: int, sink: Sink, *, is_bulk: bool) -> None:
        super().__init__(channel, channel_id, sink)
        self._one, self._many, self._reading = _SHAPES[channel.is_funding, channel.is_raw]
        self._is_bulk = is_bulk
        self._has_snapshot = False
        self._second: Final = self._at + 1

    def read(self, frame: str) -> int | None:
        """Take one frame."""
        if frame[self._second] in "[]hc":
            return self._spoken(frame) if frame[self._at] == '"' else self._list(frame)
        update = self._one(frame)
        self.had_data = True
        self._sink(self.channel, self._reading(update.row))
        return update.sequence

    def _spoken(self, frame: str) -> int | None:
        if frame.startswith('"hb"', self._at):
            return self._heartbeat(frame)
        return frames.decode_checksum(frame).sequence

    def _list(self, frame: str) -> int | None:
        many = self._many(frame)
        rows = tuple(map(self._reading, many.rows))
        self.had_data = True
        if self._has_snapshot and self._is_bulk:
            for row in rows:
                self._sink(self.channel, row)
        else:
            self._has_snapshot = True
            self._sink(self.channel, BookSnapshot(rows))
        return many.sequence

"""One reader a subscribed channel: takes its frames, emits typed events, keeps its book.

`read(frame)` gets a data frame and the index behind its channel id and comma, and returns the frame's sequence
number (None without that flag). It raises one of `UNREADABLE` for a frame that it cannot read, and then changed
nothing.
"""

from collections.abc import Callable
from typing import Final, Protocol

from attrs import frozen

from genesis.adapters.bitfinex import frames
from genesis.domain.channel import Channel
from genesis.domain.market import GapReason, MarketEvent

Sink = Callable[[Channel, MarketEvent], None]
"""Where events go; called within the reading of a frame, it must neither block nor raise."""

Distrust = Callable[[Channel, GapReason], None]
"""What to tell when a book is not the exchange's: the channel must be subscribed anew."""


@frozen
class BookShape:
    """How a book comes and goes: whether updates come in bulk (that flag), and whether each row is an event too."""

    is_bulk: bool = False
    with_rows: bool = False


class Reader(Protocol):
    """Reads the frames of one channel on one connection."""

    channel: Channel
    was_heard: bool  # a heartbeat, since the timekeeper last looked
    had_data: bool  # a frame with data, likewise

    def read(self, frame: str) -> int | None:
        """Take one frame."""


class ChannelReader:
    """What all readers share."""

    def __init__(self, channel: Channel, channel_id: int, sink: Sink) -> None:
        self.channel = channel
        self._at: Final = len(f"[{channel_id},")
        """Where a frame says what it is."""
        self.was_heard = True
        self.had_data = True
        self._sink = sink

    def _heartbeat(self, frame: str) -> int | None:
        self.was_heard = True
        return frames.decode_heartbeat(frame).sequence

"""What a connection is told, remembers and reports: its rules, its channels, and what happened to them."""

from collections import deque
from typing import Final

from attrs import Factory, define, frozen

from genesis.adapters.bitfinex import control
from genesis.adapters.bitfinex.control import Flags
from genesis.adapters.bitfinex.errors import Asked, classify_code
from genesis.adapters.bitfinex.reader import Reader
from genesis.domain.book import Book
from genesis.domain.channel import Channel, channel_name
from genesis.domain.link import Link
from genesis.domain.market import GapReason
from genesis.ports.errors import ExchangeError, ProtocolViolation, Rejected

RING_FRAMES: Final = 64
RING_CHARS: Final = 2000


@frozen
class ConnectionRules:
    """When to worry, in seconds; and which flags to ask for."""

    greeting_s: float = 10.0  # from the opening to the exchange's greeting
    answer_s: float = 5.0  # from a request to its answer
    ping_after_s: float = 3.0  # of hearing nothing at all
    pong_s: float = 4.0  # from a ping to any frame; with the one above a dead line is found within 8 s
    silence_s: float = 20.0  # of a channel, heartbeats included, which come every 15 s
    book_quiet_s: float = 120.0  # of a book without data; its snapshot costs little, and a book that lost its feed much
    crossed_s: float = 5.0  # of a crossed book; raw books cross for a moment now and then
    maintenance_s: float = 180.0  # until a new greeting is asked for; announced maintenance lasts up to 120 s
    status_is_polled: bool = False  # whether somebody asks for the platform's status then; streams see to it
    resync_max_s: float = 60.0  # the longest pause before a channel that fails again and again is tried once more
    flags: Flags = Flags.TIMESTAMP | Flags.SEQUENCE | Flags.CHECKSUM
    with_rows: bool = False
    """Whether each row of a book is an event, besides the changes of its top."""
    keeps_books: bool = True
    """Whether books are kept and verified.

    Without, each row is an event and nothing more: no top, no checksum, no renewal of a book that lost something. That
    is for who keeps books elsewhere, and has to ask for the channel anew after a `Gap`.
    """

    @property
    def asked_flags(self) -> Flags:
        """The flags to ask for: no checksums where there is nothing to verify."""
        return self.flags if self.keeps_books else self.flags & ~Flags.CHECKSUM


@frozen
class Subscribed:
    """The exchange took a subscription; its data follows."""

    channel: Channel


@frozen
class Refused:
    """The exchange refused a subscription, or did not answer in time."""

    channel: Channel
    error: ExchangeError


@frozen
class Full:
    """The connection holds some channels and no further one."""

    channel: Channel


@frozen
class Unsubscribed:
    """A subscription that was to end has ended."""

    channel: Channel


@frozen
class LinkChanged:
    """The connection is good for something else now."""

    link: Link
    reason: str


Happening = Subscribed | Refused | Full | Unsubscribed | LinkChanged


def refusal(channel: Channel, said: control.ErrorEvent) -> ExchangeError:
    """Return what a refused subscription means; an unfamiliar code still says no."""
    name = f"subscribe {channel_name(channel)}"
    error = classify_code(said.code, said.msg, Asked(endpoint=name, is_write=False))
    if isinstance(error, ProtocolViolation):
        return Rejected(said.msg or "refused", endpoint=name, code=said.code)
    return error


@define(eq=False)
class Subscription:
    """A channel on this connection, and what is asked about it: *asked_s* is when, None while nothing is."""

    channel: Channel
    book: Book | None
    sub_id: str = ""
    channel_id: int = 0
    asked_s: float | None = None
    is_leaving: bool = False
    successor: "Subscription | None" = None  # the same channel, wanted again while this one leaves
    was_taken: bool = False
    retry_s: float | None = None  # when to subscribe anew
    resyncs: int = 0
    resynced_s: float = 0.0
    heard_s: float = 0.0
    data_s: float = 0.0
    crossed_s: float | None = None
    reader: Reader | None = None

    @property
    def pause_s(self) -> float:
        """How long to wait before subscribing anew: the first time not at all, then a second, two, four, …"""
        return 0.0 if self.resyncs <= 1 else float(2 ** min(self.resyncs - 2, 10))

    def spoil(self) -> None:
        """Let the book be stale, if there is one."""
        if self.book is not None:
            self.book.is_stale = True

    def look(self, now_s: float) -> None:
        """Note when the channel was heard, when it had data, and since when its book is crossed."""
        reader = self.reader
        if reader is None:
            return
        if reader.was_heard or reader.had_data:
            self.heard_s = now_s
        if reader.had_data:
            self.data_s = now_s
        reader.was_heard = reader.had_data = False
        if self.book is None or not self.book.is_crossed:
            self.crossed_s = None
        elif self.crossed_s is None:
            self.crossed_s = now_s

    def doubt(self, now_s: float, rules: ConnectionRules) -> GapReason | None:
        """Return why the channel is not to be trusted as it is, None while it speaks and makes sense."""
        is_quiet = self.book is not None and now_s - self.data_s >= rules.book_quiet_s
        if is_quiet or now_s - self.heard_s >= rules.silence_s:
            return GapReason.SILENCE
        if self.crossed_s is not None and now_s - self.crossed_s >= rules.crossed_s:
            return GapReason.CROSSED
        return None

    def count_resync(self, now_s: float, reason: GapReason, rules: ConnectionRules) -> None:
        """Note that the channel is subscribed anew; one that behaved for long starts afresh."""
        if now_s - self.resynced_s > 2 * rules.resync_max_s:
            self.resyncs = 0
        self.resyncs += reason is not GapReason.LINK
        self.resynced_s = now_s

    def is_meant_by(self, said: control.Subscribed | control.ErrorEvent) -> bool:
        """Whether an answer is about this request: by our id, or by its echo where that was lost."""
        if self.asked_s is None or self.channel_id:
            return False
        return str(said.sub_id) == self.sub_id if said.sub_id is not None else control.is_about(said, self.channel)


@define(eq=False)
class Ring:
    """The last frames that could not be read, cut to a bounded length, each with the reason."""

    frames: deque[tuple[str, str]] = Factory(lambda: deque(maxlen=RING_FRAMES))

    def keep(self, frame: str, problem: object) -> None:
        """Keep a frame; the oldest makes room."""
        self.frames.append((frame[:RING_CHARS], str(problem)[:RING_CHARS]))

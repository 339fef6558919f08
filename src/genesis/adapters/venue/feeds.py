"""Public channels: what each shows first, and what it sends when something moved. A feed serves all its listeners at
once."""

from collections.abc import Callable
from typing import Final, Protocol

from genesis.adapters.venue.numbers import scaled_text
from genesis.adapters.venue.public_book import BookView, PublicBook
from genesis.adapters.venue.session import BULK, CHECKSUM, Session
from genesis.adapters.venue.tape import Bar, Tape, trade_text
from genesis.domain.candle import Timeframe
from genesis.domain.order import Side
from genesis.domain.units import ATOM_DECIMALS, Mts

SNAPSHOT_TRADES: Final = 30
SNAPSHOT_CANDLES: Final = 240
TICKER_LEVELS: Final = 25
SLOW_BOOK_MS: Final = 2_000

Listeners = dict[Session, int]


class Feed(Protocol):
    """A public channel with its listeners."""

    listeners: Listeners

    def begin(self, session: Session, mts: Mts) -> None:
        """Send a new listener the snapshot."""

    def flush(self, mts: Mts) -> None:
        """Send all listeners what has changed."""


class BookFeed:
    """A book in one precision, length and frequency."""

    def __init__(self, book: PublicBook, precision: str, length: int, *, is_slow: bool) -> None:
        self.listeners: Listeners = {}
        self._view = BookView(book, precision, length)
        self._is_slow = is_slow
        self._sent = Mts(0)

    def begin(self, session: Session, mts: Mts) -> None:
        """Send the window that all listeners hold, and its checksum to whom it concerns."""
        self._catch_up(mts, skip=session)
        session.data(self.listeners[session], self._view.snapshot(), mts, "book")
        self._check(session, mts)

    def flush(self, mts: Mts) -> None:
        """Send the rows that changed; a slow book at most every two seconds."""
        if self._is_slow and mts - self._sent < SLOW_BOOK_MS:
            return
        self._sent = mts
        self._catch_up(mts)

    def _catch_up(self, mts: Mts, skip: Session | None = None) -> None:
        rows = self._view.update()
        if not rows:
            return
        bulk = f"[{','.join(rows)}]"
        for session, channel in self.listeners.items():
            if session is skip:
                continue
            for body in [bulk] if session.has(BULK) else rows:
                session.data(channel, body, mts, "book")
            self._check(session, mts)

    def _check(self, session: Session, mts: Mts) -> None:
        if session.has(CHECKSUM):
            session.data(self.listeners[session], f'"cs",{self._view.checksum()}', mts, "cs")


class TradesFeed:
    """Trades as they happen (`te`) and again when they are settled (`tu`)."""

    def __init__(self, tape: Tape) -> None:
        self.listeners: Listeners = {}
        self._tape = tape

    def begin(self, session: Session, mts: Mts) -> None:
        """Send the newest trades, newest first."""
        decimals = self._tape.instrument.price_decimals
        newest = [trade_text(trade, decimals) for trade in reversed(list(self._tape.trades)[-SNAPSHOT_TRADES:])]
        session.data(self.listeners[session], f"[{','.join(newest)}]", mts, "trades")

    def flush(self, mts: Mts) -> None:
        """Trades are sent one by one: there is nothing to collect."""

    def send(self, kind: str, row: str, mts: Mts) -> None:
        """Send one trade as `te` or `tu`."""
        for session, channel in self.listeners.items():
            session.data(channel, f'"{kind}",{row}', mts, "trades")


class SingleRowFeed:
    """A channel whose every frame is one row: the ticker, a status."""

    def __init__(self, row: Callable[[Mts], str]) -> None:
        self.listeners: Listeners = {}
        self._row = row
        self._sent = ""

    def begin(self, session: Session, mts: Mts) -> None:
        """Send the row as it is."""
        self._sent = self._row(mts)
        session.data(self.listeners[session], self._sent, mts)

    def flush(self, mts: Mts) -> None:
        """Send the row if it has changed."""
        row = self._row(mts)
        if row != self._sent:
            self._sent = row
            for session, channel in self.listeners.items():
                session.data(channel, row, mts)


class EventsFeed:
    """A channel that sends rows when something happens, and has no snapshot."""

    def __init__(self) -> None:
        self.listeners: Listeners = {}

    def begin(self, session: Session, mts: Mts) -> None:
        """There is nothing to begin with."""

    def flush(self, mts: Mts) -> None:
        """Events are sent as they happen."""

    def send(self, body: str, mts: Mts) -> None:
        """Send what happened."""
        for session, channel in self.listeners.items():
            session.data(channel, body, mts)


class NoTradesFeed:
    """The trades of funding: there are none, as offers rest."""

    def __init__(self) -> None:
        self.listeners: Listeners = {}

    def begin(self, session: Session, mts: Mts) -> None:
        """Send an empty snapshot."""
        session.data(self.listeners[session], "[]", mts, "trades")

    def flush(self, mts: Mts) -> None:
        """There is nothing to send."""


class CandlesFeed:
    """Candles of one instrument and length."""

    def __init__(self, tape: Tape, frame: Timeframe) -> None:
        self.listeners: Listeners = {}
        self._tape = tape
        self._seen = -1
        self._bars: list[Bar] = tape.candles[frame]
        self._decimals = tape.instrument.price_decimals
        self._known = len(self._bars)
        self._sent = ""

    def begin(self, session: Session, mts: Mts) -> None:
        """Send the newest candles, newest first."""
        rows = [bar.text(self._decimals) for bar in reversed(self._bars[-SNAPSHOT_CANDLES:])]
        if rows and len(self.listeners) == 1:
            self._known, self._sent = len(self._bars), rows[0]
        session.data(self.listeners[session], f"[{','.join(rows)}]", mts, "candles")

    def flush(self, mts: Mts) -> None:
        """Send the running candle if it changed, after those that ended since."""
        if not self._bars or self._seen == self._tape.changes:
            return
        self._seen = self._tape.changes
        first = max(0, self._known - 1)
        rows = [bar.text(self._decimals) for bar in self._bars[first:]]
        self._known = len(self._bars)
        if rows[0] == self._sent:
            rows = rows[1:]
        if rows:
            self._sent = rows[-1]
        for row in rows:
            for session, channel in self.listeners.items():
                session.data(channel, row, mts, "candles")


def ticker_text(book: PublicBook, tape: Tape, mts: Mts) -> str:
    """Return the ticker of a pair; what nobody knows yet is null."""
    decimals = tape.instrument.price_decimals
    bid, ask, last, day = book.best(Side.BUY), book.best(Side.SELL), tape.last_price, tape.day(mts)

    def price(value: int | None) -> str:
        return "null" if value is None else scaled_text(value, decimals)

    change = None if last is None or day is None else last - day.open
    relative = "null" if change is None or day is None else scaled_text(round(change * 10**8 / day.open), 8)
    fields = (
        price(bid),
        scaled_text(book.size(Side.BUY, TICKER_LEVELS), ATOM_DECIMALS),
        price(ask),
        scaled_text(book.size(Side.SELL, TICKER_LEVELS), ATOM_DECIMALS),
        price(change),
        relative,
        price(last),
        "null" if day is None else scaled_text(day.volume, ATOM_DECIMALS),
        price(None if day is None else day.high),
        price(None if day is None else day.low),
    )
    return f"[{','.join(fields)}]"

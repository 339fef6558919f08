"""The public half of the venue: tapes and books of all instruments, the feeds over them, and subscriptions."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from genesis.adapters.venue.complaints import (
    SUBSCRIBE_FAILED,
    SUBSCRIBED_TWICE,
    TOO_MANY_CHANNELS,
    UNKNOWN_CHANNEL,
    UNKNOWN_SUBSCRIPTION,
    Complaint,
)
from genesis.adapters.venue.derivatives import DERIVATIVES, Liquidation, derivative_text, liquidation_text
from genesis.adapters.venue.feeds import (
    BookFeed,
    CandlesFeed,
    EventsFeed,
    Feed,
    NoTradesFeed,
    SingleRowFeed,
    TradesFeed,
    ticker_text,
)
from genesis.adapters.venue.funding_market import FundingBookFeed, FundingMarket
from genesis.adapters.venue.public_book import DIGITS, RAW, PublicBook
from genesis.adapters.venue.session import Session
from genesis.adapters.venue.tape import Tape, trade_text
from genesis.domain.candle import Timeframe
from genesis.domain.instrument import Instrument
from genesis.domain.order import Side
from genesis.domain.simulation.exchange_events import BookMoved, PublicTrade
from genesis.domain.units import Mts, Symbol

CHANNELS_MAX: Final = 25
"""Channels of one connection, the account included. Source: Bitfinex documentation, "Requirements and limitations"."""

BOOK_LENGTHS: Final = frozenset({"1", "25", "100", "250"})
LIQUIDATIONS: Final = "liq:global"

Fields = Mapping[str, object]


HOUR_MS: Final = 3_600_000


class HourlyQuote(NamedTuple):
    """The best prices of a book at one time of an hour, in price units."""

    mts: Mts
    symbol: Symbol
    bid: int | None
    ask: int | None


class Public:
    """Everything that needs no key."""

    def __init__(self, tapes: dict[Symbol, Tape], funding: FundingMarket) -> None:
        self.tapes = tapes
        self.funding = funding
        self.books: dict[Symbol, PublicBook] = {}
        self.liquidations: list[Liquidation] = []
        self.hourly: list[HourlyQuote] = []
        self._feeds: dict[str, Feed] = {}
        self._hour = 0
        self._trades: dict[Symbol, TradesFeed] = {}
        self._liquidation_feed = EventsFeed()

    def add(self, instrument: Instrument) -> None:
        """Show an instrument."""
        self.tapes[instrument.symbol] = Tape(instrument)
        self.books[instrument.symbol] = PublicBook(instrument)

    # What the exchange did

    def on_trade(self, trade: PublicTrade, *, in_candles: bool) -> str:
        """Record and send a trade (`te`); returns its row, which `settle` sends again later."""
        tape = self.tapes[trade.symbol]
        tape.add(trade, in_candles=in_candles)
        row = trade_text(trade, tape.instrument.price_decimals)
        self._send_trade(trade.symbol, "te", row, trade.mts)
        return row

    def settle(self, symbol: Symbol, row: str, mts: Mts) -> None:
        """Send a trade once more (`tu`)."""
        self._send_trade(symbol, "tu", row, mts)

    def on_book(self, event: BookMoved) -> None:
        """Follow the book; what it means for listeners is sent by `flush`."""
        self.books[event.symbol].apply(event)

    def on_liquidation(self, liquidation: Liquidation, mts: Mts) -> None:
        """Record a liquidation and tell who listens."""
        self.liquidations.append(liquidation)
        self._liquidation_feed.send(f"[{liquidation_text(liquidation)}]", mts)

    def flush(self, mts: Mts) -> None:
        """Bring all listeners up to date, and note the best prices once an hour."""
        if mts // HOUR_MS != self._hour:
            self._hour = mts // HOUR_MS
            for symbol, book in self.books.items():
                quote = HourlyQuote(mts, symbol, book.best(Side.BUY), book.best(Side.SELL))
                if quote.bid is not None or quote.ask is not None:
                    self.hourly.append(quote)
        for feed in self._feeds.values():
            if feed.listeners:
                feed.flush(mts)

    # Subscriptions

    def subscribe(self, session: Session, fields: Fields, mts: Mts) -> None:
        """Answer a `subscribe` event: the reply, then the snapshot; raises `Complaint`."""
        key, feed, shown = self._wanted(fields)
        if key in session.feeds.values():
            raise Complaint(SUBSCRIBED_TWICE, "subscribe: dup")
        if len(session.feeds) + (session.key is not None) >= CHANNELS_MAX:
            raise Complaint(TOO_MANY_CHANNELS, "subscribe: limit")
        self._feeds[key] = feed
        channel = session.new_channel(key)
        feed.listeners[session] = channel
        session.event(**{**fields, **shown, "event": "subscribed", "chanId": channel})
        feed.begin(session, mts)

    def unsubscribe(self, session: Session, channel: int) -> None:
        """Answer an `unsubscribe` event; raises `Complaint`."""
        key = session.feeds.pop(channel, None)
        if key is None:
            raise Complaint(UNKNOWN_SUBSCRIPTION, "unsubscribe: invalid")
        self._feeds[key].listeners.pop(session, None)
        session.event(event="unsubscribed", status="OK", chanId=channel)

    def forget(self, session: Session) -> None:
        """Drop a closed connection."""
        for key in session.feeds.values():
            self._feeds[key].listeners.pop(session, None)
        session.feeds.clear()

    def _wanted(self, fields: Fields) -> tuple[str, Feed, dict[str, object]]:
        """Return the key of the feed, the feed, and what the reply adds to the request."""
        channel = fields.get("channel")
        if channel in ("candles", "status"):
            name = str(fields.get("key"))
            key = f"{channel} {name}"
            return key, self._feeds.get(key) or self._keyed(str(channel), name), {}
        if channel not in ("ticker", "trades", "book"):
            raise Complaint(UNKNOWN_CHANNEL, "channel: unknown")
        asked = fields.get("symbol") or fields.get("pair")
        if isinstance(asked, str) and self.funding.knows(asked):
            return self._wanted_funding(str(channel), asked, fields)
        symbol = self._symbol(asked)
        shown: dict[str, object] = {"symbol": symbol, "pair": symbol[1:]}
        if channel == "book":
            precision, frequency, length = _book_options(fields)
            shown |= {"prec": precision, "freq": frequency, "len": str(length)}
            key = f"book {symbol} {precision} {frequency} {length}"
            book = BookFeed(self.books[symbol], precision, length, is_slow=frequency == "F1")
            return key, self._feeds.get(key) or book, shown
        key = f"{channel} {symbol}"
        return key, self._feeds.get(key) or self._simple(str(channel), symbol), shown

    def _wanted_funding(self, channel: str, symbol: str, fields: Fields) -> tuple[str, Feed, dict[str, object]]:
        shown: dict[str, object] = {"symbol": symbol, "currency": symbol[1:]}
        key, funding = f"{channel} {symbol}", self.funding
        feed: Feed
        if channel == "book":
            precision, frequency, length = _book_options(fields)
            shown |= {"prec": precision, "freq": frequency, "len": str(length)}
            key = f"{key} {precision} {frequency} {length}"
            feed = FundingBookFeed(funding, symbol, precision, length)
        elif channel == "ticker":
            feed = SingleRowFeed(lambda _mts: funding.ticker_text(symbol))
        else:
            feed = NoTradesFeed()
        return key, self._feeds.get(key) or feed, shown

    def _simple(self, channel: str, symbol: Symbol) -> Feed:
        tape, book = self.tapes[symbol], self.books[symbol]
        if channel == "ticker":
            return SingleRowFeed(lambda mts: ticker_text(book, tape, mts))
        feed = self._trades[symbol] = TradesFeed(tape)
        return feed

    def _keyed(self, channel: str, name: str) -> Feed:
        if channel == "candles":
            tape, frame = self.candles_of(name)
            return CandlesFeed(tape, frame)
        if name == LIQUIDATIONS:
            return self._liquidation_feed
        spot = DERIVATIVES.get(Symbol(name.removeprefix("deriv:")))
        if not name.startswith("deriv:") or spot not in self.tapes:
            raise Complaint(SUBSCRIBE_FAILED, "key: invalid")
        tape = self.tapes[spot]
        return SingleRowFeed(lambda mts: derivative_text(tape, mts))

    def candles_of(self, key: str) -> tuple[Tape, Timeframe]:
        """Return the tape and length of a candle key such as `trade:1m:tBTCUSD`; raises `Complaint`."""
        kind, _, rest = key.partition(":")
        frame, _, symbol = rest.partition(":")
        if kind != "trade" or Symbol(symbol) not in self.tapes:
            raise Complaint(SUBSCRIBE_FAILED, "key: invalid")
        try:
            return self.tapes[Symbol(symbol)], Timeframe.parse(frame)
        except ValueError:
            raise Complaint(SUBSCRIBE_FAILED, "key: invalid") from None

    def _symbol(self, value: object) -> Symbol:
        for name in (value, f"t{value}"):
            if isinstance(name, str) and Symbol(name) in self.tapes:
                return Symbol(name)
        raise Complaint(SUBSCRIBE_FAILED, "symbol: invalid")

    def _send_trade(self, symbol: Symbol, kind: str, row: str, mts: Mts) -> None:
        feed = self._trades.get(symbol)
        if feed is not None:
            feed.send(kind, row, mts)


def _book_options(fields: Fields) -> tuple[str, str, int]:
    precision, frequency = fields.get("prec") or "P0", fields.get("freq") or "F0"
    if precision not in (*DIGITS, RAW):
        raise Complaint(SUBSCRIBE_FAILED, "prec: invalid")
    if frequency not in ("F0", "F1"):
        raise Complaint(SUBSCRIBE_FAILED, "freq: invalid")
    length = str(fields.get("len") or 25)
    if length not in BOOK_LENGTHS:
        raise Complaint(SUBSCRIBE_FAILED, "len: invalid")
    return str(precision), str(frequency), int(length)

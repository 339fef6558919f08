"""Recorded frames played as a market: the levels of a recorded book become quotes, recorded trades trade.

It needs the book and the trades of an instrument, as `record` writes them. A trade takes what is quoted at its price
or better, and the recorded book update that follows puts the level right; so trades come out with their amounts, and
the book as it was wherever no user changed it."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from genesis.adapters.venue.core import Core
from genesis.adapters.venue.markets.hand import MarketHand, Quote
from genesis.domain.instrument import Instrument
from genesis.domain.order import OrderId, Side
from genesis.domain.units import ATOMS_PER_UNIT, Atoms, Mts, Symbol

RAW = "R0"


class Frame(NamedTuple):
    """A frame as it came: when, on which connection, and its text."""

    received_us: int
    connection: str
    text: str


class _Channel(NamedTuple):
    name: str
    symbol: Symbol
    is_raw: bool


Row = list[float]


class FramesDriver:
    """Plays the books and trades of recorded frames."""

    users_make_candles = True

    def __init__(self, instruments: Iterable[Instrument], frames: Iterable[Frame]) -> None:
        self._instruments = {instrument.symbol: instrument for instrument in instruments}
        self._frames: Iterator[Frame] = iter(frames)
        self._next = next(self._frames, None)
        self._channels: dict[tuple[str, int], _Channel] = {}
        self._quotes: dict[tuple[Symbol, float, int], OrderId] = {}
        self._hands: dict[Symbol, MarketHand] = {}

    @property
    def next_mts(self) -> Mts | None:
        """When the next frame came."""
        return None if self._next is None else Mts(self._next.received_us // 1000)

    def act(self, core: Core) -> None:
        """Play one frame; what is no book and no trade is passed over."""
        frame = self._next
        if frame is None:
            return
        self._next = next(self._frames, None)
        message = msgspec.json.decode(frame.text)
        if isinstance(message, dict):
            self._note_channel(frame.connection, message)
        elif isinstance(message, list) and len(message) >= 2:
            channel = self._channels.get((frame.connection, message[0]))
            if channel is not None:
                self._play(core, channel, message)

    def _note_channel(self, connection: str, event: dict[str, object]) -> None:
        symbol = Symbol(str(event.get("symbol")))
        channel, number = event.get("channel"), event.get("chanId")
        if event.get("event") == "subscribed" and channel in ("book", "trades") and symbol in self._instruments:
            assert isinstance(number, int)
            self._channels[connection, number] = _Channel(str(channel), symbol, event.get("prec") == RAW)

    def _play(self, core: Core, channel: _Channel, message: list[object]) -> None:
        hand = self._hands.get(channel.symbol)
        if hand is None:
            hand = self._hands[channel.symbol] = MarketHand(core, channel.symbol)
        body = message[1]
        if channel.name == "trades":
            if body == "te" and isinstance(message[2], list):
                self._trade(hand, channel.symbol, message[2])
        elif isinstance(body, list) and body:
            rows: list[Row] = body if isinstance(body[0], list) else [body]
            for row in rows:
                self._level(hand, channel, row)

    def _trade(self, hand: MarketHand, symbol: Symbol, row: Row) -> None:
        price = self._instruments[symbol].price_from_market(row[3])
        side = Side.BUY if row[2] > 0 else Side.SELL
        hand.trade_at(price, _atoms(row[2]), side)

    def _level(self, hand: MarketHand, channel: _Channel, row: Row) -> None:
        """Bring one level, or one order of a raw book, to what *row* says: a deletion has a 0 in its middle."""
        key, middle, amount = row[:3]
        side = Side.BUY if amount > 0 else Side.SELL
        price = middle if channel.is_raw else key
        known = (channel.symbol, key, side.sign)
        before = self._quotes.pop(known, None)
        if before is not None:
            hand.withdraw(before)
        if middle:
            quote = Quote(side, self._instruments[channel.symbol].price_from_market(price), _atoms(amount))
            placed = hand.place(quote)
            if placed is not None:
                self._quotes[known] = placed


def _atoms(amount: float) -> Atoms:
    return Atoms(round(abs(amount) * ATOMS_PER_UNIT))

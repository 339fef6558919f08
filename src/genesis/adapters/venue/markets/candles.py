"""Real candles played as a market: each bar's open, high, low, close and volume come out again exactly.

A bar prints its open at its start, then its low and its high (the high first in a falling bar), then its close, each
a quarter of the bar later. Before each print the book is quoted around its price, so a user's market order trades
near the last price and a stop finds somebody. Orders of users that a print reaches trade first, at their own price:
they are visible as trades and do not count in the candles, which stay the recorded ones."""

from collections.abc import Iterator
from random import Random
from typing import Final, NamedTuple

from genesis.adapters.venue.core import Core
from genesis.adapters.venue.markets.hand import MarketHand, Quote
from genesis.domain.candle import MINUTE_MS, Candle, Candles
from genesis.domain.instrument import Instrument
from genesis.domain.order import Side
from genesis.domain.units import ATOMS_PER_UNIT, Atoms, Mts, Price

LEVELS: Final = 10
LEVEL_AMOUNT_MIN: Final = 10 * ATOMS_PER_UNIT


class Print(NamedTuple):
    """A trade to come; *amount* 0 marks a price of a bar whose volume has too few atoms for all its prices."""

    mts: Mts
    price: Price
    amount: Atoms


class CandleDriver:
    """Plays the candles of one instrument."""

    users_make_candles = False

    def __init__(self, instrument: Instrument, candles: Candles, *, length_ms: int = MINUTE_MS, seed: int = 0) -> None:
        self._instrument = instrument
        self._chance = Random(seed)  # nosec B311 - a seeded market is no secret
        self._prints = self._all(candles, length_ms)
        self._next: Print | None = next(self._prints, None)
        self._last: Price | None = None
        self._hand: MarketHand | None = None

    @property
    def next_mts(self) -> Mts | None:
        """When the next trade prints."""
        return None if self._next is None else self._next.mts

    def act(self, core: Core) -> None:
        """Quote around the next trade and let it print."""
        due = self._next
        if due is None:
            return
        self._next = next(self._prints, None)
        if self._hand is None:
            self._hand = MarketHand(core, self._instrument.symbol)
        rises = self._last is None or due.price >= self._last
        side = Side.BUY if rises else Side.SELL
        self._hand.requote(self._quotes(due.price), first=side.opposite)
        if due.amount:
            self._hand.print_at(due.price, due.amount, side)
        else:
            core.public.tapes[self._instrument.symbol].add_price(due.mts, due.price, 0)
        self._last = due.price

    def _quotes(self, price: Price) -> list[Quote]:
        assert self._hand is not None
        step = self._hand.step_of(price)
        quotes: list[Quote] = []
        for level in range(1, LEVELS + 1):
            for side in Side:
                at = price - side.sign * step * level
                if at > 0:
                    amount = LEVEL_AMOUNT_MIN * level + self._chance.randrange(LEVEL_AMOUNT_MIN)
                    quotes.append(Quote(side, Price(at), Atoms(amount)))
        return quotes

    def _all(self, candles: Candles, length_ms: int) -> Iterator[Print]:
        columns = (candles.mts, candles.open, candles.high, candles.low, candles.close, candles.volume)
        for row in zip(*(column.tolist() for column in columns), strict=True):
            yield from prints_of(Candle(*row), self._instrument, length_ms)


def prints_of(candle: Candle, instrument: Instrument, length_ms: int) -> list[Print]:
    """Return the trades that make *candle*, in order; their amounts sum to its volume exactly."""
    path = (candle.open, *_extremes(candle), candle.close)
    prices = [instrument.price_from_market(price) for price in path]
    points = [price for at, price in enumerate(prices) if at == 0 or price != prices[at - 1]]
    volume = round(candle.volume * ATOMS_PER_UNIT)
    share, rest = divmod(volume, len(points))
    amounts = [share + (at < rest) for at in range(len(points))]
    return [
        Print(Mts(candle.mts + length_ms * at // 4), price, Atoms(amount))
        for at, (price, amount) in enumerate(zip(points, amounts, strict=True))
    ]


def _extremes(candle: Candle) -> tuple[float, float]:
    """Return low and high in the order of the shorter way from open to close."""
    return (candle.low, candle.high) if candle.close >= candle.open else (candle.high, candle.low)

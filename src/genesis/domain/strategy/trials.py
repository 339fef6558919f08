"""Markets that differ from the one at hand where a strategy must not notice it, or that no exchange should send."""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
from attrs import evolve, frozen

from genesis.domain.candle import DAY_MS, Candles, Ints
from genesis.domain.units import Symbol

CUTS: Final = 16
MOVES: Final = (
    ("800 years later", 292_194 * DAY_MS),
    ("28 years later", 10_227 * DAY_MS),
    ("312 weeks later", 312 * 7 * DAY_MS),
    ("312 weeks earlier", -312 * 7 * DAY_MS),
)
"""Weekdays and fortnights are the same after each, the calendar after the first, and after the second in our lives.

Parts of a time that is divided round alike where the time does not grow much: that is what the last two are for.
"""

_PRICES: Final = ("open", "high", "low", "close")


@frozen(eq=False)
class Market:
    """The candles that a strategy decides on, and those of other instruments that it reads."""

    candles: Candles
    others: Mapping[Symbol, Candles]

    def others_before(self, time: int) -> dict[Symbol, Candles]:
        """Return the others' candles that began before *time*."""
        return {symbol: candles.between(None, time) for symbol, candles in self.others.items()}


@frozen(eq=False)
class Trial:
    """A changed market: the words for it, and how many of its candles, and those before them, are as they were."""

    words: str
    market: Market
    known: int


def changed_futures(market: Market, warm_up: int, seed: int, cuts: int = CUTS) -> Iterator[Trial]:
    """Yield markets of which the future alone is changed: cut off, and scrambled.

    Other instruments are changed from the start of the last candle that is known: of that minute none may be seen.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    candles, count = market.candles, len(market.candles)
    places = {1, min(warm_up + 1, count - 1), count - 1, *generator.integers(1, count, cuts).tolist()}
    for cut in sorted(places):
        now = int(candles.mts[cut - 1])
        yield Trial(f"the future cut off at candle {cut}", Market(candles[:cut], market.others_before(now)), cut)
        others = {
            symbol: _scrambled(each, int(np.searchsorted(each.mts, now)), generator)
            for symbol, each in market.others.items()
        }
        scrambled = Market(_scrambled(candles, cut, generator), others)
        yield Trial(f"the future scrambled from candle {cut} on", scrambled, cut)


def moved_in_time(market: Market) -> Iterator[Trial]:
    """Yield the same market at other times."""
    for words, distance in MOVES:
        others = {symbol: _moved(candles, distance) for symbol, candles in market.others.items()}
        yield Trial(f"the same market {words}", Market(_moved(market.candles, distance), others), len(market.candles))


def spoiled(market: Market, seed: int) -> Iterator[Trial]:
    """Yield candles as no exchange should send them; as they were before some candle."""
    generator = np.random.Generator(np.random.PCG64([seed, 1]))
    candles = market.candles
    at = int(generator.integers(len(candles) // 2, len(candles)))
    holes = {name: getattr(candles, name).copy() for name in (*_PRICES, "volume")}
    for column in holes.values():
        column[at : at + 3] = np.nan
    rows = np.arange(len(candles))
    again = np.insert(rows, at, [at] * 5)
    apart = np.where(again == at, np.arange(len(again)) - at, 0)  # of one time there can be but one candle
    silent = {name: np.where(rows >= at, candles.close[at], getattr(candles, name)) for name in _PRICES}
    still = evolve(candles, **silent, volume=np.where(rows >= at, 0.0, candles.volume))
    for words, changed in (
        (f"not a number from candle {at} on, three times", evolve(candles, **holes)),
        (f"a gap of 500 candles at {at}", _taken(candles, np.delete(rows, slice(at, at + 500)))),
        (f"candle {at} five times more, a millisecond apart", _taken(candles, again, apart)),
        (f"no movement and no volume from candle {at} on", still),
    ):
        yield Trial(words, Market(changed, market.others), at)
    if market.others:
        missing = Market(candles, market.others_before(int(candles.mts[at - 1])))
        yield Trial(f"other instruments without candles from candle {at} on", missing, at)


def _scrambled(candles: Candles, cut: int, generator: np.random.Generator) -> Candles:
    rest = len(candles) - cut
    order = cut + generator.permutation(rest)
    factors = np.exp(np.cumsum(generator.normal(0.0, 0.02, rest)))
    columns = {name: getattr(candles, name).copy() for name in (*_PRICES, "volume")}
    for name, column in columns.items():
        column[cut:] = column[order] * (factors if name in _PRICES else generator.random(rest) * 3.0)
    return evolve(candles, **columns)


def _moved(candles: Candles, distance: int) -> Candles:
    return evolve(candles, mts=candles.mts + distance)


def _taken(candles: Candles, rows: Ints, after: Ints | int = 0) -> Candles:
    return Candles(candles.mts[rows] + after, *(getattr(candles, name)[rows] for name in (*_PRICES, "volume")))

"""A market made up from a seed: one-minute candles with regimes, clustered volatility, fat tails, and silent minutes.

It is for trying things out where there are no real candles, and proves nothing about a strategy. Prices stand on the
grid of five significant digits, volumes have eight decimals. The same seed gives the same candles on every machine: the
random bits are PCG64's own, whose stream numpy guarantees, and all else is `+ - * /`, square roots and decimal text,
which are rounded in one way only.
"""

import math
from collections.abc import Iterator
from itertools import takewhile
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from genesis.domain.candle import DAY_MS, MINUTE_MS, Candle, Candles
from genesis.domain.instrument import SIGNIFICANT_DIGITS
from genesis.domain.units import Mts

SYNTHETIC_START: Final = Mts(1_704_067_200_000)
"""2024-01-01, where a synthetic market begins unless told otherwise."""

_STEPS: Final = 4
"""Price moves within a minute."""
_BLOCK: Final = 1440
_UNIFORM: Final = 2.0**-53
_ALPHA, _BETA = 0.12, 0.86
_OUTAGE_CHANCE: Final = 1.0 / (7 * 1440)
_OUTAGE_MINUTES: Final = 90
_RETURN_MAX: Final = 0.05


class Regime(NamedTuple):
    """How a market behaves for a while; rates are per minute."""

    name: str
    volatility: float
    drift: float
    reversion: float
    quiet_chance: float
    end_chance: float


REGIMES: Final = (
    Regime("trend", 0.0006, 0.00004, 0.0, 0.03, 1 / 480),
    Regime("range", 0.0004, 0.0, 0.01, 0.12, 1 / 720),
    Regime("storm", 0.0020, 0.0, 0.0, 0.0, 1 / 90),
)
_NEXT: Final = ((1, 1, 2), (0, 0, 2), (0, 1, 1))
"""What may follow each regime, each with a chance of a third."""


def synthetic_candles(seed: int, days: float = 30.0, start: Mts = SYNTHETIC_START, price: float = 42_000.0) -> Candles:
    """Return the candles of the first *days* of the market *seed*; the first *n* days of a longer one are the same.

    Raises `ValueError` for a length or price that is not > 0 or a start that is not on a minute.
    """
    if not 0.0 < days <= 40_000.0:
        raise ValueError(f"a synthetic market lasts more than 0 and at most 40000 days, was {days}")
    end = start + round(days * DAY_MS)
    return Candles.from_rows(takewhile(lambda candle: candle.mts < end, synthetic_market(seed, start, price)))


def synthetic_market(seed: int, start: Mts = SYNTHETIC_START, price: float = 42_000.0) -> Iterator[Candle]:
    """Yield the candles of the market *seed*, without end."""
    if not 1e-6 <= price <= 1e9:
        raise ValueError(f"a synthetic price must be from 0.000001 to 1000000000, was {price}")
    if start % MINUTE_MS:
        raise ValueError(f"a synthetic market starts on a minute, not at {start}")
    if seed < 0:
        raise ValueError(f"a seed must not be negative, was {seed}")
    return _walk(seed, start, price)


def _walk(seed: int, start: Mts, first_price: float) -> Iterator[Candle]:
    uniforms, normals = _uniforms(seed), _normals(seed)
    price = centre = first_price
    regime, direction, missing = 1, 1.0, 0
    variance = REGIMES[regime].volatility * REGIMES[regime].volatility
    mts = start
    for (chance, size, turn, which), moves in zip(uniforms, normals, strict=True):
        rules = REGIMES[regime]
        drift = rules.drift * direction + rules.reversion * (centre - price) / centre
        deviation = math.sqrt(variance / _STEPS)
        path = [price]
        change = 0.0
        for normal in moves:
            moved = min(max(deviation * normal, -_RETURN_MAX), _RETURN_MAX)
            change += moved
            price += price * (moved + drift / _STEPS)
            path.append(price)
        usual = rules.volatility * rules.volatility
        variance = (1.0 - _ALPHA - _BETA) * usual + _ALPHA * change * change + _BETA * variance
        missing = _OUTAGE_MINUTES if chance < _OUTAGE_CHANCE else max(missing - 1, 0)
        if not missing and chance >= rules.quiet_chance:
            volume = _volume(size, change, rules.volatility)
            yield Candle(mts, on_grid(path[0]), on_grid(max(path)), on_grid(min(path)), on_grid(price), volume)
        if turn < rules.end_chance:
            regime, centre = _NEXT[regime][int(which * 3)], price
            direction = 1.0 if turn < rules.end_chance / 2 else -1.0
        mts = Mts(mts + MINUTE_MS)


def _volume(size: float, change: float, volatility: float) -> float:
    """Volume with a heavy tail, larger where the price moved."""
    units = 0.3 * (1.0 / math.sqrt(1.0 - size * 0.9999) - 0.99) * (1.0 + abs(change) / volatility)
    return max(round(units * 1e8), 1) / 1e8


def on_grid(price: float) -> float:
    """Return the price of five significant digits next to *price*, as the double nearest to its decimal text."""
    return float(f"{price:.{SIGNIFICANT_DIGITS}g}")


def _raw(seed: int, stream: int, words: int) -> Iterator[npt.NDArray[np.uint64]]:
    generator = np.random.PCG64(np.random.SeedSequence([seed, stream]))
    while True:
        yield np.asarray(generator.random_raw(_BLOCK * words), dtype="<u8")


def _uniforms(seed: int) -> Iterator[list[float]]:
    """Yield fours of numbers in [0, 1) with 53 random bits."""
    for words in _raw(seed, 0, 4):
        yield from ((words >> np.uint64(11)) * _UNIFORM).reshape(-1, 4).tolist()


def _normals(seed: int) -> Iterator[list[float]]:
    """Yield a minute's nearly normal numbers, mean 0 and variance 1: each twelve 16-bit uniforms, added as integers."""
    for words in _raw(seed, 1, 3 * _STEPS):
        sums = words.view("<u2").reshape(-1, _STEPS, 12).sum(axis=2, dtype=np.int64)
        yield from ((sums - 6 * 65_535) / 65_536.0).tolist()

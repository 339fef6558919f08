"""How the round trips of a run are spread: their returns, their lengths, and a histogram that any page can draw."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from attrs import frozen

from genesis.domain.candle import Floats
from genesis.domain.statistics.summary import RoundTrip
from genesis.domain.units import Mts

BINS: Final = 40
_TAIL: Final = 0.005
_NICE: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


class Bin(NamedTuple):
    """How many round trips returned from *low* up to *high*, as fractions of what was spent."""

    low: float
    high: float
    trips: int


@frozen
class TradeDistribution:
    """Figures over all round trips; returns are fractions of what was spent, times in milliseconds.

    A mean or a best of nothing is None. Of the *bins* none straddles zero; the first and the last also hold
    what lies beyond them.
    """

    count: int
    wins: int
    mean: float
    median: float
    mean_win: float | None
    mean_loss: float | None
    best: float
    worst: float
    longest_losing_streak: int
    held_median: Mts
    held_mean: Mts
    bins: tuple[Bin, ...]


def returns_of(trips: Sequence[RoundTrip]) -> Floats:
    """Return profit ÷ spent of each round trip."""
    return np.array([trip.profit / trip.spent if trip.spent else 0.0 for trip in trips])


def trade_distribution(trips: Sequence[RoundTrip]) -> TradeDistribution | None:
    """Return the distribution of *trips*; None if there are none."""
    if not trips:
        return None
    returns = returns_of(trips)
    held = np.array([trip.closed - trip.opened for trip in trips], dtype=np.int64)
    gains, losses = returns[returns > 0.0], returns[returns < 0.0]
    return TradeDistribution(
        count=len(trips),
        wins=len(gains),
        mean=float(returns.mean()),
        median=float(np.median(returns)),
        mean_win=float(gains.mean()) if len(gains) else None,
        mean_loss=float(losses.mean()) if len(losses) else None,
        best=float(returns.max()),
        worst=float(returns.min()),
        longest_losing_streak=_longest_streak(returns),
        held_median=Mts(int(np.median(held))),
        held_mean=Mts(int(held.mean())),
        bins=_bins(returns),
    )


def _longest_streak(returns: Floats) -> int:
    longest = streak = 0
    for value in returns.tolist():
        streak = streak + 1 if value < 0.0 else 0
        longest = max(longest, streak)
    return longest


def _bins(returns: Floats) -> tuple[Bin, ...]:
    low, high = (float(np.quantile(returns, q)) for q in (_TAIL, 1.0 - _TAIL))
    width = _nice((max(high, 0.0) - min(low, 0.0)) / BINS)
    first = math.floor(min(low, 0.0) / width)
    last = max(math.floor(max(high, 0.0) / width), first)
    places = np.clip(np.floor(returns / width).astype(np.int64), first, last) - first
    counts = np.bincount(places, minlength=last - first + 1).tolist()
    return tuple(Bin(n * width, (n + 1) * width, count) for n, count in enumerate(counts, first))


def _nice(width: float) -> float:
    """Return the width, rounded up to a number that people count in; a ten-thousandth where all returns are equal."""
    if width <= 0.0:
        return 1e-4
    power = 10.0 ** math.floor(math.log10(width))
    return power * next((each for each in _NICE if width <= each * power), 10.0)

"""Whether a strategy was invested at the right times, apart from how much: in a market that rises, holding alone earns.

Judged are the daily returns less those of the same average exposure, held all the time at no cost: what a strategy that
takes the same positions at random times earns. Costs stay with the strategy. The mean of what is left is the covariance
of exposure and return, so that a trend of the market adds nothing to it. Sources: D. Aronson, "Evidence-Based Technical
Analysis" (2007), appendix, "Proof That Detrending Is Equivalent to Benchmarking Based on Position Bias"; M. Grinblatt
and S. Titman, "Performance Measurement without Benchmarks" (1993).

A position that prices decided remembers the returns that decided it, for about as long as positions last. That is no
skill, and counts for nothing twice. Shifts within that memory line exposure up with its own causes, so that they are
left out of the error; with them it was a fifth too large for who follows trends. And a market that rose left more
exposure to who follows it, less to who buys dips, so that the benchmark is that much too high or too low: what the days
of twice that memory add to it is given back. Tests hold both against markets without any skill to be had in them.

The error is the largest of three, for each alone is too small somewhere: that of the shifts, in a market that ran to
and fro and flatters just who bought its dips; that of as many returns that follow from nothing, whose covariance has
the product of both variances; and the same where large returns came while exposure was far from its mean (H. White,
1980). And few positions say little, however long they are: the ratio is judged by Student's distribution. Its freedom
is that of the positions as far as the error comes from them, and that of the days as far as it comes from within days.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from genesis.domain.candle import DAY_MS, Candles, Floats, Ints, calendar
from genesis.domain.fill import Fill
from genesis.domain.order import Side
from genesis.domain.statistics.significance import expected_best_sharpe, shared_freedom, student

DAYS_FEW: Final = 5.0
"""Of fewer days in the market, or out of it, nothing is said: the error below is a normal one."""


class Timing(NamedTuple):
    """How well a run was timed; the Sharpe ratio is per day.

    *error* is its deviation without skill, of as many degrees of *freedom* as there was independent to measure it by.
    """

    exposure: float
    sharpe: float
    error: float
    freedom: int

    def luck(self, trials: int) -> float:
        """Return the ratio per day to be expected of the best of *trials* without skill."""
        return expected_best_sharpe(self.error, trials, self.freedom)

    def belief(self, trials: int = 1) -> float:
        """Return the probability that the best of *trials* was timed with skill."""
        return student((self.sharpe - self.luck(trials)) / self.error, self.freedom)


def exposures_of(fills: Sequence[Fill], candles: Candles, equity: Ints, *, on_margin: bool = False) -> Floats:
    """Return the share of *equity* that is invested at each close: 1 is all of it, below 0 is short."""
    rows = np.searchsorted(candles.mts, [fill.mts for fill in fills])
    taken = [fill.amount - (0 if on_margin else fill.fee) if fill.side is Side.BUY else -fill.amount for fill in fills]
    changes = np.zeros(len(candles), dtype=np.int64)
    np.add.at(changes, rows, np.array(taken, dtype=np.int64))
    worth = np.cumsum(changes) * candles.close
    return np.divide(worth, equity, out=np.zeros(len(candles)), where=equity > 0)


def timing_of(returns: Sequence[float], candles: Candles, exposures: Floats) -> Timing | None:
    """Return how well a run with *returns* of days, and *exposures* at closes, was timed over *candles*.

    The error is at least that of the same exposures at every other time of the same market: exposure is shifted over
    the days, round the end, so that positions stay as long as they were and the market moves as it did; shifts that are
    shorter than positions last are left out. What was earned and paid within days counts as independent from day to
    day. None where exposure does not vary, or nearly never does.
    """
    days, ends = calendar(candles.mts)
    assert len(returns) == len(days), "returns are those of every UTC day of the candles"
    held = _of_days(candles, exposures)
    closes = candles.close[ends]
    market = closes / np.concatenate((candles.open[:1], closes[:-1])) - 1.0
    own = np.array(returns)
    exposure = float(held.mean())
    if not _varies(held):
        return None
    apart = own - exposure * market
    within = own - held * market
    shifted, memory, most = _shifted(held, market), _memory_days(held), len(own) // 4
    near = min(memory, most)
    apart_by = (held - exposure) * (market - market.mean())
    free = float(held.var()) * float(market.var()) / len(own)
    errors = float(np.mean(shifted[near : len(own) + 1 - near] ** 2)), free, float(np.mean(apart_by**2)) / len(own)
    parts = (max(errors), _stretches(held) - 1), (float(within.var(ddof=1)) / len(own), len(own) - 1)
    variance = sum(part for part, _ in parts)
    caused = float(shifted[1 : 1 + min(2 * memory, most)].sum()) / len(own)
    deviation = float(apart.std(ddof=1))
    if not (variance > 0.0 and deviation > 0.0):
        return None
    ratio, error = (float(apart.mean()) + caused) / deviation, math.sqrt(variance) / deviation
    return Timing(exposure, ratio, error, shared_freedom(parts))


def _of_days(candles: Candles, exposures: Floats) -> Floats:
    """Return the mean exposure of each UTC day; a day without a candle has that of the last close before it."""
    days, ends = calendar(candles.mts)
    rows = candles.mts // DAY_MS - days[0]
    counts = np.bincount(rows, minlength=len(days))
    sums = np.bincount(rows, weights=exposures, minlength=len(days))
    means: Floats = np.where(counts > 0, sums / np.maximum(counts, 1), exposures[ends])
    return means


def _varies(held: Floats) -> bool:
    low, high = float(held.min()), float(held.max())
    if not high > low:
        return False
    share = (held - low) / (high - low)
    return bool(min(share.sum(), (1.0 - share).sum()) >= DAYS_FEW)


def _memory_days(held: Floats) -> int:
    """Return how many days exposure stays above its mean, or below it, on average; rounded up."""
    return math.ceil(len(held) / _stretches(held))


def _stretches(held: Floats) -> int:
    """Return how often exposure stays above its mean, or below it."""
    is_high = held > held.mean()
    return 1 + int(np.count_nonzero(is_high[1:] != is_high[:-1]))


def _shifted(held: Floats, market: Floats) -> Floats:
    """Return the covariance of exposure and market at each shift: at n that of the exposure n days after a return."""
    spectrum = np.fft.rfft(held - held.mean()) * np.conj(np.fft.rfft(market - market.mean()))
    every: Floats = np.fft.irfft(spectrum, len(held)) / len(held)
    return every

"""Whether a strategy was invested at the right times, apart from how much: in a market that rises, holding alone earns.

Judged are the daily returns less those of the same average exposure, held all the time at no cost: what a strategy that
takes the same positions at random times earns. Costs stay with the strategy. The mean of what is left is the covariance
of exposure and return, so that a trend of the market adds nothing to it. Sources: D. Aronson, "Evidence-Based Technical
Analysis" (2007), appendix, "Proof That Detrending Is Equivalent to Benchmarking Based on Position Bias"; M. Grinblatt
and S. Titman, "Performance Measurement without Benchmarks" (1993).

A position that prices decided remembers the returns that decided it, for as long as exposure remembers itself. That is
no skill, and counts for nothing twice. Shifts within that memory line exposure up with its own causes, so that they are
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
from typing import Final

import numpy as np
from attrs import frozen

from genesis.domain.candle import DAY_MS, Candles, Floats, Ints, calendar
from genesis.domain.fill import Fill
from genesis.domain.order import Side
from genesis.domain.statistics.significance import Variance, expected_best_sharpe, student, together

DAYS_FEW: Final = 5.0
"""Of fewer days in the market, or out of it, nothing is said: the error below is a normal one."""


@frozen
class Timing:
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
    if not _varies(held):
        return None
    closes = candles.close[ends]
    market = closes / np.concatenate((candles.open[:1], closes[:-1])) - 1.0
    own = np.array(returns)
    exposure = float(held.mean())
    apart, within = own - exposure * market, own - held * market
    shifted, memory = _shifted(held, market), _memory_days(held)
    by_days = Variance(float(within.var(ddof=1)) / len(own), len(own) - 1)
    variance = together((_by_positions(held, market, shifted, memory), by_days))
    deviation = float(apart.std(ddof=1))
    if not (variance.value > 0.0 and deviation > 0.0):
        return None
    ratio = (float(apart.mean()) + _given_back(shifted, memory)) / deviation
    return Timing(exposure, ratio, math.sqrt(variance.value) / deviation, variance.freedom)


def _by_positions(held: Floats, market: Floats, shifted: Floats, memory: float) -> Variance:
    """Return the variance of the covariance of exposure and market, of as many positions as remember nothing."""
    count = len(held)
    near = min(math.ceil(memory), count // 4)
    apart_by = (held - held.mean()) * (market - market.mean())
    free = float(held.var()) * float(market.var()) / count
    errors = float(np.mean(shifted[near : count + 1 - near] ** 2)), free, float(np.mean(apart_by**2)) / count
    return Variance(max(errors), max(int(count / memory) - 1, 1))


def _given_back(shifted: Floats, memory: float) -> float:
    """Return what the benchmark has too much for what exposure remembers of the returns before it.

    Covariances over the whole of the days add up to nothing: each of the *reach* lacks its share of their sum.
    """
    reach = min(2 * math.ceil(memory), len(shifted) // 4)
    return float(shifted[1 : 1 + reach].sum()) / (len(shifted) - reach)


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


def _memory_days(held: Floats) -> float:
    """Return for how many days exposure remembers itself: so many days apart, two of them are as good as independent.

    That is how long it stays above its mean, or below it, on average; or the sum of its autocorrelations, where that
    is more (G. Bayley and J. Hammersley, "The Effective Number of Independent Observations in an Autocorrelated Time
    Series", 1946). Both are the same for positions that begin and end at random. But who buys the more the deeper a
    fall comes and goes about the mean, and remembers the fall all the same.
    """
    is_high = held > held.mean()
    stretches = 1 + int(np.count_nonzero(is_high[1:] != is_high[:-1]))
    return max(len(held) / stretches, _correlated_days(held))


def _correlated_days(held: Floats) -> float:
    """Return the sum of the autocorrelations of exposure, as far as they stay above 0, on both sides."""
    count = len(held)
    spectrum = np.fft.rfft(held - held.mean(), 2 * count)  # twice as long, so that the end does not meet the beginning
    every = np.fft.irfft(spectrum * np.conj(spectrum))[:count]
    gone = np.flatnonzero(every <= 0.0)
    end = int(gone[0]) if len(gone) else count
    return float(2.0 * every[1:end].sum() / every[0]) + 1.0


def _shifted(held: Floats, market: Floats) -> Floats:
    """Return the covariance of exposure and market at each shift: at n that of the exposure n days after a return."""
    spectrum = np.fft.rfft(held - held.mean()) * np.conj(np.fft.rfft(market - market.mean()))
    every: Floats = np.fft.irfft(spectrum, len(held)) / len(held)
    return every

"""Fewer points without lies: a curve keeps the extremes of every stretch, candles become longer candles."""

from typing import Final

import numpy as np

from genesis.domain.candle import Candles, Ints, Timeframe, resample

POINTS_MAX: Final = 2_000
"""What one view draws at most: beyond, the eye sees no more and the page grows."""


def extreme_rows(values: Ints, points_max: int = POINTS_MAX) -> Ints:
    """Return the rows that draw *values* in at most *points_max* points: the ends, and the extremes of each stretch.

    So no peak and no trough is lost, whatever is left out. All rows where they are few enough.
    """
    n = len(values)
    if n <= points_max:
        return np.arange(n)
    starts = np.linspace(0, n, (points_max - 2) // 2, endpoint=False).astype(np.int64)
    ends = np.append(starts[1:], n)
    kept = [0, n - 1]
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        stretch = values[start:end]
        kept += [start + int(stretch.argmin()), start + int(stretch.argmax())]
    return np.unique(np.array(kept, dtype=np.int64))


def longer_candles(candles: Candles, timeframe: Timeframe, count_max: int = POINTS_MAX) -> tuple[Candles, Timeframe]:
    """Return candles of the first time frame, from *timeframe* on, in which they are at most *count_max*.

    Where even months are too many, the months.
    """
    if len(candles) <= count_max:
        return candles, timeframe
    coarser = [each for each in Timeframe if each.span_ms > timeframe.span_ms and timeframe.nests_in(each)]
    for each in coarser:
        if np.count_nonzero(np.diff(each.ordinals(candles.mts))) < count_max:
            return resample(candles, each), each
    return (resample(candles, coarser[-1]), coarser[-1]) if coarser else (candles, timeframe)

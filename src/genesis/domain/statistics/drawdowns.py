"""How far an account was below its best, candle by candle, and the times it spent there."""

from typing import Final, NamedTuple

import numpy as np

from genesis.domain.candle import Floats, Ints
from genesis.domain.units import Mts

DEEPEST: Final = 5


class Drawdown(NamedTuple):
    """From a peak of equity to its recovery; *recovered* is None while equity is still below the peak."""

    peak: Mts
    trough: Mts
    recovered: Mts | None
    depth: float
    """The share of the peak that was lost at the trough."""


def drawdown_series(equity: Ints, initial_cash: int) -> Floats:
    """Return the share of the highest equity so far that is lost at each close; the initial cash counts as a peak."""
    peaks = np.maximum.accumulate(np.maximum(equity, initial_cash)).astype(np.float64)
    lost: Floats = np.divide(peaks - equity, peaks, out=np.zeros(len(equity)), where=peaks > 0.0)
    return lost


def deepest_drawdowns(mts: Ints, equity: Ints, initial_cash: int, count: int = DEEPEST) -> tuple[Drawdown, ...]:
    """Return the *count* deepest passages from peak to recovery, deepest first; of equals the earlier one first.

    A drawdown that starts with the first candle has that candle as its peak, for the initial cash has no time.
    """
    lost = drawdown_series(equity, initial_cash)
    below = lost > 0.0
    if not below.any():
        return ()
    starts = np.flatnonzero(below & ~np.concatenate(([False], below[:-1])))
    ends = np.flatnonzero(below & ~np.concatenate((below[1:], [False]))) + 1
    bounds = np.column_stack((starts, ends)).ravel()
    depths = np.maximum.reduceat(lost, bounds[bounds < len(lost)])[::2]
    chosen = np.argsort(-depths, kind="stable")[:count]
    return tuple(_drawdown(mts, lost, int(starts[each]), int(ends[each])) for each in chosen)


def _drawdown(mts: Ints, lost: Floats, start: int, end: int) -> Drawdown:
    trough = start + int(np.argmax(lost[start:end]))
    recovered = Mts(int(mts[end])) if end < len(mts) else None
    return Drawdown(Mts(int(mts[max(start - 1, 0)])), Mts(int(mts[trough])), recovered, float(lost[trough]))

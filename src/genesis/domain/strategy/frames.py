"""Candles of a coarser time frame, gathered one by one: the same step for streaming and for columns.

A row that holds no number, or an infinity, is left out of its interval, as indicators leave it out; its time counts.
"""

from math import inf, nan
from typing import Final, TypeAlias

import numpy as np
from attrs import frozen

from genesis.domain.candle import Candles, Floats, Ints, Timeframe
from genesis.domain.compiled import kernel, step

FrameState: TypeAlias = tuple[int, int, float, float, float, float, float]
"""start, rows, open, high, low, close, volume: the interval that is forming, and how many rows are in it."""

NO_FRAME: Final[FrameState] = (-(2**62), 0, nan, nan, nan, nan, nan)


@step
def frame_step(
    state: FrameState, start: int, open_: float, high: float, low: float, close: float, volume: float
) -> tuple[FrameState, bool]:
    """Return the interval that is forming, and whether the one before is over and had any row.

    *start* is that of the interval of the row; a row of an interval that is over is left out.
    """
    present, rows, opened, highest, lowest, _, total = state
    if start < present:
        return state, False
    sound = -inf < open_ + high + low + close + volume < inf
    if start > present:
        is_over = rows > 0
        if sound:
            return (start, 1, open_, high, low, close, volume), is_over
        return (start, 0, nan, nan, nan, nan, nan), is_over
    if not sound:
        return state, False
    if rows == 0:
        return (start, 1, open_, high, low, close, volume), False
    top = high if high > highest else highest
    bottom = low if low < lowest else lowest
    return (start, rows + 1, opened, top, bottom, close, total + volume), False


@kernel
def _gather(
    state: FrameState,
    starts: Ints,
    open_: Floats,
    high: Floats,
    low: Floats,
    close: Floats,
    volume: Floats,
    over: Ints,
    frame_starts: Ints,
    frames: tuple[Floats, Floats, Floats, Floats, Floats],
) -> int:
    """Fill in how many intervals are over at each row, and those intervals; return how many there are in all."""
    count = 0
    for i in range(len(starts)):
        before = state
        state, is_over = frame_step(state, starts[i], open_[i], high[i], low[i], close[i], volume[i])
        if is_over:
            frame_starts[count] = before[0]
            frames[0][count], frames[1][count] = before[2], before[3]
            frames[2][count], frames[3][count], frames[4][count] = before[4], before[5], before[6]
            count += 1
        over[i] = count
    if state[1] > 0:
        frame_starts[count] = state[0]
        frames[0][count], frames[1][count] = state[2], state[3]
        frames[2][count], frames[3][count], frames[4][count] = state[4], state[5], state[6]
        count += 1
    return count


@frozen(eq=False)
class Frames:
    """Candles of a coarser time frame, the last perhaps still forming, and how many were over at each finer candle."""

    candles: Candles
    over: Ints


def frames_of(candles: Candles, timeframe: Timeframe) -> Frames:
    """Return the candles of *timeframe* that *candles* make up."""
    count = len(candles)
    over = np.zeros(count, dtype=np.int64)
    starts = np.empty(count, dtype=np.int64)
    columns = tuple(np.empty(count) for _ in range(5))
    made = _gather(
        NO_FRAME,
        timeframe.starts(candles.mts),
        *(candles.open, candles.high, candles.low, candles.close, candles.volume),
        over,
        starts,
        columns,  # type: ignore[arg-type]  # five of them
    )
    return Frames(Candles(starts[:made], *(column[:made] for column in columns)), over)

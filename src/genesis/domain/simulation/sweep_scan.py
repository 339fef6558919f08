"""What makes a tile of candles quick to pass over: where targets change, and the range of the closes of any stretch.

A strategy changes its mind at few candles, and between two fills equity follows the close alone. So a run needs to look
at the candles where its target changes, and at the lowest and highest close of the stretches between them; both are
found here in a few operations whatever the length of a stretch.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from genesis.domain.candle import Floats, Ints
from genesis.domain.compiled import kernel, step

TILE: Final = 1024
"""Candles of a tile: its columns, for the distinct indicators of a sweep, fit into a core's second cache."""
LEVELS: Final = 11
"""Powers of two up to a whole tile."""

Bytes = npt.NDArray[np.uint8]


class Tile(NamedTuple):
    """Room for what is known of one tile, made again for each; *words* is the memory of *marks*, eight at a time.

    *lows* and *highs* hold at [k, j] the lowest and highest close of the 2^k candles from j on, *powers* the largest k
    with 2^k <= n for each n. *codes* and *marks* belong to one run.
    """

    lows: Floats
    highs: Floats
    powers: Ints
    codes: Bytes
    marks: Bytes
    words: Ints


class Targets(NamedTuple):
    """The targets of one run in a tile: *first*, or if *is_choice*, *then* while first > second, else *otherwise*."""

    is_choice: bool
    first: Floats
    second: Floats
    then: float
    otherwise: float


def empty_tile() -> Tile:
    """Return the room for one thread's tiles."""
    marks = np.zeros(TILE, dtype=np.uint8)
    powers = np.array([max(n.bit_length() - 1, 0) for n in range(TILE + 1)], dtype=np.int64)
    lows, highs = np.empty((LEVELS, TILE)), np.empty((LEVELS, TILE))
    return Tile(lows, highs, powers, np.zeros(TILE, dtype=np.uint8), marks, marks.view("<i8"))


@kernel
def range_closes(closes: Floats, begin: int, size: int, lows: Floats, highs: Floats) -> None:
    """Fill *lows* and *highs* for the tile of *size* closes from *begin* on."""
    for j in range(size):
        price = closes[begin + j]
        # NaN compares with nothing: as the lowest of all prices, a stretch that has one is never passed over.
        lows[0, j] = price if price == price else -np.inf
        highs[0, j] = price
    half = 1
    for level in range(1, LEVELS):
        for j in range(size - 2 * half + 1):
            lows[level, j] = min(lows[level - 1, j], lows[level - 1, j + half])
            highs[level, j] = max(highs[level - 1, j], highs[level - 1, j + half])
        half *= 2


@step
def lowest_of(tile: Tile, begin: int, end: int) -> float:
    """Return the lowest close of the candles from *begin* to before *end* of the tile, at least one."""
    level = tile.powers[end - begin]
    left: float = tile.lows[level, begin]
    right: float = tile.lows[level, end - (1 << level)]
    return min(left, right)


@step
def highest_of(tile: Tile, begin: int, end: int) -> float:
    """Return the highest close of the candles from *begin* to before *end* of the tile, at least one."""
    level = tile.powers[end - begin]
    left: float = tile.highs[level, begin]
    right: float = tile.highs[level, end - (1 << level)]
    return max(left, right)


@kernel
def mark_changes(tile: Tile, targets: Targets, size: int) -> None:
    """Mark the first candle, and each whose target is known and not that of the candle before."""
    codes, marks, first, second = tile.codes, tile.marks, targets.first, targets.second
    if targets.is_choice:
        for j in range(size):
            codes[j] = np.uint8(first[j] > second[j]) + np.uint8(not first[j] <= second[j])
        for j in range(1, size):
            marks[j] = np.uint8(codes[j] != codes[j - 1])
    else:
        for j in range(1, size):
            marks[j] = np.uint8(first[j] != first[j - 1]) & np.uint8(first[j] == first[j])
    marks[0] = 1
    for j in range(size, TILE):
        marks[j] = 0


@step
def target_at(targets: Targets, j: int) -> float:
    """Return the target of candle *j* of the tile."""
    left: float = targets.first[j]
    if not targets.is_choice:
        return left
    right = targets.second[j]
    if left > right:
        return targets.then
    return targets.otherwise if left <= right else np.nan


@step
def next_mark(words: Ints, j: int) -> int:
    """Return the first marked candle from *j* on, TILE or more where there is none."""
    at = j >> 3
    if at >= TILE >> 3:
        return TILE
    word = words[at] >> ((j & 7) << 3)
    if word == 0:
        at += 1
        while at < TILE >> 3 and words[at] == 0:
            at += 1
        if at >= TILE >> 3:
            return TILE
        j, word = at << 3, words[at]
    if word & 0xFFFFFFFF == 0:
        word >>= 32
        j += 4
    if word & 0xFFFF == 0:
        word >>= 16
        j += 2
    return j + 1 if word & 0xFF == 0 else j

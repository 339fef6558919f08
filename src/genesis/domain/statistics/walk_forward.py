"""Windows for walk-forward validation: parameters are chosen on one stretch of time and judged on the next."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from genesis.domain.candle import DAY_MS
from genesis.domain.units import Mts


class Window(NamedTuple):
    """Choose on start <= mts < end of training, judge on start <= mts < end of the test."""

    train_start: Mts
    train_end: Mts
    test_start: Mts
    test_end: Mts


class Schedule(NamedTuple):
    """How windows are cut, in milliseconds.

    Tests follow one another without overlap. Training ends where the test begins, less *purge*, so that nothing decided
    in training is filled in the test. The first *embargo* of the test is not traded, so that what lasts for a while
    after training flatters no one. Anchored training always begins at the start; else it is *train* long.
    """

    train: int
    test: int
    purge: int = 0
    embargo: int = 0
    is_anchored: bool = False


def windows_of(first: int, last: int, schedule: Schedule) -> list[Window]:
    """Return the windows over candles from *first* to *last*; every test begins at a midnight UTC, and is whole.

    Raises `ValueError` for spans that make no windows: not whole days, or nothing left after purge and embargo.
    """
    train, test, purge, embargo, is_anchored = schedule
    if train <= 0 or test <= 0 or train % DAY_MS or test % DAY_MS:
        raise ValueError("training and test must be whole days, at least one")
    if not 0 <= purge < train or not 0 <= embargo < test:
        raise ValueError("purge must be shorter than training, and embargo shorter than the test")
    start = -(-first // DAY_MS) * DAY_MS
    end = (last // DAY_MS + 1) * DAY_MS
    windows = []
    boundary = start + train
    while boundary + test <= end:
        begin = start if is_anchored else boundary - train
        windows.append(Window(Mts(begin), Mts(boundary - purge), Mts(boundary + embargo), Mts(boundary + test)))
        boundary += test
    return windows


def efficiency(trained: Sequence[float | None], tested: Sequence[float | None]) -> float | None:
    """Return the mean Sharpe ratio of tests ÷ that of training, window by window; None where training promised nothing.

    A window that was idle has no ratio and counts as 0: left out, what training promised there and the
    test did not keep would be forgotten.
    """
    promised, kept = (math.fsum(each or 0.0 for each in ratios) for ratios in (trained, tested))
    return kept / promised if promised > 0.0 else None

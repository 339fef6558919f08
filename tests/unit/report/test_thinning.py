"""Fewer points, the same extremes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from genesis.adapters.report.thinning import extreme_rows, longer_candles
from genesis.domain.candle import Timeframe
from tests.reports import wavy_candles


@given(st.lists(st.integers(-(10**15), 10**15), max_size=400), st.integers(10, 60))
def test_thinning_keeps_the_ends_and_every_extreme(values: list[int], points: int) -> None:
    column = np.array(values, dtype=np.int64)
    rows = extreme_rows(column, points)
    assert len(rows) <= max(points, 0) or len(rows) == len(values) <= points
    assert (np.diff(rows) > 0).all()
    if values:
        kept = column[rows]
        assert (rows[0], rows[-1]) == (0, len(values) - 1)
        assert (kept.min(), kept.max()) == (column.min(), column.max())


@given(st.integers(0, 3000), st.integers(100, 2000))
def test_candles_are_made_longer_until_they_are_few_enough(count: int, count_max: int) -> None:
    candles = wavy_candles(count)
    longer, timeframe = longer_candles(candles, Timeframe.H1, count_max)
    assert len(longer) <= count_max
    assert timeframe.span_ms >= Timeframe.H1.span_ms
    if count:
        assert (longer.high.max(), longer.low.min()) == (candles.high.max(), candles.low.min())
        assert longer.close[-1] == candles.close[-1]
    if count <= count_max:
        assert timeframe is Timeframe.H1


def test_a_million_minutes_become_half_days() -> None:
    mts = np.arange(1_000_000) * 60_000
    flat = np.ones(len(mts))
    candles = type(wavy_candles(1))(mts, flat, flat, flat, flat, flat)
    longer, timeframe = longer_candles(candles, Timeframe.M1)
    assert (len(longer), timeframe) == (1389, Timeframe.H12)


def test_where_nothing_is_coarser_the_candles_stay() -> None:
    candles = wavy_candles(10)
    assert longer_candles(candles, Timeframe.MONTH, 5) == (candles, Timeframe.MONTH)

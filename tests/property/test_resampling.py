"""Laws of resampling: the plain oracle, the stream, and the future that changes nothing."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.domain.candle import MINUTE_MS, Candle, Candles, Timeframe, resample, resample_step, rows_sha256
from genesis.domain.units import Mts

TIMEFRAMES = st.sampled_from(list(Timeframe))


@st.composite
def minutes(draw: st.DrawFn) -> list[Candle]:
    """Rising one-minute candles with gaps of any size, around a time that may lie before 1970."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    at = draw(st.integers(-10_000_000, 30_000_000))
    spread = draw(st.sampled_from([1, 2, 30, 2000, 40_000]))
    rows = []
    for _ in range(draw(st.integers(0, 60))):
        at += chance.randint(1, spread)
        opened, closed = chance.uniform(1, 2), chance.uniform(1, 2)
        high, low = max(opened, closed) * chance.uniform(1, 1.1), min(opened, closed) * chance.uniform(0.9, 1)
        rows.append(Candle(Mts(at * MINUTE_MS), opened, high, low, closed, chance.choice([0.1, 1e-8, 1e6, 3.3])))
    return rows


def oracle(rows: list[Candle], timeframe: Timeframe) -> list[Candle]:
    buckets: dict[Mts, list[Candle]] = {}
    for row in rows:
        buckets.setdefault(timeframe.start(row.mts), []).append(row)
    out = []
    for start, inside in buckets.items():
        volume = 0.0
        for row in inside:
            volume += row.volume
        high, low = max(row.high for row in inside), min(row.low for row in inside)
        out.append(Candle(start, inside[0].open, high, low, inside[-1].close, volume))
    return out


@given(minutes(), TIMEFRAMES)
def test_a_resampled_candle_is_what_its_bucket_holds(rows: list[Candle], timeframe: Timeframe) -> None:
    assert list(resample(Candles.from_rows(rows), timeframe)) == oracle(rows, timeframe)


@given(minutes(), TIMEFRAMES)
def test_the_stream_closes_the_candles_of_the_batch(rows: list[Candle], timeframe: Timeframe) -> None:
    forming: Candle | None = None
    out = []
    for row in rows:
        forming, closed = resample_step(forming, row, timeframe)
        if closed is not None:
            assert timeframe.end(closed.mts) <= row.mts
            out.append(closed)
    if forming is not None:
        out.append(forming)
    assert rows_sha256(Candles.from_rows(out)) == rows_sha256(resample(Candles.from_rows(rows), timeframe))


@given(minutes(), TIMEFRAMES, st.data())
def test_the_future_changes_no_closed_candle(rows: list[Candle], timeframe: Timeframe, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(rows)))
    whole = list(resample(Candles.from_rows(rows), timeframe))
    known = list(resample(Candles.from_rows(rows[:cut]), timeframe))
    now = rows[cut].mts if cut < len(rows) else rows[-1].mts + MINUTE_MS if rows else 0
    closed = [each for each in known if timeframe.end(each.mts) <= now]
    assert whole[: len(closed)] == closed
    assert len(known) - len(closed) <= 1


@given(minutes(), TIMEFRAMES)
def test_resampling_twice_is_resampling_once(rows: list[Candle], timeframe: Timeframe) -> None:
    once = resample(Candles.from_rows(rows), timeframe)
    assert rows_sha256(resample(once, timeframe)) == rows_sha256(once)


@given(st.lists(st.integers(-(2**41), 2**42), max_size=50), TIMEFRAMES)
def test_columns_and_single_times_agree_on_their_interval(times: list[int], timeframe: Timeframe) -> None:
    column = np.array(times, dtype=np.int64)
    assert timeframe.starts(column).tolist() == [timeframe.start(each) for each in times]
    ordinals = timeframe.ordinals(column).tolist()
    for each, ordinal in zip(times, ordinals, strict=True):
        start, end = timeframe.start(each), timeframe.end(each)
        assert start <= each < end
        assert timeframe.start(end) == end
        following = timeframe.ordinals(np.array([end - 1, end]))
        assert following.tolist() == [ordinal, ordinal + 1]


def test_a_candle_of_a_closed_interval_is_refused() -> None:
    late, early = (Candle(Mts(at), 1.0, 1.0, 1.0, 1.0, 1.0) for at in (Timeframe.H1.span_ms, 0))
    forming, _ = resample_step(None, late, Timeframe.H1)
    with pytest.raises(ValueError, match="closed before"):
        resample_step(forming, early, Timeframe.H1)

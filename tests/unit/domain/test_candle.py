"""Candles in columns, time frames, gaps, and the canonical hash."""

import hashlib
import struct
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest

from genesis.domain.candle import MINUTE_MS, Candle, Candles, Gap, Timeframe, concatenate, rows_sha256
from genesis.domain.units import Mts


def mts(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> Mts:
    return Mts(int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp()) * 1000)


def candle(at: int, price: float = 100.0, volume: float = 1.0) -> Candle:
    return Candle(Mts(at), price, price + 1, price - 1, price + 0.5, volume)


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("1m", (2017, 3, 15, 13, 47), (2017, 3, 15, 13, 48)),
        ("5m", (2017, 3, 15, 13, 45), (2017, 3, 15, 13, 50)),
        ("15m", (2017, 3, 15, 13, 45), (2017, 3, 15, 14, 0)),
        ("30m", (2017, 3, 15, 13, 30), (2017, 3, 15, 14, 0)),
        ("1h", (2017, 3, 15, 13), (2017, 3, 15, 14)),
        ("3h", (2017, 3, 15, 12), (2017, 3, 15, 15)),
        ("6h", (2017, 3, 15, 12), (2017, 3, 15, 18)),
        ("12h", (2017, 3, 15, 12), (2017, 3, 16)),
        ("1D", (2017, 3, 15), (2017, 3, 16)),
        ("1W", (2017, 3, 13), (2017, 3, 20)),
        ("7D", (2017, 3, 13), (2017, 3, 20)),
        ("14D", (2017, 3, 13), (2017, 3, 27)),
        ("1M", (2017, 3, 1), (2017, 4, 1)),
    ],
)
def test_an_interval_is_known_by_its_utc_start_and_end(name: str, start: tuple[int, ...], end: tuple[int, ...]) -> None:
    timeframe = Timeframe.parse(name)
    inside = mts(2017, 3, 15, 13, 47) + 12_345
    assert timeframe.start(inside) == mts(*start)
    assert timeframe.end(inside) == mts(*end)
    assert timeframe.start(mts(*end) - 1) == mts(*start)
    assert timeframe.start(mts(*end)) == mts(*end)


def test_a_month_ends_where_the_next_begins_in_every_month_of_a_leap_cycle() -> None:
    starts = [mts(year, month, 1) for year in range(2016, 2021) for month in range(1, 13)]
    for start, following in pairwise(starts):
        assert Timeframe.MONTH.end(start) == following
        assert Timeframe.MONTH.end(following - 1) == following


def test_an_unknown_timeframe_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ValueError, match="'4h' is not a time frame of Bitfinex: one of 1m 5m"):
        Timeframe.parse("4h")


@pytest.mark.parametrize(
    ("fine", "coarse", "nests"),
    [
        ("1m", "1M", True),
        ("1D", "1M", True),
        ("1W", "1M", False),
        ("1M", "1W", False),
        ("1M", "1M", True),
        ("1D", "1W", True),
        ("1W", "14D", True),
        ("3h", "12h", True),
        ("1h", "1m", False),
        ("15m", "30m", True),
    ],
)
def test_only_nested_timeframes_can_be_resampled(fine: str, coarse: str, nests: bool) -> None:
    assert Timeframe.parse(fine).nests_in(Timeframe.parse(coarse)) is nests


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="column close has shape"):
        Candles([1, 2], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [1.0], [1.0, 1.0])


@pytest.mark.parametrize("times", [[1, 1], [2, 1], [1, 3, 2]])
def test_times_that_do_not_rise_are_refused(times: list[int]) -> None:
    column = np.ones(len(times))
    with pytest.raises(ValueError, match="times must rise"):
        Candles(times, column, column, column, column, column)


def test_fractional_times_are_refused() -> None:
    with pytest.raises(ValueError, match="integer milliseconds"):
        Candles([1.5], [1.0], [1.0], [1.0], [1.0], [1.0])


def test_the_columns_cannot_be_written() -> None:
    prices = np.ones(2)
    candles = Candles([1, 2], prices, prices, prices, prices, prices)
    with pytest.raises(ValueError, match="read-only"):
        candles.close[0] = 5.0
    prices[0] = 1.0  # the caller's own array stays writable


def test_iteration_gives_back_the_rows_as_plain_numbers() -> None:
    rows = [candle(at * MINUTE_MS, 100.0 + at, at / 7) for at in range(10_000)]
    out = list(Candles.from_rows(rows))
    assert out == rows
    assert {type(value) for value in out[0]} == {int, float}
    assert isinstance(out[0], Candle)


def test_one_row_and_a_slice_are_the_rows_they_name() -> None:
    rows = [candle(at * MINUTE_MS, 100.0 + at) for at in range(10)]
    candles = Candles.from_rows(rows)
    assert candles[3] == rows[3]
    assert candles[-1] == rows[-1]
    assert list(candles[2:5]) == rows[2:5]


def test_between_includes_its_start_and_excludes_its_end() -> None:
    rows = [candle(at) for at in (10, 20, 30, 40)]
    candles = Candles.from_rows(rows)
    assert list(candles.between(20, 40)) == rows[1:3]
    assert list(candles.between(None, 21)) == rows[:2]
    assert list(candles.between(21)) == rows[2:]
    assert list(candles.between(40, 10)) == []


def test_no_candles_are_candles_too() -> None:
    empty = Candles.from_rows([])
    assert len(empty) == 0
    assert list(empty) == []
    assert empty.gaps(Timeframe.M1) == []
    assert len(concatenate([])) == len(concatenate([empty, empty])) == 0
    assert rows_sha256(empty) == hashlib.sha256().hexdigest()


def test_gaps_are_the_intervals_without_a_candle() -> None:
    candles = Candles.from_rows([candle(at * MINUTE_MS) for at in (0, 1, 4, 5, 7)])
    assert candles.gaps(Timeframe.M1) == [Gap(Mts(2 * MINUTE_MS), 2), Gap(Mts(6 * MINUTE_MS), 1)]


def test_a_gap_of_months_counts_months() -> None:
    candles = Candles.from_rows([candle(mts(2017, 1, 1)), candle(mts(2017, 4, 1)), candle(mts(2017, 5, 1))])
    assert candles.gaps(Timeframe.MONTH) == [Gap(mts(2017, 2, 1), 2)]


def test_parts_are_joined_in_order_and_refused_out_of_order() -> None:
    rows = [candle(at) for at in range(6)]
    first, second = Candles.from_rows(rows[:2]), Candles.from_rows(rows[2:])
    assert list(concatenate([first, second])) == rows
    with pytest.raises(ValueError, match="times must rise"):
        concatenate([second, first])


def test_the_row_hash_is_sha256_over_packed_little_endian_rows() -> None:
    rows = [candle(at * MINUTE_MS, 966.61 + at, 0.1 * at) for at in range(5000)]
    plain = b"".join(struct.pack("<qddddd", *row) for row in rows)
    assert rows_sha256(Candles.from_rows(rows)) == hashlib.sha256(plain).hexdigest()


def test_the_row_hash_knows_one_zero_only() -> None:
    assert rows_sha256(Candles.from_rows([candle(0, volume=-0.0)])) == rows_sha256(
        Candles.from_rows([candle(0, volume=0.0)])
    )


def test_the_row_hash_sees_the_last_bit_of_any_column() -> None:
    row = candle(60_000, 7.0, 3.0)
    changed = [row._replace(mts=Mts(60_001))] + [
        row._replace(**{name: np.nextafter(getattr(row, name), np.inf)}) for name in Candle._fields[1:]
    ]
    hashes = {rows_sha256(Candles.from_rows([each])) for each in [row, *changed]}
    assert len(hashes) == 7

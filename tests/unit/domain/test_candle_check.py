"""What a check finds in rows from outside, and what a repair leaves."""

import numpy as np
import pytest

from genesis.domain.candle import MINUTE_MS, Candle, Timeframe
from genesis.domain.candle_check import TIME_MIN, Checked, Fault, RawCandles, check
from genesis.domain.units import Mts

START = 1_483_228_800_000


def row(minute: int, mts: int | None = None, **changes: float) -> Candle:
    start = START + minute * MINUTE_MS if mts is None else mts
    numbers = {"open": 100.0, "high": 103.0, "low": 98.0, "close": 101.0, "volume": 1.5, **changes}
    return Candle(Mts(start), **numbers)


def checked(*rows: Candle, timeframe: Timeframe = Timeframe.M1) -> Checked:
    numbers = np.array(rows, dtype=np.float64)
    mts, lines = np.array([each.mts for each in rows], dtype=np.int64), np.arange(1, len(rows) + 1)
    opened, high, low, close, volume = (numbers[:, column] for column in range(1, 6))
    return check(RawCandles(mts, opened, high, low, close, volume, lines), timeframe)


def faults(result: Checked) -> dict[Fault, int]:
    return {finding.fault: finding.rows for finding in result.findings}


def test_good_rows_are_candles_and_gaps_are_no_fault() -> None:
    rows = [row(0), row(1), row(5), row(6, volume=0.0)]
    result = checked(*rows)
    assert (result.findings, result.notes) == ((), ())
    assert list(result.candles) == rows


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        (row(1, open=float("nan")), Fault.NUMBER),
        (row(1, high=float("inf")), Fault.NUMBER),
        (row(1, volume=float("-inf")), Fault.NUMBER),
        (row(1, low=0.0), Fault.PRICE),
        (row(1, close=-1.0), Fault.PRICE),
        (row(1, volume=-1e-8), Fault.VOLUME),
        (row(1, high=97.0), Fault.HIGH_BELOW_LOW),
        (row(1, open=103.1), Fault.OUTSIDE),
        (row(1, close=97.9), Fault.OUTSIDE),
        (row(1, mts=START + 1), Fault.OFF_GRID),
        (row(1, mts=START // 1000), Fault.TIME),
        (row(1, mts=START * 1000), Fault.TIME),
        (row(1, mts=-60_000), Fault.TIME),
        (row(1, mts=TIME_MIN - 1), Fault.TIME),
    ],
)
def test_an_impossible_row_is_found_once_and_a_repair_drops_it(bad: Candle, fault: Fault) -> None:
    result = checked(row(0), bad, row(2))
    assert faults(result) == {fault: 1}
    assert result.findings[0].first[0].line == 2
    assert list(result.candles) == [row(0), row(2)]


def test_times_in_seconds_or_microseconds_are_named_so() -> None:
    seconds, micros = (str(checked(row(0), row(1, mts=mts)).findings[0]) for mts in (START // 1000, START * 1000))
    assert "looks like seconds" in seconds
    assert "looks like microseconds" in micros


def test_a_row_repeated_as_it_is_and_one_with_other_numbers_are_two_faults_and_the_later_line_stays() -> None:
    result = checked(row(0), row(0), row(1), row(2), row(1, volume=9.0))
    assert faults(result) == {Fault.DISORDER: 1, Fault.DUPLICATE: 1, Fault.CONFLICT: 1}
    assert list(result.candles) == [row(0), row(1, volume=9.0), row(2)]


def test_disorder_is_found_and_a_repair_sorts_it() -> None:
    result = checked(row(0), row(3), row(1), row(2), row(4))
    assert faults(result) == {Fault.DISORDER: 2}
    assert [offender.line for offender in result.findings[0].first] == [3, 4]
    assert list(result.candles) == [row(minute) for minute in range(5)]


def test_rows_newest_first_are_read_backwards_and_that_is_said() -> None:
    result = checked(*(row(minute) for minute in reversed(range(5))))
    assert result.findings == ()
    assert result.notes == ("rows are newest first: read backwards",)
    assert list(result.candles) == [row(minute) for minute in range(5)]


def test_pages_newest_first_that_overlap_have_duplicates_and_the_later_line_wins() -> None:
    result = checked(row(4), row(3), row(2), row(2, volume=7.0), row(1), row(0))
    assert faults(result) == {Fault.CONFLICT: 1}
    assert list(result.candles)[2] == row(2, volume=7.0)


def test_only_the_first_offenders_are_named_and_all_are_counted() -> None:
    result = checked(row(0), *(row(minute, volume=-1.0) for minute in range(1, 9)))
    (finding,) = result.findings
    assert (finding.rows, [offender.line for offender in finding.first]) == (8, [2, 3, 4])
    assert str(finding).startswith("8 rows: has a negative volume (line 2: mts 1483228860000 open 100.0 close 101.0")


def test_columns_in_the_usual_order_instead_of_that_of_bitfinex_are_suspected() -> None:
    swapped = [Candle(row(minute).mts, 100.0, high=98.0, low=101.0, close=103.0, volume=1.0) for minute in range(9)]
    assert any("open, close, high, low" in note for note in checked(*swapped).notes)


def test_hours_that_claim_to_be_minutes_are_suspected() -> None:
    assert any("time frame" in note for note in checked(*(row(60 * hour) for hour in range(200))).notes)
    assert checked(*(row(60 * hour) for hour in range(200)), timeframe=Timeframe.H1).notes == ()


@pytest.mark.parametrize("timeframe", [Timeframe.W1, Timeframe.D14])
def test_weeks_may_begin_on_any_day_but_at_midnight(timeframe: Timeframe) -> None:
    thursdays = [row(0, mts=START + (4 + 14 * count) * 1440 * MINUTE_MS) for count in range(3)]
    assert checked(*thursdays, timeframe=timeframe).findings == ()
    late = thursdays[1]._replace(mts=Mts(thursdays[1].mts + MINUTE_MS))
    assert faults(checked(thursdays[0], late, thursdays[2], timeframe=timeframe)) == {Fault.OFF_GRID: 1}


def test_no_rows_have_no_faults() -> None:
    none, numbers = np.empty(0, np.int64), np.empty(0)
    result = check(RawCandles(none, numbers, numbers, numbers, numbers, numbers, none), Timeframe.M1)
    assert (len(result.candles), result.findings, result.notes) == (0, (), ())

"""The exchange's clock as its answers tell it: B2, B5."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.adapters.bitfinex.exchange_time import ExchangeTime
from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.metrics import MemoryMetrics


@given(ahead_s=st.integers(-(10**8), 10**8), trip_s=st.floats(0, 5))
def test_a_wrong_clock_is_set_right_within_the_header_and_the_trip(ahead_s: int, trip_s: float) -> None:
    clock = ManualClock()
    time = ExchangeTime(clock, MemoryMetrics())
    sent_us = clock.now_us()
    clock.move(trip_s / 2)
    theirs = datetime.fromtimestamp(clock.now_us() / 1e6, UTC) - timedelta(seconds=ahead_s)
    clock.move(trip_s / 2)
    time.note(format_datetime(theirs.replace(microsecond=0)), sent_us)
    truth_us = clock.now_us() - ahead_s * 1_000_000
    assert abs(time.now_us() - truth_us) <= 500_000 + trip_s * 500_000 + 10


@pytest.mark.parametrize(
    "date",
    [
        *["", "soon", "Wed, 99 Foo 2026 99:99:99 GMT", "2023-11-14", "0", "Tue, 14 Nov 2023 22:13:20"],
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Mon, 01 Jan 2024 00:00:00 +99999999999999999999",
    ],
)
def test_a_date_that_is_none_teaches_nothing(date: str) -> None:
    clock = ManualClock()
    time = ExchangeTime(clock, MemoryMetrics())
    time.note(date, clock.now_us())
    assert time.now_us() == clock.now_us()


@pytest.mark.parametrize("trip_s", [6.0, -1.0])
def test_a_trip_that_is_too_long_or_runs_backwards_teaches_nothing(trip_s: float) -> None:
    clock = ManualClock()
    time = ExchangeTime(clock, MemoryMetrics())
    sent_us = clock.now_us()
    clock.step_wall(trip_s)
    time.note("Wed, 14 Nov 2029 22:13:20 GMT", sent_us)
    assert time.now_us() == clock.now_us()

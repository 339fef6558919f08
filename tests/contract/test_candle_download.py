"""Downloading into the archive: nothing twice, nothing missing, and an interruption costs one batch at most."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.adapters.memory.candles import MemoryCandles
from genesis.app.candle_download import BATCH_PAGES, Downloaded, covered, download, missing
from genesis.domain.candle import Timeframe
from genesis.domain.units import Mts
from genesis.ports.errors import InputError, ProtocolViolation
from tests.fakes.bitfinex_server import BitfinexServer, Json, answering, error
from tests.fakes.rest import SYMBOL, desk

START = 1_700_000_040_000 - 40_000 - 1_700_000_000_000 % 60_000
MINUTE = 60_000


def series(minutes: list[int]) -> list[list[Json]]:
    return [[START + MINUTE * minute, 100.5, 101, 102, 99.25, float(minute)] for minute in minutes]


def until(minutes: int) -> tuple[int, int]:
    return START, START + MINUTE * minutes - 1


async def fetch(
    server: BitfinexServer, archive: MemoryCandles, minutes: int, now: int, *, repair: bool = False
) -> Downloaded:
    shown: list[tuple[int, int]] = []
    async with desk(server.url) as ours:
        found = await download(
            ours.market,
            archive,
            SYMBOL,
            Timeframe.M1,
            until(minutes),
            Mts(START + MINUTE * now),
            lambda done, total: shown.append((done, total)),
            repair=repair,
        )
    assert all(done <= total for done, total in shown)
    assert not shown or shown[-1][0] == shown[-1][1]
    return found


async def test_a_span_is_downloaded_once_with_its_gaps() -> None:
    minutes = [0, 1, 2, 10, 11, 40, 59]
    archive = MemoryCandles()
    async with BitfinexServer() as server:
        server.candles, server.page_rows_max = series(minutes), 3
        assert (await fetch(server, archive, 60, now=1000)).added == 7
        asked = len(server.requests)
        again = await fetch(server, archive, 60, now=1000)
    assert (again.spans, again.added, len(server.requests)) == ((), 0, asked)
    described, candles = archive.read(SYMBOL, Timeframe.M1)
    assert [int((mts - START) / MINUTE) for mts in candles.mts] == minutes
    assert covered(archive, SYMBOL, Timeframe.M1) == [until(60)]
    assert described.sources[0].name == f"Bitfinex {START}..{START + MINUTE * 60 - 1}"


async def test_a_span_begins_with_the_first_candle_inside() -> None:
    archive = MemoryCandles()
    async with BitfinexServer() as server, desk(server.url) as ours:
        server.candles = series([0, 1, 2])
        span = (START + 1, START + 3 * MINUTE - 1)
        now = Mts(START + 1000 * MINUTE)
        await download(ours.market, archive, SYMBOL, Timeframe.M1, span, now, lambda _done, _total: None)
    assert [int(mts) for mts in archive.read(SYMBOL, Timeframe.M1)[1].mts] == [START + MINUTE, START + 2 * MINUTE]


async def test_a_longer_span_asks_only_for_what_is_new() -> None:
    archive = MemoryCandles()
    async with BitfinexServer() as server:
        server.candles = series(list(range(100)))
        await fetch(server, archive, 60, now=1000)
        found = await fetch(server, archive, 100, now=1000)
    assert found.spans == ((START + MINUTE * 60, START + MINUTE * 100 - 1),)
    assert (found.added, found.identical) == (40, 0)


async def test_a_candle_that_is_still_forming_is_left_out() -> None:
    archive = MemoryCandles()
    async with BitfinexServer() as server:
        server.candles = series(list(range(10)))
        assert (await fetch(server, archive, 60, now=5)).added == 4
    assert len(archive.read(SYMBOL, Timeframe.M1)[1]) == 4


async def test_a_download_that_fails_half_way_goes_on_where_it_stopped() -> None:
    archive, path = MemoryCandles(), "candles/trade:1m:tBTCUSD/hist"
    async with BitfinexServer() as server:
        server.candles, server.page_rows_max = series(list(range(100))), 2
        fail = answering(lambda: error(98765, "new"))
        server.next(path, *[server.serve] * (BATCH_PAGES + 3), fail)
        with pytest.raises(ProtocolViolation):
            await fetch(server, archive, 100, now=1000)
        kept = len(archive.read(SYMBOL, Timeframe.M1)[1])
        assert kept == 2 * BATCH_PAGES
        assert (await fetch(server, archive, 100, now=1000)).added == 100 - kept
    assert [float(volume) for volume in archive.read(SYMBOL, Timeframe.M1)[1].volume] == list(map(float, range(100)))


async def test_impossible_candles_are_refused_or_left_out_on_request() -> None:
    """D21."""
    archive = MemoryCandles()
    async with BitfinexServer() as server:
        server.candles = series([0, 1, 2])
        server.candles[1][4] = 500  # a low above the high
        with pytest.raises(InputError, match="high below its low"):
            await fetch(server, archive, 3, now=1000)
        assert archive.series() == []
        found = await fetch(server, archive, 3, now=1000, repair=True)
    assert (found.added, len(found.repairs)) == (2, 1)


Spans = list[tuple[int, int]]
SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)).map(lambda at: (at[0], at[0] + at[1])), max_size=8)


@given(start=st.integers(0, 60), length=st.integers(-5, 40), done=SPANS)
def test_what_is_missing_is_what_no_span_covers(start: int, length: int, done: Spans) -> None:
    left = missing((start, start + length), done)
    covered_by_none = {at for at in range(start, start + length + 1) if not any(a <= at <= b for a, b in done)}
    assert {at for first, last in left for at in range(first, last + 1)} == covered_by_none
    assert left == sorted(left)
    assert all(first <= last for first, last in left)

"""The contract of `CandleArchive`, over every adapter."""

from collections.abc import Callable
from pathlib import Path

import pytest

from genesis.adapters.candles_parquet import ParquetCandles
from genesis.adapters.memory.candles import MemoryCandles
from genesis.domain.candle import MINUTE_MS, Candle, Candles, Timeframe, rows_sha256
from genesis.domain.candle_series import CandleSource
from genesis.domain.units import Mts, Symbol
from genesis.ports.candles import CandleArchive
from genesis.ports.errors import InputError

Reopen = Callable[[], CandleArchive]
BTC, ETH = Symbol("tBTCUSD"), Symbol("tDUSK:USD")
M1 = Timeframe.M1


@pytest.fixture(params=["memory", "parquet"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Reopen:
    """A factory of archives over one backing state, as after a restart."""
    memory = MemoryCandles()
    return (lambda: memory) if request.param == "memory" else (lambda: ParquetCandles(tmp_path / "candles"))


def candles(minutes: range, price: float = 100.0) -> Candles:
    return Candles.from_rows(
        Candle(Mts(at * MINUTE_MS), price + 0.1 * at, price + 0.3 * at, price, price + 0.2 * at, 0.1 * at)
        for at in minutes
    )


def source(part: Candles, name: str = "file.csv") -> CandleSource:
    return CandleSource(name, len(part), rows_sha256(part))


def test_what_was_added_is_read_back_to_the_bit_after_a_restart(reopen: Reopen) -> None:
    part = candles(range(10, 2000, 3))
    reopen().add(BTC, M1, part, source(part))
    series, out = reopen().read(BTC, M1)
    assert list(out) == list(part)
    assert (series.rows, series.first, series.last) == (len(part), part.mts[0], part.mts[-1])
    assert series.sha256 == rows_sha256(part) == rows_sha256(out)
    assert series.sources == (source(part),)


def test_a_read_has_the_times_it_asked_for(reopen: Reopen) -> None:
    part = candles(range(10))
    archive = reopen()
    archive.add(BTC, M1, part, source(part))
    _, out = archive.read(BTC, M1, 3 * MINUTE_MS, 5 * MINUTE_MS)
    assert out.mts.tolist() == [3 * MINUTE_MS, 4 * MINUTE_MS]


def test_a_later_part_extends_a_series_and_an_earlier_one_too(reopen: Reopen) -> None:
    for minutes in (range(10, 20), range(30, 40), range(5), range(20, 25)):
        part = candles(minutes)
        added = reopen().add(BTC, M1, part, source(part, str(minutes)))
        assert (added.added, added.identical, added.replaced) == (len(part), 0, 0)
    series, out = reopen().read(BTC, M1)
    assert [at // MINUTE_MS for at in out.mts.tolist()] == [*range(5), *range(10, 25), *range(30, 40)]
    assert len(series.sources) == 4


def test_candles_that_are_there_already_change_nothing(reopen: Reopen) -> None:
    first, second = candles(range(10)), candles(range(5, 15))
    reopen().add(BTC, M1, first, source(first))
    added = reopen().add(BTC, M1, second, source(second, "second.csv"))
    assert (added.added, added.identical, added.replaced) == (5, 5, 0)
    assert added.series.sha256 == rows_sha256(candles(range(15)))
    again = reopen().add(BTC, M1, second, source(second, "second.csv"))
    assert (again.added, again.identical, again.replaced) == (0, 10, 0)
    assert reopen().read(BTC, M1)[0] == again.series == added.series


def test_a_candle_that_differs_is_refused_and_nothing_is_added(reopen: Reopen) -> None:
    first, second = candles(range(10)), candles(range(9, 20), price=101.0)
    before = reopen().add(BTC, M1, first, source(first)).series
    with pytest.raises(InputError, match=r"second\.csv.*1 candles differ.*mts=540000"):
        reopen().add(BTC, M1, second, source(second, "second.csv"))
    series, out = reopen().read(BTC, M1)
    assert series == before
    assert list(out) == list(first)


def test_a_candle_that_differs_takes_the_place_of_the_old_one_where_newer_wins(reopen: Reopen) -> None:
    first, second = candles(range(10)), candles(range(9, 20), price=101.0)
    reopen().add(BTC, M1, first, source(first))
    added = reopen().add(BTC, M1, second, source(second), newer_wins=True)
    assert (added.added, added.identical, added.replaced) == (10, 0, 1)
    assert list(reopen().read(BTC, M1)[1]) == [*list(first)[:9], *second]


def test_repairs_stay_on_record(reopen: Reopen) -> None:
    part = candles(range(3))
    repaired = CandleSource("bad.csv", 3, rows_sha256(part), ("dropped: 1 row: has a negative volume (line 4: …)",))
    reopen().add(BTC, M1, part, repaired)
    assert reopen().read(BTC, M1)[0].sources[0].repairs == repaired.repairs


def test_series_are_listed_by_symbol_and_from_fine_to_coarse(reopen: Reopen) -> None:
    assert reopen().series() == []
    day = Candles.from_rows([Candle(Mts(0), 1.0, 1.0, 1.0, 1.0, 1.0)])
    kinds = [(ETH, M1), (BTC, Timeframe.MONTH), (BTC, Timeframe.H1), (BTC, M1)]
    for symbol, timeframe in kinds:
        reopen().add(symbol, timeframe, day, source(day))
    assert [(each.symbol, each.timeframe) for each in reopen().series()] == kinds[::-1]


def test_what_is_not_there_is_said_to_be_missing(reopen: Reopen) -> None:
    with pytest.raises(InputError, match="tBTCUSD-1m is not in the candle archive"):
        reopen().read(BTC, M1)


def test_no_candles_are_refused(reopen: Reopen) -> None:
    with pytest.raises(InputError, match="no candles"):
        reopen().add(BTC, M1, candles(range(0)), source(candles(range(0))))
    assert reopen().series() == []


@pytest.mark.parametrize("symbol", ["", "BTCUSD", "t../../tBTCUSD", "tBTC/USD", "tbtcusd", "tBTC:USD:UST", "t\x00BTC"])
def test_what_is_no_symbol_gets_no_series(reopen: Reopen, symbol: str) -> None:
    part = candles(range(3))
    with pytest.raises(ValueError, match="not a trading symbol"):
        reopen().add(Symbol(symbol), M1, part, source(part))
    assert reopen().series() == []

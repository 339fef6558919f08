"""What a person names becomes candles, or one sentence that says why not."""

import os
import sys
from pathlib import Path

import pytest

from genesis.adapters.candles_parquet import ParquetCandles
from genesis.adapters.memory.candles import MemoryCandles
from genesis.app.market_data import MarketData, Wanted, market_data
from genesis.domain.candle import MINUTE_MS, Candle, Candles, Timeframe, resample, rows_sha256
from genesis.domain.candle_series import CandleSource
from genesis.domain.simulation.synthetic import synthetic_candles
from genesis.domain.units import Mts, Symbol
from genesis.ports.errors import InputError

START = 1_483_228_800_000
BTC, ETH = Symbol("tBTCUSD"), Symbol("tETHUSD")


def candles(minutes: range, price: float = 100.0) -> Candles:
    return Candles.from_rows(
        Candle(Mts(START + at * MINUTE_MS), price, price + 1, price - 1, price + 0.5, 1.25) for at in minutes
    )


def write(path: Path, part: Candles) -> str:
    rows = (f"{each.mts},{each.open},{each.close},{each.high},{each.low},{each.volume}\n" for each in part)
    path.write_text("".join(rows))
    return str(path)


@pytest.fixture
def archive() -> MemoryCandles:
    kept = MemoryCandles()
    for symbol, timeframe, part in (
        (BTC, Timeframe.M1, candles(range(0, 300, 2))),
        (BTC, Timeframe.H1, candles(range(0, 300, 60))),
        (ETH, Timeframe.H1, candles(range(0, 300, 60))),
    ):
        kept.add(symbol, timeframe, part, CandleSource("file.csv", len(part), rows_sha256(part), ("sorted: 2 rows",)))
    return kept


def same(data: MarketData, expected: Candles) -> bool:
    return rows_sha256(data.candles) == rows_sha256(expected)


def test_a_series_is_named_by_symbol_and_time_frame_or_by_symbol_for_its_finest(archive: MemoryCandles) -> None:
    for name, symbol, timeframe in (
        ("tBTCUSD-1m", BTC, Timeframe.M1),
        ("tBTCUSD-1h", BTC, Timeframe.H1),
        ("tBTCUSD", BTC, Timeframe.M1),
        ("tETHUSD", ETH, Timeframe.H1),
    ):
        data = market_data([name], Wanted(), archive)
        assert (data.symbol, data.timeframe) == (symbol, timeframe)
        assert data.files == (f"archive:{symbol}-{timeframe.value}",)
        assert same(data, archive.read(symbol, timeframe)[1])


def test_repairs_of_an_import_are_told_with_every_run(archive: MemoryCandles) -> None:
    data = market_data(["tBTCUSD"], Wanted(), archive)
    assert data.repairs == ("file.csv: sorted: 2 rows",)
    assert "repaired: file.csv: sorted: 2 rows" in data.description().notes


def test_files_are_joined_whatever_their_order(tmp_path: Path) -> None:
    first = write(tmp_path / "tBTCUSD-1m-a.csv", candles(range(10)))
    second = write(tmp_path / "tBTCUSD-1m-b.csv", candles(range(8, 30)))
    data = market_data([second, first], Wanted(), MemoryCandles())
    assert same(data, candles(range(30)))
    assert data.files == (second, first)


def test_files_that_contradict_each_other_are_refused_and_the_later_name_wins_a_repair(tmp_path: Path) -> None:
    first = write(tmp_path / "tBTCUSD-1m-a.csv", candles(range(10)))
    second = write(tmp_path / "tBTCUSD-1m-b.csv", candles(range(9, 20), price=50.0))
    with pytest.raises(InputError, match=r"b\.csv .* contradicts .*a\.csv .*1 candles differ"):
        market_data([first, second], Wanted(), MemoryCandles())
    data = market_data([first, second], Wanted(repair=True), MemoryCandles())
    assert list(data.candles) == [*candles(range(9)), *candles(range(9, 20), price=50.0)]


def test_files_of_different_instruments_are_refused(tmp_path: Path) -> None:
    names = [write(tmp_path / name, candles(range(3))) for name in ("tBTCUSD-1m.csv", "tETHUSD-1m.csv")]
    with pytest.raises(InputError, match="one instrument and time frame"):
        market_data(names, Wanted(), MemoryCandles())


def test_a_file_whose_name_says_nothing_holds_what_is_wanted(tmp_path: Path) -> None:
    name = write(tmp_path / "prices.csv", candles(range(3)))
    data = market_data([name], Wanted(symbol=ETH, timeframe=Timeframe.M1), MemoryCandles())
    assert (data.symbol, data.timeframe) == (ETH, Timeframe.M1)
    with pytest.raises(InputError, match="its name does not say"):
        market_data([name], Wanted(), MemoryCandles())


def test_a_file_of_another_symbol_than_wanted_is_refused(tmp_path: Path) -> None:
    name = write(tmp_path / "tBTCUSD-1m.csv", candles(range(3)))
    with pytest.raises(InputError, match="tETHUSD was asked for"):
        market_data([name], Wanted(symbol=ETH), MemoryCandles())


def test_a_file_of_the_archive_can_be_named_by_its_path(tmp_path: Path) -> None:
    part = candles(range(5))
    ParquetCandles(tmp_path).add(BTC, Timeframe.M1, part, CandleSource("file.csv", 5, rows_sha256(part)))
    data = market_data([str(tmp_path / "tBTCUSD-1m.parquet")], Wanted(), MemoryCandles())
    assert data.symbol == BTC
    assert same(data, part)


def test_a_bad_file_is_refused_and_a_repair_is_told(tmp_path: Path) -> None:
    path = tmp_path / "tBTCUSD-1m.csv"
    path.write_text(Path(write(path, candles(range(3)))).read_text() + "no row\n")
    with pytest.raises(InputError, match="line 4"):
        market_data([str(path)], Wanted(), MemoryCandles())
    data = market_data([str(path)], Wanted(repair=True), MemoryCandles())
    assert same(data, candles(range(3)))
    assert len(data.repairs) == 1
    assert "dropped: 1 row: does not have six columns" in data.description().notes[0]


def test_the_time_asked_for_includes_its_start_and_excludes_its_end(archive: MemoryCandles) -> None:
    wanted = Wanted(start=START + 10 * MINUTE_MS, end=START + 14 * MINUTE_MS)
    assert same(market_data(["tBTCUSD"], wanted, archive), candles(range(10, 14, 2)))
    with pytest.raises(InputError, match="it has 2017-01-01 00:00 to 2017-01-01 04:58"):
        market_data(["tBTCUSD"], Wanted(end=START), archive)


def test_candles_are_resampled_after_they_were_cut_and_that_is_told(archive: MemoryCandles) -> None:
    data = market_data(["tBTCUSD"], Wanted(timeframe=Timeframe.H1, start=START + 30 * MINUTE_MS), archive)
    assert same(data, resample(candles(range(30, 300, 2)), Timeframe.H1))
    assert data.timeframe is Timeframe.H1
    assert "resampled from 135 candles of 1m" in data.notes


def test_hours_do_not_become_minutes(archive: MemoryCandles) -> None:
    with pytest.raises(InputError, match="candles of 1h do not make up 5m"):
        market_data(["tETHUSD"], Wanted(timeframe=Timeframe.M5), archive)


def test_no_name_is_the_series_of_the_symbol_and_else_a_synthetic_market_that_says_so(archive: MemoryCandles) -> None:
    assert market_data([], Wanted(), archive).files == ("archive:tBTCUSD-1m",)
    assert market_data([], Wanted(symbol=ETH), archive).files == ("archive:tETHUSD-1h",)
    made_up = market_data([], Wanted(symbol=Symbol("tXRPUSD")), archive)
    assert made_up.is_synthetic
    assert made_up.symbol == "tXRPUSD"
    assert "proves nothing" in made_up.notes[0]


def test_a_synthetic_market_has_the_seed_and_days_of_its_name(archive: MemoryCandles) -> None:
    data = market_data(["synthetic:7:1.5"], Wanted(), archive)
    assert same(data, synthetic_candles(seed=7, days=1.5))
    assert data.files == ("synthetic:7:1.5",)


@pytest.mark.parametrize(
    "name", ["synthetic:", "synthetic:x", "synthetic:1:0", "synthetic:1:1:1", "synthetic:-1", "synthetic:1:nan"]
)
def test_a_misspelt_synthetic_market_is_refused(name: str, archive: MemoryCandles) -> None:
    with pytest.raises(InputError, match="write synthetic, synthetic:SEED or synthetic:SEED:DAYS"):
        market_data([name], Wanted(), archive)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tXRPUSD", "is no file, and not in the candle archive"),
        ("tXRPUSD-1m", "not in the candle archive"),
        ("tBTCUSD-4h", "'4h' is not a time frame"),
        ("no/such/tBTCUSD-1m.csv", "there is no such file"),
        ("no-such.csv", "there is no such file"),
        ("tests", "is no file"),
        ("a\0b.csv", "there is no such file"),
        ("no/such/tBTCUSD-1m.parquet", "there is no such file"),
        ("", "is no file"),
    ],
)
def test_a_name_of_nothing_is_refused_in_one_sentence(name: str, message: str, archive: MemoryCandles) -> None:
    with pytest.raises(InputError, match=message):
        market_data([name], Wanted(), archive)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has file names that are no text")
def test_a_file_whose_name_is_no_text_can_be_reported(tmp_path: Path) -> None:
    file = tmp_path / os.fsdecode(b"tBTCUSD-1m-\xff.csv")
    (name,) = market_data([write(file, candles(range(3)))], Wanted(), ParquetCandles(tmp_path)).files
    assert name.encode().endswith("tBTCUSD-1m-\N{REPLACEMENT CHARACTER}.csv".encode())


@pytest.mark.parametrize(("price", "said"), [(0.0000071297, "0.0042 %"), (0.0000005051, "0.97 %")])
def test_prices_finer_than_the_decimals_are_told(tmp_path: Path, price: float, said: str) -> None:
    file = tmp_path / "tSHIB:USD-1m.csv"
    file.write_text(f"{START},{price},{price},{price},{price},1\n")
    data = market_data([str(file)], Wanted(), ParquetCandles(tmp_path))
    (note,) = data.description().notes
    assert note == f"prices are finer than 8 decimals, and are rounded by up to {said}"


def test_prices_that_the_decimals_would_bend_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "tSHIB:USD-1m.csv"
    file.write_text(f"{START},7.1e-9,7.1e-9,7.1e-9,7.1e-9,1\n")
    with pytest.raises(InputError, match=r"finer than 8 decimals.*rounded by up to 41 %"):
        market_data([str(file)], Wanted(), ParquetCandles(tmp_path))


def test_the_description_has_the_figures_of_the_candles(archive: MemoryCandles) -> None:
    said = market_data(["tBTCUSD-1m"], Wanted(), archive).description()
    assert (said.symbol, said.timeframe, said.rows) == ("tBTCUSD", "1m", 150)
    assert (said.first_mts, said.last_mts) == (START, START + 298 * MINUTE_MS)
    assert (said.gaps, said.missing) == (149, 149)
    assert said.sha256 == rows_sha256(candles(range(0, 300, 2)))
    assert not said.is_synthetic

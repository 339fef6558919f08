"""Real candles come through files and archive to the bit; needs the folder `../shared/data`."""

import gzip
from pathlib import Path

import pytest

from genesis.adapters.candle_files.reader import claim, read_candle_file
from genesis.adapters.candles_parquet import ParquetCandles
from genesis.domain.candle import Candle, Candles, rows_sha256
from genesis.domain.units import Mts

FOLDERS = [parent / "shared" / "data" / "tETHUSD-1m-2017.csv.gz" for parent in Path(__file__).parents[3:]]
REAL = next((folder for folder in FOLDERS if folder.is_file()), FOLDERS[0])


def plainly_read() -> Candles:
    rows = []
    with gzip.open(REAL, "rt") as lines:
        next(lines)
        for line in lines:
            mts, opened, close, high, low, volume = line.split(",")
            rows.append(Candle(Mts(int(mts)), *map(float, (opened, high, low, close, volume))))
    return Candles.from_rows(rows)


@pytest.mark.skipif(not REAL.is_file(), reason="the real candles of ../shared/data are not here")
def test_real_candles_come_through_to_the_bit(tmp_path: Path) -> None:
    file = read_candle_file(REAL, claim(REAL))
    candles, source = file.accept(repair=False)
    plain = rows_sha256(plainly_read())
    assert source.sha256 == plain
    ParquetCandles(tmp_path).add(file.claim.symbol, file.claim.timeframe, candles, source)
    series, archived = ParquetCandles(tmp_path).read(file.claim.symbol, file.claim.timeframe)
    assert rows_sha256(archived) == series.sha256 == plain

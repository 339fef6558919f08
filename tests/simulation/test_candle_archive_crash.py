"""A10, A14, A16, A18, E13: the archive is the old one or the new one, and says so where it is damaged."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from genesis.adapters.candles_parquet import ParquetCandles, read_parquet
from genesis.domain.candle import MINUTE_MS, Candle, Candles, Timeframe, rows_sha256
from genesis.domain.candle_series import CandleSource
from genesis.domain.units import Mts, Symbol
from genesis.ports.errors import InputError, StoreError

BTC, M1 = Symbol("tBTCUSD"), Timeframe.M1
PROGRAM = Path(__file__).with_name("killed_imports.py")


def part(minutes: range) -> Candles:
    return Candles.from_rows(Candle(Mts(at * MINUTE_MS), 1.0 + at, 2.0 + at, 1.0, 1.5, at / 7) for at in minutes)


def add(archive: ParquetCandles, minutes: range) -> None:
    candles = part(minutes)
    archive.add(BTC, M1, candles, CandleSource(str(minutes), len(candles), rows_sha256(candles)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGXFSZ, which Windows lacks")
def test_a10_an_import_killed_at_any_byte_or_call_leaves_the_old_archive_or_the_new_one(tmp_path: Path) -> None:
    path = os.pathsep.join(filter(None, sys.path))
    environment = {**os.environ, "POLARS_MAX_THREADS": "1", "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, PROGRAM, tmp_path], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    kills = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(kills) >= 100
    assert {kill["state"] for kill in kills} == {"old", "new"}
    assert all(kill["signal"] in (signal.SIGKILL, signal.SIGXFSZ) for kill in kills)
    assert {kill["state"] for kill in kills if kill["moment"].startswith("byte")} == {"old"}
    assert [kill["state"] for kill in kills if kill["moment"] == "after replace 1"] == ["new"]
    # What a dead import left behind is in nobody's way.
    archive = ParquetCandles(tmp_path / "old")
    add(archive, range(2900, 6000))
    assert list(archive.read(BTC, M1)[1]) == list(part(range(6000)))


def test_a14_content_is_durable_before_its_name_and_the_name_before_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    real_fsync, real_replace = os.fsync, os.replace

    def fsync(descriptor: int) -> None:
        calls.append(f"fsync {Path(os.readlink(f'/proc/self/fd/{descriptor}')).name}")
        real_fsync(descriptor)

    def replace(source: Path, target: Path) -> None:
        calls.append(f"replace {source.name} {target.name}")
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    add(ParquetCandles(tmp_path / "candles"), range(10))
    fresh, name = ".tBTCUSD-1m.parquet.new", "tBTCUSD-1m.parquet"
    assert calls == [f"fsync {fresh}", f"replace {fresh} {name}", "fsync candles"]


def test_a16_a_full_disk_changes_nothing_and_leaves_nothing_behind(tmp_path: Path) -> None:
    archive = ParquetCandles(tmp_path)
    add(archive, range(1000))
    # Python ignores SIGXFSZ, so a limit on the size of files fails writes just as a full disk does.
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limits[1]))
    try:
        with pytest.raises(StoreError, match="nothing was changed"):
            add(archive, range(1000, 3000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(archive.read(BTC, M1)[1]) == list(part(range(1000)))
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "tBTCUSD-1m.parquet"]


def test_a18_an_archive_that_cannot_be_made_says_where_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=r"file/candles: cannot be written .*: check the folder, its owner"):
        add(ParquetCandles(tmp_path / "file" / "candles"), range(3))


def test_e13_no_flipped_byte_is_ever_read_as_candles(tmp_path: Path) -> None:
    archive = ParquetCandles(tmp_path)
    add(archive, range(300))
    path = tmp_path / "tBTCUSD-1m.parquet"
    content, rows = path.read_bytes(), list(part(range(300)))
    chance = random.Random(5)
    refused = 0
    for at in [*range(16), *range(len(content) - 16, len(content)), *chance.sample(range(len(content)), 400)]:
        damaged = bytearray(content)
        damaged[at] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        try:
            assert list(archive.read(BTC, M1)[1]) == rows  # a bit that means nothing
        except (StoreError, InputError):
            refused += 1
    assert refused > 300


def test_concurrent_imports_wait_for_each_other_and_lose_nothing(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(add, ParquetCandles(tmp_path), range(at, at + 50)) for at in range(0, 800, 40)]:
            done.result()
    assert list(ParquetCandles(tmp_path).read(BTC, M1)[1]) == list(part(range(810)))


@pytest.mark.parametrize("cut", [0, 1, 4, 100, -1, -4, -8])
def test_e13_a_file_that_was_cut_off_is_refused(tmp_path: Path, cut: int) -> None:
    archive = ParquetCandles(tmp_path)
    add(archive, range(300))
    path = tmp_path / "tBTCUSD-1m.parquet"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(StoreError, match="damaged"):
        archive.read(BTC, M1)


def test_e13_foreign_parquet_is_refused(tmp_path: Path) -> None:
    import polars as pl

    path = tmp_path / "tBTCUSD-1m.parquet"
    pl.DataFrame({"mts": [1], "open": [1.0]}).write_parquet(path)
    with pytest.raises(StoreError, match="not of this archive"):
        read_parquet(path)


def test_a_series_under_another_name_is_refused(tmp_path: Path) -> None:
    archive = ParquetCandles(tmp_path)
    add(archive, range(10))
    (tmp_path / "tBTCUSD-1m.parquet").rename(tmp_path / "tETHUSD-1m.parquet")
    with pytest.raises(StoreError, match="was it renamed"):
        archive.read(Symbol("tETHUSD"), M1)

"""The candle archive as Parquet: one file a symbol and time frame, which carries its own description.

A file is replaced whole: written next to the old one, synced, renamed over it, and the folder synced. So at any instant
there is the old series or the new one. Rows are verified against their hash whenever they are read.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cattrs

from genesis.domain.candle import Candle, Candles, Timeframe, rows_sha256
from genesis.domain.candle_merge import ConflictingCandles
from genesis.domain.candle_series import Added, CandleSeries, CandleSource, begun, extended
from genesis.domain.units import Symbol
from genesis.ports.errors import InputError, NoCandles, StoreError, disk_advice

if TYPE_CHECKING:
    import polars as pl

_KEY: Final = "genesis.candles"
_LOCK_TIMEOUT_S: Final = 60.0
_ROW_GROUP: Final = 2**20


class ParquetCandles:
    """The `CandleArchive` in the folder *root*, which is made when something is added."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(
        self, symbol: Symbol, timeframe: Timeframe, start: int | None = None, end: int | None = None
    ) -> tuple[CandleSeries, Candles]:
        path = self._path(symbol, timeframe)
        if not path.exists():
            known = ", ".join(f"{each.symbol}-{each.timeframe.value}" for each in self.series()) or "nothing"
            raise NoCandles(f"{symbol}-{timeframe.value} is not in the candle archive {self._root}: it has {known}")
        series, candles = read_parquet(path)
        if (series.symbol, series.timeframe) != (symbol, timeframe):
            raise StoreError(f"{path}: holds {series.symbol}-{series.timeframe.value}: was it renamed?")
        return series, candles.between(start, end)

    def add(
        self,
        symbol: Symbol,
        timeframe: Timeframe,
        candles: Candles,
        source: CandleSource,
        *,
        newer_wins: bool = False,
    ) -> Added:
        if not len(candles):
            raise InputError(f"{source.name}: has no candles")
        with self._locked():
            path = self._path(symbol, timeframe)
            known = self.read(symbol, timeframe) if path.exists() else None
            try:
                if known is None:
                    outcome, whole = begun(symbol, timeframe, candles, source), candles
                else:
                    outcome, whole = extended(*known, candles, source, newer_wins=newer_wins)
            except ConflictingCandles as error:
                raise InputError(f"{source.name}: {symbol}-{timeframe.value}: {error}; --repair takes these") from error
            if known is None or known[0] != outcome.series:
                self._replace(path, outcome.series, whole)
            return outcome

    def series(self) -> list[CandleSeries]:
        paths = sorted(self._root.glob("*.parquet")) if self._root.is_dir() else []
        return sorted(map(read_description, paths), key=lambda each: each.rank)

    def _path(self, symbol: Symbol, timeframe: Timeframe) -> Path:
        # A minute and a month differ by case alone, which not every file system keeps apart.
        name = "1month" if timeframe is Timeframe.MONTH else timeframe.value
        return self._root / f"{symbol.replace(':', '_')}-{name}.parquet"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        from filelock import FileLock, Timeout

        try:
            self._root.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._root / ".lock", timeout=_LOCK_TIMEOUT_S)
            lock.acquire()
        except Timeout as error:
            raise StoreError(f"{self._root}: another import holds the archive for a minute: try again later") from error
        except OSError as error:
            raise StoreError(f"{self._root}: cannot be written ({error.strerror}): {disk_advice(error)}") from error
        try:
            yield
        finally:
            lock.release()

    def _replace(self, path: Path, series: CandleSeries, candles: Candles) -> None:
        import polars as pl

        fresh = path.with_name(f".{path.name}.new")  # one name is enough under the lock; a dead one is written over
        try:
            _write(fresh, series, candles)
            os.replace(fresh, path)
            _sync_folder(path.parent)
        except (OSError, pl.exceptions.PolarsError) as error:  # polars has its own words for a full disk
            fresh.unlink(missing_ok=True)
            raise StoreError(f"{path}: cannot be written ({_first_line(error)}): nothing was changed") from error


def _write(path: Path, series: CandleSeries, candles: Candles) -> None:
    import polars as pl

    frame = pl.DataFrame({name: getattr(candles, name) for name in Candle._fields})
    described = {_KEY: json.dumps(_converter().unstructure(series))}
    with path.open("wb") as file:
        frame.write_parquet(file, compression="lz4", row_group_size=_ROW_GROUP, metadata=described)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    if os.name == "nt":  # Windows opens no folders, and its renames need no such sync
        return
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_description(path: Path) -> CandleSeries:
    """Return what a file of the archive says of itself; raises `StoreError` if it is none, or damaged."""
    import polars as pl

    try:
        described: Mapping[str, str] = pl.read_parquet_metadata(path)
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {_first_line(error)}") from error
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise StoreError(f"{path}: is damaged ({_first_line(error)}): remove it and import again") from error
    if _KEY not in described:
        raise StoreError(f"{path}: is Parquet, but not of this archive: import CSV or JSON instead")
    try:
        return _converter().structure(json.loads(described[_KEY]), CandleSeries)
    except (ValueError, cattrs.BaseValidationError) as error:
        raise StoreError(f"{path}: its description is damaged ({_first_line(error)}): import again") from error


def read_parquet(path: Path) -> tuple[CandleSeries, Candles]:
    """Return a file of the archive, verified; raises `StoreError` if it is none, or damaged."""
    import polars as pl

    series = read_description(path)
    try:
        frame = pl.read_parquet(path, use_statistics=False)
        candles = _candles(frame)
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {_first_line(error)}") from error
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError) as error:
        raise StoreError(f"{path}: is damaged ({_first_line(error)}): remove it and import again") from error
    if rows_sha256(candles) != series.sha256:
        raise StoreError(f"{path}: its rows differ from their hash: remove it and import again")
    return series, candles


def _candles(frame: "pl.DataFrame") -> Candles:
    if tuple(frame.columns) != Candle._fields:
        raise ValueError(f"columns are {', '.join(frame.columns)}")
    return Candles(*(frame[name].to_numpy() for name in Candle._fields))


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _converter() -> cattrs.Converter:
    return cattrs.Converter(forbid_extra_keys=True)

"""Results of sweeps as Parquet: a folder a sweep, `sweep.json` with what it is, and a file for each part."""

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from genesis.ports.errors import StoreError
from genesis.ports.sweeps import Column, Row

if TYPE_CHECKING:
    import polars as pl

_PART: Final = re.compile(r"part-(\d{6})\.parquet")


class ParquetSweep:
    """The `SweepTable` in *folder*, which is made; *description* says what the sweep is.

    A folder of the same name holds the same sweep, for its name is made of the description. Without *keep*, parts that
    are there from before are removed. One process at a time may have the folder; the caller sees to that.
    """

    def __init__(self, folder: Path, description: Mapping[str, object], *, keep: bool) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not keep:
                for part in self._parts().values():
                    part.unlink()
            self._description = description
            self.is_finished = keep and _was_finished(folder / "sweep.json")
            self._describe()
        except OSError as error:
            raise StoreError(f"{folder}: cannot be written ({error.strerror}): check owner and mode") from error

    def finish(self) -> None:
        self.is_finished = True
        try:
            self._describe()
        except OSError as error:
            text = f"{self.folder}: cannot be written ({error.strerror}): --resume goes on from here"
            raise StoreError(text) from error

    def done(self) -> frozenset[int]:
        return frozenset(self._parts())

    def write(self, part: int, columns: Mapping[str, Column]) -> None:
        import io

        import polars as pl

        buffer = io.BytesIO()
        pl.DataFrame(columns).write_parquet(buffer, compression="zstd")
        path = self.folder / f"part-{part:06d}.parquet"
        try:
            _replace(path, buffer.getvalue())
        except OSError as error:
            raise StoreError(f"{path}: cannot be written ({error.strerror}): --resume goes on from here") from error

    def best(self, column: str, count: int, *, descending: bool = True) -> list[Row]:
        import polars as pl

        if not self.done():
            return []
        value = pl.col(column)
        ordered = self._scan().with_columns(pl.when(value.is_nan()).then(None).otherwise(value).alias("_by"))
        ordered = ordered.sort("_by", "index", descending=[descending, False], nulls_last=True)
        frame = self._collected(ordered.head(count))
        return [{name: _value(value) for name, value in row.items()} for row in frame.drop("_by").iter_rows(named=True)]

    def read(self, columns: Sequence[str]) -> dict[str, npt.NDArray[np.float64]]:
        if not self.done():
            return {name: np.empty(0) for name in columns}
        frame = self._collected(self._scan().select(columns))
        return {name: frame[name].to_numpy().astype(np.float64) for name in columns}

    def sha256(self) -> str:
        digest = hashlib.sha256()
        if self.done():
            frame = self._collected(self._scan().sort("index"))
            for name in sorted(frame.columns):
                column = frame[name].to_numpy()
                # NaN is what has no value, whatever its sign and payload.
                whole = column if column.dtype.kind == "i" else np.where(column != column, np.nan, column)
                bits = whole.astype(column.dtype.newbyteorder("<"))
                digest.update(f"{name} {bits.dtype.str}\n".encode())
                digest.update(bits.tobytes())
        return digest.hexdigest()

    def _describe(self) -> None:
        said = {**self._description, "finished": self.is_finished}
        _replace(self.folder / "sweep.json", json.dumps(said, indent=2).encode())

    def _collected(self, lazy: "pl.LazyFrame") -> "pl.DataFrame":
        import polars as pl

        try:
            return lazy.collect()
        except (OSError, pl.exceptions.PolarsError) as error:
            told = str(error).splitlines()[0]
            raise StoreError(f"{self.folder}: a part is damaged ({told}): --anew runs all again") from error

    def _scan(self) -> "pl.LazyFrame":
        import polars as pl

        return pl.scan_parquet([path for _, path in sorted(self._parts().items())])

    def _parts(self) -> dict[int, Path]:
        found = ((_PART.fullmatch(path.name), path) for path in self.folder.iterdir())
        return {int(match[1]): path for match, path in found if match is not None}


def _was_finished(path: Path) -> bool:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(said, dict) and said.get("finished") is True


def _value(value: object) -> int | float | None:
    if isinstance(value, int | float) and value == value:
        return value
    return None


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)

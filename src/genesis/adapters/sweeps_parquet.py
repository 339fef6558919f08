"""Results of sweeps as Parquet: a folder a sweep, `sweep.json` with what it is, and a file for each part."""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from genesis.ports.errors import StoreError, disk_advice
from genesis.ports.sweeps import Column, Row

if TYPE_CHECKING:
    import polars as pl

_PART: Final = re.compile(r"part-(\d{6})\.parquet")


class ParquetSweep:
    """The `SweepTable` in *folder*, which is made; *description* says what the sweep is.

    A folder of the same name holds the same sweep, for its name is made of the description. Without *keep*, parts that
    are there from before are removed. One process at a time may have the folder; the caller sees to that.
    A finished sweep says in `sweep.json` how many rows each of its parts has, and what was noted of all of them. That
    word is taken back durably before any part is touched, and believed only where the parts are those.
    """

    def __init__(self, folder: Path, description: Mapping[str, object], *, keep: bool) -> None:
        self.folder = folder
        self._description = description
        self.is_finished = False
        self._damaged: frozenset[int] = frozenset()
        self._notes: dict[str, float | None] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            said = _said_of_finished(folder / "sweep.json") if keep else None
            if said is None:
                self._describe(None)
            else:
                self._compare(said)
            if not keep:
                self._remove(self._parts())
        except OSError as error:
            raise StoreError(f"{folder}: cannot be written ({error.strerror}): {disk_advice(error)}") from error

    def finish(self) -> None:
        self._say_whole()
        self.is_finished = True

    @property
    def notes(self) -> Mapping[str, float | None]:
        return self._notes

    def note(self, name: str, value: float | None) -> None:
        self._notes[name] = value
        self._say_whole()

    @property
    def damage(self) -> str:
        if not self._damaged:
            return ""
        numbers = ", ".join(f"{part:06d}" for part in sorted(self._damaged)[:3])
        more = ", …" if len(self._damaged) > 3 else ""
        return f"{len(self._damaged)} parts are gone or not what they were when it was finished ({numbers}{more})"

    def repair(self) -> None:
        try:
            self._describe(None)
            self._remove(self._damaged)
        except OSError as error:
            raise StoreError(f"{self.folder}: cannot be written ({error.strerror}): {disk_advice(error)}") from error
        self._damaged = frozenset()

    def done(self) -> frozenset[int]:
        return frozenset(self._parts()) - self._damaged

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

    def _say_whole(self) -> None:
        try:
            self._describe({part: _rows_in(path) for part, path in self._parts().items()})
        except OSError as error:
            text = f"{self.folder}: cannot be written ({error.strerror}): --resume goes on from here"
            raise StoreError(text) from error

    def _describe(self, rows: Mapping[int, int] | None) -> None:
        """Write what the sweep is: unfinished, or with the *rows* of each part and what was noted of them."""
        parts = None if rows is None else dict(sorted(rows.items()))
        state = {"finished": rows is not None, "parts": parts, "notes": self._notes}
        _replace(self.folder / "sweep.json", json.dumps({**self._description, **state}, indent=2).encode())

    def _compare(self, said: "_Said") -> None:
        there = {part: _rows_in(path) for part, path in self._parts().items()}
        self._damaged = frozenset(part for part, _ in said.rows.items() ^ there.items())
        self.is_finished = not self._damaged
        self._notes = dict(said.notes) if self.is_finished else {}

    def _remove(self, parts: Iterable[int]) -> None:
        there = self._parts()
        for part in parts:
            if part in there:
                there[part].unlink()

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


class _Said(NamedTuple):
    """What a finished sweep says: the rows of each part, and what was noted of all of them."""

    rows: Mapping[int, int]
    notes: Mapping[str, float | None]


def _said_of_finished(path: Path) -> _Said | None:
    """Return what a finished sweep says; None for one that is not finished."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if said["finished"] is not True:
            return None
        notes = {str(name): None if value is None else float(value) for name, value in said["notes"].items()}
        return _Said({int(part): int(rows) for part, rows in said["parts"].items()}, notes)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _rows_in(path: Path) -> int:
    """Return how many rows a part says it has; -1 where it cannot be read."""
    import polars as pl

    try:
        return int(pl.scan_parquet(path).select(pl.len()).collect().item())
    except (OSError, pl.exceptions.PolarsError):
        return -1


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
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

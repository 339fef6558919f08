"""The results of sweeps, as a port: a table that grows part by part, and can be taken up where it was left."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[np.int64] | npt.NDArray[np.float64]
Row = Mapping[str, int | float | None]


class SweepTable(Protocol):
    """One row a run, in numbered parts. NaN in a column of floats means that there is no value."""

    @property
    def folder(self) -> Path:
        """Where the results are, for people to find them."""

    @property
    def is_finished(self) -> bool:
        """Whether `finish` was called and nothing is damaged: parts that are missing had nothing to run."""

    @property
    def damage(self) -> str:
        """What is not as it was when the sweep was finished, in a few words; empty where all is."""

    def repair(self) -> None:
        """Take the damaged parts away, and be unfinished. Raises `StoreError`."""

    def done(self) -> frozenset[int]:
        """Return the numbers of the parts that are there whole, without the damaged ones."""

    def finish(self) -> None:
        """Note durably that all parts are there that ever will be. Raises `StoreError`."""

    @property
    def notes(self) -> Mapping[str, float | None]:
        """What was noted of the rows that are there now, all together; nothing before they are finished."""

    def note(self, name: str, value: float | None) -> None:
        """Note a figure of all rows of a finished sweep durably; it goes with any of them. Raises `StoreError`."""

    def write(self, part: int, columns: Mapping[str, Column]) -> None:
        """Write a part durably: killed at any instant, it is there whole or not at all. Raises `StoreError`."""

    def best(self, column: str, count: int, *, descending: bool = True) -> list[Row]:
        """Return the *count* rows that are first by *column*, those without a value last, in a stable order."""

    def read(self, columns: Sequence[str]) -> dict[str, npt.NDArray[np.float64]]:
        """Return some columns of all rows, by part and row."""

    def sha256(self) -> str:
        """Return a hash over all rows in the order of `index`, and all columns: equal for equal bits."""

"""The rows of a file as they gather: columns in Bitfinex's order, and what was no row."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from genesis.domain.candle import Ints
from genesis.domain.candle_check import FIRST_OFFENDERS, Fault, Finding, Offender, RawCandles
from genesis.ports.errors import InputError

COLUMNS: Final = ("mts", "open", "close", "high", "low", "volume")
"""The order of a row without a header. Source: Bitfinex documentation, "Candles"."""

ROWS_MAX: Final = 10_000_000
UNREADABLE_MAX: Final = 100_000
_TEXT_MAX: Final = 80


class Table:
    """What was read of one file so far."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._parts: list[list[npt.NDArray[np.generic]]] = []
        self._rows = 0
        self._first: dict[Fault, list[Offender]] = {}
        self._counts: dict[Fault, int] = {}

    def add(self, columns: Sequence[npt.NDArray[np.generic]], lines: Ints) -> None:
        """Add rows, as columns in the order of `COLUMNS`; raises `InputError` beyond ten million of them."""
        self._rows += len(lines)
        if self._rows > ROWS_MAX:
            raise InputError(f"{self._name}: has more than {ROWS_MAX} rows, 19 years of minutes: split it")
        self._parts.append([*columns, lines])

    def refuse_columns(self, line: int, text: str) -> None:
        """Count a line that does not have six columns; raises `InputError` when hardly any line is a row."""
        self._refuse(Fault.COLUMNS, line, text)

    def refuse_numbers(self, line: int, text: str) -> None:
        """Count a line whose fields are not numbers; raises `InputError` when hardly any line is a row."""
        self._refuse(Fault.NUMBER, line, text)

    def _refuse(self, fault: Fault, line: int, text: str) -> None:
        self._counts[fault] = self._counts.get(fault, 0) + 1
        first = self._first.setdefault(fault, [])
        if len(first) < FIRST_OFFENDERS:
            first.append(Offender(line, text if len(text) <= _TEXT_MAX else f"{text[:_TEXT_MAX]}..."))
        if sum(self._counts.values()) > UNREADABLE_MAX:
            report = "\n".join(f"  {finding}" for finding in self._findings())
            raise InputError(f"{self._name}: more than {UNREADABLE_MAX} lines are no rows\n{report}")

    def _findings(self) -> tuple[Finding, ...]:
        return tuple(Finding(fault, count, tuple(self._first[fault])) for fault, count in self._counts.items())

    def raw(self) -> RawCandles:
        """Return everything that was read."""
        integers, numbers = np.empty(0, np.int64), np.empty(0)
        nothing: list[npt.NDArray[np.generic]] = [integers, *[numbers] * (len(COLUMNS) - 1), integers]
        joined = [np.concatenate(column) for column in zip(*(self._parts or [nothing]), strict=True)]
        return RawCandles(**dict(zip((*COLUMNS, "lines"), joined, strict=True)), unreadable=self._findings())

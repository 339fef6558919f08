"""The JSON of the candles endpoint: a list of `[mts, open, close, high, low, volume]`, or one such row.

Source: Bitfinex documentation, "Candles".
"""

import json
import math
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from genesis.adapters.candle_files.table import COLUMNS, Table
from genesis.ports.errors import InputError

JSON_MAX: Final = 64 * 2**20
_INTEGER_MAX: Final = 2**62


def add_json(table: Table, content: bytes, path: Path) -> None:
    """Add the rows of *content* to *table*, counted from 1; raises `InputError` if it is no list of rows."""
    try:
        rows: object = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is not JSON ({error}): fetch it again") from error
    if not isinstance(rows, list) or (rows and isinstance(rows[0], str)):
        raise InputError(f"{path}: is not a list of candles but {content[:80].decode('utf-8', 'replace')!r}")
    if rows and not any(isinstance(row, list) for row in rows):
        rows = [rows]
    good, lines = [], []
    for line, row in enumerate(rows, 1):
        if not isinstance(row, list) or len(row) != len(COLUMNS):
            table.refuse_columns(line, repr(row))
        elif not isinstance(row[0], int) or not all(map(_is_number, row)):
            table.refuse_numbers(line, repr(row))
        else:
            good.append(row)
            lines.append(line)
    if good:
        times, *numbers = zip(*good, strict=True)
        columns: list[npt.NDArray[np.generic]] = [np.array(times, dtype=np.int64)]
        columns += [np.array([float(value) for value in column]) for column in numbers]
        table.add(columns, np.array(lines))


def _is_number(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _INTEGER_MAX

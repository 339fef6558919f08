"""CSV: polars reads blocks of plain numbers; whatever is odd is read again line by line, to say what and where."""

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from genesis.adapters.candle_files.table import COLUMNS, Table

_PLAIN: Final = b"0123456789.,+-eE\r\n"
_INTEGER: Final = re.compile(rb"[+-]?\d{1,18}")
_NUMBER: Final = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def header(line: bytes) -> list[str] | None:
    """Return the names in *line* if it is a header: if it begins with a letter or a quote."""
    if not re.match(rb'[\s"]*[A-Za-z]', line):
        return None
    return [name.strip(' "').lower() for name in line.decode("utf-8", "replace").rstrip("\r\n").split(",")]


def add_block(table: Table, block: bytes, order: Sequence[str], first_line: int) -> int:
    """Add the rows of *block*, whose columns are named by *order*, to *table*; return how many lines it had."""
    lines = block.count(b"\n") + (not block.endswith(b"\n"))
    numbers = plain_numbers(block, order, lines)
    if numbers is None:
        add_lines(table, block, order, first_line)
    else:
        table.add([numbers[name] for name in COLUMNS], np.arange(first_line, first_line + lines))
    return lines


def plain_numbers(block: bytes, order: Sequence[str], lines: int) -> dict[str, npt.NDArray[np.generic]] | None:
    """Return the columns of a block that has nothing but *lines* rows of numbers, else None.

    polars rounds decimal text to the nearest double as Python does, but takes more for a row than we would.
    """
    import polars as pl

    if block.translate(None, _PLAIN):
        return None
    schema = {name: pl.Int64 if name == "mts" else pl.Float64 for name in order}
    try:
        frame = pl.read_csv(block, has_header=False, schema=schema, quote_char=None)
    except pl.exceptions.PolarsError:
        return None
    if len(frame) != lines or any(frame.null_count().row(0)):
        return None
    return {name: frame[name].to_numpy() for name in order}


def add_lines(table: Table, block: bytes, order: Sequence[str], first_line: int) -> None:
    """Add the rows of *block* to *table* one by one, and find what is no row."""
    places = [order.index(name) for name in COLUMNS]
    rows, lines = [], []
    for line, text in enumerate(block.removesuffix(b"\n").split(b"\n"), first_line):
        fields = text.removesuffix(b"\r").split(b",")
        if len(fields) != len(COLUMNS):
            table.refuse_columns(line, repr(text.decode("utf-8", "replace")))
        elif not _INTEGER.fullmatch(fields[places[0]]) or not all(map(_NUMBER.fullmatch, fields)):
            table.refuse_numbers(line, repr(text.decode("utf-8", "replace")))
        else:
            rows.append([fields[place] for place in places])
            lines.append(line)
    if rows:
        times, *numbers = zip(*rows, strict=True)
        columns: list[npt.NDArray[np.generic]] = [np.array([int(time) for time in times], dtype=np.int64)]
        columns += [np.array([float(number) for number in column]) for column in numbers]
        table.add(columns, np.array(lines))

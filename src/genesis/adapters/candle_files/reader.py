"""Reading one file of candles: what it claims to be, its rows, and what is wrong with them."""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Final

from attrs import frozen

from genesis.adapters.candle_files.content import Progress, blocks, line_blocks
from genesis.adapters.candle_files.csv_rows import add_block, header
from genesis.adapters.candle_files.json_rows import JSON_MAX, add_json
from genesis.adapters.candle_files.table import COLUMNS, Table
from genesis.domain.candle import Candles, Timeframe, rows_sha256
from genesis.domain.candle_check import Checked, Fault, check
from genesis.domain.candle_series import CandleSource
from genesis.domain.units import Symbol
from genesis.ports.errors import InputError

_NAME: Final = re.compile(r"(?P<symbol>t[A-Z0-9]{2,}(?:[:_][A-Z0-9]{2,})?)-(?P<timeframe>\d+[mhDWM])(?:[-.].*)?")
_REPAIR: Final = {Fault.DISORDER: "sorted", Fault.DUPLICATE: "kept once", Fault.CONFLICT: "kept the later line"}


@frozen
class Claim:
    """The symbol and time frame that a file is said to hold."""

    symbol: Symbol
    timeframe: Timeframe


@frozen(eq=False)
class CandleFile:
    """A file that was read and checked; it is good if nothing was found."""

    path: Path
    claim: Claim
    rows: int
    checked: Checked

    def accept(self, *, repair: bool) -> tuple[Candles, CandleSource]:
        """Return the candles and where they came from; with *repair*, those that remain without the faults.

        Raises `InputError` with the whole report if there are faults and no repair is wanted, or no candle remains.
        """
        candles = self.checked.candles
        if self.checked.findings and not repair:
            lines = [
                *map(str, self.checked.findings),
                *self.checked.notes,
                "nothing was taken; --repair takes the rest",
            ]
            raise InputError("\n  ".join([f"{self.path}: refused", *lines]))
        if not len(candles):
            raise InputError(f"{self.path}: has no candles")
        return candles, CandleSource(self.path.name, len(candles), rows_sha256(candles), self.repairs())

    def repairs(self) -> tuple[str, ...]:
        """Return what a repair does to this file, one sentence a fault."""
        return tuple(f"{_REPAIR.get(each.fault, 'dropped')}: {each}" for each in self.checked.findings)


def claim(path: Path, symbol: Symbol | None = None, timeframe: Timeframe | None = None) -> Claim:
    """Return what *path* holds: what is given, and for the rest its name, such as `tBTCUSD-1m-2017.csv.gz`.

    Raises `InputError` if the name does not say it. A colon in a symbol may be an underscore in the name of a file.
    """
    said_symbol, said_timeframe = said_by_name(path)
    symbol, timeframe = symbol or said_symbol, timeframe or said_timeframe
    if symbol is None or timeframe is None:
        raise InputError(
            f"{path}: its name does not say symbol and time frame, as tBTCUSD-1m-2017.csv.gz does: give what is missing"
        )
    return Claim(symbol, timeframe)


def said_by_name(path: Path) -> tuple[Symbol | None, Timeframe | None]:
    """Return what the name of *path* says, None for each thing that it does not."""
    match = _NAME.fullmatch(path.name)
    if match is None:
        return None, None
    try:
        return Symbol(match["symbol"].replace("_", ":")), Timeframe.parse(match["timeframe"])
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error


def unseen(_done: int, _total: int) -> None:
    """Show no progress."""


def read_candle_file(path: Path, what: Claim, on_progress: Progress = unseen) -> CandleFile:
    """Read and check *path*, of which *what* is claimed. Raises `InputError` if it cannot be read as rows at all."""
    table = Table(str(path))
    content = blocks(path, on_progress)
    first = next(content, b"")
    if not first.strip():
        raise InputError(f"{path}: is empty")
    content = chain((first,), content)
    if first.lstrip()[:1] in (b"[", b"{"):
        add_json(table, _whole(path, content), path)
    else:
        _add_csv(table, path, line_blocks(path, content))
    raw = table.raw()
    unreadable = sum(finding.rows for finding in raw.unreadable)
    return CandleFile(path, what, len(raw) + unreadable, check(raw, what.timeframe))


def _whole(path: Path, content: Iterator[bytes]) -> bytes:
    parts, size = [], 0
    for block in content:
        size += len(block)
        if size > JSON_MAX:
            raise InputError(f"{path}: has more than {JSON_MAX >> 20} MiB of JSON: split it, or make it CSV")
        parts.append(block)
    return b"".join(parts)


def _add_csv(table: Table, path: Path, content: Iterator[bytes]) -> None:
    line, order = 1, tuple[str, ...](COLUMNS)
    for block in content:
        rows = block
        if line == 1:
            top, _, below = block.partition(b"\n")
            names = header(top)
            if names is not None:
                if sorted(names) != sorted(COLUMNS):
                    raise InputError(f"{path}: columns are {', '.join(names)[:200]}: {', '.join(COLUMNS)} are needed")
                order, rows, line = (*names,), below, 2
        if rows:
            line += add_block(table, rows, order, line)

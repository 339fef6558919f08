"""What can be wrong with candles from outside, counted, with the first offenders, and what a repair makes of them.

Nothing is trusted: a row is either a candle or a finding. A gap is no fault and is not repaired, for an interval
without a trade has no candle.
"""

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from attrs import frozen

from genesis.domain.candle import Candles, Floats, Ints, Timeframe

FIRST_OFFENDERS: Final = 3
TIME_MIN: Final = 1_230_940_800_000
"""2009-01-03: before it there was nothing to trade. Seconds, taken for milliseconds, lie in 1970."""
TIME_MAX: Final = 4_102_444_800_000
"""2100-01-01. Microseconds, taken for milliseconds, lie far beyond it."""

Mask = npt.NDArray[np.bool_]


class Fault(Enum):
    """What is wrong with a row, and so with its file."""

    COLUMNS = "does not have six columns"
    NUMBER = "is not made of finite numbers"
    TIME = "has an impossible time"
    OFF_GRID = "does not start with an interval"
    PRICE = "has a price that is not above zero"
    VOLUME = "has a negative volume"
    HIGH_BELOW_LOW = "has its high below its low"
    OUTSIDE = "opens or closes outside of low to high"
    DUPLICATE = "repeats a candle"
    CONFLICT = "differs from another candle of the same time"
    DISORDER = "is earlier than the row before it"


class Offender(NamedTuple):
    """One row with a fault: where it is, counted from 1, and what it says."""

    line: int
    text: str


@frozen
class Finding:
    """One fault: how many rows have it, and the first of them."""

    fault: Fault
    rows: int
    first: tuple[Offender, ...]

    def __str__(self) -> str:
        rows = "1 row" if self.rows == 1 else f"{self.rows} rows"
        where = "; ".join(f"line {line}: {text}" for line, text in self.first)
        return f"{rows}: {self.fault.value} ({where}{'; ...' if self.rows > len(self.first) else ''})"


@frozen(eq=False)
class RawCandles:
    """Rows as a file gave them, in its order: columns of numbers, the line of each row, and what was no row at all."""

    mts: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    lines: Ints
    unreadable: tuple[Finding, ...] = ()

    def __len__(self) -> int:
        return len(self.mts)

    def text(self, row: int) -> str:
        """Return one row as a person reads it."""
        names = ("open", "close", "high", "low", "volume")
        numbers = " ".join(f"{name} {float(getattr(self, name)[row])!r}" for name in names)
        return f"mts {self.mts[row]} {numbers}"

    def take(self, rows: Ints) -> Candles:
        """Return the named rows as candles; raises `ValueError` unless their times rise."""
        columns = (self.mts, self.open, self.high, self.low, self.close, self.volume)
        return Candles(*(column[rows] for column in columns))


@frozen(eq=False)
class Checked:
    """What a check found, and the candles that remain when every finding is repaired; all of them if there is none.

    Of rows with the same time the one on the later line stays; rows that are no candles go; the rest is sorted.
    """

    candles: Candles
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def check(raw: RawCandles, timeframe: Timeframe) -> Checked:
    """Return what is wrong with rows that claim to be candles of *timeframe*; newest first is no fault."""
    findings = list(raw.unreadable)
    good = np.ones(len(raw), dtype=np.bool_)
    for fault, mask in _impossible(raw, timeframe):
        _find(findings, raw, fault, np.flatnonzero(mask & good))
        good &= ~mask
    rows = np.flatnonzero(good)
    notes = []
    if _is_newest_first(raw.mts[rows]):
        rows = rows[::-1]
        notes.append("rows are newest first: read backwards")
    kept = _in_order(findings, raw, rows)
    candles = raw.take(kept)
    if len(candles) >= 100 and int(np.diff(candles.mts).min()) > timeframe.span_ms * 31 // 28:
        notes.append(f"no two candles are {timeframe.value} apart: is that their time frame?")
    if _looks_like_ohlc(findings, len(raw)):
        notes.append("are the columns open, high, low, close? Without a header they are open, close, high, low")
    return Checked(candles, tuple(findings), tuple(notes))


def _impossible(raw: RawCandles, timeframe: Timeframe) -> Iterator[tuple[Fault, Mask]]:
    prices = (raw.open, raw.high, raw.low, raw.close)
    finite = np.isfinite(raw.volume)
    for price in prices:
        finite &= np.isfinite(price)
    yield Fault.NUMBER, ~finite
    yield Fault.TIME, (raw.mts < TIME_MIN) | (raw.mts >= TIME_MAX)
    # On which day weeks and fortnights begin is our assumption alone, so of the exchange's own we ask for midnight.
    grid = Timeframe.D1 if timeframe in (Timeframe.W1, Timeframe.D14) else timeframe
    yield Fault.OFF_GRID, grid.starts(raw.mts) != raw.mts
    yield Fault.PRICE, np.minimum.reduce(prices) <= 0.0
    yield Fault.VOLUME, raw.volume < 0.0
    yield Fault.HIGH_BELOW_LOW, raw.high < raw.low
    yield Fault.OUTSIDE, (np.maximum(raw.open, raw.close) > raw.high) | (np.minimum(raw.open, raw.close) < raw.low)


def _find(findings: list[Finding], raw: RawCandles, fault: Fault, rows: Ints) -> None:
    if len(rows):
        rows = np.sort(rows)  # first means first in the file, also where that is newest first
        named = rows[:FIRST_OFFENDERS]
        first = [Offender(int(raw.lines[row]), raw.text(row) + _hint(fault, raw, row)) for row in named]
        findings.append(Finding(fault, len(rows), tuple(first)))


def _hint(fault: Fault, raw: RawCandles, row: int) -> str:
    if fault is Fault.TIME and 10**8 <= raw.mts[row] < 10**10:
        return ", which looks like seconds: milliseconds are needed"
    if fault is Fault.TIME and 10**15 <= raw.mts[row] < 10**17:
        return ", which looks like microseconds: milliseconds are needed"
    return ""


def _is_newest_first(mts: Ints) -> bool:
    return len(mts) > 1 and bool(mts[0] > mts[-1]) and int((np.diff(mts) < 0).sum()) * 2 > len(mts) - 1


def _in_order(findings: list[Finding], raw: RawCandles, rows: Ints) -> Ints:
    """Return *rows* sorted and each time once, and find what had to be moved or left out."""
    mts = raw.mts[rows]
    if bool((mts[1:] > mts[:-1]).all()):
        return rows
    latest = np.maximum.accumulate(mts)
    _find(findings, raw, Fault.DISORDER, rows[1:][mts[1:] < latest[:-1]])
    rows = rows[np.lexsort((raw.lines[rows], mts))]
    mts = raw.mts[rows]
    repeated = mts[1:] == mts[:-1]
    before, after = rows[:-1][repeated], rows[1:][repeated]
    same = np.ones(len(before), dtype=np.bool_)
    for column in (raw.open, raw.high, raw.low, raw.close, raw.volume):
        same &= column[before] == column[after]
    _find(findings, raw, Fault.DUPLICATE, after[same])
    _find(findings, raw, Fault.CONFLICT, after[~same])
    kept: Ints = rows[np.append(~repeated, True)]
    return kept


def _looks_like_ohlc(findings: Sequence[Finding], rows: int) -> bool:
    ranges = sum(each.rows for each in findings if each.fault in (Fault.HIGH_BELOW_LOW, Fault.OUTSIDE))
    return ranges * 3 > rows

"""Numbers as people read them: money with thousands, percentages with a sign, times in UTC.

Machines get exact text from `units`; here things are rounded to what an eye takes in, half to even.
"""

import math
from datetime import UTC, datetime
from typing import Final

from genesis.domain.units import ATOM_DECIMALS, ATOMS_PER_UNIT, decimal_from_atoms

NONE: Final = "–"
"""A figure that has no meaning here."""

_UNITS: Final = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000))
_DECIMALS_MAX: Final = 10
_SPACE: Final = "\N{NO-BREAK SPACE}"
_SMALL_ACCOUNT: Final = 100 * ATOMS_PER_UNIT


def money_decimals(initial_cash: int) -> int:
    """Return how many decimals an account of this size is read with: an account in BTC needs all eight."""
    return 2 if initial_cash >= _SMALL_ACCOUNT else 8


def money(amount: int, decimals: int, sign: bool = False) -> str:
    """Return atoms as currency units: `1,234.50`; with *sign*, a gain has its plus.

    An amount that would round to nothing is told in full.
    """
    if 0 < 2 * abs(amount) < ATOMS_PER_UNIT // 10**decimals:
        decimals = ATOM_DECIMALS
    text = f"{round(decimal_from_atoms(amount), decimals):{'+' if sign and amount else ''},.{decimals}f}"
    return text.replace("-", "−")


def percent(value: float | None, sign: bool = False) -> str:
    """Return a percentage (of 100): `12.34 %`, with more decimals where they tell it from 0 or from 100."""
    text = points(value, sign)
    return text if text == NONE else f"{text}{_SPACE}%"


def points(value: float | None, sign: bool = False) -> str:
    """Return percentage points: the number of `percent`, whose unit stands elsewhere."""
    if value is None or not math.isfinite(value):
        return NONE
    return f"{value:{'+' if sign and value else ''},.{_decimals(value)}f}".replace("-", "−")


def ratio(value: float | None) -> str:
    """Return a ratio with two decimals."""
    if value is None or not math.isfinite(value):
        return NONE
    text = f"{value:,.2f}"
    return "0.00" if text == "-0.00" else text.replace("-", "−")


def count(value: int) -> str:
    """Return a count with thousands."""
    return f"{value:,}"


def counted(value: int, noun: str) -> str:
    """Return a count with its noun, in the plural where that is right."""
    return f"{value:,} {noun}{'' if value == 1 else 's'}"


def moment(mts: int) -> str:
    """Return a time to the minute, UTC: `2017-01-01 00:00`."""
    return datetime.fromtimestamp(mts / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def day(mts: int) -> str:
    """Return a date, UTC."""
    return moment(mts)[:10]


def duration(span_ms: int) -> str:
    """Return a length of time in its two largest units: `3 d 4 h`."""
    parts: list[str] = []
    rest = span_ms
    for name, size in _UNITS:
        whole, rest = divmod(rest, size)
        if whole or parts:
            parts.append(f"{whole:,} {name}" if whole else "")
        if len(parts) == 2:
            break
    return " ".join(filter(None, parts)) or "0 s"


def _decimals(value: float) -> int:
    size = abs(value)
    if size >= 1000.0:
        return 0
    shown = min(size, abs(size - 100.0)) if size != 100.0 else size
    return 2 if shown >= 0.01 or not shown else min(1 - math.floor(math.log10(shown)), _DECIMALS_MAX)

"""How runs of a sweep ended before their candles did: in a row, and of all runs in a sentence."""

from typing import Final

import numpy as np

from genesis.domain.events import AlertCode
from genesis.domain.statistics.record import RUINED
from genesis.domain.statistics.sweep_figures import ENDINGS
from genesis.ports.sweeps import Row, SweepTable

_READ: Final = ("breach", "max_drawdown_pct")


def ending_of(row: Row) -> str | None:
    """Return what liquidated or halted a run; None where nothing did."""
    return ENDINGS[int(row["breach"] or 0)]


def is_ruined(row: Row) -> bool:
    """Tell whether nothing, or less, was left of a run at some close."""
    return float(row["max_drawdown_pct"] or 0.0) >= 100.0 * RUINED


def ending_words(row: Row) -> str:
    """Return how a run ended, for a table; nothing where it ran to the end."""
    return ", ".join(each for each in (ending_of(row), "ruined" if is_ruined(row) else None) if each)


def endings_sentence(table: SweepTable) -> str:
    """Return how many of all runs were liquidated, halted or ruined; nothing where none was."""
    columns = table.read(_READ)
    counts = np.bincount(columns["breach"].astype(np.int64), minlength=len(ENDINGS)).tolist()
    told = [f"{count} {_words(name)}" for name, count in zip(ENDINGS, counts, strict=True) if name and count]
    ruined = int((columns["max_drawdown_pct"] >= 100.0 * RUINED).sum())
    if ruined:
        told.append(f"{ruined} ruined, with nothing left at some close: they have no ratios, and stand last by those")
    return f"Of {len(columns['breach'])} runs: {'; '.join(told)}." if told else ""


def _words(name: str) -> str:
    return name if name == AlertCode.LIQUIDATED.value else f"halted by {name}"

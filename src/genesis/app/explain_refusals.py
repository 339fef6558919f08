"""What was refused in a session, read from its journal: which guard, what it observed, and what it allows."""

from collections import Counter
from pathlib import Path
from typing import Final

from attrs import frozen

from genesis.adapters.journal_sqlite.reading import read_journal
from genesis.app.json_output import JsonDocument
from genesis.app.replay import first_entry
from genesis.domain.events import OrderRefused
from genesis.domain.risk.refusal import RefusalCode
from genesis.domain.units import format_atoms

SHOWN: Final = 20
"""So many of the last refusals are shown."""


@frozen
class Refusals:
    """The last refusals of a session, the youngest last, and how many there were by code."""

    last: tuple[OrderRefused, ...]
    counts: Counter[RefusalCode]


def refusals_of(path: Path) -> Refusals:
    """Return what the journal *path* says was refused; raises `InputError` when it holds no session."""
    rows = read_journal(path)
    first_entry(path, rows)
    found = [entry for _, entry in rows if isinstance(entry, OrderRefused)]
    return Refusals(tuple(found[-SHOWN:]), Counter(each.code for each in found))


def document(found: Refusals) -> JsonDocument:
    """Return refusals as JSON: amounts as exact text, null where a wish was refused before it was sized."""
    return {
        "refusals": {code.value: count for code, count in found.counts.most_common()},
        "last": [
            {
                "mts": each.mts,
                "code": each.code.value,
                "observed": each.observed,
                "allowed": each.allowed,
                "strategy": each.strategy,
                "side": each.side.value,
                "amount": None if each.amount is None else format_atoms(each.amount),
                "symbol": each.symbol,
            }
            for each in found.last
        ],
    }


def lines(found: Refusals) -> list[str]:
    """Return refusals for people."""
    if not found.last:
        return ["nothing was refused"]
    said = [f"{code.value}: {count}" for code, count in found.counts.most_common()]
    said.append(f"the last {len(found.last)}:")
    for each in found.last:
        amount = "" if each.amount is None else f"{format_atoms(each.amount)} "
        what = f"{each.strategy} {each.side.value} {amount}{each.symbol}"
        said.append(f"  {each.mts} {what}: {each.code.value}: observed {each.observed}, allowed {each.allowed}")
    return said

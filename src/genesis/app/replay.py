"""A journal through the core again: the same events must give the same decisions, to the last letter."""

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, get_args

from attrs import define, frozen

from genesis.adapters.journal_sqlite.reading import read_journal
from genesis.app.strategies import find_strategy
from genesis.domain.core import CoreSettings, TradingCore
from genesis.domain.events import CandleClosed, Event, HaltRequested, OrderClosed, OrderFilled, OrderRejected, Quote
from genesis.domain.journal.chain import Row
from genesis.domain.journal.encoding import encode
from genesis.domain.journal.entries import RecordedEntry, SessionBegan, SessionEnded
from genesis.domain.ledger import Ledger
from genesis.domain.units import format_atoms
from genesis.ports.errors import InputError

EVENTS: Final = get_args(Event)
DECISION: Final = "decision"


@frozen
class Difference:
    """The first decision that differs: the event (by its row) after which it was made, and both decisions as text."""

    seq: int
    recorded: str
    replayed: str


@define
class Replay:
    """What came of a replay; *ended* says how the session ended, empty when it was cut by a crash."""

    events: int = 0
    decisions: int = 0
    ended: str = ""
    equity: str = ""
    difference: Difference | None = None


def replay(path: Path) -> Replay:
    """Run the journal *path* through a fresh core and compare every decision.

    Raises `StoreError` for a damaged journal, `InputError` when the journal's strategy is not to be had.
    """
    rows = read_journal(path)
    began = first_entry(path, rows)
    settings = settings_of(began)
    found = Replay()
    changed = began.describes(settings)
    if changed:
        found.difference = Difference(1, encode(began)[1], changed)
        return found
    core = TradingCore(settings, Ledger(began.cash), began.first_cid)
    _compare(core, rows, found)
    found.equity = f"{format_atoms(core.equity)} {settings.instrument.quote}"
    return found


def first_entry(path: Path, rows: Iterator[tuple[Row, RecordedEntry]]) -> SessionBegan:
    """Take the first row of a journal; raises `InputError` when it does not begin a session."""
    entry = next(rows, (None, None))[1]
    if not isinstance(entry, SessionBegan):
        raise InputError(f"{path}: holds no session: it ended before it began")
    return entry


def settings_of(began: SessionBegan) -> CoreSettings:
    """Return the settings of the core of a session, its strategy built anew by name."""
    expression = find_strategy(began.strategy).build(dict(began.params))
    return CoreSettings(began.instrument, expression, began.size, began.limits)


def _compare(core: TradingCore, rows: Iterable[tuple[Row, RecordedEntry]], found: Replay) -> None:
    due: deque[str] = deque()
    seq = 1
    for row, entry in rows:
        if isinstance(entry, EVENTS):
            if due:
                found.difference = Difference(seq, "no decision", due[0])
                return
            found.events += 1
            seq = row.seq
            due.extend(encode(decision)[1] for decision in core.handle(_event(entry)))
        elif row.kind == DECISION:
            replayed = due.popleft() if due else "no decision"
            if replayed != row.payload:
                found.difference = Difference(seq, row.payload, replayed)
                return
            found.decisions += 1
        elif isinstance(entry, SessionEnded):
            found.ended = entry.end.value
    # What the last event would have led to is not missing: a crash may have come first.
    if due and found.ended and found.ended != "failed":
        found.difference = Difference(seq, "no decision", due[0])


def _event(entry: RecordedEntry) -> Event:
    assert isinstance(entry, CandleClosed | Quote | OrderFilled | OrderClosed | OrderRejected | HaltRequested)
    return entry

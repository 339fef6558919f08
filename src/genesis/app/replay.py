"""A journal through the core again: the same events must give the same decisions, to the last letter."""

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, get_args

from attrs import define, frozen

from genesis.adapters.journal_sqlite.reading import read_journal
from genesis.app.budget_words import budget_of
from genesis.app.code_version import code_sha256
from genesis.app.strategies import build_deciding, find_any_strategy
from genesis.domain.core import TradingCore
from genesis.domain.core_settings import CoreSettings
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import Cancel, Event
from genesis.domain.journal.chain import Row
from genesis.domain.journal.encoding import encode
from genesis.domain.journal.entries import DRY, RecordedEntry, SessionBegan, SessionEnded
from genesis.domain.ledger import Ledger
from genesis.domain.saved import Saved, restore, saved
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
    """What came of a replay; *ended* says how the session ended, empty when it was cut by a crash.

    *is_other_code* says that other code than this wrote the journal: where decisions differ, that may be why.
    """

    is_other_code: bool
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
    found = Replay(began.code != code_sha256())
    changed = [
        said for each, desk in zip(began.strategies, settings.desks, strict=True) if (said := each.describes(desk))
    ]
    if changed:
        found.difference = Difference(1, encode(began)[1], changed[0])
        return found
    core = core_of(began, settings)
    _compare(core, rows, found)
    found.equity = f"{format_atoms(core.equity)} {settings.quote}"
    return found


def first_entry(path: Path, rows: Iterator[tuple[Row, RecordedEntry]]) -> SessionBegan:
    """Take the first row of a journal; raises `InputError` when it does not begin a session."""
    entry = next(rows, (None, None))[1]
    if not isinstance(entry, SessionBegan):
        raise InputError(f"{path}: holds no session: it ended before it began")
    return entry


def settings_of(began: SessionBegan) -> CoreSettings:
    """Return the settings of the core of a session, its strategies built anew by name."""
    desks = tuple(
        DeskSettings(
            each.instrument,
            build_deciding(find_any_strategy(each.strategy), dict(each.params))[1],
            each.size,
            each.limits,
            each.name,
            plan=each.plan,
            protection=each.protection,
            enabled=each.enabled,
            budget=budget_of(each.budget),
        )
        for each in began.strategies
    )
    return CoreSettings(desks, began.limits, began.account, began.needs_account, began.mode == DRY)


def core_of(began: SessionBegan, settings: CoreSettings) -> TradingCore:
    """Return the core of a session as it was at its beginning."""
    return TradingCore(settings, {each.name: Ledger(each.cash) for each in began.strategies}, began.first_cid)


def _compare(core: TradingCore, rows: Iterable[tuple[Row, RecordedEntry]], found: Replay) -> None:
    due: deque[str] = deque()
    seq, last_cancel = 1, ""
    for row, entry in rows:
        if isinstance(entry, EVENTS):
            if due or last_cancel:
                found.difference = Difference(seq, last_cancel or "no decision", due[0] if due else "no decision")
                return
            found.events += 1
            seq = row.seq
            due.extend(encode(decision)[1] for decision in core.handle(entry))
        elif isinstance(entry, Saved):
            if found.events == 0:
                restore(core, entry)  # the session went on where another had ended
            elif (state := encode(saved(core))[1]) != row.payload:  # as text, for NaN is not equal to itself
                found.difference = Difference(seq, row.payload, state)
                return
        elif isinstance(entry, Cancel) and not due:
            last_cancel = row.payload  # what a session does as its last, when it is killed: no event may follow
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

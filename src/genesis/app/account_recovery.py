"""The core of the last session of an account, from its journal: start-up is crash recovery.

A journal holds the state of its core every so often, so only what came after the last one is taken again; the chain is
checked over every row all the same. What the end of the process means for orders on their way is `recovery`'s to say.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from attrs import evolve, frozen

from genesis.adapters.journal_sqlite.folder import journals
from genesis.adapters.journal_sqlite.reading import read_beginning, read_tail
from genesis.domain.core import TradingCore
from genesis.domain.core_settings import CoreSettings
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import Alert
from genesis.domain.execution.order_life import OrderLife
from genesis.domain.journal.entries import DRY, RecordedEntry, SessionBegan, SessionEnded, StrategyBegan
from genesis.domain.ledger import Ledger
from genesis.domain.recall import recall
from genesis.domain.saved import restarted
from genesis.domain.strategy.features import KEEP
from genesis.domain.succession import held_by, succeeded
from genesis.domain.units import Atoms, Mts
from genesis.ports.errors import InputError

KEEP_IT: Final = (
    "what it holds there is its own: keep it as it was until it is flat (enabled: false keeps what it holds), and give "
    "what trades something else a name of its own"
)


@frozen(eq=False)
class Recovered:
    """A core as its last session left it, and the names of strategies that are *new*.

    *known* are the orders that may still be open, *since* is its last fill. *breaches* are of limits of now that are
    breached already: the core acts on them from its beginning, and tells of them no more.
    """

    core: TradingCore
    new: tuple[str, ...]
    known: tuple[OrderLife, ...]
    since: Mts
    breaches: tuple[Alert, ...]


def last_journal(folder: Path, mode: str, owner: int) -> Path | None:
    """Return the newest journal of sessions of *mode* on an account that has anything to recover, None where none has.

    A session that failed before it wrote its core knows nothing of the account: the one before it does. Raises
    `StoreError` for a journal whose first rows are damaged, or gone.
    """
    for path in journals(folder):
        match read_beginning(path):
            case (SessionBegan(mode=found, owner=whose), second) if (found, whose) == (mode, owner):
                if not isinstance(second, SessionEnded):
                    return path
    return None


def recover(path: Path, settings: CoreSettings, cash: Mapping[str, Atoms]) -> Recovered:
    """Return the core of *settings* where the journal *path* ends; strategies that are new begin with their *cash*.

    A strategy that *settings* have no more is left out if nothing keeps it; the house inherits from it. Raises
    `StoreError` for a damaged journal, `InputError` where such a strategy holds anything, or trades something else now.
    """
    began, entries = _read(path)
    first = {each.name: each.cash for each in began.strategies}
    traded = {desk.name: desk.instrument.symbol for desk in settings.desks}
    for each in began.strategies:
        name, symbol = each.name, each.instrument.symbol
        if traded.get(name, symbol) != symbol or each.instrument.quote != settings.quote:
            now = f"trades {traded[name]} now" if name in traded else "is gone, with its quote currency"
            raise InputError(f"{path}: {name} traded {symbol} in the last session and {now}: {KEEP_IT}")
    gone = [each for each in began.strategies if each.name not in traded]
    new = tuple(each.name for each in settings.desks if each.name not in first)
    desks = (*(each for each in settings.desks if each.name in first), *map(_as_it_was, gone))
    before = evolve(settings, desks=desks)
    core = TradingCore(before, {name: Ledger(amount) for name, amount in first.items()}, began.first_cid)
    for entry in entries:
        recall(core, entry)
    for each in gone:
        if held := held_by(core, each.name):
            raise InputError(f"{path}: {each.name} is gone and {held} since the last session: {KEEP_IT}")
    if gone or new:
        core = succeeded(core, settings, cash)
    core.dispatch.limits = settings.limits
    core.books.remember(core.now, core.dispatch.limits)  # the rates may look further back than those of before
    breaches = []
    for wanted in settings.desks:  # what the journal ended with may be another configuration than this
        desk = core.desks[wanted.name]
        if (breach := desk.limit(core.now, wanted.limits)) is not None:
            breaches.append(breach)
        desk.enable(is_enabled=wanted.enabled)
    core.is_new = settings.needs_account
    core = restarted(core)  # as the session's first row has it: its replay knows no more
    known = tuple(own.life for own in core.books.orders.open())
    return Recovered(core, new, known, core.books.last_fill, tuple(breaches))


def left(path: Path) -> TradingCore:
    """Return the core as the journal *path* left it, with what was in force there at its end: nothing is judged anew.

    It takes facts and decides nothing, so no strategy is loaded. Raises `StoreError` for a damaged journal.
    """
    began, entries = _read(path)
    desks = tuple(evolve(_as_it_was(each), enabled=each.enabled) for each in began.strategies)
    settings = CoreSettings(desks, began.limits, began.account, began.needs_account, began.mode == DRY)
    core = TradingCore(settings, {each.name: Ledger(each.cash) for each in began.strategies}, began.first_cid)
    for entry in entries:
        recall(core, entry)
    core.is_new = began.needs_account
    return restarted(core)


def _read(path: Path) -> tuple[SessionBegan, Sequence[RecordedEntry]]:
    """Return what began the session of a journal, and what of it makes its core."""
    entries = read_tail(path)
    began = next(iter(entries), None)
    if not isinstance(began, SessionBegan):
        raise InputError(f"{path}: holds no session: it ended before it began")
    return began, entries[1:]


def _as_it_was(before: StrategyBegan) -> DeskSettings:
    """Return a strategy of the last session as far as facts need it: it decides nothing any more."""
    return DeskSettings(
        before.instrument, KEEP, before.size, before.limits, before.name, before.plan, before.protection, enabled=False
    )

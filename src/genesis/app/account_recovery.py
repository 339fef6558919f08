"""The core of the last session of an account, from its journal: start-up is crash recovery.

A journal holds the state of its core every so often, so only what came after the last one is taken again; the chain is
checked over every row all the same. What the end of the process means for orders on their way is `recovery`'s to say.
"""

from itertools import islice
from pathlib import Path
from typing import Final

from attrs import frozen

from genesis.adapters.journal_sqlite.reading import read_journal, read_tail
from genesis.domain.core import CoreSettings, TradingCore
from genesis.domain.execution.order_life import OrderLife
from genesis.domain.journal.entries import SessionBegan, SessionEnded
from genesis.domain.ledger import Ledger
from genesis.domain.recall import recall
from genesis.domain.units import Atoms, Mts
from genesis.ports.errors import InputError

KEEP_IT: Final = (
    "what it holds there is its own: keep it as it was, with enabled: false once it is flat, and give what "
    "trades something else a name of its own"
)


@frozen(eq=False)
class Recovered:
    """A core as its last session left it; *known* are the orders that may still be open, *since* its last fill."""

    core: TradingCore
    known: tuple[OrderLife, ...]
    since: Mts


def last_journal(folder: Path, mode: str, owner: int) -> Path | None:
    """Return the newest journal of sessions of *mode* on an account that has anything to recover, None where none has.

    A session that failed before it wrote its core knows nothing of the account: the one before it does. Raises
    `StoreError` for a journal whose first rows are damaged.
    """
    for path in sorted(folder.glob("*.sqlite"), reverse=True):
        match [entry for _, entry in islice(read_journal(path), 2)]:
            case [SessionBegan(mode=found, owner=whose), second] if (found, whose) == (mode, owner):
                if not isinstance(second, SessionEnded):
                    return path
    return None


def recover(path: Path, settings: CoreSettings) -> Recovered:
    """Return the core of *settings* where the journal *path* ends.

    Raises `StoreError` for a damaged journal, `InputError` where it has strategies that *settings* have not, or have on
    another instrument.
    """
    tail = read_tail(path)
    began = next(iter(tail.entries), None)
    if not isinstance(began, SessionBegan):
        raise InputError(f"{path}: holds no session: it ended before it began")
    cash = {each.name: each.cash for each in began.strategies}
    traded = {desk.name: desk.instrument.symbol for desk in settings.desks}
    for before in began.strategies:
        name, symbol = before.name, before.instrument.symbol
        if traded.get(name) != symbol:
            now = "is gone" if name not in traded else f"trades {traded[name]} now"
            raise InputError(f"{path}: {name} traded {symbol} in the last session and {now}: {KEEP_IT}")
    core = TradingCore(
        settings, {desk.name: Ledger(cash.get(desk.name, Atoms(0))) for desk in settings.desks}, began.first_cid
    )
    for entry in tail.entries[1:]:
        recall(core, entry)
    core.limits = settings.limits
    core.books.remember(core.now, core.limits)  # the rates may look further back than those of before
    for each in settings.desks:  # what the journal ended with may be another configuration than this
        desk = core.desks[each.name]
        desk.limit(core.now, each.limits)
        desk.enable(is_enabled=each.enabled)
        desk.intent = None
    core.is_new = settings.needs_account
    if settings.needs_account:
        core.books.standings.out_of_sight()
    return Recovered(core, tuple(own.life for own in core.books.orders.open()), core.books.last_fill)

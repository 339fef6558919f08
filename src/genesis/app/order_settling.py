"""Settling an order of which nothing can be proven any more (D9): a person says how it ended, and is written down.

It is done between sessions, in a short journal of its own: it begins where the last session ended, holds the person's
word as one event with what follows from it, and the next session goes on from there.
"""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final

from attrs import evolve, frozen

import genesis
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.journal_sqlite.reading import read_journal
from genesis.adapters.journal_sqlite.writing import SqliteJournal
from genesis.adapters.key_lock_file import KeyLock
from genesis.app.account_recovery import left
from genesis.app.audit import CommandFeed, audit_log
from genesis.app.bitfinex_rest import signer_of
from genesis.app.config_view import user
from genesis.app.logs import guarded_keys
from genesis.app.recovery import begin_again
from genesis.app.settings import Settings
from genesis.domain.core import TradingCore
from genesis.domain.events import AccountShown, OrderReported
from genesis.domain.execution.absence import AGE_MAX_S
from genesis.domain.execution.evidence import Vouched
from genesis.domain.execution.order_life import ContradictingEvidence, ImpossibleStep, OrderLife, advance
from genesis.domain.execution.orders import OwnOrder, is_done
from genesis.domain.execution.reconciliation import after_crash, facts
from genesis.domain.instrument import Instrument
from genesis.domain.journal.entries import FORMAT, SessionBegan, SessionEnd, SessionEnded
from genesis.domain.json_value import JsonObject
from genesis.domain.order import Cid
from genesis.domain.saved import saved
from genesis.domain.units import InexactNumber, atoms, decimal_from_text, format_atoms
from genesis.ports.clock import Clock
from genesis.ports.errors import InputError
from genesis.ports.journal import Journal

HORIZON_MS: Final = int(AGE_MAX_S * 1000)
"""For how long after it was sent the exchange can show what became of an order."""


@frozen
class Word:
    """What a person says of an order, as text: what was *filled* of it in all, at which price, for which fee.

    Without *filled* the exchange never had it.
    """

    reason: str
    filled: str = ""
    price: str = ""
    fee: str = "0"

    def vouched(self, instrument: Instrument) -> Vouched:
        """Return it as evidence; raises `InexactNumber` for what is no number, or finer than the exchange has it."""
        price = instrument.price(decimal_from_text(self.price)) if self.price else None
        return Vouched(self.reason, atoms(self.filled or "0"), price, atoms(self.fee))


@frozen(eq=False)
class _Last:
    """The last session of an account, and the core where it ended."""

    path: Path
    began: SessionBegan
    core: TradingCore


def settle_order(cid: int, word: Word, settings: Settings) -> str:
    """Settle the order *cid* by a person's *word*; return what came of it, as a sentence.

    Raises `InputError` while a session trades with the key, while a proof is possible still, for an order that is not
    in doubt, and for a word that cannot be true; `StoreError` where it cannot be written down.
    """
    keys = guarded_keys()
    signer_of(keys)
    with KeyLock(settings.locks.expanduser(), keys.api_key, f"order.settle {cid}"):
        return asyncio.run(_settle(settings.home, Cid(cid), word, SystemClock()))


async def _settle(home: Path, cid: Cid, word: Word, clock: Clock) -> str:
    last, own = _find(home / "journal", cid)
    before = SqliteJournal(last.path, clock)  # a session with another key of the account writes it still, and is told
    try:
        vouched = _checked(last, own.life, word)
        path = home / "journal" / f"{clock.now()}.sqlite"
        if path.name <= last.path.name:
            raise InputError(f"this machine's clock is behind the journal {last.path.name}: set it first")
        await audit_log(home, clock, CommandFeed()).append(_audited(cid, vouched, word))
        journal = SqliteJournal(path, clock)
        try:
            await _write(journal, last, OrderReported(clock.now(), own.life.order.symbol, cid, vouched))
        finally:
            await journal.close()
    finally:
        await before.close()
    life = last.core.books.orders.by_cid[cid].life
    return f"order {cid} is {life.status.value}, {format_atoms(life.filled)} of it filled; journal: {path}"


def _audited(cid: Cid, vouched: Vouched, word: Word) -> JsonObject:
    said: JsonObject = {"filled": format_atoms(vouched.filled), "price": word.price, "fee": format_atoms(vouched.fee)}
    return {"action": "order.settle", "order": cid, **said, "reason": word.reason, "who": user()}


async def _write(journal: Journal, last: _Last, event: OrderReported) -> None:
    """Write a session that does nothing else: so it replays as any other, and the next one goes on from it."""
    core = last.core
    await journal.append(evolve(last.began, format=FORMAT, version=genesis.__version__))
    await journal.append(saved(core))
    await begin_again(core, journal)
    await journal.append(event)
    for decision in core.handle(event):
        await journal.append(decision)
    await journal.append(SessionEnded(SessionEnd.STOPPED, f"order {event.cid} was settled by a person"))
    await journal.commit()


def _find(folder: Path, cid: Cid) -> tuple[_Last, OwnOrder]:
    """Return the order, and the last live session of its account; raises `InputError` where no account has it."""
    open_orders: list[str] = []
    owners: set[int] = set()
    for path, began in _sessions(folder):
        if began.owner in owners:
            continue
        owners.add(began.owner)
        core = left(path)
        own = core.books.orders.by_cid.get(cid)
        if own is not None and not is_done(own.life):
            return _Last(path, began, core), own
        if own is not None:
            raise InputError(f"order {cid} is {own.life.status.value} and booked: there is nothing to settle")
        open_orders += [f"{each.life.order.cid} ({each.life.status.value})" for each in core.books.orders.open()]
    known = f"; open are {', '.join(open_orders)}" if open_orders else ""
    raise InputError(f"{folder}: no live session left an order {cid} open{known}")


def _sessions(folder: Path) -> Iterator[tuple[Path, SessionBegan]]:
    """Yield the live sessions that knew their account, the newest first."""
    for path in sorted(folder.glob("*.sqlite"), reverse=True):
        match [entry for _, entry in islice(read_journal(path), 2)]:
            case [SessionBegan(mode="live") as began, second] if not isinstance(second, SessionEnded):
                yield path, began


def _checked(last: _Last, life: OrderLife, word: Word) -> Vouched:
    """Return *word* as evidence; raises `InputError` where it may not, or cannot, settle the order."""
    order, core = life.order, last.core
    provable_until = order.mts + HORIZON_MS
    look = _newest_look(last)
    if look is None or look.mts <= provable_until:
        raise InputError(
            f"order {order.cid}: the exchange can show what became of it until {_date(provable_until)}, and no look at "
            "the account was taken after that: let a session begin then, and look first"
        )
    shown = facts({order.cid: life}, look.look, core.settings.instruments)
    if shown.ours or shown.shown:
        raise InputError(f"order {order.cid}: the exchange still shows it: let a session take what it shows")
    if life.id is not None and not word.filled:
        raise InputError(f"order {order.cid}: the exchange had it as {life.id}: say --filled, 0 where nothing was")
    try:
        vouched = word.vouched(core.settings.instruments[order.symbol])
        after = life if (proof := after_crash(life)) is None else advance(life, proof)
        advance(after, vouched)
    except (ContradictingEvidence, ImpossibleStep, InexactNumber) as error:
        raise InputError(f"this cannot be how it ended: {error}") from error
    return vouched


def _newest_look(last: _Last) -> AccountShown | None:
    for path, began in _sessions(last.path.parent):
        if began.owner == last.began.owner:
            looks = [entry for _, entry in read_journal(path) if isinstance(entry, AccountShown)]
            if looks:
                return looks[-1]
    return None


def _date(mts: int) -> str:
    return f"{datetime.fromtimestamp(mts / 1000, UTC):%Y-%m-%d %H:%M} UTC"

"""Settling an order of which nothing can be proven any more (D9): a person says how it ended, and is written down.

It is done between sessions, in a short journal of its own: it begins where the last session ended, holds the person's
word as one event with what follows from it, and the next session goes on from there.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attrs import evolve, frozen

import genesis
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.journal_sqlite.folder import journals, next_journal
from genesis.adapters.journal_sqlite.reading import read_beginning, read_journal
from genesis.adapters.journal_sqlite.writing import SqliteJournal
from genesis.adapters.key_lock_file import KeyLock
from genesis.app.account_recovery import left
from genesis.app.audit import CommandFeed, audit_log
from genesis.app.bitfinex_rest import signer_of
from genesis.app.code_version import code_sha256
from genesis.app.config_view import user
from genesis.app.logs import guarded_keys
from genesis.app.order_word import Moved, Seen, Word, judged
from genesis.app.recovery import begin_again
from genesis.app.settings import Settings
from genesis.domain.core import TradingCore
from genesis.domain.events import AccountShown, Alert, AlertCode, CandleClosed, OrderReported, Quote
from genesis.domain.exchange.orders import Account
from genesis.domain.execution.evidence import Traded, Vouched
from genesis.domain.execution.order_life import OrderLife, Status
from genesis.domain.execution.orders import OwnOrder, is_done
from genesis.domain.execution.reconciliation import after_crash
from genesis.domain.house import shown_margin, shown_spot
from genesis.domain.journal.encoding import encode
from genesis.domain.journal.entries import FORMAT, SessionBegan, SessionEnd, SessionEnded
from genesis.domain.json_value import JsonObject
from genesis.domain.order import Cid
from genesis.domain.saved import restarted, saved
from genesis.domain.units import Price, format_atoms
from genesis.ports.clock import Clock
from genesis.ports.errors import InputError
from genesis.ports.journal import Journal

_IN_DOUBT: Final = frozenset({Status.SENDING, Status.UNKNOWN})

_STOPPING: Final = frozenset({AlertCode.ORDER_CONTRADICTION, AlertCode.JOURNAL_BEHIND})


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
        settings, life = last.core.settings, own.life
        instrument = settings.instruments[life.order.symbol]
        vouched = judged(life, word, instrument, _seen(last, life), settings.account)
        now = last.core.now  # the clock may be anywhere, and what the core takes for the time it keeps
        event = OrderReported(now, life.order.symbol, cid, vouched)
        tried(last.core, event)
        path = next_journal(home / "journal", now)
        await audit_log(home, clock, CommandFeed()).append(_audited(cid, vouched, word))
        journal = SqliteJournal(path, clock)
        try:
            await _write(journal, last, event)
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
    await journal.append(evolve(last.began, format=FORMAT, version=genesis.__version__, code=code_sha256()))
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
    for path in journals(folder):
        match read_beginning(path):
            case (SessionBegan(mode="live") as began, second) if not isinstance(second, SessionEnded):
                yield path, began


def _seen(last: _Last, life: OrderLife) -> Seen:
    """Find the newest look at the account, the last price of what the order trades, and what wallets have moved."""
    look: AccountShown | None = None
    price: Price | None = None
    is_later = False  # what was filled after the look is booked, and is not in its wallets
    instrument = last.core.settings.instruments[life.order.symbol]
    for path, began in _sessions(last.path.parent):
        if began.owner != last.began.owner:
            continue
        newer_look, newer_price, is_filled = look, price, False
        for _, entry in read_journal(path):
            match entry:
                case AccountShown() if newer_look is None:
                    look, is_filled = entry, False
                case OrderReported(evidence=Traded()) if newer_look is None:
                    is_filled = True
                case Quote(symbol=symbol) if newer_price is None and symbol == life.order.symbol:
                    price = entry.ask
                case CandleClosed(symbol, candle) if newer_price is None and symbol == life.order.symbol:
                    price = instrument.price_from_market(candle.close)
        is_later |= is_filled
        if look is not None and price is not None:
            break
    moved = None if look is None or is_later else _moved(last.core, life, look)
    return Seen(look, price, moved)


def _moved(core: TradingCore, life: OrderLife, shown: AccountShown) -> Moved | None:
    """Return what a look has and the books have not, None where that may have come by something else.

    What differs is left open only while an order is in doubt, else the house has taken it already; and where several
    are in doubt, nothing says by which of them it came.
    """
    books, order = core.books, life.order
    others = (own.life for own in books.orders.open() if own.life.order.cid != order.cid)
    if life.status not in _IN_DOUBT or not books.was_shown or not all(map(_is_clear, others)):
        return None
    instruments = core.settings.instruments
    instrument, look = instruments[order.symbol], shown.look
    if core.settings.account is Account.MARGIN:
        name: str = order.symbol
        has = shown_margin(look.wallets, look.positions, instruments)
    else:
        name, has = instrument.base, shown_spot(look.wallets)
    return Moved(has.get(name, 0) - books.net_amount(order.symbol), has.get(instrument.quote, 0) - books.cash())


def _is_clear(life: OrderLife) -> bool:
    return life.status in (Status.WORKING, Status.PARTIAL) and life.fee_is_known and not life.filled_unbooked


def tried(core: TradingCore, event: OrderReported) -> None:
    """Raise `InputError` where a core as *core* would fail at *event*, or stop everything: it is not written then."""
    trial = restarted(core)
    try:
        for own in tuple(trial.books.orders.open()):
            if (proof := after_crash(own.life)) is not None:
                trial.handle(OrderReported(event.mts, own.life.order.symbol, own.life.order.cid, proof))
        told = [each.text for each in trial.handle(event) if isinstance(each, Alert) and each.code in _STOPPING]
        encode(saved(restarted(trial)))
    except (ValueError, ArithmeticError, TypeError) as error:
        raise InputError(f"order {event.cid}: the books cannot take this: {error}") from error
    if told:
        raise InputError(f"order {event.cid}: this would stop everything, and is not written: {'; '.join(told)}")

"""What of a core outlives its process: everything but what strategies remember of candles, which they see again."""

from typing import Final

from attrs import field, frozen

from genesis.domain.core import TradingCore
from genesis.domain.desk import Desk, Intent
from genesis.domain.events import Alert, Reasons
from genesis.domain.execution.orders import OwnOrder
from genesis.domain.ledger import Ledger
from genesis.domain.order import Cid
from genesis.domain.pursued import Pursued
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.risk.limits import AccountLimits
from genesis.domain.risk.scene import Sent
from genesis.domain.units import Atoms, Mts, Price, Symbol

ENDED_KEPT: Final = 100
"""How many ended orders are saved, so that what comes late for them finds its strategy after a restart, too."""

LATER: Final = "later"
"""Marks a field that older journals do not have: they are read as if it were its default."""


@frozen
class SavedDesk:
    """A desk and its purse; the floors of its guards follow from *limits*."""

    name: str
    limits: RiskLimits
    cash: Atoms
    positions: tuple[tuple[Symbol, Atoms], ...]
    equity: int
    halts: tuple[Alert, ...]
    reduce_until: int
    peak: int
    day_end: int
    last_equity: int
    drawdown_floor: int
    day_floor: int
    calm_above: int
    losses: int
    pause_until: int
    target_acted_on: float
    budget_acted_on: int
    in_flight: Intent | None
    is_torn: bool
    is_on: bool
    is_switched_off: bool
    only_reduce: bool
    value: int
    flow: int
    is_stopped_out: bool = False


@frozen
class SavedEntry:
    """At what price a strategy last entered, and why."""

    strategy: str
    price: Price
    reasons: Reasons


@frozen
class Saved:
    """A core between two events.

    *is_new* says that the account was not shown yet, *unwanted* are the orders that a person wants cancelled, and why;
    *crossed* says before which order another strategy last made the position of one larger.
    """

    now: Mts
    next_cid: int
    next_undertaking: int
    limits: AccountLimits
    desks: tuple[SavedDesk, ...]
    orders: tuple[OwnOrder, ...]
    house: tuple[tuple[str, int], ...]
    was_shown: bool
    recent: tuple[Sent, ...]
    last_fill: Mts
    under_way: tuple[Pursued, ...]
    entries: tuple[SavedEntry, ...]
    reasons: tuple[tuple[str, Reasons], ...]
    cut: tuple[str, ...]
    is_new: bool = False
    unwanted: tuple[tuple[Cid, str], ...] = ()
    crossed: tuple[tuple[str, Cid], ...] = field(default=(), metadata={LATER: True})


def saved(core: TradingCore) -> Saved:
    """Return what is to be kept of *core*; of orders that ended, the last ones and the parts of what is under way.

    A plan counts what its parts have filled: without those that ended it would send them again.
    """
    books = core.books
    kept = {own.life.order.cid for own in (*books.orders.open(), *books.orders.ended_lately(ENDED_KEPT))}
    return Saved(
        now=core.now,
        next_cid=books.orders.next_cid,
        next_undertaking=core.trading.next_undertaking,
        limits=core.dispatch.limits,
        desks=tuple(_saved_desk(desk) for desk in core.desks.values()),
        orders=tuple(
            own for cid, own in books.orders.by_cid.items() if cid in kept or own.undertaking in books.under_way
        ),
        house=tuple(sorted(books.house.balances.items())),
        was_shown=books.was_shown,
        recent=tuple(books.recent),
        last_fill=books.last_fill,
        under_way=tuple(books.under_way.values()),
        entries=tuple(SavedEntry(name, *entry) for name, entry in core.guarding.entries.items()),
        reasons=tuple(core.dispatch.reasons.items()),
        cut=tuple(sorted(core.trading.cut)),
        is_new=core.is_new,
        unwanted=tuple(core.operation.unwanted.items()),
        crossed=tuple(core.guarding.crossed.items()),
    )


def restore(core: TradingCore, state: Saved) -> None:
    """Bring a fresh *core* of the same settings to *state*; raises `ValueError` for a strategy that it has not."""
    unknown = sorted({desk.name for desk in state.desks} - set(core.desks))
    if unknown:
        raise ValueError(f"the account has positions or orders of {', '.join(unknown)}, which no strategy trades now")
    books = core.books
    core.now, core.trading.next_undertaking, books.orders.next_cid = state.now, state.next_undertaking, state.next_cid
    core.dispatch.limits, core.is_new = state.limits, state.is_new
    for desk in state.desks:
        _restore_desk(core.desks[desk.name], desk)
    for order in state.orders:
        books.orders.take(order)
    books.house.balances = dict(state.house)
    books.was_shown, books.last_fill = state.was_shown, state.last_fill
    # A person has to look, whoever runs: what contradicted itself before the restart still does.
    books.thaw()
    books.recent.extend(state.recent)
    core.carry_on(state.under_way)
    core.guarding.entries = {each.strategy: (each.price, each.reasons) for each in state.entries}
    core.guarding.crossed = dict(state.crossed)
    core.dispatch.reasons, core.trading.cut = dict(state.reasons), set(state.cut)
    core.operation.unwanted = dict(state.unwanted)


def restarted(core: TradingCore) -> TradingCore:
    """Return a core that knows what of *core* outlives its process, and nothing else: so its replay begins, too."""
    fresh = TradingCore(core.settings, {name: Ledger(Atoms(0)) for name in core.desks})
    restore(fresh, saved(core))
    return fresh


def _saved_desk(desk: Desk) -> SavedDesk:
    purse, guards = desk.purse, desk.purse.guards
    return SavedDesk(
        name=desk.name,
        limits=guards.limits,
        cash=desk.ledger.cash,
        positions=tuple(sorted(desk.ledger.positions.items())),
        equity=purse.equity,
        halts=purse.halts,
        reduce_until=purse.reduce_until,
        peak=guards.peak,
        day_end=guards.day_end,
        last_equity=guards.last_equity,
        drawdown_floor=guards.drawdown_floor,
        day_floor=guards.day_floor,
        calm_above=guards.calm_above,
        losses=desk.streak.losses,
        pause_until=desk.streak.pause_until,
        target_acted_on=desk.target_acted_on,
        budget_acted_on=desk.budget_acted_on,
        in_flight=desk.in_flight,
        is_torn=desk.is_torn,
        is_on=desk.is_on,
        is_switched_off=desk.is_switched_off,
        only_reduce=desk.only_reduce,
        value=desk.value,
        flow=desk.flow,
        is_stopped_out=desk.is_stopped_out,
    )


def _restore_desk(desk: Desk, state: SavedDesk) -> None:
    purse, guards, ledger = desk.purse, desk.purse.guards, desk.ledger
    ledger.cash, ledger.positions = state.cash, dict(state.positions)
    desk.position = ledger.position(desk.symbol)
    desk.limit(Mts(0), state.limits)
    purse.equity, purse.reduce_until = state.equity, state.reduce_until
    purse.stand_for(state.halts)
    guards.peak, guards.day_end, guards.last_equity = state.peak, state.day_end, state.last_equity
    guards.drawdown_floor, guards.day_floor = state.drawdown_floor, state.day_floor
    guards.calm_above = state.calm_above
    desk.streak.losses, desk.streak.pause_until = state.losses, state.pause_until
    desk.target_acted_on, desk.budget_acted_on = state.target_acted_on, state.budget_acted_on
    desk.in_flight, desk.is_torn = state.in_flight, state.is_torn
    desk.is_on, desk.is_switched_off, desk.only_reduce = state.is_on, state.is_switched_off, state.only_reduce
    desk.value, desk.flow, desk.is_stopped_out = state.value, state.flow, state.is_stopped_out

"""From the strategies of one session to those of the next: who goes leaves to the house, who comes gets from it.

So the strategies and the house together are the account all the time.
"""

from collections.abc import Mapping

from attrs import evolve

from genesis.domain.core import TradingCore
from genesis.domain.core_settings import CoreSettings
from genesis.domain.ledger import Ledger
from genesis.domain.saved import restore, saved
from genesis.domain.units import Atoms, format_atoms


def held_by(core: TradingCore, strategy: str) -> str:
    """Return what keeps a strategy on the account, empty where nothing does; what is too little to sell does not."""
    desk = core.desks[strategy]
    instrument = desk.settings.instrument
    if abs(desk.position) >= instrument.amount_min:
        return f"holds {format_atoms(desk.position)} {instrument.base}"
    orders = [own.life.order.cid for own in core.books.orders.open() if own.strategy == strategy]
    if orders:
        return f"has orders that may still fill ({', '.join(map(str, orders))})"
    plans = [each for each in core.books.under_way.values() if each.undertaking.strategy == strategy]
    return "is in the middle of a plan" if plans else ""


def succeeded(core: TradingCore, settings: CoreSettings, cash: Mapping[str, Atoms]) -> TradingCore:
    """Return a core of *settings* with all that *core* knows; strategies that it had not begin with their *cash*."""
    kept = {desk.name for desk in settings.desks}
    state = saved(core)
    left = evolve(
        state,
        desks=tuple(desk for desk in state.desks if desk.name in kept),
        orders=tuple(own for own in state.orders if own.strategy in kept),
        entries=tuple(entry for entry in state.entries if entry.strategy in kept),
        reasons=tuple((name, reasons) for name, reasons in state.reasons if name in kept),
        cut=tuple(name for name in state.cut if name in kept),
        crossed=tuple((name, cid) for name, cid in state.crossed if name in kept),
    )
    new = {name: cash[name] for name in kept if name not in core.desks}
    fresh = TradingCore(settings, {name: Ledger(new.get(name, Atoms(0))) for name in kept})
    restore(fresh, left)
    for name, desk in core.desks.items():
        if name not in kept:
            fresh.books.inherit(desk)
    fresh.books.house.add(settings.quote, -sum(new.values()))
    return fresh

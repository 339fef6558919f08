"""What a live session begins with: its core, and the orders that are ours already, as the last session left them."""

from pathlib import Path

from attrs import frozen

import genesis
from genesis.app.account_plan import AccountPlan
from genesis.app.account_recovery import last_journal, recover
from genesis.app.code_version import code_sha256
from genesis.app.live_plan import LivePlan
from genesis.domain.core import FIRST_CID, TradingCore
from genesis.domain.events import Alert
from genesis.domain.exchange.orders import Account
from genesis.domain.execution.order_life import OrderLife
from genesis.domain.journal.entries import DRY, FORMAT, SessionBegan
from genesis.domain.units import Mts


@frozen(eq=False)
class Begun:
    """A core that is ready, and the names of strategies that are *new* in it.

    *known* are orders of earlier sessions that may be open, *since* is their last fill; *breaches* are what a
    person has to be told of limits that are breached from the start.
    """

    core: TradingCore
    new: tuple[str, ...]
    known: tuple[OrderLife, ...] = ()
    since: Mts | None = None
    breaches: tuple[Alert, ...] = ()


def begin(plan: LivePlan, account: AccountPlan, journals: Path, owner: int) -> Begun:
    """Return the core where the last session of *owner* in this mode ended; without one, each strategy with its cash.

    Raises `StoreError` for a damaged journal, `InputError` where it has strategies that are gone.
    """
    last = last_journal(journals, mode_of(plan), owner)
    if last is None:
        core = account.core(needs_account=True, is_dry=plan.is_dry)
        return Begun(core, tuple(core.desks))
    cash = {each.desk.name: each.cash for each in account.strategies}
    found = recover(last, account.settings(needs_account=True, is_dry=plan.is_dry), cash)
    return Begun(found.core, found.new, found.known, found.since or None, found.breaches)


def mode_of(plan: LivePlan) -> str:
    """Return what a journal calls the mode: what was never sent is no past of what is."""
    return DRY if plan.is_dry else "live"


def live_began(plan: LivePlan, account: AccountPlan, owner: int) -> SessionBegan:
    """Return the head of the journal of a live session; its data are what the exchange tells."""
    return SessionBegan(
        format=FORMAT,
        version=genesis.__version__,
        mode=mode_of(plan),
        strategies=tuple(each.began() for each in account.strategies),
        limits=account.limits,
        account=Account.EXCHANGE,
        needs_account=True,
        first_cid=FIRST_CID,
        fee=plan.costs.fee,
        slippage=plan.costs.slippage,
        data_sha256="",
        owner=owner,
        code=code_sha256(),
    )

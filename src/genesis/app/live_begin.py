"""What a live session begins with: its core, and the orders that are ours already.

This is the seam of recovery: whoever can read the last journal of a key puts its books and orders here.
"""

from attrs import frozen

import genesis
from genesis.app.account_plan import AccountPlan
from genesis.app.live_plan import LivePlan
from genesis.domain.core import FIRST_CID, TradingCore
from genesis.domain.exchange.orders import Account
from genesis.domain.execution.order_life import OrderLife
from genesis.domain.journal.entries import FORMAT, SessionBegan
from genesis.domain.units import Mts


@frozen(eq=False)
class Begun:
    """A core that is ready; *known* are orders of earlier sessions that may be open, *since* is their last fill."""

    core: TradingCore
    known: tuple[OrderLife, ...] = ()
    since: Mts | None = None


def begin(account: AccountPlan) -> Begun:
    """Return the core of a session that has no past: each strategy with its cash, and nothing held."""
    return Begun(account.core(needs_account=True))


def live_began(plan: LivePlan, account: AccountPlan) -> SessionBegan:
    """Return the head of the journal of a live session; its data are what the exchange tells."""
    return SessionBegan(
        format=FORMAT,
        version=genesis.__version__,
        mode="live, dry run" if plan.is_dry else "live",
        strategies=tuple(each.began() for each in account.strategies),
        limits=account.limits,
        account=Account.EXCHANGE,
        needs_account=True,
        first_cid=FIRST_CID,
        fee=plan.costs.fee,
        slippage=plan.costs.slippage,
        data_sha256="",
    )

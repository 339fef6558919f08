"""An order as the exchange shows it, for tests to change what matters to them: `evolve(RESTING, side=Side.SELL)`."""

from decimal import Decimal
from typing import Final

from genesis.domain.exchange.orders import Account, OrderReport, ReportedStatus
from genesis.domain.order import OrderId, OrderType, Side
from genesis.domain.units import Mts, Symbol

RESTING: Final = OrderReport(
    id=OrderId(77),
    cid=None,
    group_id=None,
    symbol=Symbol("tBTCUSD"),
    account=Account.EXCHANGE,
    side=Side.BUY,
    type=OrderType.LIMIT,
    amount=Decimal(1),
    amount_remaining=Decimal(1),
    status=ReportedStatus.ACTIVE,
    status_text="ACTIVE",
    mts_created=Mts(0),
    mts_updated=Mts(0),
    price=Decimal(100),
    price_average=None,
    price_trailing=None,
    price_auxiliary=None,
    post_only=False,
    reduce_only=False,
    hidden=False,
    placed_id=None,
    mts_expiry=None,
)
"""A bid for one coin of somebody else, of which nothing is filled."""

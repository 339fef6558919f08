"""Orders and fills of the simulated exchange as an account sees them."""

from decimal import Decimal
from typing import Final

from genesis.domain.exchange.orders import Account, FillReport, OrderReport, ReportedStatus
from genesis.domain.instrument import Instrument
from genesis.domain.order import OrderType
from genesis.domain.simulation.exchange_events import OwnTrade
from genesis.domain.simulation.exchange_orders import OrderStatus, PlacedOrder
from genesis.domain.simulation.matching_events import CancelReason
from genesis.domain.units import Price, decimal_from_atoms

ENDS: Final = {
    CancelReason.POST_ONLY: ReportedStatus.POST_ONLY_CANCELED,
    CancelReason.IMMEDIATE_OR_CANCEL: ReportedStatus.IOC_CANCELED,
    CancelReason.FILL_OR_KILL: ReportedStatus.FILL_OR_KILL_CANCELED,
    CancelReason.MARGIN: ReportedStatus.INSUFFICIENT_MARGIN,
    CancelReason.REDUCE_NO_POSITION: ReportedStatus.NO_POSITION,
    CancelReason.REDUCE_WOULD_INCREASE: ReportedStatus.REDUCE_WOULD_INCREASE,
    CancelReason.REDUCE_WOULD_FLIP: ReportedStatus.REDUCE_WOULD_FLIP,
}
"""How orders end that were not simply cancelled."""


def order_report(order: PlacedOrder, instrument: Instrument) -> OrderReport:
    """Return an order as it stands; a stop shows its trigger as its price, as on the wire."""
    is_triggered = order.type in {OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP}
    price, auxiliary = (order.stop_price, order.price) if is_triggered else (order.price, order.ticket.oco_stop)
    status = reported_status(order)
    return OrderReport(
        id=order.id,
        cid=order.cid,
        group_id=order.gid,
        symbol=order.symbol,
        account=Account.MARGIN if order.ticket.on_margin else Account.EXCHANGE,
        side=order.side,
        type=order.type,
        amount=decimal_from_atoms(max(order.amount, order.left)),
        amount_remaining=decimal_from_atoms(order.left),
        status=status,
        status_text=status.value,
        mts_created=order.created,
        mts_updated=order.changed,
        price=_price(price, instrument),
        price_average=_price(order.average_price, instrument),
        price_trailing=_price(order.trail, instrument),
        price_auxiliary=_price(auxiliary, instrument),
        post_only=order.ticket.post_only,
        reduce_only=order.ticket.reduce_only,
        hidden=order.ticket.hidden,
        placed_id=order.placed_by,
        mts_expiry=order.expires or None,
    )


def fill_report(trade: OwnTrade, instrument: Instrument) -> FillReport:
    """Return one side of a match, with its fee."""
    return FillReport(
        id=trade.id,
        symbol=trade.order.symbol,
        mts=trade.mts,
        order_id=trade.order.id,
        cid=trade.order.cid,
        side=trade.order.side,
        amount=decimal_from_atoms(trade.amount),
        price=instrument.decimal_from_price(trade.price),
        is_maker=trade.is_maker,
        fee=decimal_from_atoms(trade.fee),
        fee_currency=trade.fee_currency,
    )


def reported_status(order: PlacedOrder) -> ReportedStatus:
    """Return where an order stands in the exchange's words."""
    match order.status:
        case OrderStatus.ACTIVE:
            return ReportedStatus.PARTIALLY_FILLED if order.fills else ReportedStatus.ACTIVE
        case OrderStatus.EXECUTED:
            return ReportedStatus.FORCED_EXECUTED if order.forced else ReportedStatus.EXECUTED
        case OrderStatus.CANCELED if order.reason is CancelReason.FUNDS:
            on_margin = order.ticket.on_margin
            return ReportedStatus.INSUFFICIENT_MARGIN if on_margin else ReportedStatus.INSUFFICIENT_BALANCE
        case OrderStatus.CANCELED if order.reason in ENDS:
            return ENDS[order.reason]
        case _:
            return ReportedStatus.CANCELED


def _price(price: Price, instrument: Instrument) -> Decimal | None:
    return instrument.decimal_from_price(price) if price else None

"""May this order be taken: its size, its prices, and whether its owner can pay."""

from collections.abc import Iterable

from genesis.domain.exchange.account import WalletKind
from genesis.domain.order import OrderType, Side
from genesis.domain.simulation.accounts import Account
from genesis.domain.simulation.exchange_orders import OrderTicket, PlacedOrder, Refusal, RefusalCode
from genesis.domain.simulation.margin_position import MarginPosition
from genesis.domain.simulation.margins import Margins
from genesis.domain.simulation.market import Market
from genesis.domain.simulation.matching_events import CancelReason
from genesis.domain.units import PPB, Atoms, Currency, Mts, Price

AT_MARKET = frozenset({OrderType.MARKET, OrderType.STOP, OrderType.TRAILING_STOP})


def wrong_values(market: Market, ticket: OrderTicket, mts: Mts, *, any_size: bool = False) -> Refusal | None:
    """Return what is wrong with the numbers of *ticket*, or None; the market itself may trade in *any_size*."""
    instrument = market.instrument
    if ticket.amount <= 0:
        return Refusal(RefusalCode.AMOUNT)
    if ticket.amount < instrument.amount_min and not (ticket.closes or any_size):
        return Refusal(RefusalCode.TOO_SMALL, instrument.amount_min)
    if ticket.amount > instrument.amount_max and not any_size:
        return Refusal(RefusalCode.TOO_LARGE, instrument.amount_max)
    if ticket.type not in AT_MARKET and ticket.price <= 0:
        return Refusal(RefusalCode.PRICE)
    if ticket.type in (OrderType.STOP, OrderType.STOP_LIMIT) and ticket.stop_price <= 0:
        return Refusal(RefusalCode.STOP_PRICE)
    if ticket.type is OrderType.TRAILING_STOP and ticket.trail <= 0:
        return Refusal(RefusalCode.TRAIL)
    if ticket.expires and ticket.expires <= mts:
        return Refusal(RefusalCode.EXPIRY)
    if ticket.on_margin and market.terms is None:
        return Refusal(RefusalCode.NO_MARGIN)
    return None


def hold_currency(market: Market, order: PlacedOrder) -> Currency:
    """Return what an exchange order is paid in."""
    return market.quote if order.side is Side.BUY else market.base


def hold_needed(market: Market, order: PlacedOrder) -> int:
    """Return the atoms that an open exchange order ties up; a pair is tied up once, by its limit order, at the dearer
    price."""
    if order.ticket.on_margin or order.placed_by is not None or not order.is_open:
        return 0
    if order.side is Side.SELL:
        return order.left
    price = order.stop_price if order.type in AT_MARKET else order.price
    return market.most(order.left, max(price, order.ticket.oco_stop))


def cannot_pay(
    market: Market, account: Account, order: PlacedOrder, open_orders: Iterable[PlacedOrder], margins: Margins
) -> Refusal | None:
    """Return why the owner of the new *order* cannot pay for it, or None."""
    if account.unlimited:
        return None
    if order.ticket.on_margin:
        position = account.positions.get(order.symbol)
        needed = margin_needed(market, order, position)
        free = margins.tradable(account, open_orders, market.quote)
        return Refusal(RefusalCode.TRADABLE_BALANCE, free) if needed > free else None
    available = account.wallet(WalletKind.EXCHANGE, hold_currency(market, order)).available
    if order.type is OrderType.MARKET and order.side is Side.BUY:
        needed = market.cost_now(order.left)
    else:
        needed = hold_needed(market, order)
    return Refusal(RefusalCode.EXCHANGE_BALANCE, available) if needed > available else None


def margin_needed(market: Market, order: PlacedOrder, position: MarginPosition | None) -> int:
    """Return the equity that the part of *order* which enlarges the position needs."""
    assert market.terms is not None
    net = position.net_amount if position is not None else 0
    opposed = net * order.side.sign < 0
    enlarging = max(0, order.left - 2 * abs(net)) if opposed else order.left
    price = order.price or order.stop_price or market.mark()
    return market.most(enlarging, Price(price)) * market.terms.initial // PPB


def reduce_only_breach(order: PlacedOrder, position: MarginPosition | None) -> CancelReason | None:
    """Return why a reduce-only *order* may not stand, or None."""
    if not (order.ticket.reduce_only and order.ticket.on_margin):
        return None
    if position is None or not position.net_amount:
        return CancelReason.REDUCE_NO_POSITION
    if position.net_amount * order.side.sign > 0:
        return CancelReason.REDUCE_WOULD_INCREASE
    if order.left > abs(position.net_amount):
        return CancelReason.REDUCE_WOULD_FLIP
    return None


def closing_amount(position: MarginPosition) -> tuple[Side, Atoms]:
    """Return the side and amount of the order that closes *position*."""
    return (Side.SELL if position.net_amount > 0 else Side.BUY), Atoms(abs(position.net_amount))

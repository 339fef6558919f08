"""What the exchange knows, as rows of the wire."""

from decimal import Decimal
from typing import Final

from genesis.adapters.bitfinex.wire.account import LedgerRow, PositionRow, WalletRow
from genesis.adapters.bitfinex.wire.number import Number
from genesis.adapters.bitfinex.wire.orders import OrderRow, OwnTradeRow
from genesis.adapters.venue.numbers import ZERO, number, number_from_atoms, number_from_price
from genesis.adapters.venue.order_texts import flags_of, type_text
from genesis.adapters.venue.statuses import status_text
from genesis.domain.instrument import Instrument
from genesis.domain.order import OrderType
from genesis.domain.simulation.accounts import Account
from genesis.domain.simulation.exchange_events import OwnTrade
from genesis.domain.simulation.exchange_orders import PlacedOrder
from genesis.domain.simulation.margin_position import MarginPosition
from genesis.domain.simulation.margins import Margins
from genesis.domain.simulation.market import Market
from genesis.domain.simulation.wallets import LedgerEntry, Wallet

ROUTING: Final = "API>BFX"


def order_row(order: PlacedOrder, instrument: Instrument) -> OrderRow:
    """Return an order; amounts are signed, `amount` is what remains."""
    sign, on_margin = order.side.sign, order.ticket.on_margin
    price, auxiliary = _wire_prices(order)
    meta = {**order.meta, "$F7": 1} if order.ticket.post_only else dict(order.meta)
    return OrderRow(
        id=order.id,
        gid=order.gid,
        cid=order.cid,
        symbol=order.symbol,
        mts_create=order.created,
        mts_update=order.changed,
        amount=number_from_atoms(sign * order.left),
        amount_orig=number_from_atoms(sign * order.amount),
        type=type_text(order.type, on_margin=on_margin),
        type_prev=None if order.type_before is None else type_text(order.type_before, on_margin=on_margin),
        mts_tif=order.expires or None,
        flags=flags_of(order.ticket),
        status=status_text(order, instrument),
        price=number_from_price(price, instrument),
        price_avg=number_from_price(order.average_price, instrument),
        price_trailing=number_from_price(order.trail, instrument),
        price_aux_limit=number_from_price(auxiliary, instrument),
        notify=0,
        hidden=int(order.ticket.hidden),
        placed_id=order.placed_by,
        routing=ROUTING,
        meta=meta,
    )


def _wire_prices(order: PlacedOrder) -> tuple[int, int]:
    """Return PRICE and PRICE_AUX_LIMIT: a stop shows its trigger first, the limit of a pair its stop second."""
    if order.type is OrderType.STOP_LIMIT:
        return order.stop_price, order.price
    if order.type in (OrderType.STOP, OrderType.TRAILING_STOP):
        return order.stop_price, 0
    return order.price, order.ticket.oco_stop


def own_trade_row(trade: OwnTrade, instrument: Instrument, *, complete: bool = True) -> OwnTradeRow:
    """Return one side of a match; an incomplete one (`te`) knows no fee yet."""
    order = trade.order
    return OwnTradeRow(
        id=trade.id,
        symbol=order.symbol,
        mts=trade.mts,
        order_id=order.id,
        exec_amount=number_from_atoms(order.side.sign * trade.amount),
        exec_price=number_from_price(trade.price, instrument),
        order_type=type_text(order.type, on_margin=order.ticket.on_margin),
        order_price=number_from_price(_wire_prices(order)[0], instrument),
        maker=1 if trade.is_maker else -1,
        fee=number_from_atoms(-trade.fee) if complete else None,
        fee_currency=trade.fee_currency if complete else None,
        cid=order.cid,
    )


def wallet_row(wallet: Wallet, last_change: str | None = None, available: int | None = None) -> WalletRow:
    """Return a balance."""
    return WalletRow(
        type=wallet.kind.value,
        currency=wallet.currency,
        balance=number_from_atoms(wallet.balance),
        unsettled_interest=ZERO,
        available=number_from_atoms(wallet.available if available is None else available),
        last_change=last_change,
    )


def ledger_row(entry: LedgerEntry) -> LedgerRow:
    """Return a change of a balance."""
    return LedgerRow(
        id=entry.id,
        currency=entry.currency,
        wallet=entry.wallet.value,
        mts=entry.mts,
        amount=number_from_atoms(entry.amount),
        balance=number_from_atoms(entry.balance),
        description=entry.text,
    )


def position_row(position: MarginPosition, market: Market, account: Account, margins: Margins) -> PositionRow:
    """Return a position valued at the last price; a closed one has no values."""
    scale, mark = market.scale, market.mark()
    is_open = bool(position.net_amount)
    profit = position.profit(mark, scale) if is_open else 0
    equity = margins.equity(account, market.quote)
    value = position.value(mark, scale)
    return PositionRow(
        symbol=position.symbol,
        status="ACTIVE" if is_open else "CLOSED",
        amount=number_from_atoms(position.net_amount),
        base_price=number_from_price(position.base_price(scale), market.instrument),
        funding=number_from_atoms(position.interest_paid),
        funding_type=0,
        pl=number_from_atoms(profit) if is_open else None,
        pl_perc=_ratio(profit * 100, abs(position.cash)) if is_open else None,
        price_liq=(
            number_from_price(margins.liquidation_price(account, position), market.instrument) if is_open else None
        ),
        leverage=_ratio(value, equity) if is_open and equity > 0 else None,
        position_id=position.id,
        mts_create=position.opened,
        mts_update=position.changed,
        type=0,
        collateral=ZERO,
        collateral_min=ZERO,
    )


def _ratio(part: int, whole: int) -> Number:
    """Return *part* / *whole* with four decimals."""
    return number(round(Decimal(part) / Decimal(whole), 4)) if whole else ZERO

"""Orders and fills: rows to reports, and wishes to request bodies."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from genesis.adapters.bitfinex.convert.numbers import mts_or_none, plain, plain_or_none, side_from_sign
from genesis.adapters.bitfinex.wire.order_words import (
    HIDDEN,
    ONE_CANCELS_OTHER,
    POST_ONLY,
    REDUCE_ONLY,
    SPOT_PREFIX,
    TYPE_FROM_WIRE,
    TYPE_TO_WIRE,
)
from genesis.adapters.bitfinex.wire.orders import OrderRow, OwnTradeRow
from genesis.adapters.bitfinex.wire.requests import OrderCancel, OrderCancelMulti, OrderSubmit, OrderUpdate
from genesis.domain.exchange.orders import (
    Account,
    ByCid,
    ById,
    CancelMany,
    Everything,
    FillReport,
    OrderChange,
    OrderReference,
    OrderReport,
    ReportedStatus,
)
from genesis.domain.instrument import Instrument
from genesis.domain.order import Cid, OrderId, OrderRequest, OrderType, Side
from genesis.domain.units import Atoms, Mts, Price, Symbol, decimal_from_atoms, format_atoms, format_scaled
from genesis.ports.errors import InputError

STATUS_HEADS: Final = sorted(ReportedStatus, key=lambda status: -len(status.value))
"""Longest first, so that no head hides a longer one."""


def status_from_text(text: str) -> ReportedStatus:
    """Return the first words of a status text; what follows them is for people.

    Raises `ValueError` for a new status.
    """
    for status in STATUS_HEADS:
        rest = text.removeprefix(status.value)
        if rest != text and not rest[:1].isalnum() and not rest.startswith("_"):
            return status
    raise ValueError(f"order status {text!r} is not known")


def type_from_wire(text: str) -> tuple[Account, OrderType]:
    """Return account and type of an order; raises `ValueError` for a type that we do not model."""
    bare = text.removeprefix(SPOT_PREFIX)
    if bare not in TYPE_FROM_WIRE:
        raise ValueError(f"order type {text!r} is not known")
    return Account.MARGIN if bare == text else Account.EXCHANGE, TYPE_FROM_WIRE[bare]


def order_from_wire(row: OrderRow) -> OrderReport:
    """Return an order as the exchange sees it; raises `ValueError` for a status, type or amount that we do not model.

    A finished order's remaining amount is 0 and has no sign, so the direction comes from the original amount. After an
    update the remaining amount can be the larger one of the two: then it is what was asked for.
    """
    account, kind = type_from_wire(row.type)
    asked = max(row.amount_orig.copy_abs(), row.amount.copy_abs())
    if not asked:
        raise ValueError(f"order {row.id} has no amount")
    flags = _whole(row.flags, "flags") or 0
    return OrderReport(
        id=OrderId(row.id),
        cid=None if row.cid is None else Cid(row.cid),
        group_id=_whole(row.gid, "gid"),
        symbol=Symbol(row.symbol),
        account=account,
        side=side_from_sign(row.amount_orig or row.amount),
        type=kind,
        amount=plain(asked),
        amount_remaining=plain(row.amount.copy_abs()),
        status=status_from_text(row.status),
        status_text=row.status,
        mts_created=Mts(row.mts_create),
        mts_updated=Mts(row.mts_update),
        price=plain_or_none(row.price),
        price_average=plain_or_none(row.price_avg),
        price_trailing=plain_or_none(row.price_trailing),
        price_auxiliary=plain_or_none(row.price_aux_limit),
        post_only=bool(flags & POST_ONLY),
        reduce_only=bool(flags & REDUCE_ONLY),
        hidden=bool(flags & HIDDEN) or row.hidden == 1,
        placed_id=OrderId(row.placed_id) if row.placed_id else None,
        mts_expiry=mts_or_none(row.mts_tif),
    )


def fill_from_wire(row: OwnTradeRow) -> FillReport:
    """Return a fill. The wire's fee is negative when paid, ours is positive.

    Its maker flag 0 means that it does not say.
    """
    if not row.exec_amount:
        raise ValueError(f"trade {row.id} has no amount")
    return FillReport(
        id=row.id,
        symbol=Symbol(row.symbol),
        mts=Mts(row.mts),
        order_id=OrderId(row.order_id),
        cid=None if row.cid is None else Cid(row.cid),
        side=side_from_sign(row.exec_amount),
        amount=plain(row.exec_amount.copy_abs()),
        price=plain(row.exec_price),
        is_maker={1: True, -1: False}.get(row.maker or 0),
        fee=None if row.fee is None else plain(row.fee.copy_negate()),
        fee_currency=row.fee_currency,
    )


def submit_to_wire(order: OrderRequest, instrument: Instrument, account: Account) -> OrderSubmit:
    """Return the body of a new order.

    Raises `InputError` where a price is missing, superfluous or the instrument another.
    """
    if order.symbol != instrument.symbol:
        raise InputError(f"order {order.cid} is for {order.symbol}, the instrument is {instrument.symbol}")
    price, stop, trail = _prices(order)
    flags = HIDDEN * order.hidden + REDUCE_ONLY * order.reduce_only + POST_ONLY * order.post_only
    flags += ONE_CANCELS_OTHER * (order.oco_stop is not None)
    prefix = SPOT_PREFIX if account is Account.EXCHANGE else ""
    return OrderSubmit(
        type=prefix + TYPE_TO_WIRE[order.type],
        symbol=order.symbol,
        amount=_signed(order.side, order.amount),
        price=_price_text(price if stop is None else stop, instrument),
        price_aux_limit=None if stop is None else _price_text(price, instrument),
        price_trailing=_price_text(trail, instrument),
        price_oco_stop=_price_text(order.oco_stop, instrument),
        cid=order.cid,
        flags=flags or None,
    )


def change_to_wire(change: OrderChange, instrument: Instrument) -> OrderUpdate:
    """Return the body of an update; raises `InputError` if the instrument is another one's."""
    if change.symbol != instrument.symbol:
        raise InputError(f"order {change.id} is for {change.symbol}, the instrument is {instrument.symbol}")
    return OrderUpdate(
        id=change.id,
        amount=None if change.amount is None else _signed(change.side, change.amount),
        price=_price_text(change.price, instrument),
        price_aux_limit=_price_text(change.stop_limit_price, instrument),
        price_trailing=_price_text(change.trail, instrument),
    )


def cancel_to_wire(order: OrderReference) -> OrderCancel:
    """Return the body of a cancellation."""
    match order:
        case ById(id=order_id):
            return OrderCancel(id=order_id)
        case ByCid(cid=cid, created=created):
            return OrderCancel(cid=cid, cid_date=created.isoformat())


def cancel_many_to_wire(what: CancelMany | Everything) -> OrderCancelMulti:
    """Return the body of a cancellation of many orders."""
    if isinstance(what, Everything):
        return OrderCancelMulti(all=1)
    ids = tuple(int(order.id) for order in what.orders if isinstance(order, ById))
    cids = tuple((int(order.cid), order.created.isoformat()) for order in what.orders if isinstance(order, ByCid))
    return OrderCancelMulti(id=ids or None, cid=cids or None)


def date_text(mts: Mts) -> str:
    """Return the UTC date of a time as the wire wants it."""
    return datetime.fromtimestamp(mts / 1000, UTC).date().isoformat()


def echo_mismatch(order: OrderRequest, echo: OrderReport) -> str:
    """Return in words how an echoed order is another than the one asked for, empty if it is the same.

    An answer that belongs to another request shows itself here: cid, symbol, side and amount identify an order.
    """
    asked = (order.cid, order.symbol, order.side, decimal_from_atoms(order.amount))
    return _difference(("cid", "symbol", "side", "amount"), asked, (echo.cid, echo.symbol, echo.side, echo.amount))


def echo_differences(body: OrderSubmit | OrderUpdate, echo: OrderReport) -> tuple[str, ...]:
    """Return what the exchange took otherwise than asked, in words.

    Prices, which it cuts to five significant digits.
    """
    oco_stop = body.price_oco_stop if isinstance(body, OrderSubmit) else None
    pairs = (
        ("price", body.price, echo.price),
        ("price_aux_limit", body.price_aux_limit, echo.price_auxiliary),
        ("price_oco_stop", oco_stop, echo.price_auxiliary),
        ("price_trailing", body.price_trailing, echo.price_trailing),
    )
    return tuple(
        f"{name} was {asked}, accepted {taken}"
        for name, asked, taken in pairs
        if asked is not None and (taken is None or Decimal(asked) != taken)
    )


def _difference(names: Iterable[str], asked: tuple[object, ...], echoed: tuple[object, ...]) -> str:
    return "; ".join(f"{name} was {a}, echoed {b}" for name, a, b in zip(names, asked, echoed, strict=True) if a != b)


def _prices(order: OrderRequest) -> tuple[Price | None, Price | None, Price | None]:
    """Return price, stop price and trail as the order's type uses them."""
    needs_price = order.type not in {OrderType.MARKET, OrderType.STOP, OrderType.TRAILING_STOP}
    needs_stop = order.type in {OrderType.STOP, OrderType.STOP_LIMIT}
    needs_trail = order.type is OrderType.TRAILING_STOP
    wanted = (("price", needs_price, order.price), ("stop_price", needs_stop, order.stop_price))
    for name, needed, value in (*wanted, ("trail", needs_trail, order.trail)):
        if needed != (value is not None):
            what = "needs" if needed else "has no use for"
            raise InputError(f"order {order.cid}: a {order.type.value} order {what} a {name}")
    if order.oco_stop is not None and order.type is not OrderType.LIMIT:
        raise InputError(f"order {order.cid}: a {order.type.value} order has no use for an oco_stop")
    return order.price, order.stop_price, order.trail


def _signed(side: Side, amount: Atoms) -> str:
    return format_atoms(side.sign * amount)


def _price_text(price: Price | None, instrument: Instrument) -> str | None:
    return None if price is None else format_scaled(price, instrument.price_decimals)


def _whole(value: int | str | None, what: str) -> int | None:
    """Return an integer that some endpoints send as digits."""
    if not isinstance(value, str):
        return value
    if not (value.isascii() and value.isdigit() and len(value) <= 16):
        raise ValueError(f"{what} {value!r} is not a whole number")
    return int(value)

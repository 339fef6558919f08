"""Order types, flags and parameters: from the wire to tickets and changes, and the types back."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from genesis.adapters.bitfinex.wire.order_words import (
    HIDDEN,
    ONE_CANCELS_OTHER,
    POST_ONLY,
    REDUCE_ONLY,
    SPOT_PREFIX,
    TYPE_TO_WIRE,
)
from genesis.adapters.bitfinex.wire.order_words import TYPE_FROM_WIRE as TYPES
from genesis.adapters.venue.complaints import GENERIC, Complaint, invalid
from genesis.adapters.venue.numbers import INTEGER, atoms_from_wire, integer_from_wire, price_from_wire
from genesis.domain.order import Cid, OrderType, Side
from genesis.domain.simulation.exchange import OrderChange
from genesis.domain.simulation.exchange_orders import OrderTicket, PlacedOrder
from genesis.domain.simulation.market import Market
from genesis.domain.simulation.matching_order import NEVER, NO_PRICE
from genesis.domain.units import Atoms, Mts, Price

CLOSE: Final = 512
NO_VARIABLE_RATES: Final = 524288
CID_MAX: Final = 2**45

Parameters = Mapping[str, object]


def ticket_from_wire(fields: Parameters, market: Market) -> OrderTicket:
    """Return what *fields* of `order/submit` or `on` ask for; raises `Complaint`."""
    on_margin, kind = type_from_text(fields.get("type"))
    flags = integer_from_wire(fields.get("flags") or 0, "flags")
    amount = _amount(fields, closes=bool(flags & CLOSE))
    price, stop, trail = _prices(fields, kind, market)
    meta = fields.get("meta")
    extra = dict(meta) if isinstance(meta, dict) else {}
    oco = (
        price_from_wire(fields.get("price_oco_stop"), "price_oco_stop", market.instrument)
        if flags & ONE_CANCELS_OTHER
        else NO_PRICE
    )
    return OrderTicket(
        market.instrument.symbol,
        Side.BUY if amount > 0 else Side.SELL,
        kind,
        Atoms(abs(amount)),
        market.mark() if kind is OrderType.MARKET else price,
        stop,
        trail,
        oco if kind is OrderType.LIMIT else NO_PRICE,
        on_margin,
        hidden=bool(flags & HIDDEN),
        post_only=bool(flags & POST_ONLY) and kind in (OrderType.LIMIT, OrderType.STOP_LIMIT),
        reduce_only=bool(flags & REDUCE_ONLY),
        closes=bool(flags & CLOSE),
        avoids_self=extra.get("protect_selfmatch") in (1, "1", True),
        no_variable_rates=bool(flags & NO_VARIABLE_RATES),
        expires=_expiry(fields.get("tif")),
        cid=cid_from_wire(fields.get("cid")),
        gid=_optional_integer(fields, "gid"),
        meta=extra,
    )


def change_from_wire(fields: Parameters, order: PlacedOrder, market: Market) -> OrderChange:
    """Return what *fields* of `order/update` or `ou` ask for; raises `Complaint`."""
    instrument = market.instrument
    amount = fields.get("amount")
    signed = None if amount is None else atoms_from_wire(amount, "amount")
    if signed is not None and signed * order.side.sign <= 0:
        raise Complaint(GENERIC, "amount: invalid")
    delta = fields.get("delta")
    price = _optional_price(fields, "price", market)
    limited = order.type not in (OrderType.MARKET, OrderType.STOP, OrderType.TRAILING_STOP)
    is_stop_limit = order.type is OrderType.STOP_LIMIT
    auxiliary = _optional_price(fields, "price_aux_limit", market)
    return OrderChange(
        None if signed is None else Atoms(abs(signed)),
        0 if delta is None else atoms_from_wire(delta, "delta") * order.side.sign,
        auxiliary if is_stop_limit else (price if limited else None),
        price if is_stop_limit or order.type is OrderType.STOP else None,
        (
            None
            if fields.get("price_trailing") is None
            else price_from_wire(fields["price_trailing"], "price_trailing", instrument)
        ),
        None if fields.get("tif") is None else _expiry(fields["tif"]),
        _optional_integer(fields, "gid"),
    )


def type_from_text(text: object) -> tuple[bool, OrderType]:
    """Return whether an order type trades on margin, and the type; raises `Complaint`."""
    bare = text.removeprefix(SPOT_PREFIX) if isinstance(text, str) else ""
    if bare not in TYPES:
        raise Complaint(GENERIC, "type: invalid")
    return bare == text, TYPES[bare]


def type_text(kind: OrderType, *, on_margin: bool) -> str:
    """Return an order type as the wire spells it."""
    return TYPE_TO_WIRE[kind] if on_margin else SPOT_PREFIX + TYPE_TO_WIRE[kind]


def flags_of(ticket: OrderTicket) -> int:
    """Return the sum of the flags of an order."""
    return (
        HIDDEN * ticket.hidden
        + CLOSE * ticket.closes
        + REDUCE_ONLY * ticket.reduce_only
        + POST_ONLY * ticket.post_only
        + ONE_CANCELS_OTHER * bool(ticket.oco_stop)
        + NO_VARIABLE_RATES * ticket.no_variable_rates
    )


def cid_from_wire(value: object) -> Cid | None:
    """Return a client id, None for none; raises `Complaint` beyond 2^45."""
    if value is None:
        return None
    cid = integer_from_wire(value, "cid")
    if not 0 <= cid < CID_MAX:
        raise Complaint(GENERIC, "cid: invalid")
    return Cid(cid)


def _amount(fields: Parameters, *, closes: bool) -> int:
    """Return the signed amount. A closing order takes the position's; what the client sends may be anything but
    nothing."""
    if fields.get("amount") is None and closes:
        return 1
    amount = atoms_from_wire(fields.get("amount"), "amount")
    if not amount:
        raise Complaint(GENERIC, "amount: invalid")
    return amount


def _prices(fields: Parameters, kind: OrderType, market: Market) -> tuple[Price, Price, Price]:
    """Return limit, trigger and distance as *kind* uses them."""
    instrument = market.instrument
    if kind is OrderType.MARKET:
        return NO_PRICE, NO_PRICE, NO_PRICE
    if kind is OrderType.TRAILING_STOP:
        return NO_PRICE, NO_PRICE, price_from_wire(fields.get("price_trailing"), "price_trailing", instrument)
    price = price_from_wire(fields.get("price"), "price", instrument)
    if kind is OrderType.STOP:
        return NO_PRICE, price, NO_PRICE
    if kind is OrderType.STOP_LIMIT:
        return price_from_wire(fields.get("price_aux_limit"), "price_aux_limit", instrument), price, NO_PRICE
    return price, NO_PRICE, NO_PRICE


def _optional_price(fields: Parameters, name: str, market: Market) -> Price | None:
    return None if fields.get(name) is None else price_from_wire(fields[name], name, market.instrument)


def _optional_integer(fields: Parameters, name: str) -> int | None:
    return None if fields.get(name) is None else integer_from_wire(fields[name], name)


def _expiry(value: object) -> Mts:
    """Return a `tif`: text of a UTC time, or milliseconds; raises `Complaint`."""
    if value is None:
        return NEVER
    if isinstance(value, str) and not INTEGER.fullmatch(value):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise invalid("tif") from None
        return Mts(int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000))
    return Mts(integer_from_wire(value, "tif"))

"""The status text of an order. Source: Bitfinex documentation, "Order status"; texts seen by its clients."""

from collections.abc import Iterable
from typing import Final

from genesis.adapters.venue.numbers import scaled_text
from genesis.domain.instrument import Instrument
from genesis.domain.simulation.exchange_orders import OrderStatus, PlacedOrder
from genesis.domain.simulation.matching_events import CancelReason
from genesis.domain.units import ATOM_DECIMALS, Atoms, Price

HEADS: Final = {
    CancelReason.REQUESTED: "CANCELED",
    CancelReason.OCO: "CANCELED",
    CancelReason.NO_LIQUIDITY: "CANCELED",
    CancelReason.SELF_TRADE: "CANCELED",
    CancelReason.DEAD_MAN: "CANCELED",
    CancelReason.POST_ONLY: "POSTONLY CANCELED",
    CancelReason.IMMEDIATE_OR_CANCEL: "IOC CANCELED",
    CancelReason.FILL_OR_KILL: "FILLORKILL CANCELED",
    CancelReason.MARGIN: "INSUFFICIENT MARGIN",
    CancelReason.REDUCE_NO_POSITION: "RSN_POS_NOTFOUND",
    CancelReason.REDUCE_WOULD_INCREASE: "RSN_POS_REDUCE_INCR",
    CancelReason.REDUCE_WOULD_FLIP: "RSN_POS_REDUCE_FLIP",
}


def status_text(order: PlacedOrder, instrument: Instrument) -> str:
    """Return the status of *order* as the exchange writes it."""
    fills = [_fill(order, instrument, price, amount) for price, amount in order.fills]
    partial = _partials(reversed(fills))
    if order.status is OrderStatus.ACTIVE:
        return partial or "ACTIVE"
    if order.status is OrderStatus.EXECUTED:
        return _executed(order, fills)
    head = "CANCELED" if order.status is OrderStatus.EXPIRED else _head(order)
    return f"{head} was: {partial}" if partial else head


def _executed(order: PlacedOrder, fills: list[str]) -> str:
    head = f"{'FORCED EXECUTED' if order.forced else 'EXECUTED'} @ {fills[-1]}"
    if order.ticket.closes and not order.forced:
        return f"{head} was ACTIVE (note:POSCLOSE)"
    earlier = _partials(reversed(fills[:-1]))
    return f"{head}: was {earlier}" if earlier else head


def _partials(fills: Iterable[str]) -> str:
    return ", ".join(f"PARTIALLY FILLED @ {fill}" for fill in fills)


def _head(order: PlacedOrder) -> str:
    if order.reason is CancelReason.FUNDS:
        if order.ticket.on_margin:
            return "INSUFFICIENT MARGIN"
        return "INSUFFICIENT BALANCE (G1)" if order.fills else "INSUFFICIENT BALANCE (U1)"
    assert order.reason is not None
    return HEADS[order.reason]


def _fill(order: PlacedOrder, instrument: Instrument, price: Price, amount: Atoms) -> str:
    signed = amount * order.side.sign
    return f"{scaled_text(price, instrument.price_decimals)}({scaled_text(signed, ATOM_DECIMALS)})"

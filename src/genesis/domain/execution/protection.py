"""What guards a position at the exchange, whether we are there or not: a stop, with or without a target, or a trail.

The orders rest with the exchange, so they work when this process does not.
"""

from typing import NamedTuple, TypeAlias, assert_never

from attrs import field, frozen

from genesis.domain.execution.order_life import OrderLife
from genesis.domain.instrument import Instrument, Rounding
from genesis.domain.order import Cid, OrderRequest, OrderType, Side
from genesis.domain.units import PPB, Atoms, Mts, Ppb, Price, floor_mul_div


@frozen
class Bracket:
    """Out at a loss of *stop*, and at a gain of *take* if there is one, as shares of the entry's price.

    Both are one pair at the exchange: what fills, even in part, cancels the other.
    """

    stop: Ppb = field()
    take: Ppb | None = field(default=None)

    def __attrs_post_init__(self) -> None:
        if not 0 < self.stop < PPB:
            raise ValueError("a stop is above 0 and below 100 % away from the entry")
        if self.take is not None and not 0 < self.take < PPB:
            raise ValueError("a take-profit is above 0 and below 100 % away from the entry")


@frozen
class Trailing:
    """Out when the price has come back by *distance*, a share of the entry's price, from its best since then."""

    distance: Ppb = field()

    def __attrs_post_init__(self) -> None:
        if not 0 < self.distance < PPB:
            raise ValueError("a trailing stop is above 0 and below 100 % away from the entry")


Protection: TypeAlias = Bracket | Trailing


class Guarded(NamedTuple):
    """A part of a position: *side* is the way out of it, *entry* what it was bought or sold at."""

    side: Side
    amount: Atoms
    entry: Price


def exit_order(protection: Protection, guarded: Guarded, cid: Cid, instrument: Instrument, mts: Mts) -> OrderRequest:
    """Return the order that guards a part of a position; its prices are on the grid, never worse than asked for."""
    side, amount, entry = guarded
    symbol, is_sale = instrument.symbol, side is Side.SELL
    match protection:
        case Trailing(distance):
            trail = Price(max(1, floor_mul_div(entry, distance, PPB)))
            trail = instrument.on_grid(trail, Rounding.UP)
            return OrderRequest(cid, symbol, side, OrderType.TRAILING_STOP, amount, mts, trail=trail)
        case Bracket(stop, take):
            trigger = _away(entry, -stop if is_sale else stop, instrument, Rounding.UP if is_sale else Rounding.DOWN)
            if take is None:
                return OrderRequest(cid, symbol, side, OrderType.STOP, amount, mts, stop_price=trigger)
            target = _away(entry, take if is_sale else -take, instrument, Rounding.UP if is_sale else Rounding.DOWN)
            return OrderRequest(cid, symbol, side, OrderType.LIMIT, amount, mts, price=target, oco_stop=trigger)
        case _:
            assert_never(protection)


def has_lost_its_stop(life: OrderLife) -> bool:
    """Whether the take-profit of a pair was met in part, so that what is left of it rests without its stop.

    Only a match says which half was met: no stop fills at the target or beyond it.
    Source: Bitfinex documentation, "Order flags", "One-cancels-other".
    """
    order = life.order
    if order.oco_stop is None or order.price is None or life.status.is_terminal:
        return False
    return any(order.side.sign * (trade.price - order.price) <= 0 for trade in life.trades)


def _away(entry: Price, share: int, instrument: Instrument, rounding: Rounding) -> Price:
    return instrument.on_grid(Price(max(1, floor_mul_div(entry, PPB + share, PPB))), rounding)

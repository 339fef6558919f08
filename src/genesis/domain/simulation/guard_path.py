"""What orders that guard a position meet inside a candle, on the worst path: open, adverse extreme, the other, close.

A stop that is reached becomes a market order at its trigger, or at the open where that is beyond it. A target rests in
the book: it fills at its own price once the market trades beyond it, and only if the stop was not reached.

Where a trailing stop is met depends on how far the price ran before it turned. The worst that any path through the
candle can do is to run just so far that the stop then stands at the extreme that hurts, and to turn there: so a trail
that is narrower than the candle is stopped at that extreme. One that was not stopped follows the other extreme.

An entry that rests fills at its own price once the market trades beyond it. Then the path goes on from there to the
extreme that hurts, and at once to the close: the other extreme may have come before. For a trail it may come after.
"""

from typing import Final

from attrs import define

from genesis.domain.compiled import step
from genesis.domain.instrument import SIGNIFICANT_DIGITS
from genesis.domain.order import OrderRequest, OrderType, Side
from genesis.domain.simulation.wide import ceil_mul_div_64, floor_mul_div_64
from genesis.domain.units import PPB

GRID_MAX: Final = 10**SIGNIFICANT_DIGITS


@step
def grid_price(price: int, is_up: bool) -> int:
    """Return *price* moved to the grid of resting orders, as `Instrument.on_grid` does."""
    unit = 1
    while price // unit >= GRID_MAX:
        unit *= 10
    below = price // unit * unit
    return below if below == price or not is_up else below + unit


@step
def guard_price(entry: int, share: int, is_long: bool) -> int:
    """Return the trigger or target that is *share* away from the entry, as `protection.exit_order` has it."""
    return grid_price(max(1, floor_mul_div_64(entry, PPB + share, PPB)), is_long)


@step
def trail_of(entry: int, distance: int) -> int:
    """Return how far a trailing stop stays behind the best price."""
    return grid_price(max(1, floor_mul_div_64(entry, distance, PPB)), True)


@step
def entry_limit(bid: int, ask: int, offset: int, is_buy: bool) -> int:
    """Return where an entry rests, *offset* behind its side of the book: as `plans.entry_price` does."""
    if is_buy:
        return grid_price(max(1, floor_mul_div_64(bid, PPB - offset, PPB)), False)
    return grid_price(ceil_mul_div_64(ask, PPB + offset, PPB), True)


@step
def is_met(limit: int, lowest: int, highest: int, is_buy: bool) -> bool:
    """Tell whether the market traded beyond a limit."""
    return lowest < limit if is_buy else highest > limit


@step
def better(best: int, price: int, is_long: bool) -> int:
    """Return the better of two prices for the position."""
    return max(best, price) if is_long else min(best, price)


@step
def trail_trigger(best: int, trail: int, is_long: bool) -> int:
    """Return where a trailing stop is now."""
    return max(best - trail, 1) if is_long else best + trail


@step
def trail_met(best: int, trail: int, hurting: int, other: int, is_long: bool) -> int:
    """Return where a trailing stop stands when the price turns to the extreme that hurts, on the worst path."""
    turned = min(hurting + trail, other) if is_long else max(hurting - trail, other)
    return trail_trigger(better(best, turned, is_long), trail, is_long)


@step
def stopped_at(trigger: int, opened: int, worst: int, is_long: bool) -> int:
    """Return the price at which a stop becomes a market order on the way to *worst*, 0 where it is not reached."""
    if is_long:
        return min(opened, trigger) if min(opened, worst) <= trigger else 0
    return max(opened, trigger) if max(opened, worst) >= trigger else 0


@step
def is_taken(target: int, best: int, is_long: bool) -> bool:
    """Tell whether the market traded beyond a target, 0 for none."""
    return target > 0 and (best > target if is_long else best < target)


@define
class Guard:
    """An order that guards a position; a *target* or *trail* of 0 is none, and *best* is the trail's anchor."""

    order: OrderRequest
    trigger: int
    target: int
    trail: int
    best: int

    @property
    def is_long(self) -> bool:
        """Which position it guards."""
        return self.order.side is Side.SELL

    def follow(self, price: int) -> None:
        """Let a trail take a price of the market; any other guard stays where it is."""
        if self.trail:
            self.best = better(self.best, price, self.is_long)
            self.trigger = trail_trigger(self.best, self.trail, self.is_long)

    def stopped_at(self, opened: int, hurting: int, other: int) -> int:
        """Return the price of the market order that it becomes on the way to the extreme that hurts, 0 for none."""
        trigger = self.trigger
        if self.trail:
            trigger = trail_met(self.best, self.trail, hurting, other, self.is_long)
        return stopped_at(trigger, opened, hurting, self.is_long)

    def is_taken(self, best: int) -> bool:
        """Tell whether its target fills on the way to the *best* price of the candle."""
        return is_taken(self.target, best, self.is_long)


def guard_of(order: OrderRequest, market: int) -> Guard | None:
    """Return *order*, sent while the price was *market*, as a guard; None if it is none."""
    if order.type is OrderType.TRAILING_STOP and order.trail is not None:
        guard = Guard(order, 0, 0, order.trail, market)
        guard.follow(market)
        return guard
    if order.type is OrderType.STOP and order.stop_price is not None:
        return Guard(order, order.stop_price, 0, 0, 0)
    if order.oco_stop is not None and order.price is not None:
        return Guard(order, order.oco_stop, order.price, 0, 0)
    return None

"""What a desk of the walk meets between the open of a candle and its close, on the path that `guard_path` tells.

Entries that rest, what guards a position, and on margin the end of the margin. On spot nothing here depends on what
other desks of the same cash do in the same candle: an entry holds what it costs, and the rest only sells.
"""

from typing import Final

import numpy as np

from genesis.domain.candle import Ints
from genesis.domain.compiled import kernel, step
from genesis.domain.instrument import PRICE_UNITS_MAX
from genesis.domain.risk.margin import is_short_of_margin, liquidation_price
from genesis.domain.simulation.guard_path import better, is_met, is_taken
from genesis.domain.simulation.slippage import worsened
from genesis.domain.simulation.walk_guard import follow, guard, is_price, stopped
from genesis.domain.simulation.walk_ledger import trade
from genesis.domain.simulation.walk_state import (
    HELD,
    IS_GUARDED,
    IS_STOPPED_OUT,
    LIMIT,
    MAKER,
    POSITION,
    RESTING,
    SCALE,
    TAKER,
    TARGET,
    Fills,
    Meeting,
    Rules,
    Till,
)
from genesis.domain.simulation.walk_wish import moved

PASSED: Final = 0
IS_LIQUIDATED: Final = 1
UNFIT: Final = 2
"""What came of a candle; one that is unfit has a price without a place on the instrument's decimals."""


@step
def units_of(price: float, scale: int) -> int:
    """Return a price in units of the instrument."""
    return int(np.rint(price * float(scale)))


@kernel
def passed(  # noqa: C901 - the path in its order
    rules: Rules, till: Till, whole: Ints, own: Ints, fills: Fills, fees: Ints, meeting: Meeting
) -> tuple[Till, int]:
    """Follow a candle to its close; return what is left, and what came of it."""
    scale, on_margin = own[SCALE], rules.leverage > 0
    start = units_of(meeting.opened, scale)
    if not is_price(meeting.opened, scale):
        return till, UNFIT
    if on_margin and is_short_of_margin(till.cash, whole[POSITION], start, scale, rules.maintenance):
        return liquidate(rules, till, whole, own, fills, fees, meeting, start, start), IS_LIQUIDATED
    lowest = highest = last = 0
    has_entered = False
    if whole[IS_GUARDED] or whole[RESTING]:
        low, high, closed = meeting.low, meeting.high, meeting.closed
        if not (is_price(low, scale) and is_price(high, scale) and is_price(closed, scale)):
            return till, UNFIT
        lowest, highest, last = units_of(low, scale), units_of(high, scale), units_of(closed, scale)
        has_entered = whole[RESTING] != 0 and is_met(whole[LIMIT], lowest, highest, whole[RESTING] > 0)
        if has_entered:
            start = whole[LIMIT]
            till = enter(till, whole, own, fills, fees, meeting)
    is_guarded, is_long = whole[IS_GUARDED] != 0, whole[POSITION] > 0
    left_at, is_resting = 0, False
    if is_guarded:
        follow(whole, start)
        left_at = stopped(whole, start, lowest, highest, is_long)
        if on_margin and is_short_of_margin(
            till.cash, whole[POSITION], max(left_at, 1), scale, rules.maintenance
        ):  # before the stop is reached
            left_at = 0
    if on_margin and whole[POSITION] and not left_at:
        units = (meeting.low if is_long else meeting.high) * float(scale)
        if not 0.5 <= units <= PRICE_UNITS_MAX:
            return till, UNFIT
        worst = int(np.rint(units))
        worst = min(worst, start) if is_long else max(worst, start)
        if is_short_of_margin(till.cash, whole[POSITION], worst, scale, rules.maintenance):
            return liquidate(rules, till, whole, own, fills, fees, meeting, start, worst), IS_LIQUIDATED
    if is_guarded and not left_at:
        best = highest if is_long else lowest
        if has_entered:  # that extreme may have come before
            best = last
        best = better(start, best, is_long)
        if is_taken(whole[TARGET], best, is_long):
            left_at, is_resting = whole[TARGET], True
        else:
            follow(whole, best)
    if left_at:
        till = leave(rules, till, whole, own, fills, fees, meeting, left_at, is_resting)
    return till, PASSED


@kernel
def enter(till: Till, whole: Ints, own: Ints, fills: Fills, fees: Ints, meeting: Meeting) -> Till:
    """Fill the entry that rests, and guard what it bought or sold."""
    limit = whole[LIMIT]
    till = trade(till, whole, own, fills, meeting.row, whole[RESTING], limit, fees, MAKER, meeting.now)
    whole[RESTING] = whole[HELD] = 0
    guard(whole, own, limit)
    return till


@kernel
def leave(
    rules: Rules,
    till: Till,
    whole: Ints,
    own: Ints,
    fills: Fills,
    fees: Ints,
    meeting: Meeting,
    price: int,
    is_resting: bool,
) -> Till:
    """Leave the position at a target that was resting, or by a stop, which is a market order once it is reached."""
    net_amount, role = -whole[POSITION], MAKER
    if not is_resting:
        role = TAKER
        price = worsened(price, meeting.slippage, net_amount > 0)
        price = moved(rules, price, abs(net_amount), meeting.volume, net_amount > 0)
    whole[IS_GUARDED] = 0
    till = trade(till, whole, own, fills, meeting.row, net_amount, price, fees, role, meeting.now)
    whole[IS_STOPPED_OUT] = 1
    return till


@kernel
def liquidate(
    rules: Rules,
    till: Till,
    whole: Ints,
    own: Ints,
    fills: Fills,
    fees: Ints,
    meeting: Meeting,
    start: int,
    worst: int,
) -> Till:
    """Close a position whose margin does not last from *start* to *worst*."""
    whole[IS_GUARDED] = 0
    net_amount = -whole[POSITION]
    price = liquidation_price(till.cash, -net_amount, start, worst, own[SCALE], rules.maintenance, meeting.slippage)
    price = moved(rules, price, abs(net_amount), meeting.volume, net_amount > 0)
    return trade(till, whole, own, fills, meeting.row, net_amount, price, fees, TAKER, meeting.now)

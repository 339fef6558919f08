"""What rests in the market for a desk of the walk: its entry, and what guards its position inside the candle."""

from genesis.domain.candle import Floats, Ints
from genesis.domain.compiled import kernel, step
from genesis.domain.instrument import PRICE_UNITS_MAX
from genesis.domain.simulation.guard_path import better, guard_price, stopped_at, trail_met, trail_of, trail_trigger
from genesis.domain.simulation.walk_state import (
    ACTED_BEFORE,
    ACTED_ON,
    AMOUNT_MIN,
    BEST,
    BUDGET,
    BUDGET_BEFORE,
    ENTRY,
    GIVEN_UP,
    HELD,
    IS_GUARDED,
    LIMIT,
    PATIENCE,
    POSITION,
    RESTING,
    SCALE,
    STOP,
    TAKE,
    TARGET,
    TRAIL,
    TRAIL_BY,
    TRIGGER,
)
from genesis.domain.simulation.wide import ceil_mul_div_64


@step
def is_price(price: float, scale: int) -> bool:
    """Tell whether *price* has a place on the instrument's decimals."""
    return 0.5 <= price * float(scale) <= PRICE_UNITS_MAX


@kernel
def guard(whole: Ints, own: Ints, opened: int) -> None:
    """Let what guards a position rest in the market, which is at *opened*, if the position is large enough."""
    whole[IS_GUARDED] = 0
    is_long, entry = whole[POSITION] > 0, whole[ENTRY]
    if abs(whole[POSITION]) < own[AMOUNT_MIN] or (own[STOP] == 0 and own[TRAIL] == 0):
        return
    whole[IS_GUARDED] = 1
    if own[TRAIL]:
        whole[TRAIL_BY], whole[BEST] = trail_of(entry, own[TRAIL]), opened
        whole[TRIGGER] = trail_trigger(opened, whole[TRAIL_BY], is_long)
        return
    whole[TRIGGER] = guard_price(entry, -own[STOP] if is_long else own[STOP], is_long)
    if own[TAKE]:
        whole[TARGET] = guard_price(entry, own[TAKE] if is_long else -own[TAKE], is_long)


@kernel
def rest(whole: Ints, real: Floats, own: Ints, net_amount: int, limit: int, now: int) -> None:
    """Let an entry wait for the market, and count its target as acted on meanwhile; a purchase holds what it costs."""
    whole[RESTING], whole[LIMIT], whole[GIVEN_UP] = net_amount, limit, now + own[PATIENCE]
    whole[HELD] = ceil_mul_div_64(net_amount, limit, own[SCALE]) if net_amount > 0 else 0
    whole[BUDGET_BEFORE], real[ACTED_BEFORE] = whole[BUDGET], real[ACTED_ON]


@kernel
def give_up(whole: Ints, real: Floats) -> None:
    """Withdraw an entry that waits: its target is tried again after the next close."""
    if whole[RESTING]:
        whole[RESTING] = whole[HELD] = 0
        whole[BUDGET], real[ACTED_ON] = whole[BUDGET_BEFORE], real[ACTED_BEFORE]


@step
def adds_risk(whole: Ints) -> bool:
    """Tell whether an entry that rests, if one does, would make what is held larger."""
    return bool(whole[POSITION] == 0 or (whole[RESTING] > 0) == (whole[POSITION] > 0))


@kernel
def held_by(wholes: Ints) -> int:
    """Return the cash that entries which wait for the market hold: nothing else can spend it."""
    held = 0
    for k in range(len(wholes)):
        held += wholes[k, HELD]
    return held


@kernel
def follow(whole: Ints, price: int) -> None:
    """Let a trailing stop follow the price."""
    if whole[TRAIL_BY]:
        whole[BEST] = better(whole[BEST], price, whole[POSITION] > 0)
        whole[TRIGGER] = trail_trigger(whole[BEST], whole[TRAIL_BY], whole[POSITION] > 0)


@step
def stopped(whole: Ints, start: int, lowest: int, highest: int, is_long: bool) -> int:
    """Return the price of the market order that the stop becomes between the extremes of a candle, 0 for none."""
    hurting, other = (lowest, highest) if is_long else (highest, lowest)
    trigger = whole[TRIGGER]
    if whole[TRAIL_BY]:
        trigger = trail_met(whole[BEST], whole[TRAIL_BY], hurting, other, is_long)
    return stopped_at(trigger, start, hurting, is_long)

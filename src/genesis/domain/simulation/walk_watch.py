"""The guards of a walk: what they remember of the equity, and which limit a close breaches."""

from typing import NamedTuple

from genesis.domain.candle import DAY_MS
from genesis.domain.compiled import step
from genesis.domain.risk.guards import NEVER
from genesis.domain.simulation.walk_state import DAILY_LOSS, DRAWDOWN
from genesis.domain.simulation.wide import floor_mul_div_64
from genesis.domain.units import PPB


class Watch(NamedTuple):
    """What the guards remember of the equity."""

    peak: int
    day_end: int
    last_equity: int
    drawdown_floor: int
    day_floor: int
    calm_above: int


@step
def floor_below(peak: int, max_drawdown: int) -> int:
    """Return the largest equity that breaches the drawdown."""
    return floor_mul_div_64(peak, PPB - max_drawdown, PPB) if max_drawdown >= 0 else NEVER


@step
def observed(watch: Watch, mts: int, equity: int, max_drawdown: int, max_daily_loss: int) -> tuple[Watch, int]:
    """Return what the guards remember after a close, and the kind of the breach, 0 for none."""
    peak, day_end, last, floor, day_floor, _ = watch
    if equity > peak:
        peak = equity
        floor = floor_below(peak, max_drawdown)
    if mts >= day_end:
        day_end = (mts // DAY_MS + 1) * DAY_MS
        day_floor = last - max_daily_loss if max_daily_loss >= 0 else NEVER
    kind = 0
    if equity <= floor:
        kind = DRAWDOWN
    elif equity < day_floor:
        kind = DAILY_LOSS
    return Watch(peak, day_end, equity, floor, day_floor, max(floor, day_floor - 1)), kind

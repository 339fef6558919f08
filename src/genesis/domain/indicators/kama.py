"""Kaufman's adaptive moving average and the efficiency ratio that it adapts to."""

from math import inf, nan
from typing import Final, TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator
from genesis.domain.indicators.past import PastState, past_start, past_step
from genesis.domain.indicators.window import Slots, tails_before_the_start, values_before_the_start

EfficiencyState: TypeAlias = tuple[PastState, float, int, float, Slots, Slots]
"""past, last, filled, walked, moves, tails: the last inputs; of the present block of moves how many it has and their
sum, none of them negative; the moves, and the sums of the tails of the last block.
"""

KamaState: TypeAlias = tuple[EfficiencyState, float]
"""The efficiency ratio, and the average."""

_SLOW: Final = 2.0 / 31.0
_FAST: Final = 2.0 / 3.0


def efficiency_start(period: int) -> EfficiencyState:
    """Return the state before the first input; raises `ValueError` if *period* < 1."""
    past = past_start(period)
    return past, nan, 0, 0.0, values_before_the_start(period), tails_before_the_start(period, 0.0)


@step
def efficiency_step(state: EfficiencyState, x: float, period: int) -> tuple[EfficiencyState, float]:
    """Return how far *period* moves led, of how far they went: 1 for a straight line; where nothing moved, 1 too."""
    if not -inf < x < inf:
        return state, nan
    past, last, filled, walked, moves, tails = state
    past, before = past_step(past, x, period)
    if not -inf < last < inf:
        return (past, x, filled, walked, moves, tails), nan
    if filled == period:
        tail = 0.0
        for k in range(period - 1, 0, -1):
            tail += moves[k]
            tails[k] = tail
        filled = 0
        walked = 0.0
    moves[filled] = abs(x - last)
    walked += moves[filled]
    filled += 1
    state = (past, x, filled, walked, moves, tails)
    led, went = abs(x - before), tails[filled] + walked
    if led < went:
        return state, led / went
    return state, 1.0 if led >= went else nan


def kama_start(period: int) -> KamaState:
    """Return the state before the first input; raises `ValueError` if *period* < 1."""
    return efficiency_start(period), nan


@step
def kama_step(state: KamaState, x: float, period: int) -> tuple[KamaState, float]:
    """Weigh each input between an EMA's of 2 and of 30, squared, by the efficiency; NaN for *period* inputs."""
    if not -inf < x < inf:
        return state, nan
    inner, mean = state
    last = inner[1]
    inner, efficiency = efficiency_step(inner, x, period)
    if not efficiency >= 0.0:
        return (inner, mean), nan
    weight = efficiency * (_FAST - _SLOW) + _SLOW
    before = mean if -inf < mean < inf else last
    mean = before + weight * weight * (x - before)
    return (inner, mean), mean


@kernel
def _efficiency_loop(state: EfficiencyState, values: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = efficiency_step(state, values[i], period)


@kernel
def _kama_loop(state: KamaState, values: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = kama_step(state, values[i], period)


EFFICIENCY = Indicator(
    name="efficiency",
    inputs=("x",),
    outputs=("value",),
    parameters=("period",),
    defaults=(10,),
    start=efficiency_start,
    step=efficiency_step,
    loop=_efficiency_loop,
    warm_up=lambda period: (period,),
)

KAMA = Indicator(
    name="kama",
    inputs=("x",),
    outputs=("value",),
    parameters=("period",),
    defaults=(10,),
    start=kama_start,
    step=kama_step,
    loop=_kama_loop,
    warm_up=lambda period: (period,),
)

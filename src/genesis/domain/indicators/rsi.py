"""Relative strength index, by Wilder."""

from math import inf, nan
from typing import TypeAlias

import numpy.typing as npt

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator, whole_parameter

RsiState: TypeAlias = tuple[int, float, float, float, float, float]
"""seen, last, gain, loss, keep, weight: how many inputs were seen, up to period + 1; the last one; the weighed sums of
gains and losses, then their Wilder means; what a mean before and a move weigh.
"""


def rsi_start(period: int) -> RsiState:
    """Return the state before the first input; raises `ValueError` if *period* < 1."""
    period = whole_parameter("period", period)
    weight = 1.0 / period
    return 0, 0.0, 0.0, 0.0, 1.0 - weight, weight


@step
def rsi_step(state: RsiState, x: float, period: int) -> tuple[RsiState, float]:
    """Seed with the mean gain and loss of the first *period* moves; then each move weighs 1 / period.

    NaN for the first *period* inputs; 0 for a series that does not move, as TA-Lib says.
    """
    seen, last, gain, loss, keep, weight = state
    if not -inf < x < inf:
        return state, nan
    move = x - last
    gained = move if move > 0.0 else 0.0
    lost = -move if move < 0.0 else 0.0
    if seen > period:
        gain = keep * gain + weight * gained
        loss = keep * loss + weight * lost
        moved = gain + loss
        return (seen, x, gain, loss, keep, weight), 100.0 * (gain / moved) if moved > 0.0 else 0.0
    if seen == 0:
        return (1, x, 0.0, 0.0, keep, weight), nan
    gain += weight * gained
    loss += weight * lost
    moved = gain + loss
    seed = 100.0 * (gain / moved) if moved > 0.0 else 0.0
    return (seen + 1, x, gain, loss, keep, weight), nan if seen < period else seed


@kernel
def _loop(state: RsiState, values: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = rsi_step(state, values[i], period)


def rsi(values: npt.ArrayLike, period: int) -> Floats:
    """Return the relative strength index, 0 to 100: NaN for the first *period* values. Equals TA-Lib's RSI."""
    return RSI.batch(values, period)[0]


RSI = Indicator(
    name="rsi",
    inputs=("x",),
    outputs=("value",),
    parameters=("period",),
    defaults=(14,),
    start=rsi_start,
    step=rsi_step,
    loop=_loop,
    warm_up=lambda period: (period,),
)

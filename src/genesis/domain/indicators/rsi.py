"""Relative strength index, by Wilder."""

from math import inf, nan
from typing import NamedTuple

import numpy.typing as npt

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator, whole_parameter


class RsiState(NamedTuple):
    """How many inputs were seen, up to period + 1; the last one; sums of gains and losses, then their Wilder means."""

    seen: int
    x: float
    gain: float
    loss: float


def rsi_start(period: int) -> RsiState:
    """Return the state before the first input; raises `ValueError` if *period* < 1."""
    whole_parameter("period", period)
    return RsiState(0, 0.0, 0.0, 0.0)


@step
def relative_strength(gain: float, loss: float) -> float:
    """Return the share of gains in all moves, 0 to 100; 0 when nothing moved, as TA-Lib says."""
    moved = gain + loss
    return 100.0 * (gain / moved) if moved > 0.0 else 0.0


@step
def rsi_step(state: RsiState, x: float, period: int) -> tuple[RsiState, float]:
    """Seed with the mean gain and loss of the first *period* moves; then each move weighs 1 / period.

    NaN for the first *period* inputs; 0 for a series that does not move.
    """
    if not -inf < x < inf:
        return state, nan
    move = x - state.x
    gain = move if move > 0.0 else 0.0
    loss = -move if move < 0.0 else 0.0
    weight = 1.0 / period
    if state.seen > period:
        keep = 1.0 - weight
        gain = keep * state.gain + weight * gain
        loss = keep * state.loss + weight * loss
        return RsiState(state.seen, x, gain, loss), relative_strength(gain, loss)
    if state.seen == 0:
        return RsiState(1, x, 0.0, 0.0), nan
    gain = state.gain + weight * gain
    loss = state.loss + weight * loss
    output = nan if state.seen < period else relative_strength(gain, loss)
    return RsiState(state.seen + 1, x, gain, loss), output


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

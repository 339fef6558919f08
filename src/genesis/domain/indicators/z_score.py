"""Z-score: the distance from the mean of a window, in its standard deviations."""

from math import inf, nan
from typing import TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.deviation import DeviationState, deviation_start, deviation_step
from genesis.domain.indicators.indicator import Indicator
from genesis.domain.indicators.sma import SmaState, sma_start, sma_step

ZScoreState: TypeAlias = tuple[SmaState, DeviationState]
"""The mean, and the deviation around it."""


def z_score_start(period: int) -> ZScoreState:
    """Return the state before the first input; raises `ValueError` if *period* < 1."""
    return sma_start(period), deviation_start(period)


@step
def z_score_step(state: ZScoreState, x: float, period: int) -> tuple[ZScoreState, float]:
    """Return (x - mean) ÷ deviation of the last *period* inputs, *x* included; 0 where nothing moves."""
    if not -inf < x < inf:
        return state, nan
    sma, deviation = state
    sma, mean = sma_step(sma, x, period)
    deviation, spread = deviation_step(deviation, x, period)
    if spread > 0.0:
        return (sma, deviation), (x - mean) / spread
    return (sma, deviation), 0.0 if spread <= 0.0 else nan


@kernel
def _loop(state: ZScoreState, values: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = z_score_step(state, values[i], period)


Z_SCORE = Indicator(
    name="z_score",
    inputs=("x",),
    outputs=("value",),
    parameters=("period",),
    defaults=(20,),
    start=z_score_start,
    step=z_score_step,
    loop=_loop,
    warm_up=lambda period: (period - 1,),
)

"""Bollinger bands."""

from math import inf, nan
from typing import TypeAlias

import numpy.typing as npt

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.deviation import DeviationState, deviation_start, deviation_step
from genesis.domain.indicators.indicator import Indicator, float_parameter
from genesis.domain.indicators.sma import SmaState, sma_start, sma_step

BollingerState: TypeAlias = tuple[SmaState, DeviationState]
"""The simple moving average, and the deviation around it."""


def bollinger_start(period: int, width: float) -> BollingerState:
    """Return the state before the first input; raises `ValueError` if *period* < 1 or *width* is not finite and > 0."""
    float_parameter("width", width)
    return sma_start(period), deviation_start(period)


@step
def bollinger_step(
    state: BollingerState, x: float, period: int, width: float
) -> tuple[BollingerState, tuple[float, float, float]]:
    """Return the upper, middle and lower band: the mean of the last *period* inputs ± *width* standard deviations."""
    if not -inf < x < inf:
        return state, (nan, nan, nan)
    sma, deviation = state
    sma, middle = sma_step(sma, x, period)
    deviation, spread = deviation_step(deviation, x, period)
    reach = width * spread
    return (sma, deviation), (middle + reach, middle, middle - reach)


@kernel
def _loop(
    state: BollingerState, values: Floats, period: int, width: float, upper: Floats, middle: Floats, lower: Floats
) -> None:
    for i in range(len(values)):
        state, (upper[i], middle[i], lower[i]) = bollinger_step(state, values[i], period, width)


def bollinger(values: npt.ArrayLike, period: int, width: float) -> tuple[Floats, Floats, Floats]:
    """Return the upper, middle and lower band, *width* population deviations wide: NaN for the first period - 1."""
    upper, middle, lower = BOLLINGER.batch(values, period, width)
    return upper, middle, lower


BOLLINGER = Indicator(
    name="bollinger",
    inputs=("x",),
    outputs=("upper", "middle", "lower"),
    parameters=("period", "width"),
    defaults=(20, 2.0),
    start=bollinger_start,
    step=bollinger_step,
    loop=_loop,
    warm_up=lambda period, _width: (period - 1,) * 3,
)

"""Volume-weighted average price of a window."""

from math import inf, nan
from typing import TypeAlias

import numpy.typing as npt

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator, whole_parameter
from genesis.domain.indicators.window import Slots, tails_before_the_start, values_before_the_start

VwapState: TypeAlias = tuple[int, float, float, Slots, Slots, Slots, Slots]
"""filled, turnover, volume, turnovers, volumes, turnover_tails, volume_tails: how many candles the present block has,
their turnover (price × volume) and volume, the same candle by candle, and of the last block's tails.
"""


def vwap_start(period: int) -> VwapState:
    """Return the state before the first candle; raises `ValueError` if *period* < 1."""
    period = whole_parameter("period", period)
    values, tails = values_before_the_start, tails_before_the_start
    return 0, 0.0, 0.0, values(period), values(period), tails(period, 0.0), tails(period, 0.0)


@step
def vwap_step(
    state: VwapState, high: float, low: float, close: float, volume: float, period: int
) -> tuple[VwapState, float]:
    """Return the mean of the typical prices (high + low + close) / 3 of the last *period* candles, weighed by volume.

    NaN until there are as many, and for a window without any volume.
    """
    row = high + low + close + volume
    if not -inf < row < inf:
        return state, nan
    filled, turnover_sum, volume_sum, turnovers, volumes, turnover_tails, volume_tails = state
    if filled == period:
        turnover_tail = 0.0
        volume_tail = 0.0
        for k in range(period - 1, 0, -1):
            turnover_tail += turnovers[k]
            volume_tail += volumes[k]
            turnover_tails[k] = turnover_tail
            volume_tails[k] = volume_tail
        filled = 0
        turnover_sum = 0.0
        volume_sum = 0.0
    turnover = (high + low + close) / 3.0 * volume
    turnovers[filled] = turnover
    volumes[filled] = volume
    filled += 1
    turnover_sum += turnover
    volume_sum += volume
    whole = volume_tails[filled] + volume_sum
    mean = (turnover_tails[filled] + turnover_sum) / whole if whole > 0.0 else nan
    return (filled, turnover_sum, volume_sum, turnovers, volumes, turnover_tails, volume_tails), mean


@kernel
def _loop(state: VwapState, high: Floats, low: Floats, close: Floats, volume: Floats, period: int, out: Floats) -> None:
    for i in range(len(close)):
        state, out[i] = vwap_step(state, high[i], low[i], close[i], volume[i], period)


def vwap(high: npt.ArrayLike, low: npt.ArrayLike, close: npt.ArrayLike, volume: npt.ArrayLike, period: int) -> Floats:
    """Return the volume-weighted typical price of the last *period* candles: NaN for the first period - 1."""
    return VWAP.batch(high, low, close, volume, period)[0]


VWAP = Indicator(
    name="vwap",
    inputs=("high", "low", "close", "volume"),
    outputs=("value",),
    parameters=("period",),
    defaults=(20,),
    start=vwap_start,
    step=vwap_step,
    loop=_loop,
    warm_up=lambda period: (period - 1,),
)

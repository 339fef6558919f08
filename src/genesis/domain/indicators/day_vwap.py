"""Volume-weighted average price since the start of the UTC day."""

from math import floor, inf, nan
from typing import Final, TypeAlias

import numpy.typing as npt

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator

DAY_MS: Final = 86_400_000.0


DayVwapState: TypeAlias = tuple[int, float, float]
"""Days since 1970, -1 before the first candle; turnover (price × volume) and volume of that day so far."""


def day_vwap_start() -> DayVwapState:
    """Return the state before the first candle."""
    return -1, 0.0, 0.0


@step
def day_vwap_step(
    state: DayVwapState, mts: float, high: float, low: float, close: float, volume: float
) -> tuple[DayVwapState, float]:
    """Return the mean of the typical prices (high + low + close) / 3 since 00:00 UTC, weighed by volume.

    *mts* is the start of the candle. A value from the first candle on; NaN while a day has no volume.
    """
    row = mts + high + low + close + volume
    if not -inf < row < inf:
        return state, nan
    last_day, day_turnover, day_volume = state
    day = floor(mts / DAY_MS)
    turnover = (high + low + close) / 3.0 * volume
    if day == last_day:
        turnover += day_turnover
        volume += day_volume
    mean = turnover / volume if volume > 0.0 else nan
    return (day, turnover, volume), mean


@kernel
def _loop(
    state: DayVwapState, mts: Floats, high: Floats, low: Floats, close: Floats, volume: Floats, out: Floats
) -> None:
    for i in range(len(close)):
        state, out[i] = day_vwap_step(state, mts[i], high[i], low[i], close[i], volume[i])


def day_vwap(
    mts: npt.ArrayLike, high: npt.ArrayLike, low: npt.ArrayLike, close: npt.ArrayLike, volume: npt.ArrayLike
) -> Floats:
    """Return the volume-weighted typical price since the start of each candle's UTC day."""
    return DAY_VWAP.batch(mts, high, low, close, volume)[0]


DAY_VWAP = Indicator(
    name="day_vwap",
    inputs=("mts", "high", "low", "close", "volume"),
    outputs=("value",),
    parameters=(),
    defaults=(),
    start=day_vwap_start,
    step=day_vwap_step,
    loop=_loop,
    warm_up=lambda: (0,),
)

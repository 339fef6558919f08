"""Money flows: what volume says of the direction in which it was traded."""

from math import inf, nan
from typing import TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator, whole_parameter
from genesis.domain.indicators.rolling_sum import RollingSumState, rolling_sum_start, rolling_sum_step

MfiState: TypeAlias = tuple[float, RollingSumState, RollingSumState]
"""last, gained, lost: the last typical price; the turnover of a window at higher typical prices, and at lower ones."""

AdState: TypeAlias = tuple[float]
"""The line."""

ChaikinState: TypeAlias = tuple[RollingSumState, RollingSumState]
"""The flow of a window, and its volume."""


@step
def close_location(high: float, low: float, close: float) -> float:
    """Return where the close lies between low (-1) and high (1); 0 for a candle without any range."""
    span = high - low
    return ((close - low) - (high - close)) / span if span > 0.0 else 0.0


def mfi_start(period: int) -> MfiState:
    """Return the state before the first candle; raises `ValueError` if *period* < 1."""
    return nan, rolling_sum_start(period), rolling_sum_start(period)


@step
def mfi_step(
    state: MfiState, high: float, low: float, close: float, volume: float, period: int
) -> tuple[MfiState, float]:
    """Return the turnover at rising typical prices in percent of that at moving ones; 0 where less than 1 moved."""
    row = high + low + close + volume
    if not -inf < row < inf:
        return state, nan
    last, gained, lost = state
    typical = (high + low + close) / 3.0
    if not -inf < last < inf:
        return (typical, gained, lost), nan
    flow = typical * volume
    gained, up = rolling_sum_step(gained, flow if typical > last else 0.0, period)
    lost, down = rolling_sum_step(lost, flow if typical < last else 0.0, period)
    moved = up + down
    if moved >= 1.0:
        return (typical, gained, lost), 100.0 * (up / moved)
    return (typical, gained, lost), 0.0 if moved < 1.0 else nan


def ad_start() -> AdState:
    """Return the state before the first candle."""
    return (0.0,)


@step
def ad_step(state: AdState, high: float, low: float, close: float, volume: float) -> tuple[AdState, float]:
    """Add the volume, weighed by where the close lies between low and high."""
    row = high + low + close + volume
    if not -inf < row < inf:
        return state, nan
    line = state[0] + close_location(high, low, close) * volume
    return (line,), line


def chaikin_start(period: int) -> ChaikinState:
    """Return the state before the first candle; raises `ValueError` if *period* < 1."""
    whole_parameter("period", period)
    return rolling_sum_start(period), rolling_sum_start(period)


@step
def chaikin_step(
    state: ChaikinState, high: float, low: float, close: float, volume: float, period: int
) -> tuple[ChaikinState, float]:
    """Return the window's volume, weighed by where closes lie, of its whole volume; 0 where nothing was traded."""
    row = high + low + close + volume
    if not -inf < row < inf:
        return state, nan
    flows, volumes = state
    flows, flow = rolling_sum_step(flows, close_location(high, low, close) * volume, period)
    volumes, whole = rolling_sum_step(volumes, volume, period)
    if whole > 0.0:
        return (flows, volumes), flow / whole
    return (flows, volumes), 0.0 if whole <= 0.0 else nan


@kernel
def _mfi_loop(
    state: MfiState, high: Floats, low: Floats, close: Floats, volume: Floats, period: int, out: Floats
) -> None:
    for i in range(len(close)):
        state, out[i] = mfi_step(state, high[i], low[i], close[i], volume[i], period)


@kernel
def _ad_loop(state: AdState, high: Floats, low: Floats, close: Floats, volume: Floats, out: Floats) -> None:
    for i in range(len(close)):
        state, out[i] = ad_step(state, high[i], low[i], close[i], volume[i])


@kernel
def _chaikin_loop(
    state: ChaikinState, high: Floats, low: Floats, close: Floats, volume: Floats, period: int, out: Floats
) -> None:
    for i in range(len(close)):
        state, out[i] = chaikin_step(state, high[i], low[i], close[i], volume[i], period)


MFI = Indicator(
    name="mfi",
    inputs=("high", "low", "close", "volume"),
    outputs=("value",),
    parameters=("period",),
    defaults=(14,),
    start=mfi_start,
    step=mfi_step,
    loop=_mfi_loop,
    warm_up=lambda period: (period,),
)

AD_LINE = Indicator(
    name="ad_line",
    inputs=("high", "low", "close", "volume"),
    outputs=("value",),
    parameters=(),
    defaults=(),
    start=ad_start,
    step=ad_step,
    loop=_ad_loop,
    warm_up=lambda: (0,),
)

CHAIKIN_FLOW = Indicator(
    name="chaikin_flow",
    inputs=("high", "low", "close", "volume"),
    outputs=("value",),
    parameters=("period",),
    defaults=(20,),
    start=chaikin_start,
    step=chaikin_step,
    loop=_chaikin_loop,
    warm_up=lambda period: (period - 1,),
)

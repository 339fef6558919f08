"""Parabolic stop and reverse, by Wilder."""

from math import inf, nan
from typing import TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator, float_parameter

SarState: TypeAlias = tuple[int, float, float, float, float, float, float]
"""seen, high, low, side, stop, extreme, pace: candles seen, up to 2; the last high and low; 1.0 up or -1.0 down; the
stop of the next candle; the extreme of the present run, and the share of the way to it that the stop goes a candle.
"""


def sar_start(acceleration: float, maximum: float) -> SarState:
    """Return the state before the first candle; raises `ValueError` if a parameter is not finite and > 0."""
    float_parameter("acceleration", acceleration)
    float_parameter("maximum", maximum)
    return 0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0


@step
def sar_seed(state: SarState, high: float, low: float, first: float) -> SarState:
    """Return the state in which the second candle is met: down if it fell by more than it rose, else up."""
    _, last_high, last_low, _, _, _, _ = state
    fell = last_low - low
    if fell > 0.0 and fell > high - last_high:
        return 2, high, low, -1.0, last_high, low, first
    return 2, high, low, 1.0, last_low, high, first


@step
def sar_step(
    state: SarState, high: float, low: float, acceleration: float, maximum: float
) -> tuple[SarState, tuple[float, float]]:
    """Return the stop and the direction, 1.0 up or -1.0 down; NaN for the first candle.

    The stop is never beyond the extremes of the last two candles. A *maximum* below *acceleration* holds for both.
    """
    row = high + low
    if not -inf < row < inf:
        return state, (nan, nan)
    first = acceleration if acceleration < maximum else maximum
    if state[0] == 0:
        return (1, high, low, 1.0, 0.0, 0.0, first), (nan, nan)
    if state[0] == 1:
        state = sar_seed(state, high, low, first)
    _, last_high, last_low, side, stop, extreme, pace = state
    top = high if high > last_high else last_high
    bottom = low if low < last_low else last_low
    if side > 0.0 and low <= stop:
        side = -1.0
        shown = extreme if extreme > top else top
        extreme, pace = low, first
        following = shown + pace * (extreme - shown)
        following = following if following > top else top
    elif side < 0.0 and high >= stop:
        side = 1.0
        shown = extreme if extreme < bottom else bottom
        extreme, pace = high, first
        following = shown + pace * (extreme - shown)
        following = following if following < bottom else bottom
    else:
        shown = stop
        if (side > 0.0 and high > extreme) or (side < 0.0 and low < extreme):
            extreme = high if side > 0.0 else low
            pace = pace + first if pace + first < maximum else maximum
        following = stop + pace * (extreme - stop)
        if side > 0.0:
            following = following if following < bottom else bottom
        else:
            following = following if following > top else top
    return (2, high, low, side, following, extreme, pace), (shown, side)


@kernel
def _loop(
    state: SarState, high: Floats, low: Floats, acceleration: float, maximum: float, line: Floats, direction: Floats
) -> None:
    for i in range(len(high)):
        state, (line[i], direction[i]) = sar_step(state, high[i], low[i], acceleration, maximum)


SAR = Indicator(
    name="sar",
    inputs=("high", "low"),
    outputs=("line", "direction"),
    parameters=("acceleration", "maximum"),
    defaults=(0.02, 0.2),
    start=sar_start,
    step=sar_step,
    loop=_loop,
    warm_up=lambda _acceleration, _maximum: (1, 1),
)

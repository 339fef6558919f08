"""On-balance volume."""

from math import inf, nan
from typing import TypeAlias

import numpy.typing as npt

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator

ObvState: TypeAlias = tuple[int, float, float, float]
"""Whether there was a candle (0 or 1), its close, the sum of signed volumes, and what rounding took from it."""


def obv_start() -> ObvState:
    """Return the state before the first candle."""
    return 0, 0.0, 0.0, 0.0


@step
def obv_step(state: ObvState, close: float, volume: float) -> tuple[ObvState, float]:
    """Return volume so far, counted up when the close rose and down when it fell; the first candle counts up.

    The sum never ends, so each addition's rounding error, which Knuth's two-sum tells exactly, is summed beside it:
    after a million candles the result is still that of one rounding.
    """
    row = close + volume
    if not -inf < row < inf:
        return state, nan
    seen, last, before, lost = state
    signed = 0.0
    if seen == 0 or close > last:
        signed = volume
    elif close < last:
        signed = -volume
    total = before + signed
    added = total - before
    lost += (before - (total - added)) + (signed - added)
    return (1, close, total, lost), total + lost


@kernel
def _loop(state: ObvState, close: Floats, volume: Floats, out: Floats) -> None:
    for i in range(len(close)):
        state, out[i] = obv_step(state, close[i], volume[i])


def obv(close: npt.ArrayLike, volume: npt.ArrayLike) -> Floats:
    """Return the on-balance volume, in base units; it begins with the first volume, as TA-Lib's OBV does."""
    return OBV.batch(close, volume)[0]


OBV = Indicator(
    name="obv",
    inputs=("close", "volume"),
    outputs=("value",),
    parameters=(),
    defaults=(),
    start=obv_start,
    step=obv_step,
    loop=_loop,
    warm_up=lambda: (0,),
)

"""On-balance volume."""

from math import inf, nan
from typing import NamedTuple

import numpy.typing as npt

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator


class ObvState(NamedTuple):
    """Whether there was a candle (0 or 1), its close, the sum of signed volumes, and what rounding took from it."""

    seen: int
    close: float
    total: float
    lost: float


def obv_start() -> ObvState:
    """Return the state before the first candle."""
    return ObvState(0, 0.0, 0.0, 0.0)


@step
def obv_step(state: ObvState, close: float, volume: float) -> tuple[ObvState, float]:
    """Return volume so far, counted up when the close rose and down when it fell; the first candle counts up.

    The sum never ends, so each addition's rounding error, which Knuth's two-sum tells exactly, is summed beside it:
    after a million candles the result is still that of one rounding.
    """
    row = close + volume
    if not -inf < row < inf:
        return state, nan
    signed = 0.0
    if state.seen == 0 or close > state.close:
        signed = volume
    elif close < state.close:
        signed = -volume
    total = state.total + signed
    added = total - state.total
    lost = state.lost + ((state.total - (total - added)) + (signed - added))
    return ObvState(1, close, total, lost), total + lost


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

"""Chande momentum oscillator, smoothed as Wilder smooths."""

from math import inf, nan

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator
from genesis.domain.indicators.rsi import RsiState, rsi_start, rsi_step


@step
def cmo_step(state: RsiState, x: float, period: int) -> tuple[RsiState, float]:
    """Return gains less losses in percent of both, -100 to 100; NaN for *period* inputs, 0 where nothing moves."""
    if not -inf < x < inf:
        return state, nan
    state, strength = rsi_step(state, x, period)
    if not strength >= 0.0:
        return state, nan
    gain, loss = state[2], state[3]
    moved = gain + loss
    return state, 100.0 * ((gain - loss) / moved) if moved > 0.0 else 0.0


@kernel
def _loop(state: RsiState, values: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = cmo_step(state, values[i], period)


CMO = Indicator(
    name="cmo",
    inputs=("x",),
    outputs=("value",),
    parameters=("period",),
    defaults=(14,),
    start=rsi_start,
    step=cmo_step,
    loop=_loop,
    warm_up=lambda period: (period,),
)

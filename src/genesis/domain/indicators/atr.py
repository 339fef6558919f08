"""Average true range, by Wilder."""

from math import inf, nan
from typing import TypeAlias

import numpy.typing as npt

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator, whole_parameter

AtrState: TypeAlias = tuple[int, float, float, float, float, float, float, float]
"""seen, last, mean, before, pushed, keep, faded, weight: how many candles were seen, up to period + 1; the last close;
the mean (until the seed, the sum of true ranges), the mean before it, what the last candle added to that; what the mean
before, the one before that and a true range weigh.
"""


def atr_start(period: int) -> AtrState:
    """Return the state before the first candle; raises `ValueError` if *period* < 1."""
    period = whole_parameter("period", period)
    weight = 1.0 / period
    keep = 1.0 - weight
    return 0, 0.0, 0.0, 0.0, 0.0, keep, keep * keep, weight


@step
def atr_seed(state: AtrState, span: float, close: float, period: int) -> tuple[AtrState, float]:
    """Sum the first *period* true ranges up to their mean; the first candle has no close before it and so none."""
    seen, _, total, _, _, keep, faded, weight = state
    if seen == 0:
        return (1, close, 0.0, 0.0, 0.0, keep, faded, weight), nan
    total += span
    if seen < period:
        return (seen + 1, close, total, 0.0, 0.0, keep, faded, weight), nan
    seed = total / period
    return (seen + 1, close, seed, 0.0, seed, keep, faded, weight), seed


@step
def atr_step(state: AtrState, high: float, low: float, close: float, period: int) -> tuple[AtrState, float]:
    """Seed with the mean of the first *period* true ranges; then each weighs 1 / period. NaN for *period* candles."""
    row = high + low + close
    if not -inf < row < inf:
        return state, nan
    seen, last, mean, before, pushed, keep, faded, weight = state
    # The true range: the height of the candle, stretched to the close before it.
    span = (high if high > last else last) - (low if low < last else last)
    # mean = keep * last mean + weight * span, written out over two candles: each mean then waits for the one before the
    # last, and a compiled loop has two chains of multiply and add under way instead of one. It comes before the test
    # for the seed because the compiler then leaves the rare case out of the way.
    added = weight * span
    following = faded * before + (keep * pushed + added)
    if seen <= period:
        return atr_seed(state, span, close, period)
    return (seen, close, following, mean, added, keep, faded, weight), following


@kernel
def _loop(state: AtrState, high: Floats, low: Floats, close: Floats, period: int, out: Floats) -> None:
    for i in range(len(close)):
        state, out[i] = atr_step(state, high[i], low[i], close[i], period)


def atr(high: npt.ArrayLike, low: npt.ArrayLike, close: npt.ArrayLike, period: int) -> Floats:
    """Return the average true range in quote units: NaN for the first *period* candles. Equals TA-Lib's ATR."""
    return ATR.batch(high, low, close, period)[0]


ATR = Indicator(
    name="atr",
    inputs=("high", "low", "close"),
    outputs=("value",),
    parameters=("period",),
    defaults=(14,),
    start=atr_start,
    step=atr_step,
    loop=_loop,
    warm_up=lambda period: (period,),
)

"""Heikin-Ashi candles: candles averaged with what came before, so that trends show as runs of one colour."""

from math import inf, nan
from typing import TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator

HeikinAshiState: TypeAlias = tuple[float, float]
"""The last averaged open and close; NaN before there was one."""


def heikin_ashi_start() -> HeikinAshiState:
    """Return the state before the first candle."""
    return nan, nan


@step
def heikin_ashi_step(
    state: HeikinAshiState, open_: float, high: float, low: float, close: float
) -> tuple[HeikinAshiState, tuple[float, float]]:
    """Return the open, the middle of the last averaged body, and the close, the mean of the candle's four prices."""
    row = open_ + high + low + close
    if not -inf < row < inf:
        return state, (nan, nan)
    last_open, last_close = state
    middle = (last_open + last_close) * 0.5
    opened = middle if -inf < middle < inf else (open_ + close) * 0.5
    closed = row * 0.25
    return (opened, closed), (opened, closed)


@kernel
def _loop(
    state: HeikinAshiState,
    open_: Floats,
    high: Floats,
    low: Floats,
    close: Floats,
    opened: Floats,
    closed: Floats,
) -> None:
    for i in range(len(close)):
        state, (opened[i], closed[i]) = heikin_ashi_step(state, open_[i], high[i], low[i], close[i])


HEIKIN_ASHI = Indicator(
    name="heikin_ashi",
    inputs=("open", "high", "low", "close"),
    outputs=("opened", "closed"),
    parameters=(),
    defaults=(),
    start=heikin_ashi_start,
    step=heikin_ashi_step,
    loop=_loop,
    warm_up=lambda: (0, 0),
)

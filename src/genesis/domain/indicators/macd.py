"""Moving average convergence/divergence."""

from math import nan
from typing import TypeAlias

import numpy.typing as npt

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.ema import EmaState, ema_start, ema_step
from genesis.domain.indicators.indicator import Indicator, whole_parameter

MacdState: TypeAlias = tuple[EmaState, EmaState, EmaState]
"""The fast and the slow average of the input, and that of their difference."""


def macd_start(fast: int, slow: int, signal: int) -> MacdState:
    """Return the state before the first input; raises `ValueError` if a period is < 1 or *fast* is not below *slow*."""
    fast = whole_parameter("fast", fast)
    slow = whole_parameter("slow", slow)
    signal = whole_parameter("signal", signal)
    if fast >= slow:
        raise ValueError(f"fast must be below slow, was {fast} and {slow}")
    return ema_start(fast), ema_start(slow), ema_start(signal)


@step
def macd_step(
    state: MacdState, x: float, fast: int, slow: int, signal: int
) -> tuple[MacdState, tuple[float, float, float]]:
    """Return EMA(fast) - EMA(slow), its EMA(signal), and the difference of the two.

    Every average is the EMA of this package, seeded with its own first inputs. TA-Lib seeds the fast one later, so the
    first values differ there and then converge.
    """
    fast_state, slow_state, signal_state = state
    fast_state, fast_mean = ema_step(fast_state, x, fast)
    slow_state, slow_mean = ema_step(slow_state, x, slow)
    # A NaN before the slow average is there leaves the signal where it is: it begins with the first difference.
    line = fast_mean - slow_mean if slow_mean == slow_mean else nan
    signal_state, signal_mean = ema_step(signal_state, line, signal)
    return (fast_state, slow_state, signal_state), (line, signal_mean, line - signal_mean)


@kernel
def _loop(
    state: MacdState,
    values: Floats,
    fast: int,
    slow: int,
    signal: int,
    line: Floats,
    signal_line: Floats,
    histogram: Floats,
) -> None:
    for i in range(len(values)):
        state, (line[i], signal_line[i], histogram[i]) = macd_step(state, values[i], fast, slow, signal)


def macd(values: npt.ArrayLike, fast: int, slow: int, signal: int) -> tuple[Floats, Floats, Floats]:
    """Return the line, the signal line and the histogram: NaN for the first slow - 1 and slow + signal - 2 values."""
    line, signal_line, histogram = MACD.batch(values, fast, slow, signal)
    return line, signal_line, histogram


MACD = Indicator(
    name="macd",
    inputs=("x",),
    outputs=("macd", "signal_line", "histogram"),
    parameters=("fast", "slow", "signal"),
    defaults=(12, 26, 9),
    start=macd_start,
    step=macd_step,
    loop=_loop,
    warm_up=lambda _fast, slow, signal: (slow - 1, slow + signal - 2, slow + signal - 2),
)

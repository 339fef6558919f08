"""Standard deviation of a window."""

from math import inf, nan, sqrt
from typing import TypeAlias

import numpy.typing as npt

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator, whole_parameter
from genesis.domain.indicators.window import Slots, tails_before_the_start, values_before_the_start

DeviationState: TypeAlias = tuple[int, float, float, float, float, Slots, Slots, Slots]
"""filled, first, total, squares, last, values, tail_means, tail_squares: the head of the window in the present block,
and the tails of the last block.

Each part is measured from one of its own values (*first* of the head, *last* of the tails), so that prices far from
zero lose no digits: *total* and *squares* sum the differences from *first*; *tail_means* are mean differences from
*last*, *tail_squares* the sums of squares around those means.
"""


def deviation_start(period: int) -> DeviationState:
    """Return the state before the first input; raises `ValueError` if *period* < 1."""
    period = whole_parameter("period", period)
    means, squares = tails_before_the_start(period, 0.0), tails_before_the_start(period, 0.0)
    return 0, 0.0, 0.0, 0.0, 0.0, values_before_the_start(period), means, squares


@step
def squares_around_mean(count: int, total: float, squares: float) -> float:
    """Return the sum of squares around the mean from the sums around another point; rounding makes none negative."""
    rest = squares - total * (total / count)
    return rest if rest > 0.0 else 0.0


@step
def deviation_step(state: DeviationState, x: float, period: int) -> tuple[DeviationState, float]:
    """Return the population standard deviation of the last *period* inputs; NaN until there are as many.

    Head and tail are merged as Chan, Golub and LeVeque do: squares of both, plus the squared distance of their means.
    """
    if not -inf < x < inf:
        return state, nan
    filled, first, total, squares, last, values, tail_means, tail_squares = state
    if filled == period:
        last = values[period - 1]
        total = 0.0
        squares = 0.0
        for k in range(period - 1, 0, -1):
            difference = values[k] - last
            total += difference
            squares += difference * difference
            tail_means[k] = total / (period - k)
            tail_squares[k] = squares_around_mean(period - k, total, squares)
        filled = 0
    if filled == 0:
        first = x
        total = 0.0
        squares = 0.0
    values[filled] = x
    filled += 1
    difference = x - first
    total += difference
    squares += difference * difference
    apart = (last - first) + (tail_means[filled] - total / filled)
    between = apart * apart * (filled * (period - filled) / period)
    variance = (squares_around_mean(filled, total, squares) + tail_squares[filled] + between) / period
    return (filled, first, total, squares, last, values, tail_means, tail_squares), sqrt(variance)


@kernel
def _loop(state: DeviationState, values: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = deviation_step(state, values[i], period)


def deviation(values: npt.ArrayLike, period: int) -> Floats:
    """Return the population standard deviation (divided by *period*) of the last *period* values.

    NaN for the first period - 1; exactly 0 while nothing moves. Values beyond 1e150 overflow when squared.
    """
    return DEVIATION.batch(values, period)[0]


DEVIATION = Indicator(
    name="deviation",
    inputs=("x",),
    outputs=("value",),
    parameters=("period",),
    defaults=(20,),
    start=deviation_start,
    step=deviation_step,
    loop=_loop,
    warm_up=lambda period: (period - 1,),
)

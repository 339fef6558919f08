"""The order of a window: where its newest value ranks, and which value ranks where."""

from math import inf, nan
from typing import TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator, float_parameter, whole_parameter
from genesis.domain.indicators.window import Slots, ring_before_the_start

RankState: TypeAlias = tuple[int, int, Slots]
"""seen, at, values: how many inputs were seen, up to period - 1; the slot of the next one; the last *period*."""

PercentileState: TypeAlias = tuple[int, int, Slots, Slots]
"""The same, and room in which they are put in order."""


def rank_start(period: int) -> RankState:
    """Return the state before the first input; raises `ValueError` if *period* < 1."""
    return 0, 0, ring_before_the_start(whole_parameter("period", period))


@step
def rank_step(state: RankState, x: float, period: int) -> tuple[RankState, float]:
    """Return the rank of *x* among the last *period* inputs, equals halfway, divided by *period*: above 0, up to 1."""
    if not -inf < x < inf:
        return state, nan
    seen, at, values = state
    values[at] = x
    at = at + 1 if at + 1 < period else 0
    if seen + 1 < period:
        return (seen + 1, at, values), nan
    below, equal = 0, 0
    for k in range(period):
        if values[k] < x:
            below += 1
        elif values[k] <= x:
            equal += 1
    return (seen, at, values), (below + 0.5 * (equal + 1)) / period


def percentile_start(period: int, percent: float) -> PercentileState:
    """Return the state before the first input; raises `ValueError` if *period* < 1 or *percent* is not above 0."""
    float_parameter("percent", percent)
    seen, at, values = rank_start(period)
    return seen, at, values, ring_before_the_start(period)


@step
def partly_ordered(values: Slots, count: int, place: int) -> float:
    """Return the value that would be at *place* if *values* were in order, with none below it behind that place."""
    low, high = 0, count - 1
    while low < high:
        pivot = values[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                swapped = values[i]
                values[i] = values[j]
                values[j] = swapped
                i += 1
                j -= 1
        if place <= j:
            high = j
        elif place >= i:
            low = i
        else:
            low = high
    return values[place]


@step
def percentile_step(state: PercentileState, x: float, period: int, percent: float) -> tuple[PercentileState, float]:
    """Return what *percent* of the last *period* inputs are below, between two of them in proportion.

    The median is that of 50; 100 and more is the highest. NaN until there are *period* inputs.
    """
    if not -inf < x < inf:
        return state, nan
    seen, at, values, ordered = state
    values[at] = x
    at = at + 1 if at + 1 < period else 0
    if seen + 1 < period:
        return (seen + 1, at, values, ordered), nan
    for k in range(period):
        ordered[k] = values[k]
    exact = (percent / 100.0 if percent < 100.0 else 1.0) * (period - 1)
    place = int(exact)
    lower = partly_ordered(ordered, period, place)
    share = exact - place
    upper = lower
    if share > 0.0:
        upper = ordered[place + 1]
        for k in range(place + 2, period):
            if ordered[k] < upper:
                upper = ordered[k]
    return (seen, at, values, ordered), lower + share * (upper - lower)


@kernel
def _rank_loop(state: RankState, values: Floats, period: int, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = rank_step(state, values[i], period)


@kernel
def _percentile_loop(state: PercentileState, values: Floats, period: int, percent: float, out: Floats) -> None:
    for i in range(len(values)):
        state, out[i] = percentile_step(state, values[i], period, percent)


RANK = Indicator(
    name="rank",
    inputs=("x",),
    outputs=("value",),
    parameters=("period",),
    defaults=(50,),
    start=rank_start,
    step=rank_step,
    loop=_rank_loop,
    warm_up=lambda period: (period - 1,),
)

PERCENTILE = Indicator(
    name="percentile",
    inputs=("x",),
    outputs=("value",),
    parameters=("period", "percent"),
    defaults=(50, 50.0),
    start=percentile_start,
    step=percentile_step,
    loop=_percentile_loop,
    warm_up=lambda period, _percent: (period - 1,),
)

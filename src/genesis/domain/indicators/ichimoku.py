"""The lines of Ichimoku Kinko Hyo, as they are known at each candle: none is drawn ahead or back here."""

from math import inf, nan
from typing import TypeAlias

from genesis.domain.candle import Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.donchian import DonchianState, donchian_start, donchian_step
from genesis.domain.indicators.indicator import Indicator, whole_parameter

IchimokuState: TypeAlias = tuple[DonchianState, DonchianState, DonchianState]
"""The channels of the conversion line, of the base line, and of the second leading line."""


def ichimoku_start(conversion: int, base: int, leading: int) -> IchimokuState:
    """Return the state before the first candle; raises `ValueError` if a period is < 1."""
    whole_parameter("conversion", conversion)
    whole_parameter("base", base)
    whole_parameter("leading", leading)
    return donchian_start(conversion), donchian_start(base), donchian_start(leading)


@step
def ichimoku_step(
    state: IchimokuState, high: float, low: float, conversion: int, base: int, leading: int
) -> tuple[IchimokuState, tuple[float, float, float, float]]:
    """Return the conversion line, the base line, their mean (leading A) and leading B: middles of channels.

    Charts draw the leading lines *base* candles ahead; the cloud over the present candle is the lines of then.
    """
    row = high + low
    if not -inf < row < inf:
        return state, (nan, nan, nan, nan)
    short, middle, long = state
    short, (_, conversion_line, _) = donchian_step(short, high, low, conversion)
    middle, (_, base_line, _) = donchian_step(middle, high, low, base)
    long, (_, leading_b, _) = donchian_step(long, high, low, leading)
    return (short, middle, long), (conversion_line, base_line, (conversion_line + base_line) * 0.5, leading_b)


@kernel
def _loop(
    state: IchimokuState,
    high: Floats,
    low: Floats,
    conversion: int,
    base: int,
    leading: int,
    conversion_line: Floats,
    base_line: Floats,
    leading_a: Floats,
    leading_b: Floats,
) -> None:
    for i in range(len(high)):
        state, (conversion_line[i], base_line[i], leading_a[i], leading_b[i]) = ichimoku_step(
            state, high[i], low[i], conversion, base, leading
        )


ICHIMOKU = Indicator(
    name="ichimoku",
    inputs=("high", "low"),
    outputs=("conversion_line", "base_line", "leading_a", "leading_b"),
    parameters=("conversion", "base", "leading"),
    defaults=(9, 26, 52),
    start=ichimoku_start,
    step=ichimoku_step,
    loop=_loop,
    warm_up=lambda conversion, base, leading: (conversion - 1, base - 1, max(conversion, base) - 1, leading - 1),
)

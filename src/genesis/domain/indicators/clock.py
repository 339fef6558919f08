"""The hour of the day and the day of the week in which a candle began, UTC."""

from math import nan
from typing import Final

from genesis.domain.candle import DAY_MS, Floats
from genesis.domain.compiled import kernel, step
from genesis.domain.indicators.indicator import Indicator
from genesis.domain.indicators.logarithm import StatelessState, stateless_start

_HOUR_MS: Final = 3_600_000
_THURSDAY: Final = 3  # 1970-01-01


@step
def clock_step(state: StatelessState, mts: float) -> tuple[StatelessState, tuple[float, float]]:
    """Return the hour, 0 to 23, and the weekday, 0 for Monday to 6; NaN for a time before 1970 or beyond 2^53 ms."""
    if not 0.0 <= mts < 9007199254740992.0:
        return state, (nan, nan)
    whole = int(mts)
    return state, (float(whole // _HOUR_MS % 24), float((whole // DAY_MS + _THURSDAY) % 7))


@kernel
def _loop(state: StatelessState, mts: Floats, hour: Floats, weekday: Floats) -> None:
    for i in range(len(mts)):
        state, (hour[i], weekday[i]) = clock_step(state, mts[i])


CLOCK = Indicator(
    name="clock",
    inputs=("mts",),
    outputs=("hour", "weekday"),
    parameters=(),
    defaults=(),
    start=stateless_start,
    step=clock_step,
    loop=_loop,
    warm_up=lambda: (0, 0),
)

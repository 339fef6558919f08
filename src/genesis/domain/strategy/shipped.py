"""The strategies that ship."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from genesis.domain.indicators.ema import ema_start, ema_step
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.features import KEEP, close, ema, rsi, where
from genesis.domain.strategy.specification import Between, Strategy, strategy


@strategy
def ema_cross(fast: Annotated[int, Between(1, 5000)] = 12, slow: Annotated[int, Between(2, 5000)] = 26) -> Expr:
    """Long while the fast EMA of the close is above the slow one."""
    if fast >= slow:
        raise ValueError("fast must be below slow")
    return where(ema(close, fast) > ema(close, slow), 1.0, 0.0)


@strategy
def rsi_reversion(
    period: Annotated[int, Between(2, 5000)] = 14,
    low: Annotated[float, Between(0.0, 100.0)] = 30.0,
    high: Annotated[float, Between(0.0, 100.0)] = 70.0,
) -> Expr:
    """Long when the RSI falls below the low mark, out when it rises above the high one."""
    if low >= high:
        raise ValueError("low must be below high")
    strength = rsi(close, period)
    return where(strength < low, 1.0, where(strength > high, 0.0, KEEP))


SHIPPED: Final[dict[str, Strategy]] = {each.name: each for each in (ema_cross, rsi_reversion)}


def ema_cross_signal(closes: Sequence[float], fast: int = 12, slow: int = 26) -> Literal["buy", "sell", "hold"]:
    """Tell whether the fast EMA crossed the slow one between the last two closes.

    It is a "buy" when it was at or below it and is above now, a "sell" when it was at or above and is below now, else a
    "hold", as it is before both averages exist at both points. Raises `ValueError` for periods < 1 or fast >= slow.
    """
    if fast >= slow:
        raise ValueError(f"fast must be below slow, were {fast} and {slow}")
    fast_state, slow_state = ema_start(fast), ema_start(slow)
    before, now = float("nan"), float("nan")
    for value in closes:
        fast_state, fast_mean = ema_step(fast_state, value, fast)
        slow_state, slow_mean = ema_step(slow_state, value, slow)
        before, now = now, fast_mean - slow_mean
    if before <= 0.0 < now:
        return "buy"
    return "sell" if before >= 0.0 > now else "hold"

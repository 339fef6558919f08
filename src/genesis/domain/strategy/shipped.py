"""The strategies that ship."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from genesis.domain.indicators.ema import ema_start, ema_step
from genesis.domain.strategy.ensemble import inverse_volatility, rolling_performance
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.features import (
    KEEP,
    bollinger,
    close,
    correlation,
    crosses_above,
    donchian,
    ema,
    keltner,
    lag,
    latch,
    of,
    on,
    rank,
    returns,
    rolling_sum,
    rsi,
    stepped,
    where,
    z_score,
)
from genesis.domain.strategy.regime import Strength, strength_regime
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


@strategy
def two_frames(
    fast: Annotated[int, Between(1, 1000)] = 4,
    slow: Annotated[int, Between(2, 1000)] = 12,
    timing: Annotated[int, Between(1, 5000)] = 20,
) -> Expr:
    """Long in an uptrend of quarters of an hour, entered where the finer candles rise too; out when it turns."""
    if fast >= slow:
        raise ValueError("fast must be below slow")
    uptrend = on("15m", ema(close, fast) > ema(close, slow))
    rising = close > ema(close, timing)
    return where(uptrend, where(rising, 1.0, KEEP), 0.0)


@strategy
def regime_switch(
    period: Annotated[int, Between(2, 1000)] = 14,
    enter: Annotated[float, Between(1.0, 99.0)] = 25.0,
    leave: Annotated[float, Between(1.0, 99.0)] = 20.0,
    fast: Annotated[int, Between(1, 5000)] = 12,
    slow: Annotated[int, Between(2, 5000)] = 48,
) -> Expr:
    """Follow an EMA cross while there is a trend, and buy back to the mean while there is none."""
    strength = strength_regime(period, enter, leave)
    trend = where(ema(close, fast) > ema(close, slow), 1.0, 0.0)
    score = z_score(close, slow)
    reversion = where(score < -2.0, 1.0, where(score > 0.0, 0.0, KEEP))
    return strength.choose({Strength.TRENDING: trend, Strength.RANGING: reversion})


@strategy
def squeeze_breakout(
    period: Annotated[int, Between(2, 5000)] = 20,
    window: Annotated[int, Between(2, 5000)] = 120,
    squeeze: Annotated[float, Between(0.0, 1.0)] = 0.25,
) -> Expr:
    """Long on a new high that follows a calm stretch; out below the middle of the Keltner channel."""
    calm = rank(bollinger(close, period).width(), window) < squeeze
    breakout = crosses_above(close, lag(donchian(period).upper))
    entry = breakout & (rolling_sum(calm, period) > 0.0)
    return latch(entry, close < keltner(period).middle)


@strategy
def calm_mix(
    period: Annotated[int, Between(2, 5000)] = 100,
    fast: Annotated[int, Between(1, 5000)] = 12,
    slow: Annotated[int, Between(2, 5000)] = 48,
    strength: Annotated[int, Between(2, 1000)] = 14,
) -> Expr:
    """A trend, a reversion and a breakout, each weighed by how calm its own paper returns were."""
    trend = where(ema(close, fast) > ema(close, slow), 1.0, 0.0)
    reversion = latch(rsi(close, strength) < 30.0, rsi(close, strength) > 60.0)
    breakout = latch(close > lag(donchian(slow).upper), close < lag(donchian(fast).lower))
    return stepped(inverse_volatility([trend, reversion, breakout], period), 0.25)


@strategy
def best_lately(
    period: Annotated[int, Between(2, 5000)] = 200,
    fast: Annotated[int, Between(1, 1000)] = 12,
) -> Expr:
    """EMA crosses of three speeds, each weighed by what it has earned of late; out while none earns."""
    crosses = [where(ema(close, n) > ema(close, 3 * n), 1.0, 0.0) for n in (fast, 2 * fast, 4 * fast)]
    return stepped(rolling_performance(crosses, period), 0.25)


@strategy
def follow_the_leader(
    fast: Annotated[int, Between(1, 1000)] = 12,
    slow: Annotated[int, Between(2, 1000)] = 48,
    window: Annotated[int, Between(2, 5000)] = 120,
    least: Annotated[float, Between(-1.0, 1.0)] = 0.3,
) -> Expr:
    """Long while Bitcoin trends up and the instrument moves with it."""
    uptrend = of("tBTCUSD", ema(close, fast) > ema(close, slow))
    # Of the same candle, `of` shows nothing yet: its last return is the one before ours.
    together = correlation(lag(returns(close)), of("tBTCUSD", returns(close)), window)
    return where((together > least) & uptrend, 1.0, 0.0)


SHIPPED: Final[dict[str, Strategy]] = {
    each.name: each
    for each in (ema_cross, rsi_reversion, two_frames, regime_switch, squeeze_breakout, calm_mix, best_lately)
}
PAIRED: Final[dict[str, Strategy]] = {each.name: each for each in (follow_the_leader,)}
"""Strategies that read other instruments as well: they run where those are at hand."""


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

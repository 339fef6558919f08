"""The event strategies that ship."""

from typing import Annotated, Final, NamedTuple

from attrs import frozen

from genesis.domain.events import CandleClosed, Event
from genesis.domain.indicators.atr import AtrState, atr_start, atr_step
from genesis.domain.indicators.rolling_high import RollingHighState, rolling_high_start, rolling_high_step
from genesis.domain.strategy.event_strategy import AnyEventStrategy, Target, Targets
from genesis.domain.strategy.specification import Between, EventDriven, event_strategy


class TrailState(NamedTuple):
    """The channel and its last high, the ranges, the stop of an open position, and candles left of a pause."""

    highs: RollingHighState
    highest: float
    ranges: AtrState
    stop: float | None
    pause: int


@frozen
class TrailingBreakout:
    """Buys a new high, follows it with a stop that only rises, and pauses after the stop was hit."""

    period: int
    width: float
    pause: int

    def start(self) -> TrailState:
        return TrailState(rolling_high_start(self.period), float("nan"), atr_start(self.period), None, 0)

    def decide(self, state: TrailState, event: Event) -> tuple[TrailState, Targets]:
        if not isinstance(event, CandleClosed):
            return state, ()
        candle = event.candle
        ranges, span = atr_step(state.ranges, candle.high, candle.low, candle.close, self.period)
        highs, highest = rolling_high_step(state.highs, candle.high, self.period)
        known = state._replace(highs=highs, highest=highest if highest == highest else state.highest, ranges=ranges)
        if state.stop is not None:
            if candle.close <= state.stop:
                return known._replace(stop=None, pause=self.pause), (Target(event.symbol, 0.0),)
            raised = candle.close - self.width * span
            return known._replace(stop=max(state.stop, raised)), ()
        if state.pause:
            return known._replace(pause=state.pause - 1), ()
        if candle.close > state.highest and span == span:
            return known._replace(stop=candle.close - self.width * span), (Target(event.symbol, 1.0),)
        return known, ()


@event_strategy
def trailing_breakout(
    period: Annotated[int, Between(2, 5000)] = 48,
    width: Annotated[float, Between(0.1, 100.0)] = 3.0,
    pause: Annotated[int, Between(0, 100_000)] = 24,
) -> AnyEventStrategy:
    """Long on a close above the highest of *period* candles, out at a stop that follows, then quiet for a *pause*."""
    return TrailingBreakout(period, width, pause)


SHIPPED_EVENTS: Final[dict[str, EventDriven]] = {trailing_breakout.name: trailing_breakout}

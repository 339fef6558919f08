"""Regimes: which of a few named states a market is in, with hysteresis, so that noise at a mark does not switch it.

A regime is typed by an enum of its states. `regime.holds(Slope.RISING)` is a condition like any other, and
`regime.choose({...})` takes a value for each state, none left out.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Generic, TypeVar

from attrs import field, frozen

from genesis.domain.strategy.expression import Expr, Number, lifted
from genesis.domain.strategy.vocabulary.averages import ema
from genesis.domain.strategy.vocabulary.candle_fields import close
from genesis.domain.strategy.vocabulary.momenta import momentum
from genesis.domain.strategy.vocabulary.operations import hysteresis, latch, where
from genesis.domain.strategy.vocabulary.statistics import atr, rank, realised_volatility
from genesis.domain.strategy.vocabulary.trends import adx

S = TypeVar("S", bound=Enum)


class Strength(Enum):
    """Whether there is a trend at all."""

    RANGING = "ranging"
    TRENDING = "trending"


class Volatility(Enum):
    """How much a market moves, measured by its own past."""

    CALM = "calm"
    NORMAL = "normal"
    WILD = "wild"


class Slope(Enum):
    """Where an average goes."""

    FALLING = "falling"
    FLAT = "flat"
    RISING = "rising"


@frozen
class Regime(Generic[S]):
    """States and the condition of each; of the conditions one is 1.0 and the others 0.0, or all are NaN."""

    conditions: Mapping[S, Expr] = field()

    @conditions.validator
    def _check_conditions(self, _attribute: object, value: Mapping[S, Expr]) -> None:
        states = type(next(iter(value)))
        missing = [each.value for each in states if each not in value]
        if missing:
            raise ValueError(f"a regime needs a condition for every state; there is none for {', '.join(missing)}")

    def holds(self, state: S) -> Expr:
        """Return 1.0 while the market is in *state*, 0.0 while it is not, NaN while it is not known."""
        return self.conditions[state]

    def choose(self, cases: Mapping[S, Expr | Number]) -> Expr:
        """Return what *cases* has for the present state; raises `ValueError` unless it has something for each."""
        missing = [state.value for state in self.conditions if state not in cases]
        if missing:
            raise ValueError(f"choose needs a case for every state; there is none for {', '.join(missing)}")
        *earlier, last = self.conditions
        chosen = lifted(cases[last])
        for state in reversed(earlier):
            chosen = where(self.conditions[state], cases[state], chosen)
        # Of two states the condition of one says all; where nothing is known, neither is known.
        return chosen

    @property
    def number(self) -> Expr:
        """The position of the present state in the enum, 0.0 for the first: for plots and models."""
        return self.choose({state: float(index) for index, state in enumerate(self.conditions)})


def two_states(off: S, on: S, condition: Expr) -> Regime[S]:
    """Return the regime that is *on* while the condition holds, *off* else."""
    return Regime({off: ~condition, on: condition})


def three_states(states: tuple[S, S, S], x: Expr, low: Number, high: Number, margin: Number) -> Regime[S]:
    """Return the lowest of *states* from when *x* falls below *low*, the highest from when it rises above *high*.

    Either ends when *x* comes back by *margin* beyond its mark. The marks and margins must not overlap: `ValueError`.
    """
    if not (margin >= 0 and low + margin < high - margin):
        raise ValueError(
            f"a regime of three needs low + margin < high - margin, got low {low}, high {high} and margin {margin}"
        )
    falling = latch(x < low, x > low + margin)
    rising = hysteresis(x, high, high - margin)
    return Regime({states[0]: falling, states[1]: ~(falling | rising), states[2]: rising})


def strength_regime(period: int = 14, enter: float = 25.0, leave: float = 20.0) -> Regime[Strength]:
    """Return whether there is a trend: from when the ADX rises above *enter* until it falls below *leave*."""
    if not leave <= enter:
        raise ValueError(f"leave must be at or below enter, were {leave} and {enter}")
    return two_states(Strength.RANGING, Strength.TRENDING, hysteresis(adx(period).adx, enter, leave))


def volatility_regime(
    period: int = 24, window: int = 500, low: float = 0.25, high: float = 0.75, margin: float = 0.05
) -> Regime[Volatility]:
    """Return how much a market moves: where its realised volatility ranks among the last *window* values of it."""
    place = rank(realised_volatility(close, period), window)
    return three_states((Volatility.CALM, Volatility.NORMAL, Volatility.WILD), place, low, high, margin)


def slope_regime(period: int = 50, over: int = 10, steep: float = 0.5, margin: float = 0.2) -> Regime[Slope]:
    """Return where the EMA goes: its change over *over* candles, in average true ranges, beyond ± *steep*."""
    change = momentum(ema(close, period), over) / atr(period)
    return three_states((Slope.FALLING, Slope.FLAT, Slope.RISING), change, -steep, steep, margin)

"""What a market order pays beyond the price of its candle: a fixed part, one by volatility, and what it moves itself.

The first two are known before the order is: a share of the price, by what candles that closed before it showed. The
third grows with the order. Its law is the square root: an order as large as the volume of a candle pays the
coefficient, one of a hundredth of it a tenth of that. Both speeds call the same steps.
"""

import math
from typing import Final

import numpy as np
from attrs import field, frozen

from genesis.domain.candle import Candle, Candles, Floats, Ints
from genesis.domain.compiled import kernel, step
from genesis.domain.simulation.wide import ceil_mul_div_64, floor_mul_div_64
from genesis.domain.strategy.columns import evaluate
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.features import atr, close, sma, volume
from genesis.domain.strategy.streaming import Evaluator
from genesis.domain.units import PPB, Ppb

CAP: Final = Ppb(PPB // 10)
"""The most that a part which is measured may come to, where nothing else is said: 1000 bp."""

FACTOR_MAX: Final = 100 * PPB


def _check_cap(_instance: object, _attribute: object, value: Ppb) -> None:
    if not 0 < value < PPB:
        raise ValueError("the cap of a slippage must be above 0 and below 10000 bp")


@frozen
class VolatilitySlippage:
    """Adds *factor* × *measure*, a share of the price, but at most *cap*; the cap itself while nothing is measured."""

    factor: Ppb = field()
    measure: Expr
    cap: Ppb = field(default=CAP, validator=_check_cap)

    @factor.validator
    def _check_factor(self, _attribute: object, value: Ppb) -> None:
        if not 0 < value <= FACTOR_MAX:
            raise ValueError("slippage by volatility must be above 0 and at most 100 times the measure")


@frozen
class Impact:
    """Adds *coefficient* × √(amount ÷ *volume*), but at most *cap*; the cap itself while the volume is not known."""

    coefficient: Ppb = field()
    volume: Expr
    cap: Ppb = field(default=CAP, validator=_check_cap)

    @coefficient.validator
    def _check_coefficient(self, _attribute: object, value: Ppb) -> None:
        if not 0 < value < PPB:
            raise ValueError("slippage by share of volume must be above 0 and below 10000 bp")


def by_true_range(factor: Ppb, window: int, cap: Ppb = CAP) -> VolatilitySlippage:
    """Return slippage of *factor* × the average true range of *window* closed candles ÷ the last close."""
    return VolatilitySlippage(factor, atr(window) / close, cap)


def by_mean_volume(coefficient: Ppb, window: int, cap: Ppb = CAP) -> Impact:
    """Return the impact on a market that trades the mean volume of the last *window* closed candles in one."""
    return Impact(coefficient, sma(volume, window), cap)


@step
def measured_slippage(fixed: int, measure: float, factor: int, cap: int) -> int:
    """Return *fixed* and factor × measure, rounded up and at most *cap*, together in parts per billion."""
    if not 0.0 <= measure < math.inf:
        return fixed + cap
    part = float(factor) * measure
    return fixed + (math.ceil(part) if part < float(cap) else cap)


@step
def impact_of(amount: int, volume: float, coefficient: int, cap: int) -> int:
    """Return what an order of *amount* atoms moves the price, in parts per billion, rounded up; *volume* in units."""
    if not 0.0 < volume < math.inf:
        return cap
    moved = float(coefficient) * math.sqrt(float(amount) / (volume * 1e8))
    return math.ceil(moved) if moved < float(cap) else cap


@step
def worsened(price: int, slippage: int, is_buy: bool) -> int:
    """Return *price* made worse by a slippage, rounded against the order, but at least one unit."""
    if is_buy:
        return ceil_mul_div_64(price, PPB + slippage, PPB)
    return max(floor_mul_div_64(price, PPB - slippage, PPB), 1)


class SlippageMeter:
    """The measured parts, candle by candle: *slippage* of an order that fills next, and *volume* that it meets."""

    def __init__(self, fixed: Ppb, volatility: VolatilitySlippage | None, impact: Impact | None) -> None:
        self.slippage: int = fixed if volatility is None else fixed + volatility.cap
        self.volume = math.nan
        self._fixed = fixed
        self._volatility = volatility
        self._impact = impact
        self._measure = None if volatility is None else Evaluator(volatility.measure)
        self._volume = None if impact is None else Evaluator(impact.volume)

    def step(self, candle: Candle) -> None:
        """Take a candle that closed."""
        if self._measure is not None and self._volatility is not None:
            measure, factor = self._measure.step(candle), self._volatility.factor
            self.slippage = measured_slippage(self._fixed, measure, factor, self._volatility.cap)
        if self._volume is not None:
            self.volume = self._volume.step(candle)

    def moved(self, price: int, amount: int, *, is_buy: bool) -> int:
        """Return *price* made worse by what an order of *amount* moves it itself."""
        impact = self._impact
        if impact is None:
            return price
        return worsened(price, impact_of(amount, self.volume, impact.coefficient, impact.cap), is_buy)


def slippage_column(fixed: Ppb, volatility: VolatilitySlippage | None, candles: Candles) -> Ints:
    """Return the slippage of what fills at the open of each candle: as `SlippageMeter` has it then."""
    out = np.full(len(candles), fixed, dtype=np.int64)
    if volatility is not None:
        out += volatility.cap
        _measure_all(evaluate(volatility.measure, candles), fixed, volatility.factor, volatility.cap, out)
    return out


def volume_column(impact: Impact, candles: Candles) -> Floats:
    """Return the volume that an order meets at the open of each candle: as `SlippageMeter` has it then."""
    out = np.full(len(candles), np.nan)
    out[1:] = evaluate(impact.volume, candles)[:-1]
    return out


@kernel
def _measure_all(measure: Floats, fixed: int, factor: int, cap: int, out: Ints) -> None:
    for i in range(1, len(out)):
        out[i] = measured_slippage(fixed, measure[i - 1], factor, cap)

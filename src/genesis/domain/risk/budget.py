"""How much of its size a strategy may use now: by how much the market moves, and by the regime that it is in.

Both are seams from an expression to a number: any expression measures volatility, any expression names the regime.
Shares and scales are whole parts per billion, so money never meets a float; this module is the one crossing.
"""

import math
from typing import Final

import numpy as np
from attrs import field, frozen

from genesis.domain.candle import Candle, Candles, Floats, Ints, Timeframe
from genesis.domain.compiled import kernel, step
from genesis.domain.simulation.wide import floor_mul_div_64
from genesis.domain.strategy.columns import evaluate_all
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.features import close, deviation, lag
from genesis.domain.strategy.streaming import Evaluator
from genesis.domain.units import PPB, Ppb

UNKNOWN: Final = -1
"""The budget while its expressions have no value: only a target of 0 is acted on."""

SCALE_MAX: Final = 100 * PPB
YEAR_MS: Final = 365 * 86_400_000


@frozen
class VolatilityTarget:
    """Scales by *target* / *measure*, at most by *cap*; both volatilities are fractions a year, *measure* a float."""

    measure: Expr
    target: Ppb = field()
    cap: Ppb = field(default=Ppb(PPB))

    @target.validator
    def _check_target(self, _attribute: object, value: Ppb) -> None:
        if not 0 < value <= SCALE_MAX:
            raise ValueError("the volatility target must be above 0 and at most 10000 % a year")

    @cap.validator
    def _check_cap(self, _attribute: object, value: Ppb) -> None:
        if not 0 < value <= SCALE_MAX:
            raise ValueError("the cap of the volatility target must be above 0 and at most 100")


@frozen
class RegimeBudget:
    """The share of the size that may be used in each regime; *otherwise* is that of a regime without a share."""

    regime: Expr
    shares: tuple[tuple[float, Ppb], ...] = field()
    otherwise: Ppb = field(default=Ppb(0))

    @shares.validator
    def _check_shares(self, _attribute: object, value: tuple[tuple[float, Ppb], ...]) -> None:
        regimes = [regime for regime, _ in value]
        if len(set(regimes)) != len(regimes) or not all(map(math.isfinite, regimes)):
            raise ValueError(f"each regime has one share and is a finite number, not {regimes}")
        if not all(0 <= share <= PPB for share in (*(share for _, share in value), self.otherwise)):
            raise ValueError("the share of a regime must be 0 to 100 %")


@frozen
class Budget:
    """Both, each off where it is None. *band* is by how large a share of itself a budget must move to trade alone."""

    volatility: VolatilityTarget | None = None
    regimes: RegimeBudget | None = None
    band: Ppb = field(default=Ppb(PPB // 5))

    @band.validator
    def _check_band(self, _attribute: object, value: Ppb) -> None:
        if not 0 <= value <= PPB:
            raise ValueError("the band of a budget must be 0 to 100 %")

    @property
    def is_off(self) -> bool:
        """Whether every size stays what it is."""
        return self.volatility is None and self.regimes is None

    @property
    def roots(self) -> tuple[Expr, ...]:
        """The expressions that it reads: of volatility, then of the regime, as far as there are any."""
        measure = () if self.volatility is None else (self.volatility.measure,)
        return measure if self.regimes is None else (*measure, self.regimes.regime)


def realised_volatility(window: int, timeframe: Timeframe) -> Expr:
    """Return the annualised standard deviation of the last *window* returns of the close."""
    return deviation(close / lag(close) - 1.0, window) * math.sqrt(YEAR_MS / timeframe.span_ms)


@step
def volatility_scale(volatility: float, target: int, cap: int) -> int:
    """Return target / volatility in parts per billion, rounded down and at most *cap*; UNKNOWN while there is none."""
    if not 0.0 <= volatility < math.inf:
        return UNKNOWN
    if volatility * float(cap) <= float(target):
        return cap
    return int(float(target) / volatility)


@step
def budget_of(scale: int, share: int) -> int:
    """Return scale × share, rounded down; UNKNOWN if one of them is."""
    return UNKNOWN if scale < 0 or share < 0 else floor_mul_div_64(scale, share, PPB)


@step
def has_moved(budget: int, acted_on: int, band: int) -> bool:
    """Tell whether a budget is far enough from the one acted on to trade for its own sake."""
    return budget >= 0 and abs(budget - acted_on) > floor_mul_div_64(acted_on, band, PPB)


@step
def budgeted(weight: int, budget: int) -> int:
    """Return a signed weight times a budget, rounded towards zero."""
    return floor_mul_div_64(weight, budget, PPB) if weight >= 0 else -floor_mul_div_64(-weight, budget, PPB)


class BudgetMeter:
    """A budget, candle by candle."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._evaluators = [Evaluator(root) for root in budget.roots]

    def step(self, candle: Candle) -> tuple[int, int]:
        """Take the next candle; return the scale by volatility and the share of the regime at its close."""
        values = [evaluator.step(candle) for evaluator in self._evaluators]
        scale = share = PPB
        if self._budget.volatility is not None:
            scale = volatility_scale(values[0], self._budget.volatility.target, self._budget.volatility.cap)
        if self._budget.regimes is not None:
            share = share_of(self._budget.regimes, values[-1])
        return scale, share


def share_of(regimes: RegimeBudget, regime: float) -> int:
    """Return the share of a regime; UNKNOWN for NaN."""
    if regime != regime:
        return UNKNOWN
    return next((share for value, share in regimes.shares if value == regime), regimes.otherwise)


def budget_column(budget: Budget, candles: Candles) -> Ints:
    """Return the budget at the close of every candle: what `BudgetMeter` gives, scale × share."""
    out = np.full(len(candles), PPB, dtype=np.int64)
    columns = evaluate_all(budget.roots, candles)
    if budget.volatility is not None:
        _scale_all(columns[0], budget.volatility.target, budget.volatility.cap, out)
    if budget.regimes is not None:
        shares = budget.regimes.shares
        values = np.array([value for value, _ in shares], dtype=np.float64)
        parts = np.array([share for _, share in shares], dtype=np.int64)
        _share_all(columns[-1], values, parts, budget.regimes.otherwise, out)
    return out


@kernel
def _scale_all(volatility: Floats, target: int, cap: int, out: Ints) -> None:
    for i in range(len(out)):
        out[i] = volatility_scale(volatility[i], target, cap)


@kernel
def _share_all(regime: Floats, values: Floats, shares: Ints, otherwise: int, out: Ints) -> None:
    for i in range(len(out)):
        share = otherwise
        if regime[i] != regime[i]:
            share = UNKNOWN
        for k in range(len(values)):
            if values[k] == regime[i]:
                share = shares[k]
        out[i] = budget_of(out[i], share)

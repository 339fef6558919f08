"""Guards that watch equity: drawdown from the peak, and the loss of one UTC day. A breach flattens and halts."""

import math
from decimal import Decimal
from enum import Enum
from typing import Final

from attrs import define, field, frozen

from genesis.domain.candle import DAY_MS
from genesis.domain.units import INT64_MAX, MONEY_MAX, PPB, Atoms, InexactNumber, Ppb, floor_mul_div

NEVER: Final = -INT64_MAX
"""An equity that no account reaches: the floor of a guard that is off."""


def breached_max_drawdown(equity_peak: float, current_equity: float, max_dd_pct: float) -> bool:
    """Tell whether equity fell from its peak by *max_dd_pct* percent or more; a drop equal to the limit is a breach.

    Compared as the decimals that the numbers print as, so that 1.0 to 0.9 is a drop of 10 %. A peak that is not
    positive leaves nothing to lose a share of: any equity below it is a breach. So is a number that is not finite.
    """
    if not all(map(math.isfinite, (equity_peak, current_equity, max_dd_pct))):
        return True
    if equity_peak <= 0:
        return current_equity < equity_peak
    peak, current, limit_pct = (Decimal(str(number)) for number in (equity_peak, current_equity, max_dd_pct))
    return (peak - current) * 100 >= limit_pct * peak


def within_daily_loss_limit(daily_pnl: float, max_daily_loss: float) -> bool:
    """Tell whether the day's loss is within the limit; a loss equal to it is. *max_daily_loss* is a loss, >= 0."""
    return -daily_pnl <= max_daily_loss


def drawdown_floor(equity_peak: int, max_drawdown: Ppb) -> int:
    """Return the largest equity that breaches the maximum drawdown: peak − equity >= peak × limit in exact integers."""
    return floor_mul_div(equity_peak, PPB - max_drawdown, PPB)


class Breach(Enum):
    """Which guard was breached."""

    MAX_DRAWDOWN = "max_drawdown"
    MAX_DAILY_LOSS = "max_daily_loss"


@frozen
class RiskLimits:
    """Limits; None is off. Weights and shares in parts per billion, losses in atoms of the quote currency."""

    position_cap: Ppb | None = field(default=None)
    max_drawdown: Ppb | None = field(default=None)
    max_daily_loss: Atoms | None = field(default=None)

    @position_cap.validator
    def _check_position_cap(self, _attribute: object, value: Ppb | None) -> None:
        if value is not None and not 0 <= value <= PPB:
            raise ValueError("the position cap must be 0 to 100 % of equity")

    @max_drawdown.validator
    def _check_max_drawdown(self, _attribute: object, value: Ppb | None) -> None:
        if value is not None and not 0 < value <= PPB:
            raise ValueError("the maximum drawdown must be above 0 and at most 100 %")

    @max_daily_loss.validator
    def _check_max_daily_loss(self, _attribute: object, value: Atoms | None) -> None:
        if value is not None and value < 0:
            raise ValueError("the maximum daily loss must be >= 0")


@define
class EquityGuards:
    """The peak and the day's start, and the two floors that follow from them; fed with the equity at every close."""

    limits: RiskLimits
    peak: int
    day_end: int = 0
    last_equity: int = field(init=False)
    drawdown_floor: int = field(init=False)
    day_floor: int = NEVER

    def __attrs_post_init__(self) -> None:
        self.last_equity = self.peak
        self.drawdown_floor = self._floor_below(self.peak)

    def observe(self, mts: int, equity: int) -> Breach | None:
        """Take the equity at the close of the candle that began at *mts*; return the breach, if there is one.

        Raises `InexactNumber` when equity outgrew `MONEY_MAX`.
        """
        if equity > self.peak:
            if equity > MONEY_MAX:
                raise InexactNumber(f"equity at {mts} outgrew 2^60 atoms")
            self.peak = equity
            self.drawdown_floor = self._floor_below(equity)
        if mts >= self.day_end:
            self.day_end = (mts // DAY_MS + 1) * DAY_MS
            limit = self.limits.max_daily_loss
            self.day_floor = NEVER if limit is None else self.last_equity - limit
        self.last_equity = equity
        if equity <= self.drawdown_floor:
            return Breach.MAX_DRAWDOWN
        return Breach.MAX_DAILY_LOSS if equity < self.day_floor else None

    def _floor_below(self, peak: int) -> int:
        limit = self.limits.max_drawdown
        return NEVER if limit is None else drawdown_floor(peak, limit)

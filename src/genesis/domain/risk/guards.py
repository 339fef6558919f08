"""Guards that watch what a strategy has: drawdown from the peak, the loss of one UTC day, and round trips that lost.

A breach of the first two flattens and halts, or lets the strategy only reduce; losing trips make it pause.
"""

import math
from decimal import Decimal
from enum import Enum
from typing import Final

from attrs import define, field, frozen

from genesis.domain.candle import DAY_MS
from genesis.domain.compiled import step
from genesis.domain.units import INT64_MAX, MONEY_MAX, PPB, Atoms, InexactNumber, Ppb, floor_mul_div

NEVER: Final = -INT64_MAX
"""An equity that no account reaches: the floor of a guard that is off."""

FOREVER: Final = INT64_MAX
"""A time that never comes."""

COOL_DOWN_MS_MAX: Final = 366 * DAY_MS


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


class OnBreach(Enum):
    """What follows a breach: out for good; or no more risk, until the day is over where it was the day's loss."""

    HALT = "halt"
    REDUCE_ONLY = "reduce_only"


@frozen
class RiskLimits:
    """Limits of one strategy; None is off. Shares in parts per billion, losses in atoms of the quote currency.

    *cool_down_losses* is how many round trips in a row may lose before no risk is added for *cool_down_ms*.
    """

    position_cap: Ppb | None = field(default=None)
    max_drawdown: Ppb | None = field(default=None)
    max_daily_loss: Atoms | None = field(default=None)
    on_breach: OnBreach = OnBreach.HALT
    cool_down_losses: int | None = field(default=None)
    cool_down_ms: int = field(default=DAY_MS)

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

    @cool_down_losses.validator
    def _check_cool_down_losses(self, _attribute: object, value: int | None) -> None:
        if value is not None and value < 1:
            raise ValueError("the losing round trips before a cool-down must be 1 or more")

    @cool_down_ms.validator
    def _check_cool_down(self, _attribute: object, value: int) -> None:
        if not 1 <= value <= COOL_DOWN_MS_MAX:
            raise ValueError("a cool-down must be 1 ms to 366 days")


@define
class EquityGuards:
    """The peak and the day's start, and the two floors that follow from them; fed with the equity at every close."""

    limits: RiskLimits
    peak: int
    day_end: int = 0
    last_equity: int = field(init=False)
    drawdown_floor: int = field(init=False)
    day_floor: int = NEVER
    calm_above: int = field(init=False)
    """Equity above it, up to the peak, breaches nothing before the day ends."""

    def __attrs_post_init__(self) -> None:
        self.restart(self.peak)

    def restart(self, equity: int) -> None:
        """Let *equity* be the peak, and the equity of the last close."""
        self.peak = self.last_equity = equity
        self.drawdown_floor = self._floor_below(equity)
        self.day_floor = NEVER
        self.day_end = 0
        self.calm_above = self.drawdown_floor

    def limit(self, limits: RiskLimits) -> None:
        """Watch *limits* from now on: the drawdown from the same peak, the day's loss from the same start.

        Where the loss of the day had no limit until now, it counts from here.
        """
        before = self.limits.max_daily_loss
        day_start = self.last_equity if before is None or self.day_floor == NEVER else self.day_floor + before
        self.limits = limits
        self.drawdown_floor = self._floor_below(self.peak)
        self.day_floor = NEVER if limits.max_daily_loss is None else day_start - limits.max_daily_loss
        self.calm_above = max(self.drawdown_floor, self.day_floor - 1)

    def breach(self, equity: int) -> Breach | None:
        """Return which guard *equity* breaches."""
        if equity <= self.drawdown_floor:
            return Breach.MAX_DRAWDOWN
        return Breach.MAX_DAILY_LOSS if equity < self.day_floor else None

    def observe(self, mts: int, equity: int) -> Breach | None:
        """Take the equity at the close of the candle that began at *mts*; return the breach, if there is one.

        Raises `InexactNumber` when equity outgrew `MONEY_MAX`.
        """
        if equity > self.peak:
            if equity > MONEY_MAX:
                raise InexactNumber(f"equity at {mts} outgrew 2^60 atoms")
            self.peak = equity
            self.drawdown_floor = self._floor_below(equity)
        was_breached = False
        if mts >= self.day_end:
            # What was told late of the day that is over may have breached it; what breached in time has halted already.
            was_breached = self.limits.on_breach is OnBreach.HALT and self.last_equity < self.day_floor
            self.day_end = (mts // DAY_MS + 1) * DAY_MS
            limit = self.limits.max_daily_loss
            self.day_floor = NEVER if limit is None else self.last_equity - limit
        self.calm_above = max(self.drawdown_floor, self.day_floor - 1)
        self.last_equity = equity
        return Breach.MAX_DAILY_LOSS if was_breached else self.breach(equity)

    def booked(self, mts: int, change: int) -> None:
        """B8: take what a fill of *mts* changed of equity: it counts in the day of its own time, however late."""
        if mts >= self.day_end:
            return
        self.last_equity += change
        if mts < self.day_end - DAY_MS and self.day_floor != NEVER:
            self.day_floor += change
            self.calm_above = max(self.drawdown_floor, self.day_floor - 1)

    def _floor_below(self, peak: int) -> int:
        limit = self.limits.max_drawdown
        return NEVER if limit is None else drawdown_floor(peak, limit)


@define
class LosingStreak:
    """Counts round trips that lost, one after the other; *limits* say after how many to pause, and for how long."""

    limits: RiskLimits
    losses: int = 0
    pause_until: int = 0

    def ended(self, mts: int, profit: int) -> None:
        """Take the end of a round trip at *mts*; one that neither won nor lost ends the streak."""
        self.losses, self.pause_until = after_trip(
            self.losses, self.pause_until, mts, profit, self.limits.cool_down_losses or 0, self.limits.cool_down_ms
        )


@step
def after_trip(losses: int, pause_until: int, mts: int, profit: int, most: int, pause_ms: int) -> tuple[int, int]:
    """Return the losses in a row and the end of the pause after a round trip; *most* 0 never pauses."""
    losses = losses + 1 if profit < 0 else 0
    if most > 0 and losses >= most:
        return 0, mts + pause_ms
    return losses, pause_until

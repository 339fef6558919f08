"""How large the orders of a desk are: its budget, the weight after each guard, and the amount that a price leaves."""

from typing import TYPE_CHECKING

from genesis.domain.candle import Candle
from genesis.domain.events import Sized
from genesis.domain.order import Side
from genesis.domain.risk.budget import BudgetMeter, budget_of, budgeted
from genesis.domain.risk.margin import rebalance_on_margin
from genesis.domain.risk.sizing import Rebalancing, capped_weight, rebalance
from genesis.domain.simulation.slippage import SlippageMeter
from genesis.domain.units import PPB, Ppb

if TYPE_CHECKING:
    from genesis.domain.desk import Intent
    from genesis.domain.desk_settings import DeskSettings


class Sizer:
    """Sees every candle of one desk, to know its budget and what its orders move the market themselves."""

    def __init__(self, settings: "DeskSettings") -> None:
        self.has_budget = not settings.budget.is_off
        self.is_measuring = self.has_budget or settings.impact is not None
        self._budget = settings.budget
        self._margin = settings.margin
        self._scale = settings.instrument.price_scale
        self._meter = BudgetMeter(settings.budget) if self.has_budget else None
        self._scales = (PPB, PPB)
        self._slips = None if settings.impact is None else SlippageMeter(Ppb(0), None, settings.impact)

    def measure(self, candle: Candle) -> None:
        """Take a candle that closed."""
        if self._meter is not None:
            self._scales = self._meter.step(candle)
        if self._slips is not None:
            self._slips.step(candle)

    def budget(self) -> int:
        """Return the budget of now, below 0 while it is not known."""
        return budget_of(*self._scales) if self.has_budget else PPB

    def weights(self, weight: Ppb, budget: int, cap: Ppb | None) -> tuple[Sized, ...]:
        """Return the weight after each guard; the last is what the order is sized by."""
        sizes = []
        if self._budget.volatility is not None:
            sizes.append(Sized("volatility_target", Ppb(budgeted(weight, max(self._scales[0], 0)))))
        if self.has_budget:
            weight = Ppb(budgeted(weight, budget))
        if self._budget.regimes is not None:
            sizes.append(Sized("regime_budget", weight))
        weight = capped_weight(weight, Ppb(PPB) if cap is None else cap)
        sizes.append(Sized("position_cap", weight))
        if self._margin is not None:
            sizes.append(Sized("leverage", Ppb(budgeted(weight, self._margin.leverage))))
        return tuple(sizes)

    def sized(self, intent: "Intent", price: int, cash: int, position: int, others: int) -> Rebalancing:
        """Return the order for *intent* at *price*, worsened by the order itself; *others* are worth what they are."""
        size = self._at(intent, price, cash, position, others)
        if self._slips is None or size.delta <= 0 or size.amount <= 0:
            return size
        further = self._slips.moved(price, size.amount, is_buy=intent.side is Side.BUY)
        moved = self._at(intent, further, cash, position, others)
        return Rebalancing(moved.delta, min(size.amount, moved.amount))  # no larger, so it moves the price no further

    def _at(self, intent: "Intent", price: int, cash: int, position: int, others: int) -> Rebalancing:
        margin, scale, is_exit = self._margin, self._scale, intent.target == 0.0
        if margin is None:
            return rebalance(intent.side, intent.weight, is_exit, cash, position, price, scale, others)
        is_buy, leverage = intent.side is Side.BUY, margin.leverage
        return Rebalancing(
            *rebalance_on_margin(is_buy, is_exit, intent.weight, leverage, margin.fee, cash, position, price, scale)
        )

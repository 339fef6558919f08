"""How a strategy trades: on what, how much, within which limits, and how its orders are carried out."""

import math

from attrs import field, frozen

from genesis.domain.execution.plans import Market, Plan
from genesis.domain.execution.protection import Protection
from genesis.domain.instrument import Instrument
from genesis.domain.risk.budget import Budget
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.risk.margin import Margin
from genesis.domain.simulation.slippage import Impact
from genesis.domain.strategy.by_events import Deciding


@frozen
class DeskSettings:
    """How a desk trades: *size* scales every target of *strategy*, *limits* guard what the desk has.

    *name* tells it from the other desks of the account. *plan* says how its orders are carried out, *protection* what
    guards its position at the exchange meanwhile. *budget* says how much of the size may be used when. On *margin*
    targets below 0 go short; None is spot. *impact* is what orders are expected to move the market: they are sized on
    the price that this leaves.
    """

    instrument: Instrument
    strategy: Deciding
    size: float = 1.0
    limits: RiskLimits = field(factory=RiskLimits)
    name: str = "main"
    plan: Plan = field(factory=Market)
    protection: Protection | None = None
    budget: Budget = field(factory=Budget)
    margin: Margin | None = None
    enabled: bool = True
    impact: Impact | None = None

    def __attrs_post_init__(self) -> None:
        if not (math.isfinite(self.size) and 0 < self.size <= 1):
            raise ValueError(f"size must be above 0 and at most 1, was {self.size}: leverage is for margin accounts")
        if self.margin is not None and self.instrument.price_decimals > 9:
            raise ValueError(f"{self.instrument.symbol}: has more than 9 price decimals, which margin does not take")

"""A desk: one strategy on one instrument, with money, guards and limits of its own.

It decides when a candle closes and says how much on a quote; what leaves for the exchange is the core's business. Cash
and position are virtual: what this strategy would have alone. The same closes, quotes and fills give the same wishes.
"""

import math
from collections import Counter
from typing import NamedTuple

from attrs import field, frozen

from genesis.domain.candle import Candle
from genesis.domain.events import Alert, Quote, Reasons, breach_alert
from genesis.domain.execution.plans import Market, Plan
from genesis.domain.execution.protection import Protection
from genesis.domain.fill import Fill
from genesis.domain.instrument import Instrument
from genesis.domain.ledger import Ledger
from genesis.domain.order import Side
from genesis.domain.risk.guards import EquityGuards, RiskLimits
from genesis.domain.risk.refusal import RefusalCode
from genesis.domain.risk.sizing import capped_weight, rebalance
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.streaming import Evaluator
from genesis.domain.units import PPB, Atoms, Mts, Ppb, Symbol, weight_ppb


@frozen
class DeskSettings:
    """How a desk trades: *size* scales every target of *strategy*, *limits* guard what the desk has.

    *name* tells it from the other desks of the account. *plan* says how its orders are carried out, *protection* what
    guards its position at the exchange meanwhile.
    """

    instrument: Instrument
    strategy: Expr
    size: float = 1.0
    limits: RiskLimits = field(factory=RiskLimits)
    name: str = "main"
    plan: Plan = field(factory=Market)
    protection: Protection | None = None

    def __attrs_post_init__(self) -> None:
        if not (math.isfinite(self.size) and 0 < self.size <= 1):
            raise ValueError(f"size must be above 0 and at most 1, was {self.size}: spot has no leverage")


class Intent(NamedTuple):
    """A target that waits for a quote, or for the end of its order; *previous* is the target acted on before it."""

    side: Side
    target: float
    previous: float
    weight: Ppb
    reasons: Reasons


class Wish(NamedTuple):
    """What a desk would trade on a quote, and the intent behind it."""

    side: Side
    amount: Atoms
    intent: Intent


class Desk:
    """The running state of one strategy; *intent* is what waits for a quote now."""

    def __init__(self, settings: DeskSettings, ledger: Ledger) -> None:
        self.settings = settings
        self.ledger = ledger
        self.equity: int = ledger.cash
        self.position: int = ledger.position(settings.instrument.symbol)
        self.halted: Alert | None = None
        self.refusals: Counter[RefusalCode] = Counter()
        self.target_acted_on = 0.0
        self.intent: Intent | None = None
        self.is_on = True
        self.only_reduce = False
        self._instrument = settings.instrument
        self._evaluator = Evaluator(settings.strategy)
        self._guards = EquityGuards(settings.limits, ledger.cash)
        self._in_flight: Intent | None = None
        self._is_torn = False

    @property
    def name(self) -> str:
        """What tells the desk from others."""
        return self.settings.name

    @property
    def symbol(self) -> Symbol:
        """What it trades."""
        return self.settings.instrument.symbol

    def close(self, candle: Candle) -> Alert | None:
        """Take the next candle; return the alert of a guard that was breached. A quote is wanted if *intent* is set.

        Raises `InexactNumber` for a close that is no price.
        """
        mts, ledger = candle.mts, self.ledger
        equity = ledger.equity_at(self._instrument, candle.close) if self.position else ledger.cash
        self.equity = equity
        breach = self._guards.observe(mts, equity)
        target = self._evaluator.step(candle)
        if breach is not None and self.halted is None:
            alert = breach_alert(mts, breach, equity, self._guards.peak)
            self.halt(alert)
            return alert
        if self.halted is not None:
            self._seek(mts, 0.0)
        elif (target == self.target_acted_on and not self._is_torn) or not self.is_on:
            self.intent = None
        elif target == target:  # NaN is no decision
            target = min(max(target, 0.0), 1.0)
            self._seek(mts, min(target, self.target_acted_on) if self.only_reduce else target)
        return None

    def halt(self, alert: Alert) -> None:
        """Want out, and nothing else from now on; the first alert stays the one in `halted`."""
        self.halted = self.halted or alert
        self._seek(alert.mts, 0.0)

    def resume(self) -> None:
        """Trade again after a halt, on, and in both directions; what the guards watch begins anew from here."""
        self.halted = None
        self.is_on, self.only_reduce = True, False
        self._guards = EquityGuards(self.settings.limits, self.equity)

    def wish(self, quote: Quote) -> Wish | None:
        """Size what waits for a quote; None when nothing does, or when there is nothing to trade."""
        intent, self.intent = self.intent, None
        if intent is None:
            return None
        ledger, held = self.ledger, self.position
        price = quote.ask if intent.side is Side.BUY else quote.bid
        is_exit = intent.target == 0.0
        size = rebalance(intent.side, intent.weight, is_exit, ledger.cash, held, price, self._instrument.price_scale)
        if size.delta <= 0:
            self.target_acted_on = intent.target
            self._is_torn = False
            return None
        if size.amount <= 0:
            self.refused(RefusalCode.AMOUNT_BELOW_MINIMUM)
            return None
        return Wish(intent.side, Atoms(size.amount), intent)

    def refused(self, code: RefusalCode) -> None:
        """Count a wish that may not leave; its target is tried again after the next close."""
        self.refusals[code] += 1

    def sent(self, wish: Wish) -> None:
        """Take that an order for *wish* is on its way: until its end, nothing else is wished."""
        self._in_flight = wish.intent
        self._is_torn = False
        self.target_acted_on = wish.intent.target

    def book(self, fill: Fill) -> None:
        """Book a fill; raises `Overdrawn` for one that cannot be."""
        self.ledger.book(fill, self._instrument)
        self.position = self.ledger.position(fill.symbol)

    def done(self) -> None:
        """Take that the order is over, and whole."""
        self._in_flight = None

    def take_back(self, *, is_torn: bool) -> None:
        """Take that the order is over, and not whole: its target is tried again after the next close.

        *is_torn* says that a part of it was filled, so that what is held is no target's doing.
        """
        if self._in_flight is not None:
            self.target_acted_on = self._in_flight.previous
            self._in_flight = None
            self._is_torn |= is_torn

    def _seek(self, mts: Mts, target: float) -> None:
        is_there = target == self.target_acted_on and not self._is_torn
        if is_there or self._in_flight is not None:
            self.intent = None
            return
        weight = weight_ppb(self.settings.size, target)
        capped = capped_weight(weight, self.settings.limits.position_cap)
        is_rise = target > self.target_acted_on
        if self._is_torn:  # the last target says nothing of what is held
            is_rise = capped * self.equity > (self.equity - self.ledger.cash) * PPB
        side = Side.BUY if is_rise else Side.SELL
        reasons = Reasons(mts, target, weight, capped, self._evaluator.names, self._evaluator.values())
        self.intent = Intent(side, target, self.target_acted_on, capped, reasons)

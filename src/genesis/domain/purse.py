"""A purse: the cash and positions that desks trade with, and the guards that watch what both are worth together."""

from typing import TYPE_CHECKING

from genesis.domain.events import Alert, breach_alert
from genesis.domain.ledger import Ledger
from genesis.domain.risk.guards import FOREVER, Breach, EquityGuards, OnBreach, RiskLimits
from genesis.domain.units import Mts

if TYPE_CHECKING:
    from genesis.domain.desk import Desk


class Purse:
    """The money of one desk, or of several that share it; *equity* counts each position at its last close or fill.

    While the time of a candle is before *reduce_until*, no risk is added.
    """

    def __init__(self, ledger: Ledger, limits: RiskLimits) -> None:
        self.ledger = ledger
        self.equity: int = ledger.cash
        self.halted: Alert | None = None
        self.reduce_until = 0
        self.desks: list[Desk] = []
        self.guards = EquityGuards(limits, ledger.cash)
        self._on_breach = limits.on_breach

    def observe(self, mts: Mts) -> Alert | None:
        """Let the guards see the equity at a close; return the alert of a breach, once."""
        return self._answer(mts, self.guards.observe(mts, self.equity))

    def limit(self, mts: Mts, limits: RiskLimits) -> Alert | None:
        """Take new limits; return the alert of one that is breached already."""
        self._on_breach = limits.on_breach
        self.guards.limit(limits)
        return self._answer(mts, self.guards.breach(self.equity))

    def _answer(self, mts: Mts, breach: Breach | None) -> Alert | None:
        guards = self.guards
        if breach is None or self.halted is not None:
            return None
        alert = breach_alert(mts, breach, self.equity, guards.peak, self._on_breach)
        if self._on_breach is OnBreach.HALT:
            self.halted = alert
            return alert
        until = FOREVER if breach is Breach.MAX_DRAWDOWN else guards.day_end
        if until <= self.reduce_until:
            return None
        self.reduce_until = until
        for desk in self.desks:
            desk.drop_growth()
        return alert

    def seek_out(self, mts: Mts) -> None:
        """Let every desk want out."""
        for desk in self.desks:
            desk.seek(mts, 0.0, desk.budget_acted_on)

    def resume(self) -> None:
        """Trade again: what it is worth now is the new peak."""
        self.halted, self.reduce_until = None, 0
        self.guards.restart(self.equity)

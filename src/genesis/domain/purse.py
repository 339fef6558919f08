"""A purse: the cash and positions that desks trade with, and the guards that watch what both are worth together."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from genesis.domain.events import Alert, AlertCode, breach_alert
from genesis.domain.ledger import Ledger
from genesis.domain.risk.guards import FOREVER, Breach, EquityGuards, OnBreach, RiskLimits
from genesis.domain.units import Mts

if TYPE_CHECKING:
    from genesis.domain.desk import Desk


_GRAVITY: Final[Mapping[AlertCode, int]] = {
    AlertCode.ORDER_CONTRADICTION: 2,
    AlertCode.JOURNAL_BEHIND: 2,
    AlertCode.SYMBOL_PAUSED: 1,
}
"""What stops a desk where it is, and how far it is from trading again; all other reasons let it get out."""


class Purse:
    """The money of one desk, or of several that share it; *equity* counts each position at its last close or fill.

    *halts* are the reasons to trade no more, each code once and as they came, *halted* the first of the gravest. While
    the time of a candle is before *reduce_until*, no risk is added.
    """

    def __init__(self, ledger: Ledger, limits: RiskLimits) -> None:
        self.ledger = ledger
        self.equity: int = ledger.cash
        self.halts: tuple[Alert, ...] = ()
        self.halted: Alert | None = None
        self.reduce_until = 0
        self.desks: list[Desk] = []
        self.guards = EquityGuards(limits, ledger.cash)
        self._on_breach = limits.on_breach

    @property
    def held(self) -> int:
        """The cash that orders on their way hold."""
        return sum(desk.held for desk in self.desks)

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
        if breach is None or any(_gravity(each) == 0 for each in self.halts):
            return None
        alert = breach_alert(mts, breach, self.equity, guards.peak, self._on_breach)
        if self._on_breach is OnBreach.HALT:
            self.halt(alert)
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

    def halt(self, alert: Alert) -> bool:
        """Take a reason to trade no more beside those there are; return whether it is new."""
        is_new = all(each.code is not alert.code for each in self.halts)
        if is_new:
            self.stand_for((*self.halts, alert))
        return is_new

    def stand_for(self, halts: tuple[Alert, ...]) -> None:
        """Let *halts* be all the reasons to trade no more."""
        self.halts = halts
        self.halted = max(halts, key=_gravity, default=None)

    def resume(self) -> bool:
        """Lift the gravest reasons, and no others: who looked after a pause did not look after a drawdown.

        Return whether it was what guards or a person had halted: what it is worth now is the new peak then.
        """
        gravity = 0 if self.halted is None else _gravity(self.halted)
        self.stand_for(tuple(each for each in self.halts if _gravity(each) < gravity))
        if gravity:
            return False
        self.reduce_until = 0
        self.guards.restart(self.equity)
        return True


def _gravity(alert: Alert) -> int:
    return _GRAVITY.get(alert.code, 0)

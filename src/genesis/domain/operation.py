"""What people ask of a core while it runs, and what their configuration changes."""

from collections.abc import Iterator, Mapping, Sequence

from genesis.domain.books import Books
from genesis.domain.desk import Desk
from genesis.domain.events import (
    Alert,
    AlertCode,
    Asked,
    Cancel,
    Decision,
    OperatorAsked,
    StrategyEnabled,
    StrategyLimitsApplied,
)
from genesis.domain.order import Cid
from genesis.domain.pursuits import Pursuits
from genesis.domain.trading import Trading
from genesis.domain.units import Mts
from genesis.domain.withdrawals import Withdrawals


class Operation:
    """See the module."""

    def __init__(
        self,
        desks: Mapping[str, Desk],
        books: Books,
        withdrawals: Withdrawals,
        pursuits: Pursuits,
        trading: Trading,
    ) -> None:
        self._desks = desks
        self._books = books
        self._withdrawals = withdrawals
        self._pursuits = pursuits
        self._trading = trading
        self.unwanted: dict[Cid, str] = {}
        """What a person wanted cancelled, and why; some of it may be over."""

    def obey(self, event: OperatorAsked, now: Mts) -> Iterator[Decision]:
        """Do what a person asks, of one desk or of all."""
        mts, asked, target, reason = event
        if asked in (Asked.CANCEL, Asked.CANCEL_ALL):
            cids = [Cid(int(target))] if target else [own.life.order.cid for own in self._books.orders.open()]
            for cid in cids:
                yield from self._cancel(cid, reason)
            yield from self._give_up(cids, now, is_all=not target)
            return
        for desk in [self._desks[target]] if target else self._desks.values():
            match asked:
                case Asked.HALT | Asked.FLATTEN:
                    alert = Alert(mts, AlertCode.OPERATOR_HALT, f"operator_halt: {reason}")
                    desk.halt(alert)
                    yield alert
                    yield from self._pursuits.go_on(now)
                    yield from self._trading.ask(desk.symbol, now)
                case Asked.RESUME:
                    desk.resume()
                    left = "" if desk.halted is None else f"; still halted, resume again to lift it: {desk.halted.text}"
                    yield Alert(mts, AlertCode.OPERATOR_RESUME, f"operator_resume: {reason}{left}")
                case Asked.BOTH_WAYS:
                    desk.only_reduce = False
                case Asked.REDUCE_ONLY:
                    desk.only_reduce = True
                    desk.drop_growth()
                    yield from self._pursuits.go_on(now)
                case Asked.STRATEGY_ON:
                    desk.switch(is_on=True)
                case Asked.STRATEGY_OFF:
                    desk.switch(is_on=False)
                    yield from self._pursuits.go_on(now)
        if asked is Asked.RESUME:
            self._books.thaw()

    def configure(self, event: StrategyLimitsApplied | StrategyEnabled, now: Mts) -> Iterator[Decision]:
        """Let a strategy trade as it is configured now; a limit that is breached already is answered at once."""
        desk = self._desks[event.strategy]
        if isinstance(event, StrategyEnabled):
            desk.enable(is_enabled=event.is_enabled)
            yield from self._pursuits.go_on(now)
            return
        alert = desk.limit(now, event.limits)
        if alert is not None:
            yield alert
            yield from self._pursuits.go_on(now)
            yield from self._trading.ask(desk.symbol, now)

    def was_looked_at(self) -> Iterator[Decision]:
        """Go on after a look: what a person wanted cancelled and is open still is asked for again."""
        for cid, reason in list(self.unwanted.items()):
            if self._is_over(cid):
                del self.unwanted[cid]
            else:
                yield from self._withdrawals.ask(cid, reason)

    def _give_up(self, cids: Sequence[Cid], now: Mts, *, is_all: bool) -> Iterator[Decision]:
        """End what the orders are parts of, or all that is under way: else its plan would send anew at once."""
        own = [self._books.orders.by_cid[cid] for cid in cids if cid in self._books.orders.by_cid]
        under_way = self._books.under_way
        for number in (
            list(under_way) if is_all else [each.undertaking for each in own if each.undertaking in under_way]
        ):
            self._pursuits.give_up(number, [each.life.order.cid for each in own if each.undertaking == number])
            yield from self._pursuits.go_on(now, number)

    def _cancel(self, cid: Cid, reason: str) -> Iterator[Decision]:
        if self._is_over(cid):
            self.unwanted.pop(cid, None)
            return
        self.unwanted[cid] = reason
        life = self._books.orders.by_cid[cid].life
        yield Cancel(life.order.symbol, cid, life.id, life.order.mts, reason)

    def _is_over(self, cid: Cid) -> bool:
        own = self._books.orders.by_cid.get(cid)
        return own is None or own.life.status.is_terminal

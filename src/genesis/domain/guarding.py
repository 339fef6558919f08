"""What guards positions at the exchange: stops of ours, together over what is held and never over more.

A stop stays where it is until an order that passes the gate cannot leave beside it. A position that has grown keeps its
stop meanwhile; then one from the new entry takes its place, once it would pass the gate and unless the exchange refuses
stops. What is left of a pair whose take-profit was met in part has lost its stop, and gives its place to a pair for the
rest in the same way. What is guarded follows from the orders and their lives, so after a restart the same steps come
next. Stops of a strategy that is configured without protection are let go of.

A stop that was refused, or that ended although nobody of us wanted that, is tried again after `FIRST_AGAIN_MS` of the
market's time, then after twice as long each time, up to `LONGEST_AGAIN_MS`; at once after a look at the account, and
when an order that was in its way is over: parts of undertakings that a stop would meet make way for it. A person is
told once, with how long the position has stood without, and told again when it is guarded.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from attrs import evolve

from genesis.domain.books import Books
from genesis.domain.desk import Desk
from genesis.domain.dispatch import Dispatch
from genesis.domain.events import (
    Alert,
    AlertCode,
    Decision,
    OrderRefused,
    Quote,
    Reasons,
    WakeAt,
)
from genesis.domain.execution.order_life import OrderLife, Status
from genesis.domain.execution.orders import PROTECTION
from genesis.domain.execution.protection import Guarded, Protection, exit_order, has_lost_its_stop
from genesis.domain.order import NO_CID, Cid, OrderRequest, Side
from genesis.domain.risk.refusal import RefusalCode, Refused
from genesis.domain.risk.scene import Standing
from genesis.domain.units import Atoms, Mts, Price, Symbol, format_atoms
from genesis.domain.waiting import Waiting
from genesis.domain.ways import Ways
from genesis.domain.withdrawals import Withdrawals

FIRST_AGAIN_MS: Final = 1_000
LONGEST_AGAIN_MS: Final = 60_000


class Missing(NamedTuple):
    """A stop that did not come to be: since when, when it is tried again and how long that wait is."""

    since: Mts
    again: Mts
    wait_ms: int
    is_told: bool


class Guarding:
    """See the module; *entries* say where each strategy last entered, from where its stop is measured, and why.

    *crossed* says before which order another strategy last made a position larger: no order of its own tells of that.
    """

    def __init__(
        self,
        desks: Mapping[str, Desk],
        books: Books,
        dispatch: Dispatch,
        withdrawals: Withdrawals,
        waiting: Waiting,
        ways: Ways,
    ) -> None:
        self.entries: dict[str, tuple[Price, Reasons]] = {}
        self.crossed: dict[str, Cid] = {}
        self._desks = desks
        self._books = books
        self._dispatch = dispatch
        self._withdrawals = withdrawals
        self._waiting = waiting
        self._ways = ways
        self._grown: dict[str, Cid] = {}
        self._missing: dict[str, Missing] = {}

    def guards_of(self, desk: Desk) -> list[OrderRequest]:
        """Return the orders that guard what a desk holds, whatever its configuration says now."""
        return [
            own.life.order
            for own in self._books.orders.open(desk.symbol)
            if own.undertaking == PROTECTION and own.strategy == desk.name
        ]

    def entered(self, desk: Desk, held: int, price: Price, now: Mts) -> Iterable[Decision]:
        """Note where a position of *desk*, which held *held* before, was entered, and guard it."""
        has_turned = held * desk.position < 0
        if (abs(desk.position) <= abs(held) and not has_turned) or desk.name not in self._dispatch.reasons:
            return ()
        self.entries[desk.name] = (price, self._dispatch.reasons[desk.name])
        return () if desk.settings.protection is None else self.protect(desk, now)

    def protect(self, desk: Desk, now: Mts) -> Iterator[Decision]:
        """Ask for what is needed to guard what a desk holds; what the desk wants to send is seen to first."""
        yield from self.release_excess(desk)
        if desk.settings.protection is None and (guards := self.guards_of(desk)):
            unwanted = frozenset(guard.cid for guard in guards)
            yield from self.release(desk, unwanted, "its strategy has no protection any more")
        if not self._may_guard(desk) or desk.name in self._waiting.stops or desk.intent is not None:
            return
        missing = self._missing.get(desk.name)
        if missing is not None and now < missing.again:
            return
        if self._unguarded(desk) >= desk.settings.instrument.amount_min or self._replaceable(desk):
            self._waiting.stops[desk.name] = desk.symbol
            yield self._waiting.ask(desk.symbol)

    def quoted(self, quote: Quote, now: Mts, cids: Iterator[Cid]) -> Iterator[Decision]:
        """Place the stops that waited for this quote."""
        for name in [each for each, wanted in self._waiting.stops.items() if wanted == quote.symbol]:
            del self._waiting.stops[name]
            yield from self._guard(self._desks[name], quote, now, cids)

    def in_the_way(self, desk: Desk, out: Side, amount: int) -> frozenset[Cid]:
        """Return the stops that have to go before *amount* may be brought out: no more than that needs."""
        lacking = amount - self._books.left(desk.name, desk.symbol, out)
        if lacking <= 0:
            return frozenset()
        found = set()
        guards = [each for each in reversed(self.guards_of(desk)) if each.side is out]
        for guard in sorted(guards, key=lambda each: not self._withdrawals.was_asked(each.cid)):
            if lacking > 0:
                found.add(guard.cid)
                lacking -= self._to_book(guard)
        return frozenset(found)

    def release_excess(self, desk: Desk) -> Iterator[Decision]:
        """Cancel the stops that would sell more than a desk holds: the rest would be another's."""
        for out in Side:
            if cids := self.in_the_way(desk, out, 0):
                yield from self.release(desk, cids, "it guards more than its strategy holds")

    def release(self, desk: Desk, cids: frozenset[Cid], reason: str) -> Iterator[Decision]:
        """Cancel stops of a position."""
        self._waiting.stops.pop(desk.name, None)
        for cid in sorted(cids):
            yield from self._withdrawals.ask(cid, reason)

    def outgrow(self, desk: Desk, cid: Cid) -> None:
        """Take that the order *cid* has made a position larger: stops from before it guard from another entry."""
        self._grown[desk.name] = max(cid, self._grown.get(desk.name, NO_CID))

    def remember(self) -> None:
        """Find out from the orders what a process before this one knew: stops that were outgrown, or were refused."""
        for desk in self._desks.values():
            own = [each for each in self._books.orders.by_cid.values() if each.strategy == desk.name]
            begun: dict[int, Cid] = {}  # by undertaking, an order of its own under its own number
            for _, undertaking, life in own:
                cid = life.order.cid
                if undertaking != PROTECTION and life.filled and desk.adds_risk(life.order.side):
                    begun.setdefault(undertaking or -cid, cid)
            self._grown.pop(desk.name, None)
            for number, cid in begun.items():
                is_over = self._books.orders.by_cid[cid].life.status.is_terminal
                if is_over if number < 0 else number not in self._books.under_way:
                    self.outgrow(desk, cid)
            last = next((each.life for each in reversed(own) if each.undertaking == PROTECTION), None)
            if last is not None and last.status is Status.REJECTED:
                self._missing[desk.name] = Missing(last.order.mts, Mts(0), FIRST_AGAIN_MS, is_told=False)

    def try_at_once(self, name: str = "") -> None:
        """Let the next look for what is missing try again, of one desk or of all: what was in its way may be gone."""
        for each in [name] if name else list(self._missing):
            if each in self._missing:
                self._missing[each] = self._missing[each]._replace(again=Mts(0))

    def order_ended(self, symbol: Symbol, now: Mts) -> Iterator[Decision]:
        """Try the stops at once that an order which is over may have been in the way of."""
        for desk in self._ways.kept_out(symbol):
            self.try_at_once(desk.name)
            yield from self.protect(desk, now)

    def ended(self, desk: Desk, life: OrderLife, now: Mts, *, was_asked: bool) -> Iterator[Decision]:
        """Take the end of a stop, which may be nobody's wish."""
        if not was_asked and life.filled < life.order.amount and desk.settings.protection is not None:
            closing = life.closing.status if life.closing is not None else life.status.value
            yield from self._failed(desk, now, life.reason or closing)

    def stands(self, desk: Desk, now: Mts) -> Iterator[Decision]:
        """Take that the exchange has a stop."""
        missing = self._missing.get(desk.name)
        if missing is None or self._without_stop(desk) >= desk.settings.instrument.amount_min:
            return
        del self._missing[desk.name]
        self._ways.stands(desk)
        if missing.is_told:
            text = f"{desk.name} {desk.symbol}: its position is guarded again, after {_seconds(missing.since, now)} s"
            yield Alert(now, AlertCode.POSITION_GUARDED, text)
        yield from self.protect(desk, now)  # what was outgrown had to stay until now

    def _may_guard(self, desk: Desk) -> bool:
        if desk.settings.protection is None or desk.name not in self.entries or desk.is_paused:
            return False
        if abs(desk.position) < desk.settings.instrument.amount_min:
            self._missing.pop(desk.name, None)
            return False
        return self._books.standings.now is Standing.OPEN

    def _guard(self, desk: Desk, quote: Quote, now: Mts, cids: Iterator[Cid]) -> Iterator[Decision]:
        """Guard all that a desk holds with as many orders as the limits of one make it."""
        protection, least = desk.settings.protection, desk.settings.instrument.amount_min
        if protection is None or not self._may_guard(desk) or desk.intent is not None:
            return
        replaceable, refused = self._replaceable(desk), None
        # While stops are refused, those that stand are all there is: none goes before the exchange takes them again.
        is_refused = desk.name in self._missing and self._unguarded(desk) >= least
        if replaceable and not is_refused:
            refused = self._refused_instead(desk, protection, replaceable, quote, now)
            if refused is None:
                for guard in replaceable:
                    yield from self._withdrawals.ask(guard.cid, self._why_replaced(guard))
                return
        _, reasons = self.entries[desk.name]
        while (amount := self._unguarded(desk)) >= least:
            cid = next(cids, None)
            if cid is None:
                self._waiting.stops[desk.name] = desk.symbol
                yield self._waiting.ask(desk.symbol)
                return
            order = self._order(desk, protection, Atoms(amount), cid, quote)
            wished = Atoms(amount) if order.amount < amount else None
            answer = self._dispatch.send(desk, order, reasons, now, PROTECTION, wished)
            yield answer
            if isinstance(answer, OrderRefused):
                yield from self._was_refused(desk, order, answer, now)
                return
        if refused is not None and self._torn(desk):  # unlike what is left of a pair, outgrown stops guard meanwhile
            yield from self._was_refused(desk, self._torn(desk)[0], refused, now)

    def _order(self, desk: Desk, protection: Protection, amount: Atoms, cid: Cid, quote: Quote) -> OrderRequest:
        """Return the next stop for *amount*: all of it, or one of as many equal parts as the limits of one make it."""
        instrument, side = desk.settings.instrument, Side.SELL if desk.position > 0 else Side.BUY
        whole = exit_order(protection, Guarded(side, amount, self.entries[desk.name][0]), cid, instrument, quote.mts)
        dearest = max(each for each in (whole.price, whole.stop_price, quote.ask) if each is not None)
        most = self._dispatch.within_one_order(instrument, amount, dearest)
        part = -(-amount // -(-amount // most))
        if part < instrument.amount_min:  # the exchange takes no such part: as much as one order may be, then
            part = most
        return evolve(whole, amount=Atoms(part)) if part < amount else whole

    def _replaceable(self, desk: Desk) -> list[OrderRequest]:
        """Return the stops from before the position grew and the pairs that lost theirs, but those that are to go.

        Where there is too little for an order, what is left of a pair stays: nothing could take its place.
        """
        since = max(self._grown.get(desk.name, NO_CID), self.crossed.get(desk.name, NO_CID))
        torn = self._torn(desk)
        if self._without_stop(desk) < desk.settings.instrument.amount_min:
            torn = []
        found = [each for each in self.guards_of(desk) if each.cid < since or each in torn]
        return [each for each in found if not self._withdrawals.was_asked(each.cid)]

    def _torn(self, desk: Desk) -> list[OrderRequest]:
        """Return the pairs that rest without their stops."""
        by_cid = self._books.orders.by_cid
        return [each for each in self.guards_of(desk) if has_lost_its_stop(by_cid[each.cid].life)]

    def _refused_instead(
        self, desk: Desk, protection: Protection, replaceable: list[OrderRequest], quote: Quote, now: Mts
    ) -> Refused | None:
        """Return why the gate would refuse what follows them, and they stay; None where it would let that pass."""
        amount = Atoms(max(0, self._unguarded(desk)) + sum(map(self._to_book, replaceable)))
        order = self._order(desk, protection, amount, NO_CID, quote)
        answer = self._dispatch.check(desk, order, now, frozenset(each.cid for each in replaceable))
        return answer if isinstance(answer, Refused) else None

    def _why_replaced(self, guard: OrderRequest) -> str:
        if has_lost_its_stop(self._books.orders.by_cid[guard.cid].life):
            return "its take-profit was met in part, which cancels its stop: one for the rest follows"
        return "the position has grown: one from its new entry follows"

    def _to_book(self, guard: OrderRequest) -> Atoms:
        """Return what a stop may still bring out: one that was met in part is smaller than it was."""
        return self._books.orders.by_cid[guard.cid].life.to_book

    def _unguarded(self, desk: Desk) -> int:
        """Return what a desk holds and neither an order of its own may bring out nor a plan will send out."""
        out = Side.SELL if desk.position > 0 else Side.BUY
        return self._books.left(desk.name, desk.symbol, out) - self._books.to_leave(desk.name, out)

    def _was_refused(
        self, desk: Desk, order: OrderRequest, refused: Refused | OrderRefused, now: Mts
    ) -> Iterator[Decision]:
        if refused.code is RefusalCode.SELF_CROSS:
            yield from self._ways.make(desk, order, now, is_guard=True)
        yield from self._failed(desk, now, f"{refused.code.value}: {refused.observed}, allowed {refused.allowed}")

    def _without_stop(self, desk: Desk) -> int:
        """Return what of a desk no stop guards: what is unguarded, and what is left of pairs that lost theirs."""
        by_cid = self._books.orders.by_cid
        return self._unguarded(desk) + sum(by_cid[each.cid].life.at_risk for each in self._torn(desk))

    def _failed(self, desk: Desk, now: Mts, why: str) -> Iterator[Decision]:
        before = self._missing.get(desk.name)
        since = now if before is None else before.since
        wait_ms = FIRST_AGAIN_MS if before is None else min(2 * before.wait_ms, LONGEST_AGAIN_MS)
        was_told = before is not None and before.is_told
        is_told = was_told or now - since >= FIRST_AGAIN_MS
        again = Mts(now + wait_ms)
        self._missing[desk.name] = Missing(since, again, wait_ms, is_told)
        if is_told and not was_told:
            text = (
                f"{desk.name} {desk.symbol}: {format_atoms(self._without_stop(desk))} of its position have stood"
                f" without a stop at the exchange for {_seconds(since, now)} s: {why}; it is tried again after"
                f" {wait_ms // 1000} s, then after twice as long each time, up to {LONGEST_AGAIN_MS // 1000} s"
            )
            yield Alert(now, AlertCode.POSITION_UNGUARDED, text)
        if self._books.standings.now is Standing.OPEN:  # else the look after it tries at once
            yield WakeAt(again)


def _seconds(since: Mts, now: Mts) -> int:
    return (now - since) // 1000

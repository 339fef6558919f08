"""What follows from what is told of our orders: their matches are booked, and their ends free what waited for them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from genesis.domain.books import Books
from genesis.domain.desk import Desk
from genesis.domain.events import Alert, AlertCode, Booked, Decision, LookUp, OrderReported
from genesis.domain.execution.evidence import Traded, is_not_traded
from genesis.domain.execution.order_life import ContradictingEvidence, ImpossibleStep, OrderLife, Status
from genesis.domain.execution.orders import PROTECTION, OwnOrder
from genesis.domain.fill import Fill
from genesis.domain.guarding import Guarding
from genesis.domain.instrument import Instrument
from genesis.domain.order import Cid
from genesis.domain.pursuits import Pursuits
from genesis.domain.trading import Trading
from genesis.domain.units import Mts, Symbol, format_atoms
from genesis.domain.withdrawals import Withdrawals


class Outcomes:
    """See the module."""

    def __init__(
        self,
        desks: Mapping[str, Desk],
        books: Books,
        instruments: Mapping[Symbol, Instrument],
        withdrawals: Withdrawals,
        guarding: Guarding,
        pursuits: Pursuits,
        trading: Trading,
    ) -> None:
        self._desks = desks
        self._books = books
        self._instruments = instruments
        self._withdrawals = withdrawals
        self._guarding = guarding
        self._pursuits = pursuits
        self._trading = trading

    def take(self, event: OrderReported, now: Mts) -> Sequence[Decision]:
        """Take a fact about an order; return what to do about it, in order."""
        # A list and no generator, and what cannot follow is not asked: this runs twice for each order of a backtest.
        mts, symbol, cid, evidence = event
        books = self._books
        known = books.orders.by_cid.get(cid)
        if known is None:
            return ()
        before = known.life
        try:
            order, fill, has_ended = books.orders.report(known, evidence, self._instruments[symbol])
        except (ImpossibleStep, ContradictingEvidence) as error:
            return [books.freeze(Alert(mts, AlertCode.ORDER_CONTRADICTION, str(error)))]
        strategy, _, life = order
        if life.status is Status.SENDING:  # nothing follows from a beginning
            return ()
        decisions: list[Decision] = []
        was_withdrawn = self._withdrawals.was_asked(cid)
        is_new_there = life.id is not None and before.id is None
        if has_ended or is_new_there:
            self._withdrawals.showed_itself(cid)
        desk = self._desks.get(strategy)
        if is_new_there and order.undertaking == PROTECTION and desk is not None:
            decisions += self._guarding.stands(desk, now)
        if fill is not None and desk is not None:
            decisions += self._filled(mts, desk, fill, now)
            if order.undertaking == PROTECTION:
                decisions += self._guard_filled(desk, now, has_ended=has_ended)
        if life.trades and life.contradiction and life.contradiction != before.contradiction:
            text = f"order {cid}: {life.contradiction}"
            decisions.append(books.freeze(Alert(mts, AlertCode.ORDER_CONTRADICTION, text)))
        if life.status is Status.UNKNOWN and before.status is not Status.UNKNOWN:
            text = f"order {cid} {symbol}: nobody knows whether the exchange has it; it is being looked for"
            decisions += Alert(mts, AlertCode.ORDER_UNKNOWN, text), LookUp(symbol, cid, life.order.mts)
        if has_ended and desk is not None:
            if type(evidence) is not Traded and is_not_traded(evidence):
                decisions += self._pause(mts, symbol)
            is_late = before.status.is_terminal
            decisions += self._ended(mts, desk, order, now, was_withdrawn=was_withdrawn, is_late=is_late)
            books.orders.forget(books.under_way)
        return decisions

    def _filled(self, mts: Mts, desk: Desk, fill: Fill, now: Mts) -> Sequence[Decision]:
        """Book a match of an order of *desk*."""
        books, strategy, ledger = self._books, desk.name, desk.ledger
        held, owed = desk.position, ledger.is_overdrawn
        desk.book(fill)
        if fill.mts > books.last_fill:
            books.last_fill = fill.mts
        decisions: list[Decision] = [Booked(strategy, fill)]
        if ledger.is_overdrawn and not owed:
            text = f"order {fill.cid} {fill.symbol}: filled dearer than {strategy} could pay; the account pays"
            decisions.append(Alert(mts, AlertCode.OVERDRAWN, text))
        return [*decisions, *self._guarding.entered(desk, held, fill.price, now)]

    def _guard_filled(self, desk: Desk, now: Mts, *, has_ended: bool) -> Iterable[Decision]:
        """Take that a match of what guards a position was booked: what is left of a pair may need a stop."""
        desk.stopped(self._guarding.entries[desk.name][1])
        return () if has_ended else self._guarding.protect(desk, now)

    def _pause(self, mts: Mts, symbol: Symbol) -> Iterator[Decision]:
        """Stop the strategies of one instrument where they are: not even a way out can be traded."""
        text = f"{symbol} is paused or no longer traded: its strategies send nothing until an operator resumes them"
        alert = Alert(mts, AlertCode.SYMBOL_PAUSED, text)
        if [desk for desk in self._desks.values() if desk.symbol == symbol and desk.stop(alert)]:
            yield alert

    def _ended(
        self, mts: Mts, desk: Desk, order: OwnOrder, now: Mts, *, was_withdrawn: bool, is_late: bool
    ) -> Iterable[Decision]:
        """Take the end of an order; it *is_late* where its status said so before its last match was booked."""
        _, undertaking, life = order
        left = life.order.amount - life.filled
        if undertaking == PROTECTION:
            return self._guard_ended(desk, life, now, was_withdrawn=was_withdrawn)
        told: tuple[Decision, ...] = ()
        if undertaking:
            # A part that never was there is tried again with the next tick, not at once: it may fail for ever.
            if life.filled or life.status is Status.CANCELED:
                told = tuple(self._pursuits.go_on(now, undertaking))
            told += tuple(self._trading.ask(desk.symbol, now))  # a desk may have waited for the order to go
            return (*told, *self._guarding.order_ended(desk.symbol, now))
        if is_late and self._is_succeeded(desk, life.order.cid):
            pass  # its desk took it for over before, and waits for something else now
        elif not left and desk.name not in self._trading.cut:
            desk.done()
        else:
            self._trading.cut.discard(desk.name)
            desk.take_back(is_torn=life.filled > 0)
            told = (_incomplete(mts, life, left),) if left else ()
        if not self._pursuits.is_pursuing:
            return told
        if life.filled and desk.adds_risk(life.order.side):
            self._guarding.outgrow(desk, life.order.cid)
        self._guarding.try_at_once(desk.name)  # what was in the way of a stop may have been this order
        return [*told, *self._guarding.protect(desk, now), *self._guarding.order_ended(desk.symbol, now)]

    def _is_succeeded(self, desk: Desk, cid: Cid) -> bool:
        """Tell whether *desk* waits for a later order or plan: a match opened *cid* again after its end."""
        plans = [each.undertaking for each in self._books.under_way.values()]
        return any(each.strategy == desk.name for each in plans) or any(
            each.strategy == desk.name and each.undertaking == 0 and each.life.order.cid > cid
            for each in self._books.orders.open(desk.symbol)
        )

    def _guard_ended(self, desk: Desk, life: OrderLife, now: Mts, *, was_withdrawn: bool) -> Iterator[Decision]:
        yield from self._guarding.ended(desk, life, now, was_asked=was_withdrawn)
        yield from self._trading.ask(desk.symbol, now)  # the desk may have waited for the order to go
        yield from self._guarding.protect(desk, now)


def _incomplete(mts: Mts, life: OrderLife, left: int) -> Alert:
    order = life.order
    if not life.filled:
        reason = life.reason or (life.closing.status if life.closing is not None else life.status.value)
        return Alert(mts, AlertCode.ORDER_REJECTED, f"order {order.cid} {order.symbol}: {reason}")
    text = f"order {order.cid} {order.symbol}: {format_atoms(left)} of it were not filled"
    return Alert(mts, AlertCode.ORDER_INCOMPLETE, text)

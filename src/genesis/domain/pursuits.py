"""What takes more than one order: undertakings that are under way.

Everything here follows from the orders and their lives, so after a restart the same steps come next.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import evolve

from genesis.domain.books import Books
from genesis.domain.desk import Desk
from genesis.domain.dispatch import Dispatch
from genesis.domain.events import (
    Decision,
    OrderRefused,
    Quote,
    Reasons,
    Settled,
    Undertaken,
    WakeAt,
)
from genesis.domain.execution.order_life import OrderLife
from genesis.domain.execution.plans import (
    Finished,
    Market,
    Place,
    Pricing,
    Undertaking,
    Wait,
    Withdraw,
    next_step,
    pricing,
)
from genesis.domain.guarding import Guarding
from genesis.domain.order import NO_CID, Cid, OrderRequest, Side
from genesis.domain.pursued import Pursued
from genesis.domain.risk.scene import Top
from genesis.domain.units import Atoms, Mts, Symbol, floor_mul_div
from genesis.domain.waiting import Waiting
from genesis.domain.ways import Ways
from genesis.domain.withdrawals import Withdrawals


class Pursuits:
    """See the module."""

    def __init__(
        self,
        desks: Mapping[str, Desk],
        books: Books,
        dispatch: Dispatch,
        withdrawals: Withdrawals,
        waiting: Waiting,
        guarding: Guarding,
        ways: Ways,
    ) -> None:
        self._desks = desks
        self._books = books
        self._dispatch = dispatch
        self._withdrawals = withdrawals
        self._waiting = waiting
        self._guarding = guarding
        self._ways = ways
        self._has_plans = any(
            desk.settings.protection is not None or not isinstance(desk.settings.plan, Market)
            for desk in desks.values()
        )

    @property
    def is_pursuing(self) -> bool:
        """Whether anything is carried out in parts, or may be, or guarded."""
        return self._has_plans or bool(self._books.under_way)

    def time_passed(self, now: Mts) -> Iterator[Decision]:
        """Go on with all that is under way, and ask for stops that are missing, for whatever reason they are."""
        yield from self.go_on(now)
        for desk in self._desks.values():
            yield from self._guarding.protect(desk, now)

    def begin(self, undertaking: Undertaking, reasons: Reasons) -> Iterator[Decision]:
        """Take an undertaking; its first part needs the quote that is there."""
        self._books.under_way[undertaking.id] = Pursued(undertaking, reasons)
        yield Undertaken(undertaking, reasons)
        self._waiting.parts[undertaking.id] = undertaking.symbol
        desk = self._desks[undertaking.strategy]
        if not desk.adds_risk(undertaking.side):  # what it will not bring out needs a stop meanwhile
            yield from self._guarding.protect(desk, undertaking.begun)

    def give_up(self, number: int, cids: Iterable[Cid]) -> None:
        """Let an undertaking send no more, because a person cancels its parts *cids*; `go_on` ends it then."""
        self._books.under_way[number] = evolve(self._books.under_way[number], is_given_up=True)
        self._waiting.parts.pop(number, None)
        self._withdrawals.were_asked(cids)

    def first_order(self, undertaking: Undertaking, quote: Quote) -> OrderRequest:
        """Return the order that an undertaking would begin with, to be judged."""
        desk, top = self._desks[undertaking.strategy], Top(quote.bid, quote.ask)
        instrument = desk.settings.instrument
        step = next_step(undertaking, (), undertaking.begun, top, instrument)
        how = pricing(undertaking.plan, undertaking.side, top, instrument)
        amount = self._amount(desk, undertaking, step.amount if isinstance(step, Place) else undertaking.amount, quote)
        return _order(undertaking, max(amount, Atoms(1)), NO_CID, quote, how)

    def quoted(self, quote: Quote, now: Mts, cids: Iterator[Cid]) -> Iterator[Decision]:
        """Send what waited for this quote."""
        symbol = quote.symbol
        for number in [each for each, wanted in self._waiting.parts.items() if wanted == symbol]:
            cid = next(cids, None)
            if cid is None:
                yield self._waiting.ask(symbol)  # others took more than they had asked for
                return
            del self._waiting.parts[number]
            yield from self._place(self._books.under_way[number], cid, quote, now)
        yield from self._guarding.quoted(quote, now, cids)

    def go_on(self, now: Mts, number: int | None = None) -> Iterator[Decision]:
        """Do what the undertakings need now: one of them, or all."""
        for each in [number] if number is not None else list(self._books.under_way):
            if each in self._books.under_way:
                yield from self._step(self._books.under_way[each], now)

    def _step(self, pursued: Pursued, now: Mts) -> Iterator[Decision]:
        undertaking = pursued.undertaking
        desk = self._desks[undertaking.strategy]
        parts = self._books.orders.children(undertaking.id)
        instrument = desk.settings.instrument
        # A match without its fee is not in the ledger yet: what is sized before it is would leave it behind.
        is_unbooked = any(part.to_book for part in parts)
        if not _may_go_on(pursued, desk, now):  # nothing of it goes on but what ends it
            working = [part for part in parts if part.at_risk]
            for part in working:
                yield from self._withdrawals.ask(part.order.cid, _why_not(pursued, desk))
            if not working and not is_unbooked:
                yield from self._finish(undertaking, parts, now)
            return
        step = next_step(undertaking, parts, now, self._top(undertaking.symbol), instrument)
        match step:
            case Place():
                if undertaking.id not in self._waiting.parts and not self._ways.is_blocked(undertaking, now):
                    self._waiting.parts[undertaking.id] = undertaking.symbol
                    yield self._waiting.ask(undertaking.symbol)
            case Withdraw(cid):
                yield from self._withdrawals.ask(cid, "its plan moves it")
            case Wait(until):
                if until is not None:
                    yield WakeAt(until)
            case Finished() if not is_unbooked:
                yield from self._finish(undertaking, parts, now)

    def _place(self, pursued: Pursued, cid: Cid, quote: Quote, now: Mts) -> Iterator[Decision]:
        undertaking = pursued.undertaking
        desk = self._desks[undertaking.strategy]
        instrument, top = desk.settings.instrument, Top(quote.bid, quote.ask)
        parts = self._books.orders.children(undertaking.id)
        step = next_step(undertaking, parts, now, top, instrument)
        if not isinstance(step, Place) or not _may_go_on(pursued, desk, now):  # it filled or ended meanwhile
            yield from self._step(pursued, now)
            return
        if self._ways.is_blocked(undertaking, now):
            return
        amount = self._amount(desk, undertaking, step.amount, quote)
        if amount < instrument.amount_min:  # the market ran away from what the strategy has
            if not any(part.at_risk for part in parts):
                yield from self._finish(undertaking, parts, now)
            return
        order = _order(undertaking, amount, cid, quote, pricing(undertaking.plan, undertaking.side, top, instrument))
        wished = step.amount if amount < step.amount else None
        answer = self._dispatch.send(desk, order, pursued.reasons, now, undertaking.id, wished)
        yield answer
        if isinstance(answer, OrderRefused) and not any(part.at_risk for part in parts):
            # The gate refused it: what is left is wished anew, or is wanted no longer. Waiting could last for ever.
            yield from self._finish(undertaking, parts, now)

    def _amount(self, desk: Desk, undertaking: Undertaking, amount: Atoms, quote: Quote) -> Atoms:
        """Cut a part to what one order may be, and a purchase to what can be paid for."""
        instrument, side = desk.settings.instrument, undertaking.side
        how = pricing(undertaking.plan, side, Top(quote.bid, quote.ask), instrument)
        amount = self._dispatch.within_one_order(instrument, amount, max(quote.ask, how.price or quote.ask))
        if side is Side.BUY and desk.settings.margin is None:
            amount = min(amount, Atoms(floor_mul_div(max(desk.ledger.cash, 0), instrument.price_scale, quote.ask)))
        return amount

    def _finish(self, undertaking: Undertaking, parts: Sequence[OrderLife], now: Mts) -> Iterator[Decision]:
        """End an undertaking; what it made of the position is guarded at once."""
        desk, filled = self._desks[undertaking.strategy], [part for part in parts if part.filled]
        left = Atoms(undertaking.amount - sum(part.filled for part in filled))
        del self._books.under_way[undertaking.id]
        self._waiting.parts.pop(undertaking.id, None)
        if left:
            desk.take_back(is_torn=left < undertaking.amount)
        else:
            desk.done()
        yield Settled(undertaking.id, left)
        if filled and desk.adds_risk(undertaking.side):
            self._guarding.outgrow(desk, filled[0].order.cid)
        yield from self._guarding.protect(desk, now)

    def _top(self, symbol: Symbol) -> Top | None:
        known = self._books.quotes.get(symbol)
        return None if known is None else Top(known.bid, known.ask)


def _order(undertaking: Undertaking, amount: Atoms, cid: Cid, quote: Quote, how: Pricing) -> OrderRequest:
    symbol, side = undertaking.symbol, undertaking.side
    return OrderRequest(cid, symbol, side, how.type, amount, quote.mts, price=how.price, post_only=how.post_only)


def _may_go_on(pursued: Pursued, desk: Desk, now: Mts) -> bool:
    """Tell whether an undertaking still may send: under a guard or a person's word only what gets the desk out does."""
    if pursued.is_given_up or desk.halted is not None:
        return False
    return desk.may_add_risk(now) or not desk.adds_risk(pursued.undertaking.side)


def _why_not(pursued: Pursued, desk: Desk) -> str:
    if pursued.is_given_up:
        return "a person cancelled it"
    return "no risk may be added" if desk.halted is None else desk.halted.text

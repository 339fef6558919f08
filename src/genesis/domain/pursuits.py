"""What takes more than one order: undertakings that are under way, and the protection of positions.

Everything here follows from the orders and their lives, so after a restart the same steps come next.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from attrs import evolve, frozen

from genesis.domain.books import Books
from genesis.domain.desk import Desk
from genesis.domain.events import (
    Cancel,
    Decision,
    OrderRefused,
    Quote,
    Reasons,
    RequestQuote,
    Settled,
    Submit,
    Undertaken,
    WakeAt,
)
from genesis.domain.execution.orders import PROTECTION
from genesis.domain.execution.plans import Finished, Place, Undertaking, Wait, Withdraw, next_step, pricing
from genesis.domain.execution.protection import Guarded, exit_order
from genesis.domain.order import Cid, OrderRequest, Side
from genesis.domain.risk.scene import Standing, Top
from genesis.domain.units import Atoms, Mts, Price, Symbol, floor_mul_div

WAY_MS: Final = 600_000
"""How long undertakings of others stay out of the way of a desk that has to get out: it tries at each close."""

Send = Callable[[Desk, OrderRequest, Reasons, int, Atoms | None], Submit | OrderRefused]
"""Check an order and send it, or refuse it; the last is its amount before it was cut, if it was."""

Within = Callable[[Desk, Atoms, Quote], Atoms]


@frozen
class Pursued:
    """An undertaking, and why it was undertaken; one that *is_given_up* ends with the parts that are open."""

    undertaking: Undertaking
    reasons: Reasons
    is_given_up: bool = False


class _Way(NamedTuple):
    """The way out of a desk: nothing *against* it is placed before *until*."""

    desk: Desk
    against: Side
    until: Mts


class Pursuits:
    """See the module; *send* is the core's way through the gate, *within* cuts to what one order may be."""

    def __init__(self, desks: Mapping[str, Desk], books: Books, send: Send, within: Within) -> None:
        self.under_way: dict[int, Pursued] = {}
        self.entries: dict[str, tuple[Price, Reasons]] = {}
        self._desks = desks
        self._books = books
        self._send = send
        self._within = within
        self._to_place: dict[int, Symbol] = {}
        self._to_protect: dict[str, Symbol] = {}
        self._withdrawn: set[Cid] = set()
        self._ways: dict[Symbol, _Way] = {}

    def waiting(self, symbol: Symbol) -> int:
        """Return how many orders wait for a quote of an instrument."""
        if not self._to_place and not self._to_protect:
            return 0
        return sum(each == symbol for each in (*self._to_place.values(), *self._to_protect.values()))

    def wait_for_nothing(self) -> None:
        """Forget what waits for a quote, and what was asked to be cancelled: nobody asked for it."""
        self._to_place.clear()
        self._to_protect.clear()
        self._withdrawn.clear()

    def make_way(self, desk: Desk, out: OrderRequest, now: Mts) -> Iterator[Decision]:
        """Withdraw the parts of others that the way *out* of a desk would meet; until it is out, none is placed."""
        against = Side.BUY if out.side is Side.SELL else Side.SELL
        self._ways[out.symbol] = _Way(desk, against, Mts(now + WAY_MS))
        for own in tuple(self._books.orders.open(out.symbol)):
            order = own.life.order
            if own.undertaking > 0 and order.side is against and order.cid not in self._withdrawn:
                yield self._cancel(order.cid, f"{desk.name} has to get out, and would meet it")

    def is_looked_at(self) -> None:
        """Begin a look: what it shows open although it was to be cancelled is to be cancelled still, once a look.

        After a restart no cancel of before has left for certain.
        """
        self._withdrawn.clear()

    def withdraw(self, cid: Cid, reason: str) -> Iterator[Decision]:
        """Cancel an order for whoever wants it gone, unless that was asked for since the last look."""
        if cid not in self._withdrawn:
            yield self._cancel(cid, reason)

    def time_passed(self, now: Mts) -> Iterator[Decision]:
        """Go on with all that is under way, and ask for stops that are missing, for whatever reason they are."""
        yield from self.go_on(now)
        if self._books.standings.now is Standing.OPEN:
            for desk in self._desks.values():
                if not desk.is_paused:
                    yield from self.protect(desk)

    def begin(self, undertaking: Undertaking, reasons: Reasons) -> Iterator[Decision]:
        """Take an undertaking; its first part needs the quote that is there."""
        self.under_way[undertaking.id] = Pursued(undertaking, reasons)
        yield Undertaken(undertaking, reasons)
        self._to_place[undertaking.id] = undertaking.symbol

    def give_up(self, number: int, cids: Iterable[Cid]) -> None:
        """Let an undertaking send no more, because a person cancels its parts *cids*; `go_on` ends it then."""
        self.under_way[number] = evolve(self.under_way[number], is_given_up=True)
        self._to_place.pop(number, None)
        self._withdrawn.update(cids)

    def entered(self, strategy: str, price: Price, reasons: Reasons) -> None:
        """Take at what price a strategy last entered, and why: its protection is measured from there."""
        self.entries[strategy] = (price, reasons)

    def quoted(self, quote: Quote, now: Mts, cids: Iterator[Cid]) -> Iterator[Decision]:
        """Send what waited for this quote."""
        symbol = quote.symbol
        for number in [each for each, wanted in self._to_place.items() if wanted == symbol]:
            cid = next(cids, None)
            if cid is None:
                yield RequestQuote(symbol, self.waiting(symbol))  # others took more than they had asked for
                return
            del self._to_place[number]
            yield from self._place(self.under_way[number], cid, quote, now)
        for name in [each for each, wanted in self._to_protect.items() if wanted == symbol]:
            cid = next(cids, None)
            if cid is None:
                yield RequestQuote(symbol, self.waiting(symbol))
                return
            del self._to_protect[name]
            yield from self._guard(self._desks[name], cid, quote)

    def go_on(self, now: Mts, number: int | None = None) -> Iterator[Decision]:
        """Do what the undertakings need now: one of them, or all."""
        for each in [number] if number is not None else list(self.under_way):
            if each in self.under_way:
                yield from self._step(self.under_way[each], now)

    def protect(self, desk: Desk) -> Iterator[Decision]:
        """Ask for what is needed to guard what a desk holds and nothing guards.

        What waits for a quote itself is guarded after that order: its guards went for it.
        """
        if desk.settings.protection is None or desk.name in self._to_protect or desk.name not in self.entries:
            return
        if desk.intent is not None:
            return
        if self._unguarded(desk) >= desk.settings.instrument.amount_min:
            self._to_protect[desk.name] = desk.symbol
            yield RequestQuote(desk.symbol, self.waiting(desk.symbol))

    def showed_itself(self, cid: Cid) -> None:
        """Take that the exchange has an order, or that it is over: a cancel from before may have found nothing."""
        self._withdrawn.discard(cid)

    def release(self, desk: Desk, reason: str) -> Iterator[Decision]:
        """Cancel the orders that guard a position, because it is to be left."""
        self._to_protect.pop(desk.name, None)
        for life in self.guards_of(desk):
            if life.cid not in self._withdrawn:
                yield self._cancel(life.cid, reason)

    def guards_of(self, desk: Desk) -> list[OrderRequest]:
        """Return the orders that guard what a desk holds."""
        return [
            own.life.order
            for own in self._books.orders.open(desk.symbol)
            if own.undertaking == PROTECTION and own.strategy == desk.name
        ]

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
                if part.order.cid not in self._withdrawn:
                    yield self._cancel(part.order.cid, _why_not(pursued, desk))
            if not working and not is_unbooked:
                yield self._finish(undertaking, desk, Atoms(undertaking.amount - sum(part.filled for part in parts)))
            return
        step = next_step(undertaking, parts, now, self._top(undertaking.symbol), instrument)
        match step:
            case Place():
                if undertaking.id not in self._to_place and not self._is_in_the_way(undertaking, now):
                    self._to_place[undertaking.id] = undertaking.symbol
                    yield RequestQuote(undertaking.symbol, self.waiting(undertaking.symbol))
            case Withdraw(cid):
                if cid not in self._withdrawn:
                    yield self._cancel(cid, "its plan moves it")
            case Wait(until):
                if until is not None:
                    yield WakeAt(until)
            case Finished(left) if not is_unbooked:
                yield self._finish(undertaking, desk, left)

    def _place(self, pursued: Pursued, cid: Cid, quote: Quote, now: Mts) -> Iterator[Decision]:
        undertaking = pursued.undertaking
        desk = self._desks[undertaking.strategy]
        instrument, top = desk.settings.instrument, Top(quote.bid, quote.ask)
        parts = self._books.orders.children(undertaking.id)
        step = next_step(undertaking, parts, now, top, instrument)
        if not isinstance(step, Place) or not _may_go_on(pursued, desk, now):  # it filled or ended meanwhile
            yield from self._step(pursued, now)
            return
        if self._is_in_the_way(undertaking, now):
            return
        amount = self._within(desk, step.amount, quote)
        if undertaking.side is Side.BUY and desk.settings.margin is None:
            amount = min(amount, Atoms(floor_mul_div(max(desk.ledger.cash, 0), instrument.price_scale, quote.ask)))
        if amount < instrument.amount_min:  # the market ran away from what the strategy has
            if not any(part.at_risk for part in parts):
                yield self._finish(undertaking, desk, Atoms(undertaking.amount - sum(part.filled for part in parts)))
            return
        how = pricing(undertaking.plan, undertaking.side, top, instrument)
        order = OrderRequest(
            cid,
            undertaking.symbol,
            undertaking.side,
            how.type,
            amount,
            quote.mts,
            price=how.price,
            post_only=how.post_only,
        )
        wished = step.amount if amount < step.amount else None
        answer = self._send(desk, order, pursued.reasons, undertaking.id, wished)
        yield answer
        if isinstance(answer, OrderRefused) and not any(part.at_risk for part in parts):
            # The gate refused it: what is left is wished anew, or is wanted no longer. Waiting could last for ever.
            yield self._finish(undertaking, desk, Atoms(undertaking.amount - sum(part.filled for part in parts)))

    def _is_in_the_way(self, undertaking: Undertaking, now: Mts) -> bool:
        way = self._ways.get(undertaking.symbol)
        if way is None:
            return False
        if now >= way.until or not way.desk.position or way.desk.in_flight is not None:
            del self._ways[undertaking.symbol]
            return False
        return undertaking.side is way.against

    def _guard(self, desk: Desk, cid: Cid, quote: Quote) -> Iterator[Decision]:
        amount, protection = self._unguarded(desk), desk.settings.protection
        instrument = desk.settings.instrument
        if protection is None or amount < instrument.amount_min:
            return
        entry, reasons = self.entries[desk.name]
        side = Side.SELL if desk.position > 0 else Side.BUY
        within = self._within(desk, Atoms(amount), quote)
        order = exit_order(protection, Guarded(side, within, entry), cid, instrument, quote.mts)
        yield self._send(desk, order, reasons, PROTECTION, Atoms(amount) if within < amount else None)

    def _finish(self, undertaking: Undertaking, desk: Desk, left: Atoms) -> Settled:
        del self.under_way[undertaking.id]
        self._to_place.pop(undertaking.id, None)
        if left:
            desk.take_back(is_torn=left < undertaking.amount)
        else:
            desk.done()
        return Settled(undertaking.id, left)

    def _unguarded(self, desk: Desk) -> int:
        """Return what a desk holds and no order of its own may already bring out: 0 while it leaves in parts."""
        out = Side.SELL if desk.position > 0 else Side.BUY
        leaves = (each.undertaking for each in self.under_way.values())
        if any(each.strategy == desk.name and each.side is out for each in leaves):
            return 0  # its parts and a guard together would bring out more than there is
        return self._books.left(desk.name, desk.symbol, out)

    def _cancel(self, cid: Cid, reason: str) -> Cancel:
        self._withdrawn.add(cid)
        life = self._books.orders.by_cid[cid].life
        return Cancel(life.order.symbol, cid, life.id, life.order.mts, reason)

    def _top(self, symbol: Symbol) -> Top | None:
        known = self._books.quotes.get(symbol)
        return None if known is None else Top(known.bid, known.ask)


def _may_go_on(pursued: Pursued, desk: Desk, now: Mts) -> bool:
    """Tell whether an undertaking still may send: under a guard or a person's word only what gets the desk out does."""
    if pursued.is_given_up or desk.halted is not None:
        return False
    return desk.may_add_risk(now) or not desk.adds_risk(pursued.undertaking.side)


def _why_not(pursued: Pursued, desk: Desk) -> str:
    if pursued.is_given_up:
        return "a person cancelled it"
    return "no risk may be added" if desk.halted is None else desk.halted.text

"""From what desks want at a quote to the orders that leave for it.

What strategies want of each other is netted inside. What is left is judged first, with the orders that guard a position
gone that it cannot leave beside; those are let go of only if it passes then, and it waits for their end. A wish that is
more than one order becomes an undertaking.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from genesis.domain.books import Books
from genesis.domain.crossing import Crossing
from genesis.domain.desk import Desk, Wish
from genesis.domain.dispatch import Dispatch
from genesis.domain.events import Decision, OrderRefused, Quote, RequestQuote
from genesis.domain.execution.netting import Netted, Wanted, net
from genesis.domain.execution.plans import LimitEntry, Market, Undertaking
from genesis.domain.guarding import Guarding
from genesis.domain.order import NO_CID, Cid, OrderRequest, OrderType, Side
from genesis.domain.pursuits import Pursuits
from genesis.domain.risk import account_guards
from genesis.domain.risk.refusal import RefusalCode, Refused
from genesis.domain.risk.scene import Standing
from genesis.domain.units import Atoms, Mts, Symbol
from genesis.domain.waiting import Waiting
from genesis.domain.ways import Ways


class Trading:
    """See the module; *desks* are those that trade an instrument. *cut* names those with an order for only a part."""

    def __init__(
        self,
        desks: Mapping[Symbol, Sequence[Desk]],
        books: Books,
        dispatch: Dispatch,
        waiting: Waiting,
        pursuits: Pursuits,
        guarding: Guarding,
        crossing: Crossing,
        ways: Ways,
    ) -> None:
        self.cut: set[str] = set()
        self.next_undertaking = 1
        self._desks = desks
        self._books = books
        self._dispatch = dispatch
        self._waiting = waiting
        self._pursuits = pursuits
        self._guarding = guarding
        self._crossing = crossing
        self._ways = ways

    def ask(self, symbol: Symbol, now: Mts) -> Iterator[Decision]:
        """Ask for a quote for the desks that wait for one; while nothing may be sent, they wait no longer."""
        standing = self._books.standings.now
        waiting = [desk for desk in self._desks[symbol] if desk.intent is not None]
        if standing is Standing.OPEN:
            if waiting:
                yield RequestQuote(symbol, len(waiting) + self._waiting.count(symbol))
            return
        for desk in waiting:
            intent, desk.intent = desk.intent, None
            if intent is not None:
                mts = max(now, intent.reasons.mts)
                yield desk.refused(mts, intent.side, None, account_guards.not_open(standing))

    def quoted(self, desk: Desk, quote: Quote, now: Mts) -> Iterable[Decision]:
        """Send what *desk* wants of an instrument that is nobody else's business."""
        wish = desk.wish(quote)
        return desk.say() if wish is None else self._submit(desk, wish, wish.amount, quote, now, self._cids(quote))

    def quoted_for_all(self, quote: Quote, now: Mts) -> Iterator[Decision]:
        """Send what desks want of an instrument that several trade, or that undertakings and protections wait for."""
        symbol, cids = quote.symbol, self._cids(quote)
        waiting = [desk for desk in self._desks[symbol] if desk.intent is not None]
        wishes = []
        for desk in waiting:
            wish = desk.wish(quote)
            yield from desk.say()
            if wish is not None:
                wishes.append((desk, wish))
        is_crossing = len(wishes) > 1 and self._crossing.is_possible(quote, now)
        netted = _netted(wishes, is_crossing=is_crossing)
        while (held_up := self._held_up(wishes, netted.left, quote, now)) is not None:
            desk, wish, guards = held_up
            wishes.remove((desk, wish))  # the others find each other without it
            netted = _netted(wishes, is_crossing=is_crossing)
            yield from self._free(desk, wish, quote, guards, now)
        reasons = {desk.name: wish.intent.reasons for desk, wish in wishes}
        for match in netted.matches:
            yield from self._crossing.cross(match, quote, reasons, now)
        for desk, wish in wishes:
            yield from self._submit(desk, wish, netted.left[desk.name], quote, now, cids)
        for desk in waiting:
            if desk.in_flight is None:  # its guards went for an order that did not leave
                yield from self._guarding.protect(desk, now)
        yield from self._pursuits.quoted(quote, now, cids)

    def _cids(self, quote: Quote) -> Iterator[Cid]:
        """Yield the ids that came with a quote, or where no exchange has to know them, ids of our own.

        Each comes until it was used: what is refused takes none away from who waits behind it.
        """
        orders = self._books.orders
        while not quote.cids:
            yield Cid(orders.next_cid)
        for cid in quote.cids:
            before = orders.by_cid.get(cid)  # nothing, unless ids were given out twice, which must not pass unseen
            while orders.by_cid.get(cid) is before:
                yield cid

    def _held_up(
        self, wishes: Sequence[tuple[Desk, Wish]], left: Mapping[str, Atoms], quote: Quote, now: Mts
    ) -> tuple[Desk, Wish, frozenset[Cid]] | None:
        """Return the first wish that guards are in the way of, and those; *left* is what no other strategy takes."""
        for desk, wish in wishes:
            if guards := self._in_the_way(desk, wish, left[desk.name], quote, now):
                return desk, wish, guards
        return None

    def _in_the_way(self, desk: Desk, wish: Wish, left: Atoms, quote: Quote, now: Mts) -> frozenset[Cid]:
        """Return the guards beside which a wish cannot be traded: what is crossed inside and what its order brings."""
        guards = self._guarding.guards_of(desk)
        if not guards:
            return frozenset()
        is_matched = _is_matched(desk, wish, left)
        if desk.adds_risk(wish.side):
            order = self._first_order(desk, wish, quote, now)
            is_in_the_way = not is_matched and isinstance(self._dispatch.check(desk, order, now), Refused)
            return frozenset(guard.cid for guard in guards) if is_in_the_way else frozenset()
        ordered = Atoms(0) if is_matched else left
        if ordered and self._planned(desk, wish, left, now) is None:
            ordered = self._dispatch.within_one_order(desk.settings.instrument, left, quote.ask)
        found = self._guarding.in_the_way(desk, wish.side, wish.amount - left + ordered)
        if found or not ordered:
            return found
        answer = self._dispatch.check(desk, self._first_order(desk, wish, quote, now), now)
        # What its guards leave it was moved away by somebody: the coins that are there are theirs.
        is_in_the_way = isinstance(answer, Refused) and answer.code is RefusalCode.BALANCE
        return frozenset(guard.cid for guard in guards) if is_in_the_way else found

    def _free(self, desk: Desk, wish: Wish, quote: Quote, guards: frozenset[Cid], now: Mts) -> Iterator[Decision]:
        """Let the guards of a position go for a wish, if its order passes the gate then: it waits for their end."""
        order = self._first_order(desk, wish, quote, now)
        answer = self._dispatch.check(desk, order, now, guards)
        if isinstance(answer, Refused):
            refused = desk.refused(order.mts, order.side, order.amount, answer)
            yield from self._refused(desk, wish, order, refused, now)
        else:
            desk.intent = wish.intent
            yield from self._guarding.release(desk, guards, "what its strategy wants to send cannot leave beside it")

    def _submit(
        self, desk: Desk, wish: Wish, amount: Atoms, quote: Quote, now: Mts, cids: Iterator[Cid]
    ) -> Iterable[Decision]:
        """Send what is left of a wish after netting, if the gate lets it pass."""
        if _is_matched(desk, wish, amount):
            return (desk.reached(wish.intent),)
        reasons = wish.intent.reasons
        undertaking = self._planned(desk, wish, amount, now)
        if undertaking is not None:
            self.next_undertaking += 1
            desk.sent(wish)
            return self._pursuits.begin(undertaking, reasons)
        cid = next(cids, None)
        if cid is None:
            return ()  # the desk wants more than when it was asked for: it does again at the next close
        order = self._at_market(desk, wish.side, amount, cid, quote)
        wished = amount if order.amount < amount else None
        answer = self._dispatch.send(desk, order, reasons, now, wished=wished)
        if isinstance(answer, OrderRefused):
            return self._refused(desk, wish, order, answer, now)
        if answer.wished is not None:
            self.cut.add(desk.name)
        desk.sent(wish)
        return (answer,)

    def _refused(
        self, desk: Desk, wish: Wish, order: OrderRequest, refused: OrderRefused, now: Mts
    ) -> Iterable[Decision]:
        """Tell of a refusal; what of another strategy keeps a desk in has to make way, and the wish waits for that."""
        if refused.code is RefusalCode.SELF_CROSS and not desk.adds_risk(order.side):
            if self._ways.parts_against(order):
                desk.intent = wish.intent
            return (refused, *self._ways.make(desk, order, now))
        return (refused,)

    def _planned(self, desk: Desk, wish: Wish, amount: Atoms, now: Mts) -> Undertaking | None:
        """Return what a wish is carried out as, None where it is one order at the market."""
        plan, least = desk.settings.plan, desk.settings.instrument.amount_min
        # A limit entry is for what opens a position, and is no dust.
        opens = abs(desk.position) < least <= amount and wish.intent.target != 0.0
        if isinstance(plan, Market) or desk.halted is not None or (isinstance(plan, LimitEntry) and not opens):
            return None
        return Undertaking(self.next_undertaking, desk.name, desk.symbol, wish.side, amount, now, plan)

    def _first_order(self, desk: Desk, wish: Wish, quote: Quote, now: Mts) -> OrderRequest:
        """Return the first order of a wish, to be judged."""
        undertaking = self._planned(desk, wish, wish.amount, now)
        if undertaking is not None:
            return self._pursuits.first_order(undertaking, quote)
        return self._at_market(desk, wish.side, wish.amount, NO_CID, quote)

    def _at_market(self, desk: Desk, side: Side, amount: Atoms, cid: Cid, quote: Quote) -> OrderRequest:
        amount = self._dispatch.within_one_order(desk.settings.instrument, amount, quote.ask)
        return OrderRequest(cid, quote.symbol, side, OrderType.MARKET, amount, quote.mts)


def _is_matched(desk: Desk, wish: Wish, left: Atoms) -> bool:
    """Tell whether other strategies take a wish whole, or all but dust: no order leaves for it then."""
    return left < wish.amount and left < desk.settings.instrument.amount_min


def _netted(wishes: Sequence[tuple[Desk, Wish]], *, is_crossing: bool) -> Netted:
    """Return what strategies trade with each other where they may, and what is left of each wish.

    Who stands paused trades with nobody: its wish stays whole, for the gate to refuse.
    """
    whole = {desk.name: wish.amount for desk, wish in wishes}
    if not is_crossing:
        return Netted((), whole)
    netted = net({desk.name: Wanted(wish.side, wish.amount) for desk, wish in wishes if not desk.is_paused})
    return Netted(netted.matches, whole | dict(netted.left))

"""Trades between strategies of ours: at the middle of the book, where the gate would let an order go."""

from collections.abc import Iterator, Mapping

from genesis.domain.books import Books
from genesis.domain.desk import Desk
from genesis.domain.dispatch import Dispatch
from genesis.domain.events import Booked, Crossed, Decision, Quote, Reasons
from genesis.domain.execution.netting import Match
from genesis.domain.fill import Fill
from genesis.domain.guarding import Guarding
from genesis.domain.instrument import Instrument
from genesis.domain.ledger import cost_of, value_of
from genesis.domain.order import NO_CID, Cid, OrderRequest, OrderType, Side
from genesis.domain.risk import account_guards
from genesis.domain.units import Atoms, Mts, Price, Symbol


class Crossing:
    """See the module."""

    def __init__(
        self,
        desks: Mapping[str, Desk],
        books: Books,
        instruments: Mapping[Symbol, Instrument],
        dispatch: Dispatch,
        guarding: Guarding,
    ) -> None:
        self._desks = desks
        self._books = books
        self._instruments = instruments
        self._dispatch = dispatch
        self._guarding = guarding

    def is_possible(self, quote: Quote, now: Mts) -> bool:
        """Whether strategies may trade with each other at *quote*: where the gate lets no order go, it is no price."""
        instrument = self._instruments[quote.symbol]
        for side in Side:
            order = OrderRequest(NO_CID, quote.symbol, side, OrderType.MARKET, Atoms(1), quote.mts)
            scene = self._books.scene(order, "", now)
            if any(guard(order, instrument, self._dispatch.limits, scene) for guard in account_guards.PRICE_GUARDS):
                return False
        return True

    def cross(self, match: Match, quote: Quote, reasons: Mapping[str, Reasons], now: Mts) -> Iterator[Decision]:
        """Let two strategies trade with each other."""
        buyer, seller, amount = match
        price = Price((quote.bid + quote.ask) // 2)
        crossed = Crossed(quote.mts, quote.symbol, buyer, seller, amount, price, reasons[buyer], reasons[seller])
        yield crossed
        yield from self.book(crossed, now)

    def book(self, crossed: Crossed, now: Mts) -> Iterator[Decision]:
        """Book a trade on both sides; what rounding takes from one and gives to none is the house's."""
        mts, symbol, buyer, seller, amount, price, bought_for, sold_for = crossed
        instrument = self._instruments[symbol]
        scale = instrument.price_scale
        self._books.house.add(instrument.quote, cost_of(amount, price, scale) - value_of(amount, price, scale))
        for name, side, reasons in ((buyer, Side.BUY, bought_for), (seller, Side.SELL, sold_for)):
            self._dispatch.reasons[name] = reasons
            fill = Fill(mts, symbol, NO_CID, side, amount, price, Atoms(0))
            desk = self._desks[name]
            held = desk.position
            desk.book(fill)
            desk.is_torn = True  # until the rest of its wish was filled, too
            yield Booked(name, fill)
            if abs(desk.position) > abs(held):
                self._guarding.crossed[name] = Cid(self._books.orders.next_cid)
            yield from self._guarding.release_excess(desk)
            yield from self._guarding.entered(desk, held, price, now)

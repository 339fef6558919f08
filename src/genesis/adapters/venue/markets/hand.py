"""The hand of a market: it quotes around a price and makes trades print where they should."""

from collections.abc import Sequence
from typing import NamedTuple

from genesis.adapters.venue.core import MAKER, TAKER, Core
from genesis.domain.instrument import SIGNIFICANT_DIGITS
from genesis.domain.order import OrderId, OrderType, Side
from genesis.domain.simulation.exchange_orders import OrderTicket, Refusal
from genesis.domain.simulation.market import Market
from genesis.domain.simulation.matching_order import UserId
from genesis.domain.units import Atoms, Price, Symbol


class Quote(NamedTuple):
    """An order of the market."""

    side: Side
    price: Price
    amount: Atoms


class MarketHand:
    """Trades one instrument as maker and taker, both of whom can always pay."""

    def __init__(self, core: Core, symbol: Symbol) -> None:
        self._core = core
        self._symbol = symbol
        self._quotes: list[OrderId] = []

    @property
    def market(self) -> Market:
        """The market that is played."""
        return self._core.exchange.markets[self._symbol]

    def requote(self, quotes: Sequence[Quote], first: Side) -> None:
        """Replace all quotes; those of side *first* come first, so that stops which the others trigger find them."""
        before, self._quotes = self._quotes, []
        for order_id in before:
            self.withdraw(order_id)
        for quote in sorted(quotes, key=lambda quote: quote.side is not first):
            placed = self._submit(MAKER, quote.side, OrderType.LIMIT, quote.amount, quote.price)
            if placed is not None:
                self._quotes.append(placed)

    def take(self, side: Side, amount: Atoms) -> None:
        """Trade at market."""
        self._submit(TAKER, side, OrderType.MARKET, amount)

    def print_at(self, price: Price, amount: Atoms, side: Side) -> None:
        """Make *amount* trade at *price*, with the taker on *side*; orders of users that the price reaches trade
        before.

        No quote of the market may be at or beyond *price*.
        """
        for taker_side in (side, side.opposite):
            reached = self._reached(taker_side, price)
            if reached:
                self._submit(TAKER, taker_side, OrderType.IMMEDIATE_OR_CANCEL, reached, price)
        self._submit(MAKER, side.opposite, OrderType.LIMIT, amount, price)
        self._submit(TAKER, side, OrderType.IMMEDIATE_OR_CANCEL, amount, price)

    def trade_at(self, price: Price, amount: Atoms, side: Side) -> None:
        """Make *amount* trade at *price* or better for a taker on *side*; what nobody offers is offered for the
        purpose."""
        order_id = self._submit(TAKER, side, OrderType.LIMIT, amount, price)
        if order_id is not None:
            rest = self._core.exchange.open_orders(TAKER)[-1].left
            self._submit(MAKER, side.opposite, OrderType.IMMEDIATE_OR_CANCEL, rest, price)

    def place(self, quote: Quote) -> OrderId | None:
        """Quote once more; a quote that would meet another one of the market is not made."""
        return self._submit(MAKER, quote.side, OrderType.LIMIT, quote.amount, quote.price, avoids_self=True)

    def withdraw(self, order_id: OrderId) -> None:
        """Take a quote back, if it is still there."""
        result = self._core.exchange.cancel(MAKER, order_id, self._core.now)
        if not isinstance(result, Refusal):
            self._core.apply(result)

    def step_of(self, price: Price) -> int:
        """Return the distance of neighbouring prices on the grid at *price*."""
        return int(10 ** max(0, len(str(price)) - SIGNIFICANT_DIGITS))

    def _reached(self, taker_side: Side, price: Price) -> Atoms:
        """Return what rests within *price* for a taker of *taker_side*."""
        total = 0
        for order in self.market.engine.resting(taker_side.opposite):
            if (order.price - price) * taker_side.sign > 0:
                break
            total += order.left
        return Atoms(total)

    def _submit(
        self,
        user: UserId,
        side: Side,
        kind: OrderType,
        amount: Atoms,
        price: Price | None = None,
        *,
        avoids_self: bool = False,
    ) -> OrderId | None:
        """Place an order; return its id if it is still open."""
        ticket = OrderTicket(self._symbol, side, kind, amount, price or self.market.mark(), avoids_self=avoids_self)
        result = self._core.exchange.submit(user, ticket, self._core.now)
        assert not isinstance(result, Refusal), f"the market's own order was refused: {result}"
        self._core.apply(result.events)
        order_id = result.orders[0].id
        return order_id if self._core.exchange.find(user, order_id) is not None else None

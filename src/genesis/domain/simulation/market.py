"""A market of the simulated exchange: an instrument, its matching engine, and its margin terms if it has any."""

from genesis.domain.instrument import Instrument
from genesis.domain.order import Side
from genesis.domain.simulation.margin_position import MarginTerms
from genesis.domain.simulation.matching import MatchingEngine
from genesis.domain.simulation.matching_order import NO_PRICE
from genesis.domain.units import Atoms, Currency, Price, ceil_mul_div, floor_mul_div


class Market:
    """Where one instrument trades."""

    def __init__(self, instrument: Instrument, terms: MarginTerms | None, engine: MatchingEngine) -> None:
        self.instrument = instrument
        self.terms = terms
        self.engine = engine
        self.scale = instrument.price_scale

    def cost(self, amount: int, price: Price) -> int:
        """Return what *amount* is worth at *price*, in atoms of quote, rounded down: what a match moves."""
        return floor_mul_div(amount, price, self.scale)

    def most(self, amount: int, price: Price) -> int:
        """Return the most that *amount* can cost at *price* in any number of matches, rounded up: what an order
        holds."""
        return ceil_mul_div(amount, price, self.scale)

    def cost_now(self, amount: Atoms) -> int:
        """Return what buying *amount* at market costs now; what the book cannot fill costs nothing."""
        cost, missing = 0, int(amount)
        for maker in self.engine.resting(Side.SELL):
            if not missing:
                break
            part = min(missing, maker.left)
            cost += self.cost(part, maker.price)
            missing -= part
        return cost

    def affordable(self, cash: int, amount: Atoms) -> Atoms:
        """Return how much of *amount* can be bought at market now for *cash* atoms of quote."""
        bought = 0
        for maker in self.engine.resting(Side.SELL):
            part = min(amount - bought, maker.left)
            cost = self.cost(part, maker.price)
            if cost > cash:
                return Atoms(bought + min(part, cash * self.scale // maker.price))
            cash -= cost
            bought += part
            if bought == amount:
                break
        return amount

    def mark(self) -> Price:
        """Return the price that positions are valued at: the last one, or the middle of the book before any trade."""
        if self.engine.last_price:
            return self.engine.last_price
        bid, ask = self.engine.best_price(Side.BUY), self.engine.best_price(Side.SELL)
        if bid is None or ask is None:
            return bid or ask or NO_PRICE
        return Price((bid + ask) // 2)

    @property
    def base(self) -> Currency:
        """The currency that is bought and sold."""
        return self.instrument.base

    @property
    def quote(self) -> Currency:
        """The currency that pays."""
        return self.instrument.quote

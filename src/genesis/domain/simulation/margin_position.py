"""A margin position: a leg of base and a leg of quote, whose sum with all wallets never changes."""

from typing import NamedTuple

from attrs import define

from genesis.domain.units import PPB, Currency, Mts, Ppb, Symbol


class MarginTerms(NamedTuple):
    """What trading on margin asks of an account, as fractions of the position's value, and what a borrowed day costs.

    Source: Bitfinex documentation, `pub:info:pair` (initial and minimum margin); the rate is a plain assumption.
    """

    initial: Ppb = Ppb(PPB * 3 // 10)
    minimum: Ppb = Ppb(PPB * 15 // 100)
    interest_a_day: Ppb = Ppb(PPB // 5_000)


@define(eq=False, slots=False)
class MarginPosition:
    """What was bought and sold on margin in one instrument and is not closed yet.

    *net_amount* is base in atoms, signed; *cash* is quote in atoms: minus what a long cost, plus what a short brought.
    """

    id: int
    symbol: Symbol
    base: Currency
    quote: Currency
    opened: Mts
    changed: Mts
    net_amount: int = 0
    cash: int = 0
    interest_paid: int = 0

    def apply(self, amount: int, cash: int) -> int:
        """Add a fill of the signed *amount* that moved *cash*; return the profit realised, which leaves the position.

        A reduction releases its share of the cash leg, rounded down; the close takes what is left, so nothing is
        lost. A fill may not cross zero: the caller splits it."""
        before = self.net_amount
        self.net_amount += amount
        if before == 0 or (before > 0) == (amount > 0):
            self.cash += cash
            return 0
        assert abs(amount) <= abs(before)
        released = self.cash * abs(amount) // abs(before) if self.net_amount else self.cash
        self.cash -= released
        return released + cash

    def base_price(self, price_scale: int) -> int:
        """Return the average price of what is open, in price units, rounded to nearest."""
        if not self.net_amount:
            return 0
        size = abs(self.net_amount)
        return (abs(self.cash) * price_scale * 2 + size) // (2 * size)

    def profit(self, price: int, price_scale: int) -> int:
        """Return what closing at *price* would realise, in atoms of quote before fees."""
        return self.cash + self.net_amount * price // price_scale

    def value(self, price: int, price_scale: int) -> int:
        """Return the size in atoms of quote at *price*."""
        return abs(self.net_amount) * price // price_scale

    def borrowed(self, price: int, price_scale: int) -> int:
        """Return what is borrowed, in atoms of quote: the cost of a long, the value of a short."""
        return max(0, -self.cash) if self.net_amount > 0 else self.value(price, price_scale)

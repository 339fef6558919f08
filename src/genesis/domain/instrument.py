"""What is traded: the grid of its prices, the smallest and largest amounts, and rounding in a named direction."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import Enum
from typing import Final

from attrs import field, frozen

from genesis.domain.units import (
    INT64_MAX,
    Atoms,
    Currency,
    InexactNumber,
    Price,
    Symbol,
    format_atoms,
    scaled,
    unscaled,
)

SIGNIFICANT_DIGITS: Final = 5
"""Prices of resting orders have five. Source: Bitfinex documentation, "Order and price precision"."""


AMOUNT_MIN: Final = Atoms(10_000)
"""The smallest order where nothing else is known: 0.0001."""

PRICE_DECIMALS: Final = 8
"""The decimals of a price where nothing else is known."""

PRICE_MIN: Final = 10.0 ** (SIGNIFICANT_DIGITS - 1 - PRICE_DECIMALS)
"""From here on prices of the exchange fit into `PRICE_DECIMALS`; below they may have more."""

PRICE_UNITS_MAX: Final = 2.0**52
"""The largest price in units: up to here a float64 holds every whole number."""


class Untradable(ValueError):
    """An amount or price that the exchange would refuse."""


class Rounding(Enum):
    """The direction in which a price moves to the grid."""

    UP = ROUND_CEILING
    DOWN = ROUND_FLOOR


@frozen
class Instrument:
    """A pair of currencies and the rules its orders obey."""

    symbol: Symbol
    base: Currency
    quote: Currency
    amount_min: Atoms = field(default=AMOUNT_MIN)
    amount_max: Atoms = field(default=Atoms(INT64_MAX))
    price_decimals: int = field(default=PRICE_DECIMALS)
    price_scale: int = field(init=False, repr=False)
    """Price units per quote unit."""

    @price_decimals.validator
    def _check_price_decimals(self, _attribute: object, value: int) -> None:
        if not 0 <= value <= 15:
            raise ValueError(f"{self.symbol}: price_decimals must be 0 to 15, was {value}")

    @price_scale.default
    def _power_of_ten(self) -> int:
        return int(10**self.price_decimals)

    def __attrs_post_init__(self) -> None:
        if not 0 < self.amount_min <= self.amount_max:
            raise ValueError(f"{self.symbol}: amounts must satisfy 0 < minimum <= maximum")

    def tradable(self, amount: Atoms) -> Atoms:
        """Return *amount* if the exchange would take it; raises `Untradable` if it is too small or too large."""
        if amount < self.amount_min:
            raise Untradable(f"{format_atoms(amount)} {self.symbol}: minimum is {format_atoms(self.amount_min)}")
        if amount > self.amount_max:
            raise Untradable(f"{format_atoms(amount)} {self.symbol}: maximum is {format_atoms(self.amount_max)}")
        return amount

    def price(self, value: Decimal | int) -> Price:
        """Return quote units per base unit as a price; raises `InexactNumber` unless it is > 0 and fits."""
        units = scaled(value, self.price_decimals)
        if units <= 0:
            raise InexactNumber(f"{self.symbol}: a price must be > 0, was {value}")
        return Price(units)

    def price_up(self, value: Decimal) -> Price:
        """Return a price > 0 rounded up to whole units: what is bought at *value* costs no more than at it."""
        return Price(int(-(-value * self.price_scale // 1)))

    def price_from_market(self, value: float) -> Price:
        """Return a market price (a JSON number) as the nearest price unit.

        A float64 carries 15 decimal digits, so a price that the wire wrote within `price_decimals` comes back exactly.
        Raises `InexactNumber` for NaN, infinity, a price that is not > 0, and one beyond 15 digits.
        """
        units = value * self.price_scale
        if not 0.5 <= units <= PRICE_UNITS_MAX:
            raise InexactNumber(f"{self.symbol}: {value} is no price at {self.price_decimals} decimals")
        price: Price = round(units)  # type: ignore[assignment]  # calling Price costs as much as the rest: this runs per candle
        return price

    def decimal_from_price(self, price: Price) -> Decimal:
        """Return a price in quote units per base unit, exactly."""
        return unscaled(price, self.price_decimals)

    def on_grid(self, price: Price, rounding: Rounding) -> Price:
        """Return *price* moved to five significant digits in the named direction; a price on the grid stays."""
        step = int(10 ** max(0, len(str(price)) - SIGNIFICANT_DIGITS))
        below = price // step * step
        return Price(below if below == price or rounding is Rounding.DOWN else below + step)


def spot_pair(symbol: Symbol) -> tuple[Currency, Currency]:
    """Split a trading symbol into base and quote: `tBTCUSD`, `tDUSK:USD`. Raises `ValueError` on anything else.

    Source: Bitfinex documentation, "Symbols": three letters and three, or two codes around a colon.
    """
    name = symbol[1:]
    base, colon, quote = name.partition(":")
    if not colon:
        base, quote = name[:3], name[3:]
    if not symbol.startswith("t") or not base or not quote or (not colon and len(name) != 6):
        raise ValueError(f"{symbol!r} is not a trading symbol such as tBTCUSD or tDUSK:USD")
    return Currency(base), Currency(quote)


def spot_instrument(symbol: Symbol, amount_min: Atoms = AMOUNT_MIN, price_decimals: int = PRICE_DECIMALS) -> Instrument:
    """Return the instrument of a spot pair with the given minimum amount."""
    base, quote = spot_pair(symbol)
    return Instrument(symbol, base, quote, amount_min, price_decimals=price_decimals)

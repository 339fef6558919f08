"""Cash and positions in whole atoms, and what fills do to them.

On margin cash may be owed and a position short, and every fee is in quote. Every amount is an integer, so the ledger
equals an exact Decimal computation after any sequence of fills. What is rounded is rounded against the account: a
purchase costs the ceiling, a sale brings the floor.
"""

from attrs import define, field

from genesis.domain.fill import Fill
from genesis.domain.instrument import Instrument
from genesis.domain.order import Side
from genesis.domain.units import Atoms, Symbol, ceil_mul_div, floor_mul_div


def cost_of(amount: int, price: int, price_scale: int) -> int:
    """Return the atoms of quote currency that buying *amount* atoms at *price* takes, rounded up."""
    return ceil_mul_div(amount, price, price_scale)


def value_of(amount: int, price: int, price_scale: int) -> int:
    """Return the atoms of quote currency that *amount* atoms are worth at *price*, rounded down."""
    return floor_mul_div(amount, price, price_scale)


@define
class Ledger:
    """One account: cash in the quote currency, and a position per instrument.

    Below 0 both are owed: on margin to the exchange, on spot to the account that the ledger is a part of.
    """

    cash: Atoms
    positions: dict[Symbol, Atoms] = field(factory=dict)
    on_margin: bool = False

    def position(self, symbol: Symbol) -> Atoms:
        """Return the atoms held of an instrument's base currency."""
        return self.positions.get(symbol, Atoms(0))

    def book(self, fill: Fill, instrument: Instrument) -> None:
        """Apply one fill, whatever it leaves: it is a fact."""
        held = self.positions.get(fill.symbol, 0)
        if fill.side is Side.BUY:
            cash = self.cash - cost_of(fill.amount, fill.price, instrument.price_scale)
            position = held + fill.amount
            if self.on_margin:
                cash -= fill.fee
            else:
                position -= fill.fee
        else:
            cash = self.cash + value_of(fill.amount, fill.price, instrument.price_scale) - fill.fee
            position = held - fill.amount
        self.cash = Atoms(cash)
        self.positions[fill.symbol] = Atoms(position)

    @property
    def is_overdrawn(self) -> bool:
        """Whether a spot ledger owes something: an order filled dearer than it could pay."""
        if self.on_margin or not self.positions:
            return not self.on_margin and self.cash < 0
        return self.cash < 0 or min(self.positions.values()) < 0

    def charge(self, amount: int) -> None:
        """Take a cost that no fill has, such as margin funding, off the cash."""
        self.cash = Atoms(self.cash - amount)

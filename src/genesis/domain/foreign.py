"""Orders of the account that are not ours: what each may take and bring at its worst, whatever instrument it trades.

They count and are never touched. On the exchange wallet an order pays one currency and gets another, and either may be
one that we trade; on margin it opens a position.
"""

from decimal import Decimal
from typing import Final

from attrs import frozen

from genesis.domain.exchange.orders import Account, OrderReport
from genesis.domain.instrument import spot_pair
from genesis.domain.order import OrderType, Side
from genesis.domain.units import ATOMS_PER_UNIT, Symbol

UNBOUNDED: Final = 2**62
"""More than any limit allows: what cannot be judged is not small."""

_LIMITED: Final = frozenset({OrderType.LIMIT, OrderType.FILL_OR_KILL, OrderType.IMMEDIATE_OR_CANCEL})


@frozen
class Claim:
    """A foreign order; *base* and *quote* are empty where its symbol is none that we can read.

    *limit* is the worst price at which it may fill and *trigger* where it begins to, None where it has none.
    """

    report: OrderReport
    base: str
    quote: str
    limit: Decimal | None
    trigger: Decimal | None

    @property
    def symbol(self) -> Symbol:
        """What it trades."""
        return self.report.symbol

    @property
    def is_spot(self) -> bool:
        """Whether it trades the exchange wallet."""
        return self.report.account is Account.EXCHANGE

    @property
    def is_purchase(self) -> bool:
        """Whether it buys."""
        return self.report.side is Side.BUY

    @property
    def amount(self) -> int:
        """The atoms of its base that may still trade, rounded up."""
        return _atoms_up(self.report.amount_remaining)

    @property
    def worth(self) -> int | None:
        """The atoms of its quote currency that may still change hands, rounded up; None where no price bounds them.

        A sale below its trigger brings less than at it.
        """
        price = self.limit if self.is_purchase else self.limit or self.trigger
        return None if price is None else _atoms_up(self.report.amount_remaining, price)

    @property
    def paid(self) -> tuple[str, int | None]:
        """What it may take from the exchange wallet: a currency, and how much of it at most."""
        return (self.quote, self.worth) if self.is_purchase else (self.base, self.amount)

    @property
    def got(self) -> tuple[str, int | None]:
        """What it may bring to the exchange wallet."""
        return (self.base, self.amount) if self.is_purchase else (self.quote, self.worth)


def claim_of(report: OrderReport) -> Claim:
    """Return what an open order that is not ours lays claim to."""
    try:
        base, quote = (str(each) for each in spot_pair(report.symbol))
    except ValueError:
        base = quote = ""
    limit = trigger = None
    if report.type in _LIMITED:
        limit = _some(report.price)
    elif report.type is OrderType.STOP_LIMIT:
        limit, trigger = _some(report.price_auxiliary), _some(report.price)
    elif report.type is OrderType.STOP:
        trigger = _some(report.price)
    return Claim(report, base, quote, limit, trigger)


def _some(price: Decimal | None) -> Decimal | None:
    return price if price is not None and price > 0 else None


def _atoms_up(amount: Decimal, price: Decimal = Decimal(1)) -> int:
    # In whole numbers: what is huge has more digits than decimals are reckoned with, and counts all the same.
    (units, of), (paid, per) = amount.as_integer_ratio(), price.as_integer_ratio()
    return -(-units * paid * ATOMS_PER_UNIT // (of * per))

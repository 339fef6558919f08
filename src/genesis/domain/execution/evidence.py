"""What can be known about one of our orders, each fact as one value: the words of `order_life`.

Nothing here is a guess. A fact says what was seen; what follows from it is decided by the table of `order_life`.
"""

from decimal import ROUND_CEILING
from typing import Final, NamedTuple, TypeAlias

from genesis.domain.exchange.orders import FillReport, OrderReport
from genesis.domain.instrument import Instrument
from genesis.domain.order import OrderId
from genesis.domain.units import ATOM_DECIMALS, Atoms, Mts, Price, atoms


class SendBegan(NamedTuple):
    """From here on a byte of the order may have left."""


class NothingLeft(NamedTuple):
    """Proof that no byte of the order left, or that none will: *reason* is for a person."""

    reason: str


class AnswerLost(NamedTuple):
    """The order may or may not have arrived: *reason* is for a person."""

    reason: str


class Accepted(NamedTuple):
    """The exchange has the order: an acknowledgement, a frame or a look-up showed it, with *filled* atoms by then."""

    id: OrderId
    filled: Atoms = Atoms(0)


class Refused(NamedTuple):
    """The exchange said no to the order for good, and said why."""

    reason: str


class Traded(NamedTuple):
    """One match of the order; *fee* is None until the exchange has told it, in atoms of *fee_currency* when it has."""

    trade_id: int
    order_id: OrderId
    mts: Mts
    amount: Atoms
    price: Price
    fee: Atoms | None = None
    fee_currency: str = ""


class Closed(NamedTuple):
    """The exchange ended the order with *filled* atoms matched; *status* is its own word for why."""

    id: OrderId
    filled: Atoms
    status: str


class ProvenAbsent(NamedTuple):
    """The proof of `absence` that the exchange never had the order; *searched* says where and when it looked."""

    searched: str


class Vouched(NamedTuple):
    """A person's word for how an order ended of which nothing can be proven any more, and the *reason* for it.

    It ended with *filled* atoms in all. What of them is not booked yet was had at *price*, None where nothing is, for
    *fee* atoms of what the fill brought.
    """

    reason: str
    filled: Atoms = Atoms(0)
    price: Price | None = None
    fee: Atoms = Atoms(0)


Evidence: TypeAlias = (
    SendBegan | NothingLeft | AnswerLost | Accepted | Refused | Traded | Closed | ProvenAbsent | Vouched
)

PAUSED: Final = "RSN_PAUSE"
NO_SYMBOL: Final = "symbol: invalid"
"""How the exchange says that an instrument is paused, or not traded any more. Source: Bitfinex, "Order status"."""


def is_not_traded(evidence: Evidence) -> bool:
    """D20: whether the exchange ended or refused an order because nobody can trade its instrument now."""
    match evidence:
        case Closed(status=status):
            return status == PAUSED
        case Refused(reason):
            return NO_SYMBOL in reason
        case _:
            return False


def evidence_from_report(report: OrderReport) -> Accepted | Closed:
    """Return what a report of the exchange proves; raises `InexactNumber` for amounts finer than an atom."""
    filled = atoms(report.amount_filled)
    if report.status.is_open:
        return Accepted(report.id, filled)
    return Closed(report.id, filled, report.status.value)


def evidence_from_fill(fill: FillReport, instrument: Instrument) -> Traded:
    """Return a match as evidence, what of its fee is finer than an atom rounded against us.

    Raises `InexactNumber` for an amount or price that is finer than atoms and price units.
    """
    fee = None if fill.fee is None else Atoms(int(fill.fee.scaleb(ATOM_DECIMALS).to_integral_value(ROUND_CEILING)))
    currency = fill.fee_currency if fee is not None else None
    amount, price = atoms(fill.amount), instrument.price(fill.price)
    return Traded(fill.id, fill.order_id, fill.mts, amount, price, fee, currency or "")

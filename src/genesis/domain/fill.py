"""A match of one of our orders."""

from typing import NamedTuple

from genesis.domain.order import Cid, Side
from genesis.domain.units import Atoms, Mts, Price, Symbol


class Fill(NamedTuple):
    """What we got: *amount* of base at *price*, less *fee* in base when buying, in quote when selling.

    Source: Bitfinex documentation, "Fees": a fee is charged in the currency that the trade pays out.
    """

    mts: Mts
    symbol: Symbol
    cid: Cid
    side: Side
    amount: Atoms
    price: Price
    fee: Atoms

"""Exact numbers of the exchange as numbers of the wire, and the wire's as ours."""

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Final, cast

import msgspec

from genesis.adapters.bitfinex.wire.number import Number, js_text
from genesis.adapters.venue.complaints import Complaint, invalid
from genesis.domain.instrument import Instrument, Rounding
from genesis.domain.simulation.matching_order import NO_PRICE
from genesis.domain.units import (
    ATOM_DECIMALS,
    InexactNumber,
    Price,
    atoms,
    decimal_from_text,
    unscaled,
)

EIGHT: Final = Decimal("1e-8")
INTEGER: Final = re.compile(r"-?[0-9]{1,16}")
"""Digits as the wire writes them: `str.isdigit` would also take those of other scripts, and superscripts."""

_encoder: Final = msgspec.json.Encoder()


def written(value: object) -> str:
    """Return rows as JSON text. Their numbers are tokens of this module, which go out as they are."""
    return _encoder.encode(value).decode()


def token(text: str) -> Number:
    """Return a JSON number that is already written, in JavaScript's form.

    The rows are the client's; written out they take any token in a number's place, and a venue that made a Decimal of
    each number first would be half as fast."""
    return cast(Number, msgspec.Raw(text.encode()))


def number(value: Decimal) -> Number:
    """Return a decimal as a number of the wire."""
    return token(js_text(value))


ZERO: Final = token("0")


def number_from_atoms(amount: int) -> Number:
    """Return atoms as a number of the wire."""
    return token(scaled_text(amount, ATOM_DECIMALS))


def number_from_price(price: int, instrument: Instrument) -> Number:
    """Return a price as a number of the wire; `NO_PRICE` is 0."""
    return token(scaled_text(price, instrument.price_decimals))


@lru_cache(maxsize=65_536)
def scaled_text(number: int, decimals: int) -> str:
    """Return *number* units of 10^-decimals in JavaScript's form."""
    return js_text(unscaled(number, decimals))


def decimal_from_wire(value: object, name: str) -> Decimal:
    """Return a parameter, a decimal text or a JSON number; raises `Complaint`."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise invalid(name)
    try:
        return decimal_from_text(repr(value) if isinstance(value, float) else str(value))
    except InexactNumber:
        raise invalid(name) from None


def atoms_from_wire(value: object, name: str) -> int:
    """Return an amount in signed atoms, rounded to the eighth decimal as the exchange does; raises `Complaint`."""
    number = decimal_from_wire(value, name)
    if number.adjusted() > 10:
        raise invalid(name)
    try:
        return atoms(number.quantize(EIGHT, ROUND_HALF_UP))
    except InexactNumber:
        raise invalid(name) from None


def price_from_wire(value: object, name: str, instrument: Instrument) -> Price:
    """Return a price cut to eight decimals and five significant digits, as the exchange cuts it; raises `Complaint`."""
    number = decimal_from_wire(value, name)
    if number <= 0 or number.adjusted() > 9 or number.adjusted() < -instrument.price_decimals:
        raise invalid(name)
    units = int(number.scaleb(instrument.price_decimals))
    return instrument.on_grid(Price(units), Rounding.DOWN) if units else NO_PRICE


def integer_from_wire(value: object, name: str) -> int:
    """Return an id, flag or count, a JSON integer or digits; raises `Complaint`."""
    if isinstance(value, str) and INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid(name)
    return value


def integer_or_none(value: object) -> int | None:
    """Return an id to echo, None for none and for what is no id."""
    try:
        return None if value is None else integer_from_wire(value, "id")
    except Complaint:
        return None

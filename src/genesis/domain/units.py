"""Exact numbers: time in milliseconds, money in whole atoms, prices in whole units of an instrument's last decimal.

Inside, everything that is money is an `int`, so sums are exact and order never matters. At the edges (wire, HTTP,
files, people) it is `Decimal` and text. The crossings are the functions of this module and of `Instrument`; each
refuses NaN, infinity, and whatever does not fit exactly, and none rounds unless its name says so.
"""

import math
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Final, NewType

Mts = NewType("Mts", int)
"""Milliseconds since 1970-01-01 UTC."""

Atoms = NewType("Atoms", int)
"""1e-8 of a currency unit. An order's amount is > 0, its direction lives in `Side`."""

Price = NewType("Price", int)
"""Quote units per base unit, in 10^-price_decimals of the instrument (see `Instrument`), > 0."""

Ppb = NewType("Ppb", int)
"""Parts per billion: fees, slippage and portfolio weights as exact integers."""

Symbol = NewType("Symbol", str)
"""The exchange's spelling of an instrument: `tBTCUSD`, `tDUSK:USD`, `fUSD`."""

Currency = NewType("Currency", str)
"""A currency code as the exchange spells it: `BTC`, `USD`, `UST`."""

ATOM_DECIMALS: Final = 8
ATOMS_PER_UNIT: Final = 10**ATOM_DECIMALS
PPB: Final = 10**9
INT64_MAX: Final = 2**63 - 1
MONEY_MAX: Final = 2**60
"""No account may be worth more atoms than this (eleven thousand million units): it leaves room in 64 bits."""


_EXACT: Final = Context(prec=64, traps=[Inexact])
"""Digits beyond all that fit into 64 bits: what is cut off here was too fine."""


class InexactNumber(ValueError):
    """A number that cannot cross into exact arithmetic: not finite, too fine, or too large."""


def decimal_from_text(text: str) -> Decimal:
    """Return *text* as a finite Decimal; raises `InexactNumber` on anything else, `NaN` and `Infinity` included.

    `Decimal` alone would read digits of every script, digits parted by `_`, and spaces around them.
    """
    if not text.isascii() or "_" in text or text != text.strip():
        raise InexactNumber(f"{text!r} is not a number of plain digits")
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise InexactNumber(f"{text!r} is not a number") from None
    if not value.is_finite():
        raise InexactNumber(f"{text!r} is not a finite number")
    return value


def scaled(value: Decimal | int, decimals: int) -> int:
    """Return *value* in whole units of 10^-decimals; raises `InexactNumber` if it is finer or beyond 64 bits."""
    number = Decimal(value)
    if not number.is_finite():
        raise InexactNumber(f"{value} is not a finite number")
    if number and number.adjusted() + decimals > 19:  # spares the powers of ten that 1e999999 would need
        raise InexactNumber(f"{value} does not fit into 64 bits at {decimals} decimals")
    try:
        shifted = number.scaleb(decimals, _EXACT)
    except Inexact:
        raise InexactNumber(f"{value} has more than {decimals} decimals") from None
    result = int(shifted)
    if result != shifted:
        raise InexactNumber(f"{value} has more than {decimals} decimals")
    if not -INT64_MAX <= result <= INT64_MAX:
        raise InexactNumber(f"{value} does not fit into 64 bits at {decimals} decimals")
    return result


def unscaled(number: int, decimals: int) -> Decimal:
    """Return *number* units of 10^-decimals as an exact Decimal."""
    return Decimal((0 if number >= 0 else 1, tuple(map(int, str(abs(number)))), -decimals))


def format_scaled(number: int, decimals: int) -> str:
    """Return *number* units of 10^-decimals as plain decimal text without trailing zeros: the one canonical form."""
    if decimals == 0:
        return str(number)
    whole, part = divmod(abs(number), 10**decimals)
    fraction = f"{part:0{decimals}d}".rstrip("0")
    sign = "-" if number < 0 else ""
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def atoms(value: Decimal | int | str) -> Atoms:
    """Return currency units as atoms; raises `InexactNumber` on more than eight decimals or beyond 64 bits."""
    return Atoms(scaled(decimal_from_text(value) if isinstance(value, str) else value, ATOM_DECIMALS))


def decimal_from_atoms(amount: int) -> Decimal:
    """Return atoms as currency units, exactly."""
    return unscaled(amount, ATOM_DECIMALS)


def format_atoms(amount: int) -> str:
    """Return atoms as plain decimal text in currency units: `150000000` is `1.5`."""
    return format_scaled(amount, ATOM_DECIMALS)


def ppb(value: Decimal | int | str, per: int = 1) -> Ppb:
    """Return *value* ÷ *per* in parts per billion, rounded half to even; basis points have per=10_000."""
    number = decimal_from_text(value) if isinstance(value, str) else Decimal(value)
    if not number.is_finite():
        raise InexactNumber(f"{value} is not a finite number")
    if number and number.adjusted() > 12:
        raise InexactNumber(f"{value} is too large for a fraction")
    return Ppb(round(number * (PPB // per)))


def weight_ppb(size: float, target: float) -> Ppb:
    """Return size × target as one portfolio weight, rounded half to even; the only crossing from scores to money.

    Raises `InexactNumber` when the product is not finite.
    """
    weight = size * target
    if not math.isfinite(weight):
        raise InexactNumber(f"size {size} × target {target} is not a finite weight")
    return Ppb(round(weight * PPB))


def floor_mul_div(a: int, b: int, divisor: int) -> int:
    """Return floor(a × b ÷ divisor), exactly."""
    return a * b // divisor


def ceil_mul_div(a: int, b: int, divisor: int) -> int:
    """Return ceil(a × b ÷ divisor), exactly."""
    return -(-a * b // divisor)

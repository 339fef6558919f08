"""Numbers as the wire writes them: exact when read, in JavaScript's form when written."""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Final

from msgspec import Meta

MAGNITUDE_MAX: Final = 64
"""Powers of ten beyond which a number is nonsense; it also keeps `1e999999` from becoming a million digits."""

TEXT_MAX: Final = 128

SafeInt = Annotated[int, Meta(ge=-(2**53 - 1), le=2**53 - 1)]
"""An integer that the JavaScript on the other side can hold: ids, times in ms, flags, counts."""


class Number(Decimal):
    """A JSON number with every digit that was sent. Quoted numbers, NaN and infinity are no numbers."""

    __slots__ = ()


def number_from_json(text: str) -> Number:
    """Return the number of a JSON token exactly; raises `ValueError` beyond 10^±64 or 128 characters."""
    if len(text) > TEXT_MAX:
        raise ValueError(f"number of {len(text)} characters")
    try:
        number = Number(text)
    except InvalidOperation:
        raise ValueError(f"{text} is not a number") from None
    if not number.is_finite() or abs(number.adjusted()) > MAGNITUDE_MAX:
        raise ValueError(f"{text} is out of range")
    return number


def number_from_untyped(value: object) -> Number:
    """Return what the JSON reader made of a number as a `Number`.

    Raises `ValueError` for anything else, bool included.
    """
    if type(value) is Number:
        return value
    if type(value) is int:
        return number_from_json(str(value))
    raise ValueError(f"Expected a number, got `{type(value).__name__}`")


def js_text(number: Decimal) -> str:
    """Return a number as JavaScript prints it: `100`, `0.000001`, `9.9e-7`, `1e+21`.

    Source: ECMAScript, "Number::toString": plain between 1e-6 and 1e21, otherwise an exponent without padding.
    """
    if not number:
        return "0"
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int), f"{number} is not finite"
    point = len(digits) + exponent
    text = "".join(map(str, digits)).rstrip("0")  # not normalize(): it rounds to the precision of the context
    minus = "-" if sign else ""
    if 0 < point <= 21:
        plain = text.ljust(point, "0")
        return minus + plain[:point] + ("." + plain[point:] if point < len(text) else "")
    if -6 < point <= 0:
        return f"{minus}0.{'0' * -point}{text}"
    mantissa = text[0] + ("." + text[1:] if len(text) > 1 else "")
    return f"{minus}{mantissa}e{point - 1:+d}"

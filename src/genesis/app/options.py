"""What people write on the command line, as exact values; a wrong one is a sentence that names the option."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Final, TypeVar

from genesis.domain.candle import Timeframe
from genesis.domain.candle_series import series_symbol
from genesis.domain.units import Atoms, InexactNumber, Mts, Ppb, Symbol, atoms, decimal_from_text, ppb
from genesis.ports.errors import InputError

Choice = TypeVar("Choice", bound=Enum)

PORT_MAX: Final = 65_535
_UNITS_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def decimal_option(option: str, text: str) -> Decimal:
    """Return a number; raises `InputError`."""
    try:
        return decimal_from_text(text)
    except InexactNumber as error:
        raise InputError(f"--{option}: {error}") from None


def atoms_option(option: str, text: str) -> Atoms:
    """Return an amount of a currency as atoms; raises `InputError`."""
    try:
        return atoms(text)
    except InexactNumber as error:
        raise InputError(f"--{option}: {error}") from None


def percent_option(option: str, text: str) -> Ppb | None:
    """Return percent as parts per billion, None for an empty text; raises `InputError`."""
    if not text:
        return None
    try:
        return ppb(text, per=100)
    except InexactNumber as error:
        raise InputError(f"--{option}: {error}") from None


def choice_option(option: str, text: str, choices: type[Choice]) -> Choice:
    """Return the member of *choices* whose value is *text*; raises `InputError` that lists them."""
    try:
        return choices(text)
    except ValueError:
        known = ", ".join(str(each.value) for each in choices)
        raise InputError(f"--{option} {text!r}: is one of {known}") from None


def port_option(text: str, unset: int) -> int:
    """Return a port to listen at, *unset* for an empty text; raises `InputError`."""
    if not text:
        return unset
    digits = text.lstrip("0") or "0"
    if not (text.isascii() and digits.isdigit() and len(digits) <= len(f"{PORT_MAX}") and int(digits) <= PORT_MAX):
        raise InputError(f"--port {text!r}: give a number from 0 to {PORT_MAX}; 0 takes any free one")
    return int(digits)


def symbol_option(option: str, text: str) -> Symbol | None:
    """Return a trading symbol, None for an empty text; raises `InputError`."""
    try:
        return series_symbol(text) if text else None
    except ValueError as error:
        raise InputError(f"--{option}: {error}") from None


def timeframe_option(option: str, text: str) -> Timeframe | None:
    """Return a time frame, None for an empty text; raises `InputError`."""
    try:
        return Timeframe.parse(text) if text else None
    except ValueError as error:
        raise InputError(f"--{option}: {error}") from None


def parameters_option(given: Sequence[str], option: str = "param") -> dict[str, str]:
    """Return the `NAME=VALUE` texts of *option* as a mapping; raises `InputError` for what is none, or twice there."""
    parameters: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name or name in parameters:
            raise InputError(f"--{option} {text!r}: give each once, as NAME=VALUE")
        parameters[name] = value
    return parameters


def instant_option(option: str, text: str) -> Mts | None:
    """Return a UTC date or time (ISO 8601, or milliseconds since 1970), None for an empty text; raises `InputError`."""
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) == 13:
        return Mts(int(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"--{option} {text!r}: give a date such as 2018-01-31 or 2018-01-31T12:00, in UTC") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Mts((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1))


def seconds_option(option: str, text: str) -> float | None:
    """Return a span such as 90s, 15m, 1h or 2d in seconds, None for an empty text; raises `InputError`."""
    if not text:
        return None
    number = decimal_option(option, text[:-1]) if text[-1:] in _UNITS_S else Decimal(-1)
    if not 0 < number < 10**9:
        raise InputError(f"--{option} {text!r}: give a span such as 90s, 15m, 1h or 2d")
    return float(number) * _UNITS_S[text[-1]]

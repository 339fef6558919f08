"""Refusals as the exchange words them. Source: Bitfinex documentation, "Abbreviations and error codes"."""

from typing import Final

from genesis.domain.simulation.exchange_orders import Refusal, RefusalCode
from genesis.domain.units import Symbol, format_atoms

GENERIC: Final = 10001
PARAMETERS: Final = 10020
CONF_FAILED: Final = 10050
AUTH_FAILED: Final = 10100
AUTH_PAYLOAD: Final = 10111
AUTH_SIGNATURE: Final = 10112
STALE_NONCE: Final = 10114
SUBSCRIBE_FAILED: Final = 10300
SUBSCRIBED_TWICE: Final = 10301
UNKNOWN_CHANNEL: Final = 10302
TOO_MANY_CHANNELS: Final = 10305
UNKNOWN_SUBSCRIPTION: Final = 10400
RATE_LIMIT: Final = 11010
MAINTENANCE: Final = 20060


class Complaint(Exception):
    """A request that is refused: *code* and *text* as the exchange writes them, under an HTTP *status*."""

    def __init__(self, code: int | None, text: str, status: int = 500) -> None:
        self.code = code
        self.text = text
        self.status = status
        super().__init__(f"{code}: {text}")


def invalid(name: str) -> Complaint:
    """Return the complaint about a parameter."""
    return Complaint(PARAMETERS, f"{name}: invalid")


def refusal_text(refusal: Refusal, symbol: Symbol, base: str, quote: str) -> str:
    """Return why an order was refused, in the exchange's words."""
    match refusal.code:
        case RefusalCode.TOO_SMALL:
            return f"Invalid order: minimum size for {base}/{quote} is {format_atoms(refusal.limit)}"
        case RefusalCode.TOO_LARGE:
            return f"Invalid order: maximum size for {base}/{quote} is {format_atoms(refusal.limit)}"
        case RefusalCode.EXCHANGE_BALANCE | RefusalCode.TRADABLE_BALANCE | RefusalCode.NO_MARGIN:
            return f"Invalid order: {refusal.code.value} for {symbol[1:]}"
        case _:
            return str(refusal.code.value)

"""Why an order may not leave: a stable code, with what was observed and what is allowed."""

from enum import Enum

from attrs import frozen


class RefusalCode(Enum):
    """Stable names, for counters and for people."""

    AMOUNT_BELOW_MINIMUM = "amount_below_minimum"
    AMOUNT_ABOVE_MAXIMUM = "amount_above_maximum"
    POSITION_EXCEEDED = "position_exceeded"
    HALTED = "halted"
    REDUCE_ONLY = "reduce_only"
    LINK_DOWN = "link_down"
    MAINTENANCE = "maintenance"
    RECONCILING = "reconciling"
    FROZEN = "frozen"
    SYMBOL_PAUSED = "symbol_paused"
    NO_REFERENCE = "no_reference"
    STALE_DATA = "stale_data"
    PRICE_COLLAR = "price_collar"
    ORDER_AMOUNT = "order_amount"
    ORDER_NOTIONAL = "order_notional"
    EXPOSURE_INSTRUMENT = "exposure_instrument"
    EXPOSURE_TOTAL = "exposure_total"
    POSITIONS = "positions"
    BALANCE = "balance"
    SELF_CROSS = "self_cross"
    ORDER_RATE = "order_rate"
    REPEATED = "repeated"
    COOL_DOWN = "cool_down"


@frozen
class Refused:
    """The check that failed, with what was observed and what is allowed, as text in the units of the check."""

    code: RefusalCode
    observed: str
    allowed: str

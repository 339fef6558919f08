"""The one door to the exchange: an order is `Approved` here, and only an `Approved` fits a gateway."""

from enum import Enum
from typing import Final

from attrs import field, frozen

from genesis.domain.instrument import Instrument
from genesis.domain.order import OrderRequest, Side
from genesis.domain.units import format_atoms

_SEAL: Final = object()


@frozen
class Approved:
    """An order that passed every check. Only `check` can make one; an approved order made smaller must pass again."""

    order: OrderRequest
    _seal: object = field(repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        if self._seal is not _SEAL:
            raise TypeError("only the risk gate approves orders: call genesis.domain.risk.gate.check")


class RefusalCode(Enum):
    """Why an order may not leave: stable names, for counters and for people."""

    AMOUNT_BELOW_MINIMUM = "amount_below_minimum"
    AMOUNT_ABOVE_MAXIMUM = "amount_above_maximum"
    POSITION_EXCEEDED = "position_exceeded"
    HALTED = "halted"


@frozen
class Refused:
    """The check that failed, with what was observed and what is allowed, as text in the units of the check."""

    code: RefusalCode
    observed: str
    allowed: str


def check(order: OrderRequest, instrument: Instrument, position: int, is_halted: bool) -> Approved | Refused:
    """Approve *order* or refuse it; *position* is what is held, in atoms; *is_halted* lets only sales of it through."""
    if is_halted and order.side is Side.BUY:
        return Refused(RefusalCode.HALTED, order.side.value, "sales only")
    if order.amount < instrument.amount_min:
        return Refused(
            RefusalCode.AMOUNT_BELOW_MINIMUM, format_atoms(order.amount), f">= {format_atoms(instrument.amount_min)}"
        )
    if order.amount > instrument.amount_max:
        return Refused(
            RefusalCode.AMOUNT_ABOVE_MAXIMUM, format_atoms(order.amount), f"<= {format_atoms(instrument.amount_max)}"
        )
    if order.side is Side.SELL and order.amount > position:
        return Refused(RefusalCode.POSITION_EXCEEDED, format_atoms(order.amount), f"<= {format_atoms(position)}")
    return Approved(order, _SEAL)

"""The one door to the exchange: an order is `Approved` here, a change `ApprovedChange`; nothing else fits a gateway."""

from decimal import ROUND_CEILING, Decimal
from typing import Final

from attrs import field, frozen

from genesis.domain.exchange.orders import OrderChange, OrderReport
from genesis.domain.instrument import Instrument
from genesis.domain.order import OrderRequest, OrderType, Side
from genesis.domain.risk.account_guards import ACCOUNT_GUARDS
from genesis.domain.risk.limits import AccountLimits
from genesis.domain.risk.refusal import RefusalCode, Refused
from genesis.domain.risk.scene import Scene
from genesis.domain.units import ATOMS_PER_UNIT, format_atoms

_SEAL: Final = object()


@frozen
class Approved:
    """An order that passed every check. Only `check` can make one; an approved order made smaller must pass again."""

    order: OrderRequest
    _seal: object = field(repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        if self._seal is not _SEAL:
            raise TypeError("only the risk gate approves orders: call genesis.domain.risk.gate.check")


@frozen
class ApprovedChange:
    """A change of an open order that passed every check. Only `check_change` can make one."""

    change: OrderChange
    _seal: object = field(repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        if self._seal is not _SEAL:
            raise TypeError("only the risk gate approves changes: call genesis.domain.risk.gate.check_change")


def check(
    order: OrderRequest, instrument: Instrument, position: int, is_halted: bool, *, on_margin: bool = False
) -> Approved | Refused:
    """Approve *order* or refuse it; *position* is what is held, in atoms, < 0 when short.

    *is_halted* lets only what makes the position smaller through; without *on_margin* nothing is sold that is not held.
    """
    covers = order.amount <= (position if order.side is Side.SELL else -position)
    if is_halted and not covers and (on_margin or order.side is Side.BUY):
        return Refused(RefusalCode.HALTED, order.side.value, "reductions only" if on_margin else "sales only")
    wrong_amount = _wrong_amount(order.amount, instrument)
    if wrong_amount is not None:
        return wrong_amount
    if order.side is Side.SELL and not covers and not on_margin:
        return Refused(RefusalCode.POSITION_EXCEEDED, format_atoms(order.amount), f"<= {format_atoms(position)}")
    return Approved(order, _SEAL)


def check_in_account(
    order: OrderRequest,
    instrument: Instrument,
    position: int,
    is_halted: bool,
    limits: AccountLimits,
    scene: Scene,
    *,
    on_margin: bool = False,
) -> Approved | Refused:
    """Approve *order* as `check` does for its strategy, and only if every guard of the account lets it pass."""
    for guard in ACCOUNT_GUARDS:
        refusal = guard(order, instrument, limits, scene)
        if refusal is not None:
            return refusal
    return check(order, instrument, position, is_halted, on_margin=on_margin)


def check_change(
    change: OrderChange, order: OrderReport, instrument: Instrument, position: int, is_halted: bool
) -> ApprovedChange | Refused:
    """Approve *change* of the open *order* or refuse it; *position* and *is_halted* as in `check`.

    A change counts as the larger of what is open and what it asks for, for until its answer either may be true. While
    halted, a purchase may only shrink or move away from the market. Raises `ValueError` for a change of another order.
    """
    if (change.id, change.symbol, change.side) != (order.id, order.symbol, order.side):
        raise ValueError(f"a change of order {change.id} was checked against order {order.id}")
    is_sale, left = order.side is Side.SELL, _atoms_up(order.amount_remaining)
    amount = left if change.amount is None else change.amount
    if is_halted and not is_sale and not (amount <= left and _is_retreat(change, order, instrument)):
        return Refused(RefusalCode.HALTED, f"change of a {order.side.value}", "sales and retreats only")
    wrong_amount = _wrong_amount(amount, instrument)
    if wrong_amount is not None:
        return wrong_amount
    if is_sale and amount > max(left, position):
        return Refused(RefusalCode.POSITION_EXCEEDED, format_atoms(amount), f"<= {format_atoms(position)}")
    return ApprovedChange(change, _SEAL)


def _wrong_amount(amount: int, instrument: Instrument) -> Refused | None:
    if amount < instrument.amount_min:
        limit = f">= {format_atoms(instrument.amount_min)}"
        return Refused(RefusalCode.AMOUNT_BELOW_MINIMUM, format_atoms(amount), limit)
    if amount > instrument.amount_max:
        limit = f"<= {format_atoms(instrument.amount_max)}"
        return Refused(RefusalCode.AMOUNT_ABOVE_MAXIMUM, format_atoms(amount), limit)
    return None


def _atoms_up(amount: Decimal) -> int:
    """Return an amount as the exchange reported it in atoms, rounded up: after partial fills it can be finer."""
    return int((amount * ATOMS_PER_UNIT).to_integral_value(ROUND_CEILING))


def _is_retreat(change: OrderChange, order: OrderReport, instrument: Instrument) -> bool:
    """Whether a purchase would pay no more than before; new triggers are not judged, so they count as an advance."""
    if change.stop_limit_price is not None or change.trail is not None:
        return False
    if change.price is None:
        return True
    # A stop's price is its trigger, and a lower one is nearer to the market.
    is_resting = order.type is OrderType.LIMIT and order.price is not None
    return is_resting and instrument.decimal_from_price(change.price) <= (order.price or 0)

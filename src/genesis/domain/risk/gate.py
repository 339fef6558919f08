"""The one door to the exchange: an order is `Approved` here, a change `ApprovedChange`; nothing else fits a gateway."""

from decimal import ROUND_CEILING, Decimal
from typing import Final

from attrs import evolve, field, frozen

from genesis.domain.exchange.orders import OrderChange, OrderReport
from genesis.domain.instrument import Instrument
from genesis.domain.order import Cid, OrderRequest, OrderType, Side
from genesis.domain.risk.account_guards import ACCOUNT_GUARDS
from genesis.domain.risk.limits import AccountLimits
from genesis.domain.risk.refusal import RefusalCode, Refused
from genesis.domain.risk.scene import Scene
from genesis.domain.units import ATOMS_PER_UNIT, Atoms, InexactNumber, Price, ceil_mul_div, format_atoms

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
    refusal = _refused_by_account(order, instrument, limits, scene)
    return refusal or check(order, instrument, position, is_halted, on_margin=on_margin)


def check_change(
    change: OrderChange,
    order: OrderReport,
    instrument: Instrument,
    position: int,
    is_halted: bool,
    limits: AccountLimits,
    scene: Scene,
) -> ApprovedChange | Refused:
    """Approve *change* of the open *order* or refuse it; all else as in `check_in_account`.

    Every guard of the account judges what the order would be, in a scene without what it is; it is an order more for
    the rates. It counts as the larger of what is open and what the change asks for, for until its answer either may be
    true. While halted, a purchase may only shrink or move away from the market. Raises `ValueError` for a change of
    another order.
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
    changed = _changed(change, order, Atoms(max(left, amount)), instrument, scene)
    refusal = _refused_by_account(changed, instrument, limits, _without(order, instrument, scene))
    return refusal or ApprovedChange(change, _SEAL)


def _refused_by_account(
    order: OrderRequest, instrument: Instrument, limits: AccountLimits, scene: Scene
) -> Refused | None:
    for guard in ACCOUNT_GUARDS:
        refusal = guard(order, instrument, limits, scene)
        if refusal is not None:
            return refusal
    return None


def _changed(
    change: OrderChange, order: OrderReport, amount: Atoms, instrument: Instrument, scene: Scene
) -> OrderRequest:
    """Return the open order as it would be, with *amount*."""
    price, stop = change.price or _reported_price(order.price, instrument), None
    if order.type in {OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP}:  # its price is its trigger
        price, stop = change.stop_limit_price or _reported_price(order.price_auxiliary, instrument), price
    cid = order.cid or Cid(0)
    return OrderRequest(cid, order.symbol, order.side, order.type, amount, scene.now, price, stop, change.trail)


def _reported_price(price: Decimal | None, instrument: Instrument) -> Price | None:
    try:
        return None if price is None or price <= 0 else instrument.price(price)
    except InexactNumber:  # finer than ours: any price, which is the worst
        return None


def _without(order: OrderReport, instrument: Instrument, scene: Scene) -> Scene:
    """Return *scene* without the open *order*, and with the cash that it holds; one that is not ours counts on."""
    own = [each for each in scene.pending if each.cid is not None and each.cid == order.cid]
    if not own:
        return scene
    reserved = sum(
        ceil_mul_div(each.amount, each.price or scene.reference(Side.BUY) or 0, instrument.price_scale)
        for each in own
        if each.side is Side.BUY
    )
    pending = tuple(each for each in scene.pending if each not in own)
    return evolve(scene, pending=pending, cash_free=None if scene.cash_free is None else scene.cash_free + reserved)


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

"""The guards of the account, each one question about an order: None lets it pass, `Refused` says what was observed.

They fail closed: a guard that needs a price and has none refuses. What only reduces a position is refused by none of
the guards that watch its growth, nor by those that count orders: they would keep a strategy in.
"""

from collections.abc import Callable
from typing import Final

from attrs import evolve

from genesis.domain.instrument import Instrument
from genesis.domain.order import OrderRequest, OrderType, Side
from genesis.domain.risk.limits import AccountLimits
from genesis.domain.risk.refusal import RefusalCode, Refused
from genesis.domain.risk.scene import Scene, Standing, is_dormant, limit_of
from genesis.domain.units import PPB, Atoms, Price, ceil_mul_div, floor_mul_div, format_atoms

Guard = Callable[[OrderRequest, Instrument, AccountLimits, Scene], Refused | None]

MARKET_WALK: Final = PPB // 20
"""How far a market order may walk through a thin book at least, where it might meet an order of ours."""


def standing(_order: OrderRequest, _instrument: Instrument, _limits: AccountLimits, scene: Scene) -> Refused | None:
    """Nothing is sent while the link is down, in maintenance, before the account was reconciled, or when frozen."""
    return None if scene.standing is Standing.OPEN else not_open(scene.standing)


def not_open(standing: Standing) -> Refused:
    """Refuse whatever it is: nothing may be sent in this standing."""
    return Refused(RefusalCode(standing.value), standing.value, Standing.OPEN.value)


def fresh_data(order: OrderRequest, _instrument: Instrument, limits: AccountLimits, scene: Scene) -> Refused | None:
    """There is a price to judge by, and it is young enough."""
    if scene.reference(order.side) is None:
        return Refused(RefusalCode.NO_REFERENCE, "no price", "a fresh bid and ask")
    if limits.max_data_age_ms is not None and scene.age_ms > limits.max_data_age_ms:
        return Refused(RefusalCode.STALE_DATA, f"{scene.age_ms} ms", f"<= {limits.max_data_age_ms} ms")
    return None


def order_amount(order: OrderRequest, _instrument: Instrument, limits: AccountLimits, _scene: Scene) -> Refused | None:
    """The amount of one order."""
    allowed = limits.of(order.symbol).max_order_amount
    if allowed is None or order.amount <= allowed:
        return None
    return Refused(RefusalCode.ORDER_AMOUNT, format_atoms(order.amount), f"<= {format_atoms(allowed)}")


def order_notional(order: OrderRequest, instrument: Instrument, limits: AccountLimits, scene: Scene) -> Refused | None:
    """The notional of one order, at the dearer of its own price and the market's."""
    allowed = order_notional_max(order, limits)
    if allowed is None:
        return None
    notional = ceil_mul_div(order.amount, _price(order, scene), instrument.price_scale)
    if notional <= allowed:
        return None
    return Refused(RefusalCode.ORDER_NOTIONAL, format_atoms(notional), f"<= {format_atoms(allowed)}")


def order_notional_max(order: OrderRequest, limits: AccountLimits) -> int | None:
    """Return the smaller of the account's and the instrument's limit on the notional of one order."""
    both = (limits.max_order_notional, limits.of(order.symbol).max_order_notional)
    return min((each for each in both if each is not None), default=None)


def price_collar(order: OrderRequest, instrument: Instrument, limits: AccountLimits, scene: Scene) -> Refused | None:
    """A limit price may not lie too far beyond the market, nor a market order meet a torn book.

    A pair that guards a position may: where the market is past its target, it leaves at once for more than that, and
    without it there would be no stop.
    """
    bid, ask = scene.bid, scene.ask
    if limits.price_collar is None or bid is None or ask is None or order.oco_stop is not None:
        return None
    is_buy = order.side is Side.BUY
    if is_buy:
        price, allowed = limit_of(order) or ask, Price(floor_mul_div(bid, PPB + limits.price_collar, PPB))
    else:
        price, allowed = limit_of(order) or bid, Price(ceil_mul_div(ask, PPB - limits.price_collar, PPB))
    if (price <= allowed) if is_buy else (price >= allowed):
        return None
    sign = "<=" if is_buy else ">="
    observed, limit = (str(instrument.decimal_from_price(each)) for each in (price, allowed))
    return Refused(RefusalCode.PRICE_COLLAR, observed, f"{sign} {limit}")


def exposure(order: OrderRequest, instrument: Instrument, limits: AccountLimits, scene: Scene) -> Refused | None:
    """What the account may come to hold of the instrument, and of all together, at the worst case."""
    net = scene.worst_net(order)
    if net <= scene.worst_net() and _reduces(order, scene):
        return None
    price = _price(order, scene)
    worst = ceil_mul_div(net, price, instrument.price_scale)
    allowed = limits.of(order.symbol).max_exposure
    if allowed is not None and worst > allowed:
        return Refused(RefusalCode.EXPOSURE_INSTRUMENT, format_atoms(worst), f"<= {format_atoms(allowed)}")
    total = worst + scene.exposure_elsewhere
    if limits.max_exposure is not None and total > limits.max_exposure:
        return Refused(RefusalCode.EXPOSURE_TOTAL, format_atoms(total), f"<= {format_atoms(limits.max_exposure)}")
    return None


def concurrent_positions(
    order: OrderRequest, instrument: Instrument, limits: AccountLimits, scene: Scene
) -> Refused | None:
    """In how many instruments there may be a position, or an order that could open one; what no order moves is none."""
    is_there = scene.worst_net() >= instrument.amount_min
    if limits.max_positions is None or is_there or _reduces(order, scene):
        return None
    positions = scene.positions_elsewhere + 1
    if positions <= limits.max_positions:
        return None
    return Refused(RefusalCode.POSITIONS, str(positions), f"<= {limits.max_positions}")


def order_rate(_order: OrderRequest, _instrument: Instrument, limits: AccountLimits, scene: Scene) -> Refused | None:
    """How many orders leave in any window; those that get out count, and are not refused."""
    if scene.gets_out:
        return None
    for rate in limits.rates:
        count = 1 + sum(sent.mts > scene.now - rate.window_ms for sent in scene.sent)
        if count > rate.orders:
            return Refused(RefusalCode.ORDER_RATE, f"{count} in {rate.window_ms} ms", f"<= {rate.orders}")
    return None


def repeats(order: OrderRequest, _instrument: Instrument, limits: AccountLimits, scene: Scene) -> Refused | None:
    """How often a strategy may do the same again: the throttle on a strategy that has run wild.

    What gets out is not refused, and what guards its position neither counts nor ends the row: it did not wish that.
    """
    if limits.max_repeats is None or scene.gets_out:
        return None
    count = 1
    for sent in reversed(scene.sent):
        if sent.mts <= scene.now - limits.repeat_window_ms:
            break
        if sent.is_guard or (sent.strategy, sent.symbol) != (scene.strategy, order.symbol):
            continue
        if sent.side is not order.side:
            break
        count += 1
    if count <= limits.max_repeats:
        return None
    return Refused(RefusalCode.REPEATED, f"{count} {order.side.value}s in a row", f"<= {limits.max_repeats}")


def balance(order: OrderRequest, instrument: Instrument, _limits: AccountLimits, scene: Scene) -> Refused | None:
    """The account can pay for it: cash that no other purchase needs, or coins that no other sale sells."""
    if scene.cash_free is None:
        return None
    if order.side is Side.SELL:
        free = _coins_free(scene)
        if order.amount <= free:
            return None
        return Refused(RefusalCode.BALANCE, format_atoms(order.amount), f"<= {format_atoms(free)}")
    cost = ceil_mul_div(order.amount, limit_of(order) or scene.reference(Side.BUY) or Price(0), instrument.price_scale)
    if cost <= scene.cash_free:
        return None
    return Refused(RefusalCode.BALANCE, format_atoms(cost), f"<= {format_atoms(scene.cash_free)}")


def within_balance(order: OrderRequest, instrument: Instrument, scene: Scene) -> OrderRequest:
    """Cut what only gets out, or guards, to the coins there are: somebody may have moved what its strategy holds.

    Where there are too few for an order, it is left whole for `balance` to refuse.
    """
    if scene.cash_free is None or order.side is Side.BUY or not scene.gets_out:
        return order
    free = _coins_free(scene)
    return evolve(order, amount=Atoms(free)) if instrument.amount_min <= free < order.amount else order


def self_cross(order: OrderRequest, instrument: Instrument, limits: AccountLimits, scene: Scene) -> Refused | None:
    """No order of ours may meet another one of ours; what waits for a trigger is in no book, and meets none yet.

    A stop that the market is past already waits for nothing. What one meets that is triggered later nobody can know.
    """
    takes = order.type is OrderType.MARKET or _triggers_at_once(order, scene)
    rests = limit_of(order) is not None and (takes or not is_dormant(order))
    if not (takes or rests):
        return None
    reach = _reach(order, limits, scene) if takes else limit_of(order)
    for other in scene.pending:
        if other.cid is None or other.side is order.side or other.is_dormant:
            continue
        if not rests and other.price is None:  # two that take do not meet
            continue
        if reach is not None and other.price is not None and order.side.sign * (reach - other.price) < 0:
            continue
        where = "any price" if other.price is None else str(instrument.decimal_from_price(other.price))
        return Refused(RefusalCode.SELF_CROSS, f"our {other.side.value} {other.cid} at {where}", "no order of ours")
    return None


def _reach(order: OrderRequest, limits: AccountLimits, scene: Scene) -> Price | None:
    """Return the worst price at which an order that takes may fill, None for any."""
    meets = scene.reference(order.side)
    if order.type is OrderType.STOP_LIMIT:
        return order.price
    if limits.price_collar is None or meets is None:
        return None
    walk = max(limits.price_collar, MARKET_WALK)
    if order.side is Side.BUY:
        return Price(ceil_mul_div(meets, PPB + walk, PPB))
    return Price(floor_mul_div(meets, PPB - walk, PPB))


def _triggers_at_once(order: OrderRequest, scene: Scene) -> bool:
    """Tell whether the market is past the trigger of a stop, or of the stop of a pair."""
    trigger = order.stop_price if order.oco_stop is None else order.oco_stop
    reference = scene.reference(order.side)
    if trigger is None or reference is None:
        return False
    return trigger >= reference if order.side is Side.SELL else trigger <= reference


PRICE_GUARDS: Final[tuple[Guard, ...]] = (standing, fresh_data, price_collar)
"""Those that ask whether there is a price to trade at, whatever the order is."""

ACCOUNT_GUARDS: Final[tuple[Guard, ...]] = (
    standing,
    fresh_data,
    price_collar,
    order_amount,
    order_notional,
    exposure,
    concurrent_positions,
    balance,
    self_cross,
    order_rate,
    repeats,
)
"""In the order in which they are asked: the first refusal is the one that is told and counted."""


def _coins_free(scene: Scene) -> int:
    """Return the coins of the account that no other sale sells."""
    return scene.net_amount - scene.pending_amount(Side.SELL)


def _price(order: OrderRequest, scene: Scene) -> Price:
    """Return the dearest price that counts for an order's worth."""
    prices = (order.price, order.stop_price, scene.bid, scene.ask)
    return max((each for each in prices if each is not None), default=Price(0))


def _reduces(order: OrderRequest, scene: Scene) -> bool:
    """Whether the order, filled with all others of its side, only makes the position smaller."""
    left = abs(scene.net_amount) - scene.pending_amount(order.side) - order.amount
    is_against = order.side is (Side.SELL if scene.net_amount > 0 else Side.BUY)
    return scene.net_amount != 0 and is_against and left >= 0

"""How much: from a target weight to the amount of an order."""

from typing import NamedTuple

from genesis.domain.order import Side
from genesis.domain.units import PPB, Ppb, floor_mul_div


def capped_position_size(account_equity: float, risk_fraction: float, position_cap_pct: float) -> float:
    """Return equity × risk fraction in quote units, but at most *position_cap_pct* percent of equity.

    The cap is clipped to 0-100 %; equity, a fraction or a cap that is not positive, NaN included, gives 0.
    """
    if not (account_equity > 0 and risk_fraction > 0 and position_cap_pct > 0):
        return 0.0
    cap_pct = min(position_cap_pct, 100.0)
    return min(account_equity * risk_fraction, account_equity * cap_pct / 100.0)


def capped_weight(weight: Ppb, cap: Ppb | None) -> Ppb:
    """Return *weight*, but at most *cap* either way: `capped_position_size` in whole parts per billion of equity."""
    if cap is None or abs(weight) <= cap:
        return weight
    return cap if weight > 0 else Ppb(-cap)


class Rebalancing(NamedTuple):
    """What a new weight asks for: *delta* is the wish in atoms, *amount* what the account can do of it."""

    delta: int
    amount: int


def rebalance(
    side: Side, weight: Ppb, is_exit: bool, cash: int, position: int, price: int, price_scale: int, others: int = 0
) -> Rebalancing:
    """Size the order that moves a position to *weight* of equity at the fill price *price*.

    Equity is cash + floor(position × price) + *others*, what other positions on the same cash are worth; the wish is
    floor(weight × equity ÷ price) less what is held. An exit sells everything. A purchase is cut to what the cash pays
    for. A delta that is not positive asks for nothing on this side.
    """
    if is_exit and side is Side.SELL:
        return Rebalancing(position, position)
    equity = cash + floor_mul_div(position, price, price_scale) + others
    desired = floor_mul_div(weight * equity, price_scale, PPB * price)
    if side is Side.SELL:
        return Rebalancing(position - desired, position - desired)
    delta = desired - position
    return Rebalancing(delta, min(delta, floor_mul_div(cash, price_scale, price)))

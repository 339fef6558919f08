"""What a desk of the walk wants: the target of a close becomes an order that waits, and at the open that has a size."""

import numpy as np

from genesis.domain.candle import Floats, Ints
from genesis.domain.compiled import kernel, step
from genesis.domain.risk.budget import budgeted, has_moved
from genesis.domain.risk.margin import rebalance_on_margin
from genesis.domain.simulation.slippage import impact_of, worsened
from genesis.domain.simulation.walk_state import (
    ACTED_ON,
    BUDGET,
    CAP,
    IS_STOPPED_OUT,
    PAUSE,
    PAUSED,
    PENDING,
    POSITION,
    REDUCED,
    RESTING,
    SCALE,
    SIZE,
    VALUE,
    VALUE_MAX,
    WANTED,
    WANTED_BUDGET,
    Rules,
)
from genesis.domain.simulation.wide import ceil_mul_div_64, floor_mul_div_64
from genesis.domain.units import PPB


@step
def rises(target: float, budget: int, acted_on: float, acted_budget: int) -> bool:
    """Tell whether going from one exposure to another buys."""
    if budget == acted_budget:
        return target > acted_on
    return target * float(budget) > acted_on * float(acted_budget)


@step
def grows(target: float, budget: int, acted_on: float, acted_budget: int) -> bool:
    """Tell whether going from one exposure to another adds risk."""
    was, wanted = acted_on * float(acted_budget), target * float(budget)
    return abs(wanted) > abs(was) or wanted * was < 0.0


@kernel
def seek(whole: Ints, real: Floats, target: float, budget: int, band: int) -> None:
    """Let an order wait for the next open, unless the target at this budget is what was acted on."""
    acted_on = real[ACTED_ON]
    is_same = target == acted_on and (
        target == 0.0 or whole[IS_STOPPED_OUT] != 0 or not has_moved(budget, whole[BUDGET], band)
    )
    if is_same or whole[RESTING]:
        whole[PENDING] = 0
    else:
        whole[PENDING], whole[WANTED_BUDGET], real[WANTED] = 1, budget, target


@kernel
def decide(whole: Ints, real: Floats, target: float, budget: int, band: int, mts: int, reduce_until: int) -> None:
    """Take the target and the budget of a close, within what a reduce-only or a pause leaves of them."""
    if budget < 0 and target != 0.0:
        return
    budget = max(budget, 0)
    if mts < reduce_until or mts < whole[PAUSE]:
        acted_on = real[ACTED_ON]
        bound = min(max(target, min(acted_on, 0.0)), max(acted_on, 0.0))
        if bound != target:
            whole[REDUCED if mts < reduce_until else PAUSED] += 1
        target = bound
        budget = min(budget, whole[BUDGET])
    seek(whole, real, target, budget, band)


@kernel
def sized(
    rules: Rules, whole: Ints, real: Floats, settings: Ints, cash: int, others: int, price: int, is_buy: bool
) -> tuple[int, int]:
    """Return what the order that waits asks for at *price*, and what the account can do of it."""
    scale, target, position = settings[SCALE], real[WANTED], whole[POSITION]
    weight = budgeted(int(np.rint(real[SIZE] * target * PPB)), whole[WANTED_BUDGET])
    weight = min(max(weight, -settings[CAP]), settings[CAP])
    is_exit = target == 0.0
    if rules.leverage > 0:
        weight = budgeted(weight, rules.leverage)
        return rebalance_on_margin(
            is_buy, is_exit, weight, rules.leverage, rules.margin_fee, cash, position, price, scale
        )
    if is_exit and not is_buy:
        return position, position
    equity = cash + floor_mul_div_64(position, price, scale) + others
    desired = floor_mul_div_64(weight, equity, price * (PPB // scale))
    if not is_buy:
        return position - desired, position - desired
    return desired - position, min(desired - position, floor_mul_div_64(cash, scale, price))


@step
def too_large(rules: Rules, equity: int, price: int, scale: int) -> bool:
    """Tell whether a full position at *price* would leave what the walk can count."""
    full = float(max(equity, 0)) * max(float(rules.leverage) / PPB, 1.0)
    return full > VALUE_MAX or full * float(scale) > VALUE_MAX * float(price)


@step
def moved(rules: Rules, price: int, amount: int, volume: float, is_buy: bool) -> int:
    """Return *price* made worse by what an order of *amount* moves it itself, where orders move anything."""
    if rules.impact_cap <= 0:
        return price
    return worsened(price, impact_of(amount, volume, rules.impact, rules.impact_cap), is_buy)


@kernel
def ordered(
    rules: Rules,
    cash: int,
    worth: int,
    whole: Ints,
    real: Floats,
    own: Ints,
    opened: int,
    slippage: int,
    volume: float,
    is_buy: bool,
) -> tuple[int, int, int]:
    """Return what the order that waits asks for at the open, what the account can do of it, and its price.

    The price is 0 where a number would leave what the walk can count.
    """
    equity, others = cash + worth, worth - whole[VALUE]
    price = ceil_mul_div_64(opened, PPB + slippage, PPB) if is_buy else floor_mul_div_64(opened, PPB - slippage, PPB)
    if price <= 0 or too_large(rules, equity, price, own[SCALE]):
        return 0, 0, 0
    delta, amount = sized(rules, whole, real, own, cash, others, price, is_buy)
    if rules.impact_cap <= 0 or delta <= 0 or amount <= 0:
        return delta, amount, price
    further = moved(rules, price, amount, volume, is_buy)
    if too_large(rules, equity, further, own[SCALE]):
        return 0, 0, 0
    delta, most = sized(rules, whole, real, own, cash, others, further, is_buy)
    amount = min(amount, most)
    if delta > 0 and amount > 0:
        price = moved(rules, price, amount, volume, is_buy)
    return delta, amount, price

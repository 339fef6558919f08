"""The books of the walk: fills and what they do to the cash and to a desk, and the fees they pay."""

from genesis.domain.candle import Ints
from genesis.domain.compiled import kernel
from genesis.domain.risk.guards import after_trip
from genesis.domain.risk.margin import HOUR_MS, value_at
from genesis.domain.simulation.walk_state import (
    ENTRY,
    FEE_HOURS,
    FLOW,
    HEAD,
    HOUR,
    IS_ON_MARGIN,
    IS_STOPPED_OUT,
    LOSSES,
    MAKER,
    MOST_LOSSES,
    PAUSE,
    PAUSE_MS,
    POSITION,
    REST_TRADED,
    SCALE,
    TAIL,
    TAKER,
    UNITS_TRADED,
    VALUE,
    Fills,
    Till,
)
from genesis.domain.simulation.wide import ceil_mul_div_64, floor_mul_div_64
from genesis.domain.units import ATOMS_PER_UNIT, PPB


@kernel
def book(whole: Ints, settings: Ints, net_amount: int, price: int, fee: int, on_margin: bool, mts: int) -> int:
    """Book a fill on one instrument; return the change of the cash."""
    scale, before = settings[SCALE], whole[POSITION]
    if net_amount > 0:
        change = -ceil_mul_div_64(net_amount, price, scale)
        after = before + net_amount
        if on_margin:
            change -= fee
        else:
            after -= fee
    else:
        change = floor_mul_div_64(-net_amount, price, scale) - fee
        after = before + net_amount
    whole[POSITION] = after
    if abs(after) > abs(before) or (after > 0 > before) or (before > 0 > after):
        whole[ENTRY], whole[IS_STOPPED_OUT] = price, 0
    whole[FLOW] += change
    whole[VALUE] = value_at(after, price, scale)
    if before != 0 and (after == 0 or (before > 0) != (after > 0)):
        profit = whole[FLOW] + whole[VALUE]
        whole[LOSSES], whole[PAUSE] = after_trip(
            whole[LOSSES], whole[PAUSE], mts, profit, settings[MOST_LOSSES], settings[PAUSE_MS]
        )
        whole[FLOW] = -whole[VALUE]
    return change


@kernel
def fee_of(net_amount: int, price: int, scale: int, fee: int, on_margin: bool) -> int:
    """Return the fee of a fill: in base when buying on spot, else in quote; rounded up."""
    if net_amount < 0:
        return ceil_mul_div_64(floor_mul_div_64(-net_amount, price, scale), fee, PPB)
    if on_margin:
        return ceil_mul_div_64(ceil_mul_div_64(net_amount, price, scale), fee, PPB)
    return ceil_mul_div_64(net_amount, fee, PPB)


@kernel
def settle_fees(fees: Ints, tiers: Ints, fills: Fills, filled: int, mts: Ints, now: int) -> None:
    """Set the fees of the hour of *now* by what was traded in the thirty days before it."""
    hour = now // HOUR_MS
    if hour == fees[HOUR]:
        return
    fees[HOUR] = hour
    while fees[HEAD] < filled and mts[fills.rows[fees[HEAD]]] // HOUR_MS < hour:
        notional = fills.notionals[fees[HEAD]]
        fees[UNITS_TRADED] += notional // ATOMS_PER_UNIT
        fees[REST_TRADED] += notional % ATOMS_PER_UNIT
        fees[HEAD] += 1
    while fees[TAIL] < fees[HEAD] and mts[fills.rows[fees[TAIL]]] // HOUR_MS < hour - FEE_HOURS:
        notional = fills.notionals[fees[TAIL]]
        fees[UNITS_TRADED] -= notional // ATOMS_PER_UNIT
        fees[REST_TRADED] -= notional % ATOMS_PER_UNIT
        fees[TAIL] += 1
    traded = fees[UNITS_TRADED] + fees[REST_TRADED] // ATOMS_PER_UNIT
    for at in range(len(tiers)):
        if traded >= tiers[at, 0]:
            fees[MAKER], fees[TAKER] = tiers[at, 1], tiers[at, 2]


@kernel
def trade(
    till: Till,
    whole: Ints,
    own: Ints,
    fills: Fills,
    row: int,
    net_amount: int,
    price: int,
    fees: Ints,
    role: int,
    now: int,
) -> Till:
    """Make and book a fill as MAKER or TAKER, whose fee it pays; who rested was the maker."""
    scale, filled, before = own[SCALE], till.filled, whole[VALUE]
    on_margin = own[IS_ON_MARGIN] != 0
    fee = fee_of(net_amount, price, scale, fees[role], on_margin)
    fills.rows[filled], fills.net_amounts[filled] = row, net_amount
    fills.prices[filled], fills.fees[filled] = price, fee
    fills.rested[filled] = role == MAKER
    fills.notionals[filled] = floor_mul_div_64(abs(net_amount), price, scale)
    change = book(whole, own, net_amount, price, fee, on_margin, now)
    return Till(till.cash + change, till.worth + whole[VALUE] - before, filled + 1)

"""The compiled walk of everything that trades: several instruments on one cash, budgets, limits of a strategy, margin.

For each time at which an instrument has a candle, in this order: what was decided before fills at the opens, instrument
by instrument; then, instrument by instrument, the close: equity, the guards, the decision. `domain.desk` does the same
event by event, and tests hold the two together. `columnar.walk` is the short way for one spot instrument
whose sizes are what the strategy says.
"""

from typing import Final, NamedTuple

import numpy as np

from genesis.domain.candle import DAY_MS, Floats, Ints
from genesis.domain.compiled import kernel, step
from genesis.domain.instrument import PRICE_UNITS_MAX
from genesis.domain.risk.budget import budgeted, has_moved
from genesis.domain.risk.guards import FOREVER, NEVER, after_trip
from genesis.domain.risk.margin import (
    HOUR_MS,
    funding_due,
    is_short_of_margin,
    liquidation_price,
    rebalance_on_margin,
    value_at,
)
from genesis.domain.simulation.guard_path import (
    better,
    entry_limit,
    guard_price,
    is_met,
    is_taken,
    stopped_at,
    trail_met,
    trail_of,
    trail_trigger,
)
from genesis.domain.simulation.slippage import impact_of, worsened
from genesis.domain.simulation.wide import ceil_mul_div_64, floor_mul_div_64
from genesis.domain.units import ATOMS_PER_UNIT, MONEY_MAX, PPB

VALUE_MAX: Final = 2.0**60
"""No position is worth more atoms, and none has more: products would leave what `wide` takes."""

# What each instrument brings, and what it carries from candle to candle: rows of matrices, for a compiled loop cannot
# keep tuples in an array.
AMOUNT_MIN, SCALE, CAP, BAND, MOST_LOSSES, PAUSE_MS, STOP, TAKE, TRAIL, OFFSET, PATIENCE, SETTINGS = range(12)
CURSOR, END, POSITION, VALUE, FLOW, LOSSES, PAUSE, BUDGET, PENDING, WANTED_BUDGET, UNITS, LAST_MTS = range(12)
REFUSED, REDUCED, PAUSED = range(12, 15)
ENTRY, IS_GUARDED, TRIGGER, TARGET, TRAIL_BY, BEST = range(15, 21)
RESTING, LIMIT, GIVEN_UP, BUDGET_BEFORE, IS_STOPPED_OUT, WHOLES = range(21, 27)
SIZE, ACTED_ON, WANTED, ACTED_BEFORE, REALS = range(5)

# What the fees are now, and the fills that they follow from: those from TAIL to before HEAD were made in the thirty
# days before HOUR, and come to UNITS and REST atoms of the quote currency. One number could not hold their sum.
MAKER, TAKER, HOUR, HEAD, TAIL, UNITS_TRADED, REST_TRADED, FEES = range(8)
FEE_HOURS: Final = 30 * 24

DRAWDOWN, DAILY_LOSS, LIQUIDATED = range(1, 4)
"""What ended the free choice: the kinds of a `Breaches` row."""


class Rules(NamedTuple):
    """What holds for all instruments; a limit below 0 is off, and so is margin with a leverage of 0."""

    cash: int
    max_drawdown: int
    max_daily_loss: int
    only_reduces: bool
    leverage: int
    maintenance: int
    funding_a_day: int
    margin_fee: int
    impact: int
    impact_cap: int


class Columns(NamedTuple):
    """The candles of all instruments, one after the other; *budget* and *slippage* in parts per billion.

    *slippages* is one number where all are the same, *volumes* empty where orders move nothing.
    """

    mts: Ints
    opens: Floats
    highs: Floats
    lows: Floats
    closes: Floats
    targets: Floats
    budgets: Ints
    slippages: Ints
    volumes: Floats


class Fills(NamedTuple):
    """Room for fills: the row of the candle, the amount (< 0 when sold), price, fee, and what it was worth."""

    rows: Ints
    net_amounts: Ints
    prices: Ints
    fees: Ints
    notionals: Ints


class Breaches(NamedTuple):
    """Room for breaches: the row of the candle, the kind, and equity and peak then."""

    rows: Ints
    kinds: Ints
    equities: Ints
    peaks: Ints


class Watch(NamedTuple):
    """What the guards remember of the equity."""

    peak: int
    day_end: int
    last_equity: int
    drawdown_floor: int
    day_floor: int
    calm_above: int


@step
def floor_below(peak: int, max_drawdown: int) -> int:
    """Return the largest equity that breaches the drawdown."""
    return floor_mul_div_64(peak, PPB - max_drawdown, PPB) if max_drawdown >= 0 else NEVER


@step
def observed(watch: Watch, mts: int, equity: int, max_drawdown: int, max_daily_loss: int) -> tuple[Watch, int]:
    """Return what the guards remember after a close, and the kind of the breach, 0 for none."""
    peak, day_end, last, floor, day_floor, _ = watch
    if equity > peak:
        peak = equity
        floor = floor_below(peak, max_drawdown)
    if mts >= day_end:
        day_end = (mts // DAY_MS + 1) * DAY_MS
        day_floor = last - max_daily_loss if max_daily_loss >= 0 else NEVER
    kind = 0
    if equity <= floor:
        kind = DRAWDOWN
    elif equity < day_floor:
        kind = DAILY_LOSS
    return Watch(peak, day_end, equity, floor, day_floor, max(floor, day_floor - 1)), kind


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
    whole: Ints,
    own: Ints,
    fills: Fills,
    filled: int,
    row: int,
    net_amount: int,
    price: int,
    fee_rate: int,
    on_margin: bool,
    now: int,
) -> int:
    """Make and book a fill; return the change of the cash."""
    scale = own[SCALE]
    fee = fee_of(net_amount, price, scale, fee_rate, on_margin)
    fills.rows[filled], fills.net_amounts[filled] = row, net_amount
    fills.prices[filled], fills.fees[filled] = price, fee
    fills.notionals[filled] = floor_mul_div_64(abs(net_amount), price, scale)
    return book(whole, own, net_amount, price, fee, on_margin, now)


@step
def is_price(price: float, scale: int) -> bool:
    """Tell whether *price* has a place on the instrument's decimals."""
    return 0.5 <= price * float(scale) <= PRICE_UNITS_MAX


@kernel
def guard(whole: Ints, own: Ints, opened: int) -> None:
    """Let what guards a position rest in the market, which is at *opened*, if the position is large enough."""
    whole[IS_GUARDED] = 0
    is_long, entry = whole[POSITION] > 0, whole[ENTRY]
    if abs(whole[POSITION]) < own[AMOUNT_MIN] or (own[STOP] == 0 and own[TRAIL] == 0):
        return
    whole[IS_GUARDED] = 1
    if own[TRAIL]:
        whole[TRAIL_BY], whole[BEST] = trail_of(entry, own[TRAIL]), opened
        whole[TRIGGER] = trail_trigger(opened, whole[TRAIL_BY], is_long)
        return
    whole[TRIGGER] = guard_price(entry, -own[STOP] if is_long else own[STOP], is_long)
    if own[TAKE]:
        whole[TARGET] = guard_price(entry, own[TAKE] if is_long else -own[TAKE], is_long)


@kernel
def rest(whole: Ints, real: Floats, own: Ints, net_amount: int, limit: int, now: int) -> None:
    """Let an entry wait for the market, and count its target as acted on meanwhile."""
    whole[RESTING], whole[LIMIT], whole[GIVEN_UP] = net_amount, limit, now + own[PATIENCE]
    whole[BUDGET_BEFORE], real[ACTED_BEFORE] = whole[BUDGET], real[ACTED_ON]


@kernel
def give_up(whole: Ints, real: Floats) -> None:
    """Withdraw an entry that waits: its target is tried again after the next close."""
    if whole[RESTING]:
        whole[RESTING] = 0
        whole[BUDGET], real[ACTED_ON] = whole[BUDGET_BEFORE], real[ACTED_BEFORE]


@kernel
def follow(whole: Ints, price: int) -> None:
    """Let a trailing stop follow the price."""
    if whole[TRAIL_BY]:
        whole[BEST] = better(whole[BEST], price, whole[POSITION] > 0)
        whole[TRIGGER] = trail_trigger(whole[BEST], whole[TRAIL_BY], whole[POSITION] > 0)


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


@kernel
def walk_desks(  # noqa: C901 - one loop: its state would have to be carried through every call
    rules: Rules,
    columns: Columns,
    settings: Ints,
    wholes: Ints,
    reals: Floats,
    fees: Ints,
    tiers: Ints,
    equities: Ints,
    fills: Fills,
    breaches: Breaches,
) -> tuple[int, int, int, int]:
    """Walk all instruments; return cash, the numbers of fills and breaches, and the row that does not fit or -1.

    *equities* gets what all is worth after each close, in the order in which they happen.
    """
    mts, opens, highs, lows, closes, targets, budgets, slippages, volumes = columns
    count, on_margin = len(wholes), rules.leverage > 0
    has_budgets = len(budgets) > 0
    has_slippages = len(slippages) > 1
    has_impact = len(volumes) > 0
    has_tiers = len(tiers) > 0
    is_guarding = False
    for k in range(count):
        is_guarding = is_guarding or settings[k, STOP] > 0 or settings[k, TRAIL] > 0
    cash, worth = rules.cash, 0
    closed = filled = breached = 0
    watch = Watch(cash, 0, cash, floor_below(cash, rules.max_drawdown), NEVER, NEVER)
    halted, reduce_until = False, 0
    slippage = slippages[0]
    while True:
        now = FOREVER
        for k in range(count):
            if wholes[k, CURSOR] < wholes[k, END]:
                now = min(now, mts[wholes[k, CURSOR]])
        if now == FOREVER:
            return cash, filled, breached, -1
        for k in range(count):
            whole, real, own = wholes[k], reals[k], settings[k]
            i = whole[CURSOR]
            if (
                i >= whole[END]
                or mts[i] != now
                or not (whole[PENDING] or whole[IS_GUARDED] or whole[RESTING] or (on_margin and whole[POSITION]))
            ):
                continue
            scale = own[SCALE]
            units = opens[i] * float(scale)
            if not 0.5 <= units <= PRICE_UNITS_MAX:
                return cash, filled, breached, i
            opened = int(np.rint(units))
            if has_slippages:
                slippage = slippages[i]
            if has_tiers:
                settle_fees(fees, tiers, fills, filled, mts, now)
            is_liquidated = False
            if whole[RESTING]:
                adds_risk = whole[POSITION] == 0 or (whole[RESTING] > 0) == (whole[POSITION] > 0)
                is_bounded = adds_risk and mts[i - 1] < max(reduce_until, whole[PAUSE])  # since the close before
                if is_bounded or now >= whole[GIVEN_UP]:
                    give_up(whole, real)
            if on_margin and whole[POSITION]:
                hours = now // HOUR_MS - whole[LAST_MTS] // HOUR_MS
                if hours > 0:
                    due = funding_due(cash, whole[POSITION], whole[UNITS], scale, rules.funding_a_day, hours)
                    cash -= due
                    whole[FLOW] -= due
                is_liquidated = is_short_of_margin(cash, whole[POSITION], opened, scale, rules.maintenance)
            worst = opened
            has_decided = False
            if whole[PENDING] and not is_liquidated:
                whole[PENDING] = 0
                has_decided = True
                is_buy = rises(real[WANTED], whole[WANTED_BUDGET], real[ACTED_ON], whole[BUDGET])
                if is_buy:
                    price = ceil_mul_div_64(opened, PPB + slippage, PPB)
                else:
                    price = floor_mul_div_64(opened, PPB - slippage, PPB)
                if price <= 0 or too_large(rules, cash + worth, price, scale):
                    return cash, filled, breached, i
                delta, amount = sized(rules, whole, real, own, cash, worth - whole[VALUE], price, is_buy)
                if has_impact and delta > 0 and amount > 0:
                    moved = worsened(price, impact_of(amount, volumes[i], rules.impact, rules.impact_cap), is_buy)
                    if too_large(rules, cash + worth, moved, scale):
                        return cash, filled, breached, i
                    delta, most = sized(rules, whole, real, own, cash, worth - whole[VALUE], moved, is_buy)
                    amount = min(amount, most)
                    if delta > 0 and amount >= own[AMOUNT_MIN]:
                        impact = impact_of(amount, volumes[i], rules.impact, rules.impact_cap)
                        price = worsened(price, impact, is_buy)
                if delta > 0 and amount < own[AMOUNT_MIN]:
                    whole[REFUSED] += 1
                else:
                    is_entry = own[OFFSET] >= 0 and not halted and abs(whole[POSITION]) < own[AMOUNT_MIN]
                    is_entry = is_entry and delta > 0 and real[WANTED] != 0.0
                    net_amount = amount if is_buy else -amount
                    if is_entry:
                        bid = floor_mul_div_64(opened, PPB - slippage, PPB)
                        ask = ceil_mul_div_64(opened, PPB + slippage, PPB)
                        rest(whole, real, own, net_amount, entry_limit(bid, ask, own[OFFSET], is_buy), now)
                    real[ACTED_ON], whole[BUDGET] = real[WANTED], whole[WANTED_BUDGET]
                    if delta > 0 and not is_entry:
                        before = whole[VALUE]
                        cash += trade(whole, own, fills, filled, i, net_amount, price, fees[TAKER], on_margin, now)
                        worth += whole[VALUE] - before
                        filled += 1
            if has_decided and is_guarding:
                guard(whole, own, opened)
            lowest = highest = nearest = farthest = 0
            start = opened
            if (whole[IS_GUARDED] or whole[RESTING]) and not is_liquidated:
                if not (is_price(lows[i], scale) and is_price(highs[i], scale) and is_price(closes[i], scale)):
                    return cash, filled, breached, i
                lowest, highest = int(np.rint(lows[i] * float(scale))), int(np.rint(highs[i] * float(scale)))
                nearest, farthest = lowest, highest
                if whole[RESTING] and is_met(whole[LIMIT], lowest, highest, whole[RESTING] > 0):
                    start, net_amount = whole[LIMIT], whole[RESTING]
                    before = whole[VALUE]
                    cash += trade(whole, own, fills, filled, i, net_amount, start, fees[MAKER], on_margin, now)
                    worth += whole[VALUE] - before
                    filled += 1
                    whole[RESTING] = 0
                    last = int(np.rint(closes[i] * float(scale)))
                    if net_amount > 0:  # the other extreme may have come before
                        highest = last
                    else:
                        lowest = last
                    guard(whole, own, start)
            is_guarded = whole[IS_GUARDED] != 0 and not is_liquidated
            is_long = whole[POSITION] > 0
            left_at, is_resting = 0, False
            if is_guarded:
                follow(whole, start)
                trigger, hurting, other = whole[TRIGGER], lowest, farthest
                if not is_long:
                    hurting, other = highest, nearest
                if whole[TRAIL_BY]:
                    trigger = trail_met(whole[BEST], whole[TRAIL_BY], hurting, other, is_long)
                left_at = stopped_at(trigger, start, hurting, is_long)
                is_gone = on_margin and is_short_of_margin(
                    cash, whole[POSITION], max(left_at, 1), scale, rules.maintenance
                )
                if is_gone:  # before the stop is reached
                    left_at = 0
            if on_margin and whole[POSITION] and not (is_liquidated or left_at):
                units = (lows[i] if whole[POSITION] > 0 else highs[i]) * float(scale)
                if not 0.5 <= units <= PRICE_UNITS_MAX:
                    return cash, filled, breached, i
                worst = int(np.rint(units))
                worst = min(worst, start) if whole[POSITION] > 0 else max(worst, start)
                is_liquidated = is_short_of_margin(cash, whole[POSITION], worst, scale, rules.maintenance)
            if is_guarded and not (is_liquidated or left_at):
                best = better(start, highest if is_long else lowest, is_long)
                if is_taken(whole[TARGET], best, is_long):
                    left_at, is_resting = whole[TARGET], True
                else:
                    follow(whole, best)
            if left_at:
                net_amount, price, fee_rate = -whole[POSITION], left_at, fees[MAKER]
                if not is_resting:
                    fee_rate = fees[TAKER]
                    price = worsened(price, slippage, net_amount > 0)
                    if has_impact:
                        impact = impact_of(abs(net_amount), volumes[i], rules.impact, rules.impact_cap)
                        price = worsened(price, impact, net_amount > 0)
                before = whole[VALUE]
                cash += trade(whole, own, fills, filled, i, net_amount, price, fee_rate, on_margin, now)
                worth += whole[VALUE] - before
                filled += 1
                whole[IS_GUARDED], whole[IS_STOPPED_OUT] = 0, 1
            if is_liquidated:
                whole[IS_GUARDED] = 0
                price = liquidation_price(cash, whole[POSITION], start, worst, scale, rules.maintenance, slippage)
                net_amount = -whole[POSITION]
                if has_impact:
                    impact = impact_of(abs(net_amount), volumes[i], rules.impact, rules.impact_cap)
                    price = worsened(price, impact, net_amount > 0)
                before = whole[VALUE]
                cash += trade(whole, own, fills, filled, i, net_amount, price, fees[TAKER], on_margin, now)
                worth += whole[VALUE] - before
                filled += 1
                real[ACTED_ON] = 0.0
                halted = True
                breaches.rows[breached], breaches.kinds[breached] = i, LIQUIDATED
                breaches.equities[breached], breaches.peaks[breached] = cash + worth, watch.peak
                breached += 1
                for j in range(count):
                    wholes[j, PENDING] = wholes[j, RESTING] = 0
        for k in range(count):
            whole, real, own = wholes[k], reals[k], settings[k]
            i = whole[CURSOR]
            if i >= whole[END] or mts[i] != now:
                continue
            whole[CURSOR] = i + 1
            if whole[POSITION]:
                scale = own[SCALE]
                units = closes[i] * float(scale)
                if not 0.5 <= units <= PRICE_UNITS_MAX:
                    return cash, filled, breached, i
                if float(abs(whole[POSITION])) * units > VALUE_MAX * float(scale):
                    return cash, filled, breached, i
                whole[UNITS], whole[LAST_MTS] = int(np.rint(units)), now
                value = value_at(whole[POSITION], whole[UNITS], scale)
                worth += value - whole[VALUE]
                whole[VALUE] = value
            equity = cash + worth
            equities[closed] = equity
            closed += 1
            has_breached = False
            if now < watch.day_end and watch.calm_above < equity <= watch.peak:
                watch = Watch(
                    watch.peak, watch.day_end, equity, watch.drawdown_floor, watch.day_floor, watch.calm_above
                )
            else:
                if equity > MONEY_MAX:
                    return cash, filled, breached, i
                watch, kind = observed(watch, now, equity, rules.max_drawdown, rules.max_daily_loss)
                if kind and not halted:
                    until = watch.day_end if kind == DAILY_LOSS else FOREVER
                    if not rules.only_reduces:
                        halted = has_breached = True
                    elif until > reduce_until:
                        reduce_until = until
                        has_breached = True
                        for j in range(count):
                            if grows(reals[j, WANTED], wholes[j, WANTED_BUDGET], reals[j, ACTED_ON], wholes[j, BUDGET]):
                                wholes[j, PENDING] = 0
                    if has_breached:
                        breaches.rows[breached], breaches.kinds[breached] = i, kind
                        breaches.equities[breached], breaches.peaks[breached] = equity, watch.peak
                        breached += 1
            if halted:
                if has_breached:
                    for j in range(count):
                        seek(wholes[j], reals[j], 0.0, wholes[j, BUDGET], settings[j, BAND])
                        give_up(wholes[j], reals[j])
                else:
                    seek(whole, real, 0.0, whole[BUDGET], own[BAND])
                continue
            target = targets[i]
            if has_budgets:
                if target == target:
                    target = min(max(target, -1.0 if on_margin else 0.0), 1.0)
                    decide(whole, real, target, budgets[i], own[BAND], now, reduce_until)
            elif target == real[ACTED_ON]:
                whole[PENDING] = 0
            elif target == target:
                target = min(max(target, -1.0 if on_margin else 0.0), 1.0)
                decide(whole, real, target, PPB, own[BAND], now, reduce_until)

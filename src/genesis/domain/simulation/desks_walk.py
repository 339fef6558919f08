"""The compiled walk of everything that trades: several instruments on one cash, budgets, limits of a strategy, margin.

For each time at which an instrument has a candle, in this order: what was decided before fills at the opens, instrument
by instrument, and what rests meets the rest of the candle; then, instrument by instrument, the close: equity, the
guards, the decision. `domain.desk` does the same event by event, and tests hold the two together. `columnar.walk` is
the short way for one spot instrument whose sizes are what the strategy says.
"""

import numpy as np

from genesis.domain.candle import Floats, Ints
from genesis.domain.compiled import kernel
from genesis.domain.instrument import PRICE_UNITS_MAX
from genesis.domain.risk.guards import FOREVER, NEVER
from genesis.domain.risk.margin import HOUR_MS, funding_due, is_short_of_margin, liquidation_price, value_at
from genesis.domain.simulation.guard_path import better, entry_limit, is_met, is_taken
from genesis.domain.simulation.slippage import worsened
from genesis.domain.simulation.walk_guard import follow, give_up, guard, is_price, rest, stopped
from genesis.domain.simulation.walk_ledger import settle_fees, trade
from genesis.domain.simulation.walk_state import (
    ACTED_ON,
    AMOUNT_MIN,
    BAND,
    BUDGET,
    CURSOR,
    DAILY_LOSS,
    END,
    FLOW,
    GIVEN_UP,
    IS_GUARDED,
    IS_STOPPED_OUT,
    LAST_MTS,
    LIMIT,
    LIQUIDATED,
    MAKER,
    OFFSET,
    PAUSE,
    PENDING,
    POSITION,
    REFUSED,
    RESTING,
    SCALE,
    STOP,
    TAKER,
    TARGET,
    TRAIL,
    UNITS,
    VALUE,
    VALUE_MAX,
    WANTED,
    WANTED_BUDGET,
    Breaches,
    Columns,
    Fills,
    Rules,
)
from genesis.domain.simulation.walk_watch import Watch, floor_below, observed
from genesis.domain.simulation.walk_wish import decide, grows, moved, ordered, rises, seek
from genesis.domain.simulation.wide import ceil_mul_div_64, floor_mul_div_64
from genesis.domain.units import MONEY_MAX, PPB


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
    has_tiers = len(tiers) > 0
    is_guarding = False
    for k in range(count):
        is_guarding = is_guarding or settings[k, STOP] > 0 or settings[k, TRAIL] > 0
    cash, worth = rules.cash, 0
    closed = filled = breached = 0
    watch = Watch(cash, 0, cash, floor_below(cash, rules.max_drawdown), NEVER, NEVER)
    halted, reduce_until = False, 0
    slippage, volume = slippages[0], 0.0
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
            if not is_price(opens[i], scale):
                return cash, filled, breached, i
            opened = int(np.rint(opens[i] * float(scale)))
            if has_slippages:
                slippage = slippages[i]
            if rules.impact_cap > 0:
                volume = volumes[i]
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
                delta, amount, price = ordered(rules, cash, worth, whole, real, own, opened, slippage, volume, is_buy)
                if price == 0:
                    return cash, filled, breached, i
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
            lowest = highest = last = 0
            start, has_entered = opened, False
            if (whole[IS_GUARDED] or whole[RESTING]) and not is_liquidated:
                if not (is_price(lows[i], scale) and is_price(highs[i], scale) and is_price(closes[i], scale)):
                    return cash, filled, breached, i
                lowest, highest = int(np.rint(lows[i] * float(scale))), int(np.rint(highs[i] * float(scale)))
                last = int(np.rint(closes[i] * float(scale)))
                if whole[RESTING] and is_met(whole[LIMIT], lowest, highest, whole[RESTING] > 0):
                    start, net_amount = whole[LIMIT], whole[RESTING]
                    before = whole[VALUE]
                    cash += trade(whole, own, fills, filled, i, net_amount, start, fees[MAKER], on_margin, now)
                    worth += whole[VALUE] - before
                    filled += 1
                    whole[RESTING] = 0
                    has_entered = True
                    guard(whole, own, start)
            is_guarded = whole[IS_GUARDED] != 0 and not is_liquidated
            is_long = whole[POSITION] > 0
            left_at, is_resting = 0, False
            if is_guarded:
                follow(whole, start)
                left_at = stopped(whole, start, lowest, highest, is_long)
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
                best = highest if is_long else lowest
                if has_entered:  # that extreme may have come before
                    best = last
                best = better(start, best, is_long)
                if is_taken(whole[TARGET], best, is_long):
                    left_at, is_resting = whole[TARGET], True
                else:
                    follow(whole, best)
            if left_at:
                net_amount, price, fee_rate = -whole[POSITION], left_at, fees[MAKER]
                if not is_resting:
                    fee_rate = fees[TAKER]
                    price = worsened(price, slippage, net_amount > 0)
                    price = moved(rules, price, abs(net_amount), volume, net_amount > 0)
                before = whole[VALUE]
                cash += trade(whole, own, fills, filled, i, net_amount, price, fee_rate, on_margin, now)
                worth += whole[VALUE] - before
                filled += 1
                whole[IS_GUARDED], whole[IS_STOPPED_OUT] = 0, 1
            if is_liquidated:
                whole[IS_GUARDED] = 0
                price = liquidation_price(cash, whole[POSITION], start, worst, scale, rules.maintenance, slippage)
                net_amount = -whole[POSITION]
                price = moved(rules, price, abs(net_amount), volume, net_amount > 0)
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

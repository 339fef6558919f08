"""The compiled walk of everything that trades: several instruments on one cash, budgets, limits of a strategy, margin.

For each time at which an instrument has a candle, in this order: what was decided before fills at the opens, instrument
by instrument; then what rests meets the rest of each candle; then, instrument by instrument, the close: equity, the
guards, the decision. `core.TradingCore` does the same event by event, and tests hold the two together. `columnar.walk`
is the short way for one spot instrument whose sizes are what the strategy says.
"""

import numpy as np

from genesis.domain.candle import Floats, Ints
from genesis.domain.compiled import kernel
from genesis.domain.instrument import PRICE_UNITS_MAX
from genesis.domain.risk.guards import FOREVER, NEVER
from genesis.domain.risk.margin import HOUR_MS, funding_due, is_short_of_margin, value_at
from genesis.domain.simulation.guard_path import entry_limit
from genesis.domain.simulation.walk_guard import adds_risk, give_up, guard, held_by, is_price, rest
from genesis.domain.simulation.walk_ledger import settle_fees, trade
from genesis.domain.simulation.walk_path import IS_LIQUIDATED, UNFIT, passed
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
    LAST_MTS,
    LIQUIDATED,
    OFFSET,
    PAUSE,
    PENDING,
    POSITION,
    REFUSED,
    RESTING,
    SCALE,
    STOP,
    TAKER,
    TRAIL,
    UNITS,
    VALUE,
    VALUE_MAX,
    WANTED,
    WANTED_BUDGET,
    Breaches,
    Columns,
    Fills,
    Meeting,
    Rules,
    Till,
)
from genesis.domain.simulation.walk_watch import Watch, floor_below, observed
from genesis.domain.simulation.walk_wish import decide, grows, ordered, rises, seek
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
    is_guarding = has_entries = False
    for k in range(count):
        is_guarding = is_guarding or settings[k, STOP] > 0 or settings[k, TRAIL] > 0
        has_entries = has_entries or settings[k, OFFSET] >= 0
    has_paths = is_guarding or has_entries or on_margin
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
        for k in range(count if has_entries else 0):
            if now >= wholes[k, GIVEN_UP]:
                give_up(wholes[k], reals[k])
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
            is_gone = False  # on margin, before it could trade
            if on_margin and whole[POSITION]:
                hours = now // HOUR_MS - whole[LAST_MTS] // HOUR_MS
                if hours > 0:
                    due = funding_due(cash, whole[POSITION], whole[UNITS], scale, rules.funding_a_day, hours)
                    cash -= due
                    whole[FLOW] -= due
                is_gone = is_short_of_margin(cash, whole[POSITION], opened, scale, rules.maintenance)
            if whole[PENDING] and not is_gone:
                whole[PENDING] = 0
                is_buy = rises(real[WANTED], whole[WANTED_BUDGET], real[ACTED_ON], whole[BUDGET])
                held = held_by(wholes) if has_entries else 0
                delta, amount, price = ordered(
                    rules, cash - held, worth + held, whole, real, own, opened, slippage, volume, is_buy
                )
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
                        till = Till(cash, worth, filled)
                        cash, worth, filled = trade(till, whole, own, fills, i, net_amount, price, fees, TAKER, now)
                        if is_guarding:
                            guard(whole, own, opened)
        for k in range(count if has_paths else 0):
            whole, real, own = wholes[k], reals[k], settings[k]
            i = whole[CURSOR]
            if (
                i >= whole[END]
                or mts[i] != now
                or not (whole[IS_GUARDED] or whole[RESTING] or (on_margin and whole[POSITION]))
            ):
                continue
            if has_slippages:
                slippage = slippages[i]
            if rules.impact_cap > 0:
                volume = volumes[i]
            meeting = Meeting(i, now, opens[i], lows[i], highs[i], closes[i], slippage, volume)
            till, outcome = passed(rules, Till(cash, worth, filled), whole, own, fills, fees, meeting)
            cash, worth, filled = till
            if outcome == UNFIT:
                return cash, filled, breached, i
            if outcome == IS_LIQUIDATED:
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
            target = targets[i]
            if halted:
                if has_breached:
                    for j in range(count):
                        seek(wholes[j], reals[j], 0.0, wholes[j, BUDGET], settings[j, BAND])
                        give_up(wholes[j], reals[j])
                else:
                    seek(whole, real, 0.0, whole[BUDGET], own[BAND])
            elif has_budgets:
                if target == target:
                    target = min(max(target, -1.0 if on_margin else 0.0), 1.0)
                    decide(whole, real, target, budgets[i], own[BAND], now, reduce_until)
            elif target == real[ACTED_ON]:
                whole[PENDING] = 0
            elif target == target:
                target = min(max(target, -1.0 if on_margin else 0.0), 1.0)
                decide(whole, real, target, PPB, own[BAND], now, reduce_until)
            for j in range(count if has_entries else 0):
                if now < max(reduce_until, wholes[j, PAUSE]) and adds_risk(wholes[j]):
                    give_up(wholes[j], reals[j])

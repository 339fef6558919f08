"""The columnar engine over many runs at once: tiles of candles that stay in the cache, walked by every run in turn.

It finds what `columnar.walk` finds, to the last atom, but looks closely only where something can change: where a target
does, and where equity may make a peak or breach a guard. Between two fills the account stands still, and equity rises
and falls with the close alone. So a stretch of candles needs no more than a comparison of its lowest and highest close
with two prices: below the one no new peak, above the other no breach of a guard. Both err on the safe side, and every
stretch beyond them takes the exact steps. Orders that are refused because the account is too small are tried again at
every candle; those, too, are passed over while the answer cannot change.
"""

from typing import Final, NamedTuple

import numpy as np

from genesis.domain.candle import DAY_MS, Floats, Ints
from genesis.domain.compiled import kernel, step
from genesis.domain.instrument import PRICE_UNITS_MAX
from genesis.domain.risk.guards import NEVER
from genesis.domain.simulation.columnar import FILLED, REFUSED, UNFIT, VALUE_MAX, Account, Terms, attempt
from genesis.domain.simulation.sweep_scan import (
    Targets,
    Tile,
    highest_of,
    lowest_of,
    mark_changes,
    next_mark,
    range_closes,
    target_at,
)
from genesis.domain.simulation.wide import ceil_mul_div_64, floor_mul_div_64
from genesis.domain.strategy.elementwise import CHOOSE_GREATER, binary_loop, choose_loop, unary_loop
from genesis.domain.units import INT64_MAX, MONEY_MAX, PPB

STRIDE: Final = 16
"""Candles that are passed over together, where a longer stretch cannot be."""
EPSILON: Final = 1e-12
"""Wider than the rounding of the few float operations that make a price to compare closes with."""
_DIGEST_FACTOR: Final = 0x5851F42D4C957F2D

# What a run carries from tile to tile: rows of two matrices, for a compiled loop cannot keep tuples in an array.
CASH, POSITION, PENDING, FILLS, REFUSALS, HALTED_AT, BREACH, PEAK, NEXT_DAY, DAY_FLOOR = range(10)
DAY, SINCE, HELD, FEES, TRIPS, WINS, GAINS, LOSSES, OPENING_CASH, DIGEST, BAD, WHOLES = range(10, 22)
ACTED_ON, WANTED, DRAWDOWN, REALS = range(4)


class Market(NamedTuple):
    """The candles of a sweep: columns, and the row of the last candle up to the end of each day."""

    mts: Ints
    opens: Floats
    closes: Floats
    day_ends: Ints


class Bounds(NamedTuple):
    """Closes from *quiet* to *highest* leave peak and worst drawdown as they are; below *least* a guard may speak."""

    least: float
    quiet: float
    highest: float


NOTHING_CHANGES: Final = Bounds(-np.inf, -np.inf, np.inf)


@step
def digested(digest: int, row: int, net_amount: int, price: int, fee: int) -> int:
    """Return the digest of the fills up to this one: a 63-bit number that hardly any other fills share."""
    for number in (row, net_amount, price, fee):
        digest = ((digest ^ number) * _DIGEST_FACTOR) & INT64_MAX
        digest ^= digest >> 29
    return digest


@step
def bounds(terms: Terms, cash: int, position: int, peak: int, drawdown: float, floor: int) -> Bounds:
    """Return closes between which equity makes no new peak, no drawdown beyond *drawdown*, and stays above *floor*."""
    if position == 0:
        return NOTHING_CHANGES
    scale = float(terms.price_scale)
    per_unit = scale / float(position)
    margin = float(cash + peak) * per_unit * EPSILON + 2.0
    least = (float(floor) - float(cash)) * per_unit + margin if floor >= 0 else 1.0
    worst = (float(peak) * (1.0 - drawdown) - float(cash)) * per_unit + margin
    highest = (float(peak) - float(cash)) * per_unit - margin
    highest = min(highest, PRICE_UNITS_MAX * (1.0 - EPSILON), VALUE_MAX * per_unit * (1.0 - EPSILON))
    per_price = 1.0 / scale
    least = max(least, 1.0)
    return Bounds(least * per_price, max(worst, least) * per_price, highest * per_price)


@step
def lost(peak: int, equity: int) -> float:
    """Return the share of *peak* that is lost at *equity*."""
    return float(peak - equity) / float(peak) if peak > 0 else 0.0


@step
def worth(terms: Terms, cash: int, position: int, close: float) -> int:
    """Return the equity at a close that is known to fit."""
    if position == 0:
        return cash
    return cash + floor_mul_div_64(position, int(np.rint(close * float(terms.price_scale))), terms.price_scale)


@kernel
def walk_tiles(
    terms: Terms,
    market: Market,
    store: Floats,
    scratch: Floats,
    tile: Tile,
    instructions: Ints,
    starts: Ints,
    wholes: Ints,
    reals: Floats,
    day_equity: Ints,
) -> None:
    """Walk all runs over all candles, tile by tile.

    *store* holds the shared columns as (tile, column, candle). The instructions of run r are those from starts[r] to
    starts[r + 1], each (code, output, four inputs); an input >= 0 is a column, one < 0 the row -1 - input of
    *scratch*, as outputs are. The last one is code -1 and names the target. A fault leaves its candle in BAD.
    """
    count = len(market.closes)
    length = store.shape[2]
    for number in range(store.shape[0]):
        begin = number * length
        size = min(length, count - begin)
        range_closes(market.closes, begin, size, tile.lows, tile.highs)
        for run in range(len(starts) - 1):
            if wholes[run, BAD] >= 0:
                continue
            at = starts[run]
            while instructions[at, 0] >= 0 and instructions[at, 0] != CHOOSE_GREATER:
                code, out = instructions[at, 0], scratch[-1 - instructions[at, 1]]
                a, b, c = instructions[at, 2], instructions[at, 3], instructions[at, 4]
                first = store[number, a] if a >= 0 else scratch[-1 - a]
                second = store[number, b] if b >= 0 else scratch[-1 - b]
                if code < 10:
                    binary_loop(code, first, second, out)
                elif code < 13:
                    unary_loop(code, first, out)
                else:
                    third = store[number, c] if c >= 0 else scratch[-1 - c]
                    choose_loop(first, second, third, out)
                at += 1
            is_choice, then, otherwise = instructions[at, 0] == CHOOSE_GREATER, 0.0, 0.0
            a = b = instructions[at, 1]
            if is_choice:
                a, b = instructions[at, 2], instructions[at, 3]
                then, otherwise = scratch[-1 - instructions[at, 4], 0], scratch[-1 - instructions[at, 5], 0]
            first = store[number, a] if a >= 0 else scratch[-1 - a]
            second = store[number, b] if b >= 0 else scratch[-1 - b]
            targets = Targets(is_choice, first, second, then, otherwise)
            mark_changes(tile, targets, size)
            _advance(terms, market, tile, targets, begin, size, wholes[run], reals[run], day_equity[run])


@kernel
def _advance(  # noqa: C901 - one loop: a call per candle would cost more than its work
    terms: Terms,
    market: Market,
    tile: Tile,
    targets: Targets,
    begin: int,
    size: int,
    whole: Ints,
    real: Floats,
    day_equity: Ints,
) -> None:
    mts, opens, closes, day_ends = market
    cash, position, acted_on = whole[CASH], whole[POSITION], real[ACTED_ON]
    is_pending, wanted = whole[PENDING] != 0, real[WANTED]
    halted_at, peak, drawdown, day = whole[HALTED_AT], whole[PEAK], real[DRAWDOWN], whole[DAY]
    next_day, day_floor = whole[NEXT_DAY], whole[DAY_FLOOR]
    scale = float(terms.price_scale)
    watches_days = terms.max_daily_loss >= 0
    floor = NEVER
    if terms.max_drawdown >= 0:
        floor = floor_mul_div_64(peak, PPB - terms.max_drawdown, PPB)
    calm = bounds(terms, cash, position, peak, drawdown, max(floor, day_floor) if halted_at < 0 else NEVER)
    # A close below `lowest` would be the worst of this peak: it is only remembered there, and valued when the account
    # or the peak is about to change.
    lowest, is_lower = calm.quiet, False
    j = 0
    while j < size:
        i = begin + j
        is_refused = False
        is_exact = i == 0  # an account that begins with nothing is down by all of it at once
        if is_pending:
            units = opens[i] * scale
            if not 0.5 <= units <= PRICE_UNITS_MAX:
                whole[BAD] = i
                return
            account, trade = attempt(terms, Account(cash, position, acted_on), wanted, int(np.rint(units)))
            if trade.outcome == UNFIT:
                whole[BAD] = i
                return
            if watches_days and mts[i] >= next_day:
                before = worth(terms, cash, position, closes[i - 1])
                next_day = (mts[i] // DAY_MS + 1) * DAY_MS
                day_floor = before - terms.max_daily_loss
            acted_on = account.acted_on
            if trade.outcome == FILLED:
                if is_lower:
                    drawdown = max(drawdown, lost(peak, worth(terms, cash, position, lowest)))
                    is_lower = False
                while day_ends[day] < i:
                    day_equity[day] = worth(terms, cash, position, closes[day_ends[day]])
                    day += 1
                if position > 0:
                    whole[HELD] += i - whole[SINCE]
                else:
                    whole[OPENING_CASH] = cash
                whole[SINCE] = i
                whole[FEES] += (
                    ceil_mul_div_64(trade.fee, trade.price, terms.price_scale) if trade.net_amount > 0 else trade.fee
                )
                whole[DIGEST] = digested(whole[DIGEST], i, trade.net_amount, trade.price, trade.fee)
                whole[FILLS] += 1
                cash, position = account.cash, account.position
                if position == 0:
                    profit = cash - whole[OPENING_CASH]
                    whole[TRIPS] += 1
                    if profit > 0:
                        whole[WINS] += 1
                        whole[GAINS] += profit
                    else:
                        whole[LOSSES] -= profit
                    is_exact = True
                guard = max(floor, day_floor) if halted_at < 0 else NEVER
                calm = bounds(terms, cash, position, peak, drawdown, guard)
                lowest = calm.quiet
            elif trade.outcome == REFUSED:
                whole[REFUSALS] += 1
                is_refused = True
            is_pending = False
        # The account stands still until a close decides something.
        last = j
        if halted_at >= 0:
            last = size if acted_on == 0.0 else j
        elif not is_refused:
            last = next_mark(tile.words, j)
            while last < size:
                target = target_at(targets, last)
                if target != acted_on and target == target and min(max(target, 0.0), 1.0) != acted_on:
                    break
                last = next_mark(tile.words, last + 1)
        # Closes j to last, as far as they are in this tile.
        stop = min(last + 1, size)
        while j < stop:
            i = begin + j
            if not is_exact:
                if watches_days and mts[begin + stop - 1] >= next_day:
                    end = min(j + STRIDE, stop)
                    is_same_day = mts[begin + end - 1] < next_day
                else:
                    end, is_same_day = stop, True
                if position == 0 and is_same_day:
                    j = end
                    continue
                low, high = lowest_of(tile, j, end), highest_of(tile, j, end)
                if not (is_same_day and calm.least <= low and high <= calm.highest):
                    end = min(j + STRIDE, end)
                    low, high = lowest_of(tile, j, end), highest_of(tile, j, end)
                    is_same_day = not watches_days or mts[begin + end - 1] < next_day
                if not (is_same_day and calm.least <= low and high <= calm.highest):
                    end = j + 1
                    low = high = closes[i]
                    is_same_day = not watches_days or mts[i] < next_day
                if is_same_day and calm.least <= low and high <= calm.highest:
                    if low < lowest:
                        lowest, is_lower = low, True
                    j = end
                    continue
            is_exact = False
            equity = cash
            if watches_days and mts[i] >= next_day:
                before = worth(terms, cash, position, closes[i - 1]) if i > 0 else terms.cash
                next_day = (mts[i] // DAY_MS + 1) * DAY_MS
                day_floor = before - terms.max_daily_loss
            if position > 0:
                units = closes[i] * scale
                if not (0.5 <= units <= PRICE_UNITS_MAX and position * units <= VALUE_MAX * scale):
                    whole[BAD] = i
                    return
                equity += floor_mul_div_64(position, int(np.rint(units)), terms.price_scale)
            if is_lower:
                drawdown = max(drawdown, lost(peak, worth(terms, cash, position, lowest)))
                is_lower = False
            if equity > peak:
                if equity > MONEY_MAX:
                    whole[BAD] = i
                    return
                peak = equity
                if terms.max_drawdown >= 0:
                    floor = floor_mul_div_64(peak, PPB - terms.max_drawdown, PPB)
            else:
                drawdown = max(drawdown, lost(peak, equity))
            if halted_at < 0 and (equity <= floor or equity < day_floor):
                halted_at = i
                whole[BREACH] = 1 if equity <= floor else 2
                last = j
                stop = j + 1
            calm = bounds(terms, cash, position, peak, drawdown, max(floor, day_floor) if halted_at < 0 else NEVER)
            lowest = calm.quiet
            j += 1
        if last >= size:
            continue
        target = 0.0 if halted_at >= 0 else target_at(targets, last)
        if target == target:
            before_wanted = wanted
            wanted = min(max(target, 0.0), 1.0)
            is_pending = wanted != acted_on
            if is_refused and is_pending and wanted == before_wanted:
                # The same order again, until a price comes at which the answer may be another.
                i = begin + last
                open_lowest, open_highest = 1.0 / scale, PRICE_UNITS_MAX * (1.0 - EPSILON) / scale
                hopeless = wanted == 0.0 and position < terms.amount_min
                if position == 0 and wanted > acted_on:
                    weight = min(int(np.rint(terms.size * wanted * PPB)), terms.position_cap)
                    dear = float(weight) * float(cash) / (2.0 * float(terms.weight_scale)) / scale
                    open_lowest = opens[i]
                    open_highest = min(open_highest, dear * PPB / (PPB + terms.slippage) * (1.0 - EPSILON))
                    hopeless = True
                while hopeless and j < size:
                    i = begin + j
                    if not open_lowest <= opens[i] <= open_highest:
                        break
                    if not lowest <= closes[i] <= calm.highest or (watches_days and mts[i] >= next_day):
                        break
                    whole[REFUSALS] += 1
                    target = 0.0 if halted_at >= 0 else target_at(targets, j)
                    j += 1
                    if target != target:
                        is_pending = False
                        break
                    before_wanted = wanted
                    wanted = min(max(target, 0.0), 1.0)
                    is_pending = wanted != acted_on
                    hopeless = wanted == before_wanted
    if is_lower:
        drawdown = max(drawdown, lost(peak, worth(terms, cash, position, lowest)))
    whole[CASH], whole[POSITION], real[ACTED_ON] = cash, position, acted_on
    whole[PENDING], real[WANTED] = int(is_pending), wanted
    whole[HALTED_AT], whole[PEAK], real[DRAWDOWN] = halted_at, peak, drawdown
    whole[NEXT_DAY], whole[DAY_FLOOR] = next_day, day_floor
    end = begin + size
    while day < len(day_ends) and day_ends[day] < end:
        day_equity[day] = worth(terms, cash, position, closes[day_ends[day]])
        day += 1
    whole[DAY] = day
    if end == len(closes) and position > 0:
        whole[HELD] += end - whole[SINCE]
        whole[SINCE] = end

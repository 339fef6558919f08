"""The columnar engine: a whole backtest as one compiled walk over columns, equal to the reducer's to the last atom.

What it does for each candle, in this order: fill at the open what the close before decided; equity at the close; the
guards; the decision. `core.TradingCore` with `adapters.memory.CandleMarket` does the same event by event; tests hold
the two together.
"""

from typing import Final, NamedTuple

import numpy as np
from attrs import frozen

from genesis.domain.candle import DAY_MS, Candles, Floats, Ints
from genesis.domain.compiled import kernel, step
from genesis.domain.instrument import PRICE_UNITS_MAX, Instrument
from genesis.domain.risk.guards import FOREVER, NEVER, Breach, OnBreach, RiskLimits, after_trip
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.simulation.wide import ceil_mul_div_64, floor_mul_div_64
from genesis.domain.units import MONEY_MAX, PPB, Atoms, InexactNumber

VALUE_MAX: Final = 2.0**61
OFF: Final = -1
NOTHING: Final = 0
FILLED: Final = 1
REFUSED: Final = 2
UNFIT: Final = 3
"""The account could buy more than `FULL_MAX` atoms there, or is worth more: a quotient would leave 64 bits."""

FULL_MAX: Final = 2.0**60

_KINDS: Final = {1: Breach.MAX_DRAWDOWN, 2: Breach.MAX_DAILY_LOSS}
BREACHES: Final = (None, *_KINDS.values())


class Breached(NamedTuple):
    """A limit that was breached anew: at which candle's row, and what the peak was."""

    row: int
    breach: Breach
    peak: int


@frozen(eq=False)
class Walk:
    """What the walk found. Fills are columns: the candle's row, the amount (< 0 when sold), price and fee in atoms.

    *rested* is 1 for fills of orders that rested at a limit; None where no order rests.
    *halted_at* and *breach* are of the breach that halted, -1 and None where none did.
    """

    equity: Ints
    row: Ints
    net_amount: Ints
    price: Ints
    fee: Ints
    cash: Atoms
    position: Atoms
    refused: int
    halted_at: int
    breach: Breach | None
    reduced: int = 0
    paused: int = 0
    breaches: tuple[Breached, ...] = ()
    rested: Ints | None = None


class Terms(NamedTuple):
    """The numbers of one run, as the compiled loop takes them."""

    cash: int
    amount_min: int
    price_scale: int
    weight_scale: int
    fee: int
    slippage: int
    size: float
    position_cap: int
    max_drawdown: int
    max_daily_loss: int


class Follows(NamedTuple):
    """What follows a breach, and losing round trips; *most_losses* 0 never pauses."""

    only_reduces: bool
    most_losses: int
    pause_ms: int


class Account(NamedTuple):
    """Cash, position, and the target last acted on."""

    cash: int
    position: int
    acted_on: float


class Trade(NamedTuple):
    """What an attempt to reach a target came to."""

    outcome: int
    net_amount: int
    price: int
    fee: int


def walk(
    targets: Floats,
    candles: Candles,
    instrument: Instrument,
    costs: Costs,
    limits: RiskLimits,
    size: float,
    cash: Atoms,
) -> Walk:
    """Run *targets* (one a candle, NaN for no decision) over *candles* from *cash* atoms of the quote currency.

    Raises `InexactNumber` when a price has no place on the instrument's decimals, or equity, or what it could buy where
    it trades, outgrows 2^60 atoms.
    """
    n = len(candles)
    equity, row, net_amount, price, fee, at, kind, peak = (np.empty(n, dtype=np.int64) for _ in range(8))
    halts = limits.on_breach is OnBreach.HALT
    account, fills, breaches, refused, reduced, paused, bad = _walk(
        _numbers(instrument, costs, limits, size, cash),
        Follows(not halts, limits.cool_down_losses or 0, limits.cool_down_ms),
        targets,
        candles.mts,
        candles.open,
        candles.close,
        equity,
        (row, net_amount, price, fee),
        (at, kind, peak),
    )
    if bad >= 0:
        raise unfit_candle(instrument, candles, bad)
    breached = tuple(
        Breached(where, _KINDS[which], highest)
        for where, which, highest in zip(*(column[:breaches].tolist() for column in (at, kind, peak)), strict=True)
    )
    has_halted = halts and bool(breached)
    return Walk(
        equity=equity,
        row=row[:fills].copy(),
        net_amount=net_amount[:fills].copy(),
        price=price[:fills].copy(),
        fee=fee[:fills].copy(),
        cash=Atoms(account.cash),
        position=Atoms(account.position),
        refused=refused,
        halted_at=breached[0].row if has_halted else -1,
        breach=breached[0].breach if has_halted else None,
        reduced=reduced,
        paused=paused,
        breaches=breached,
    )


def unfit_candle(instrument: Instrument, candles: Candles, row: int) -> InexactNumber:
    """Return the error of a walk that came to an end at *row*."""
    return InexactNumber(
        f"{instrument.symbol}: candle {row} at {candles.mts[row]} has a price that does not fit"
        f" {instrument.price_decimals} decimals, or the equity there outgrew 2^60 atoms,"
        " of the quote currency or of what it can buy: begin with less cash, or use --engine event"
    )


def terms_of(instrument: Instrument, costs: Costs, limits: RiskLimits, size: float, cash: Atoms) -> Terms:
    """Return the numbers of a run of a sweep; raises `InexactNumber` as `walk` does for too many decimals.

    Raises `ValueError` for limits that do more than halt: those are for one backtest at a time.
    """
    if limits.on_breach is not OnBreach.HALT or limits.cool_down_losses is not None:
        raise ValueError("this engine halts on a breach and knows no cool-down: use backtest for such limits")
    return _numbers(instrument, costs, limits, size, cash)


def _numbers(instrument: Instrument, costs: Costs, limits: RiskLimits, size: float, cash: Atoms) -> Terms:
    if instrument.price_decimals > 9:
        raise InexactNumber(
            f"{instrument.symbol}: the columnar engine takes up to 9 price decimals; use --engine event"
        )
    return Terms(
        cash=cash,
        amount_min=instrument.amount_min,
        price_scale=instrument.price_scale,
        weight_scale=PPB // instrument.price_scale,
        fee=costs.fee,
        slippage=costs.slippage,
        size=size,
        position_cap=PPB if limits.position_cap is None else limits.position_cap,
        max_drawdown=OFF if limits.max_drawdown is None else limits.max_drawdown,
        max_daily_loss=OFF if limits.max_daily_loss is None else limits.max_daily_loss,
    )


@step
def attempt(terms: Terms, account: Account, target: float, open_price: int) -> tuple[Account, Trade]:
    """Go from the target last acted on to *target*, at an open in price units."""
    cash, position, acted_on = account
    scale = terms.price_scale
    is_buy = target > acted_on
    if is_buy:
        price = ceil_mul_div_64(open_price, PPB + terms.slippage, PPB)
    else:
        price = floor_mul_div_64(open_price, PPB - terms.slippage, PPB)
    if target == 0.0 and not is_buy:
        delta = position
    else:
        worth = float(cash) + float(position) * float(price) / float(scale)
        if max(worth, worth * float(scale) / float(price)) > FULL_MAX:
            return account, Trade(UNFIT, 0, 0, 0)
        weight = min(int(np.rint(terms.size * target * PPB)), terms.position_cap)
        equity = cash + floor_mul_div_64(position, price, scale)
        desired = floor_mul_div_64(weight, equity, price * terms.weight_scale)
        delta = desired - position if is_buy else position - desired
    if delta <= 0:
        return Account(cash, position, target), Trade(NOTHING, 0, 0, 0)
    amount = min(delta, floor_mul_div_64(cash, scale, price)) if is_buy else delta
    if amount < terms.amount_min:
        return account, Trade(REFUSED, 0, 0, 0)
    if is_buy:
        fee = ceil_mul_div_64(amount, terms.fee, PPB)
        cost = ceil_mul_div_64(amount, price, scale)
        return Account(cash - cost, position + amount - fee, target), Trade(FILLED, amount, price, fee)
    proceeds = floor_mul_div_64(amount, price, scale)
    fee = ceil_mul_div_64(proceeds, terms.fee, PPB)
    return Account(cash + proceeds - fee, position - amount, target), Trade(FILLED, -amount, price, fee)


@kernel
def _walk(  # noqa: C901 - one loop: a call per candle would cost more than its work
    terms: Terms,
    follows: Follows,
    targets: Floats,
    mts: Ints,
    opens: Floats,
    closes: Floats,
    equities: Ints,
    filled: tuple[Ints, Ints, Ints, Ints],
    breached: tuple[Ints, Ints, Ints],
) -> tuple[Account, int, int, int, int, int, int]:
    account = Account(terms.cash, 0, 0.0)
    scale = float(terms.price_scale)
    row, net_amount, prices, fees = filled
    fills = breaches = refused = reduced = paused = 0
    is_halted = False
    flow = losses = reduce_until = pause_until = 0
    peak = equity = terms.cash
    drawdown_floor = day_floor = NEVER
    if terms.max_drawdown >= 0:
        drawdown_floor = floor_mul_div_64(peak, PPB - terms.max_drawdown, PPB)
    next_day = 0
    n = len(targets)
    start, target = 0, 0.0
    while start < n:
        if target != account.acted_on:
            units = opens[start] * scale
            if not 0.5 <= units <= PRICE_UNITS_MAX:
                return account, fills, breaches, refused, reduced, paused, start
            flow -= account.cash
            account, trade = attempt(terms, account, target, int(np.rint(units)))
            flow += account.cash
            if trade.outcome == UNFIT:
                return account, fills, breaches, refused, reduced, paused, start
            if trade.outcome == FILLED:
                row[fills] = start
                net_amount[fills] = trade.net_amount
                prices[fills] = trade.price
                fees[fills] = trade.fee
                fills += 1
                if account.position == 0:
                    losses, pause_until = after_trip(
                        losses, pause_until, mts[start], flow, follows.most_losses, follows.pause_ms
                    )
                    flow = 0
            elif trade.outcome == REFUSED:
                refused += 1
        cash, position, acted_on = account
        # Most candles change nothing. The inner loop takes them until one does, with the account in registers.
        target = acted_on
        # Above it a product would leave 64 bits; what the position would be worth is beyond MONEY_MAX long before.
        units_max = min(PRICE_UNITS_MAX, VALUE_MAX * scale / position) if position > 0 else 0.0
        for i in range(start, n):
            start = i + 1
            before = equity
            equity = cash
            if position > 0:
                units = closes[i] * scale
                if not 0.5 <= units <= units_max:
                    return account, fills, breaches, refused, reduced, paused, i
                equity += floor_mul_div_64(position, int(np.rint(units)), terms.price_scale)
            equities[i] = equity
            if equity > peak:
                if equity > MONEY_MAX:
                    return account, fills, breaches, refused, reduced, paused, i
                peak = equity
                if terms.max_drawdown >= 0:
                    drawdown_floor = floor_mul_div_64(peak, PPB - terms.max_drawdown, PPB)
            if terms.max_daily_loss >= 0 and mts[i] >= next_day:
                next_day = (mts[i] // DAY_MS + 1) * DAY_MS
                day_floor = before - terms.max_daily_loss
            if (equity <= drawdown_floor or equity < day_floor) and not is_halted:
                kind = 1 if equity <= drawdown_floor else 2
                until = FOREVER if kind == 1 else next_day
                if not follows.only_reduces or until > reduce_until:
                    is_halted, reduce_until = not follows.only_reduces, until
                    breached[0][breaches], breached[1][breaches], breached[2][breaches] = i, kind, peak
                    breaches += 1
            wanted = 0.0 if is_halted else targets[i]
            if wanted == acted_on or wanted != wanted:
                continue
            target = min(max(wanted, 0.0), 1.0)
            if target > acted_on and (mts[i] < reduce_until or mts[i] < pause_until):
                if mts[i] < reduce_until:
                    reduced += 1
                else:
                    paused += 1
                target = acted_on
            if target != acted_on:
                break
    return account, fills, breaches, refused, reduced, paused, -1

"""Strategy limits, budgets and margin: the columns, the core event by event, and a plain oracle in fractions."""

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.app.backtest import Run, Terms, run_columnar, run_event
from genesis.domain.candle import Candle, Candles, Timeframe
from genesis.domain.core import one_desk
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import AlertCode, CandleClosed, Quote, Sized, Submit
from genesis.domain.execution.plans import LimitEntry, Market, Plan
from genesis.domain.execution.protection import Bracket, Protection, Trailing
from genesis.domain.instrument import spot_instrument
from genesis.domain.risk.budget import Budget, RegimeBudget, VolatilityTarget, realised_volatility, split
from genesis.domain.risk.guards import OnBreach, RiskLimits
from genesis.domain.risk.margin import Margin
from genesis.domain.risk.refusal import RefusalCode
from genesis.domain.simulation.market_orders import Costs, costs_from_bps
from genesis.domain.simulation.slippage import Impact, VolatilitySlippage
from genesis.domain.statistics.record import decision_hash
from genesis.domain.statistics.summary import summarise
from genesis.domain.strategy.columns import evaluate_all
from genesis.domain.strategy.features import KEEP, close, high, low, volume, where
from genesis.domain.units import PPB, Mts, Ppb, Symbol, atoms, format_atoms

ATOM, PART = Fraction(1, 10**8), Fraction(1, PPB)
DAY_MS, HOUR_MS = 86_400_000, 3_600_000
REGIME = where(close > 190.0, KEEP, where(close > 140.0, 1.0, 2.0))
"""1 in dear markets, 2 in cheap ones, not known above 190."""
MEASURE = (high - low) / close
DEPTH = (high - low) * 3.0
"""How much the market of these tests trades in a candle: nothing where it does not move."""
TIERS = ((5_000_000, "2", "20"), (2_500_000, "4", "20"), (1_000_000, "6", "20"), (500_000, "8", "20"), (0, "10", "20"))
DEAR_TIERS = (
    (30_000_000_000, "0", "5.5"),
    (10_000_000_000, "0", "6"),
    (3_000_000_000, "0", "7.5"),
    (1_000_000_000, "0", "8.5"),
    (300_000_000, "0", "9"),
    (30_000_000, "0", "10"),
    (25_000_000, "0", "12"),
    (20_000_000, "0", "14"),
    (15_000_000, "0", "16"),
    (10_000_000, "0", "18"),
    (7_500_000, "0", "20"),
)
"""From which volume in USD on which fees hold, maker and taker in basis points, as the exchange's schedule has them."""


class Row(NamedTuple):
    """One candle of a test: minutes since the one before, its prices, its target."""

    minutes: int
    open: str
    close: str
    down: int
    up: int
    target: float

    @property
    def low(self) -> Fraction:
        return min(Fraction(self.open), Fraction(self.close)) * (100 - self.down) / 100

    @property
    def high(self) -> Fraction:
        return max(Fraction(self.open), Fraction(self.close)) * (100 + self.up) / 100


class Rest(NamedTuple):
    """What is left of a candle after an entry filled inside it."""

    open: Fraction
    close: Fraction
    low: Fraction
    high: Fraction


class Parameters(NamedTuple):
    """What the user gives."""

    cash: str = "10000"
    fee_bps: str = "20"
    slippage_bps: str = "1"
    size: float = 1.0
    min_amount: str = "0.0001"
    cap_pct: int | None = None
    drawdown_pct: int | None = None
    daily_loss: str | None = None
    only_reduces: bool = False
    losses: int | None = None
    pause_minutes: int = 60
    target_pct: int | None = None
    scale_cap: int = 1
    shares: tuple[int, int] | None = None
    band_pct: int = 20
    leverage: int = 0
    maintenance_pct: int = 15
    funding_bps: int = 2
    by_volatility: str | None = None
    impact_bps: int | None = None
    part_cap_bps: int = 1000
    tiers: bool = False
    maker_bps: str | None = None
    stop_pct: str | None = None
    take_pct: str | None = None
    trail_pct: str | None = None
    offset_bps: str | None = None
    patience_minutes: int = 1


class Outcome(NamedTuple):
    """What the oracle found; amounts exact."""

    fills: list[tuple[int, str, Fraction, Fraction, Fraction]]
    cash: Fraction
    position: Fraction
    equity: list[Fraction]
    alerts: list[AlertCode]
    refusals: dict[RefusalCode, int]


def down(value: Fraction, unit: Fraction = ATOM) -> Fraction:
    return math.floor(value / unit) * unit


def up(value: Fraction, unit: Fraction = ATOM) -> Fraction:
    return math.ceil(value / unit) * unit


def nearer(value: Fraction, unit: Fraction) -> Fraction:
    """Round towards zero."""
    return down(value, unit) if value >= 0 else up(value, unit)


class Entry(NamedTuple):
    """An order that rests to enter a position, and what was acted on before it."""

    signed: Fraction
    limit: Fraction
    given_up: int
    before: tuple[float, Fraction]


class Guard:
    """What guards a position, inside a candle."""

    def __init__(self, trigger: Fraction | None, target: Fraction | None, trail: Fraction, best: Fraction) -> None:
        self.stop, self.target, self.trail, self.best = trigger, target, trail, best

    def trigger(self, is_long: bool) -> Fraction:
        if self.stop is not None:
            return self.stop
        return max(self.best - self.trail, ATOM) if is_long else self.best + self.trail


def on_grid(price: Fraction, is_up: bool) -> Fraction:
    """Five significant digits."""
    units = int(price / ATOM)
    keep = 10 ** max(0, len(str(units)) - 5)
    return Fraction((-(-units // keep) if is_up else units // keep) * keep) * ATOM


class Oracle:
    """The rules of docs/backtest-semantics.md in fractions, rounding only where they say."""

    def __init__(self, given_: Parameters) -> None:
        self.given = given_
        self.cash, self.position = Fraction(given_.cash), Fraction(0)
        self.fee, self.slippage = Fraction(given_.fee_bps) / 10_000, Fraction(given_.slippage_bps) / 10_000
        self.fills: list[tuple[int, str, Fraction, Fraction, Fraction]] = []
        self.equities: list[Fraction] = []
        self.alerts: list[AlertCode] = []
        self.refusals: dict[RefusalCode, int] = {}
        self.acted = (0.0, Fraction(1))
        self.wanted: tuple[float, Fraction] | None = None
        self.halted, self.reduce_until, self.pause_until, self.streak = False, 0, 0, 0
        self.peak = self.before = self.day_start = self.cash
        self.day, self.last = -1, (0, Fraction(0))
        self.flow = Fraction(0)
        self.fixed, self.depth = self.slippage, math.nan
        self.traded: list[tuple[int, Fraction]] = []
        self.entry, self.is_out = Fraction(0), False
        self.resting: Guard | None = None
        self.entry_order: Entry | None = None
        if given_.by_volatility is not None:
            self.slippage = self.fixed + Fraction(given_.part_cap_bps, 10_000)

    def measure(self, row: Row) -> None:
        """Take what the candle that closed says of the slippage of the next."""
        cap = self.given.part_cap_bps * PPB // 10_000
        height = float(row.high) - float(row.low)
        if self.given.by_volatility is not None:
            part = int(Fraction(self.given.by_volatility) * PPB) * (height / float(row.close))
            self.slippage = self.fixed + min(math.ceil(part), cap) * PART
        self.depth = height * 3.0

    def moved(self, price: Fraction, amount: Fraction, is_buy: bool) -> Fraction:
        if self.given.impact_bps is None:
            return price
        impact = self.given.part_cap_bps * PPB // 10_000
        if self.depth > 0:
            coefficient = self.given.impact_bps * PPB // 10_000
            impact = min(math.ceil(coefficient * math.sqrt(int(amount / ATOM) / (self.depth * 1e8))), impact)
        worse = price * (1 + impact * PART) if is_buy else price * (1 - impact * PART)
        return up(worse) if is_buy else max(down(worse), ATOM)

    def taker(self, mts: int) -> Fraction:
        if not self.given.tiers:
            return self.fee
        hour = mts // HOUR_MS
        volume = sum((worth for at, worth in self.traded if hour - 720 <= at // HOUR_MS < hour), Fraction(0))
        return next(Fraction(taker) for since, _, taker in (*DEAR_TIERS, *TIERS) if volume >= since) / 10_000

    def run(self, rows: list[Row]) -> Outcome:
        mts = 0
        for row in rows:
            mts += row.minutes * 60_000
            self.open(mts, row)
            self.close(mts, row)
            self.measure(row)
            entry, is_bounded = self.entry_order, mts < max(self.reduce_until, self.pause_until)
            if entry is not None and entry.signed * self.position >= 0 and is_bounded:
                self.give_up()
        return Outcome(self.fills, self.cash, self.position, self.equities, self.alerts, self.refusals)

    def refuse(self, code: RefusalCode) -> None:
        self.refusals[code] = self.refusals.get(code, 0) + 1

    def worth(self, price: Fraction) -> Fraction:
        return self.cash + down(self.position * price)

    def maker(self, mts: int) -> Fraction:
        if self.given.tiers:
            hour = mts // HOUR_MS
            volume = sum((worth for at, worth in self.traded if hour - 720 <= at // HOUR_MS < hour), Fraction(0))
            return next(Fraction(maker) for since, maker, _ in (*DEAR_TIERS, *TIERS) if volume >= since) / 10_000
        return self.fee if self.given.maker_bps is None else Fraction(self.given.maker_bps) / 10_000

    def arm(self, opened: Fraction) -> None:
        """Guard what is held now, with the market at its open."""
        self.resting, given_, is_long = None, self.given, self.position > 0
        if abs(self.position) < Fraction(given_.min_amount):
            return
        sign = 1 if is_long else -1
        if given_.trail_pct is not None:
            trail = on_grid(max(down(self.entry * Fraction(given_.trail_pct) / 100), ATOM), is_up=True)
            self.resting = Guard(None, None, trail, opened)
        elif given_.stop_pct is not None:
            stop = max(down(self.entry * (1 - sign * Fraction(given_.stop_pct) / 100)), ATOM)
            target = None
            if given_.take_pct is not None:
                away = max(down(self.entry * (1 + sign * Fraction(given_.take_pct) / 100)), ATOM)
                target = on_grid(away, is_up=is_long)
            self.resting = Guard(on_grid(stop, is_up=is_long), target, Fraction(0), opened)

    def rest(self, mts: int, opened: Fraction, signed: Fraction, before: tuple[float, Fraction]) -> None:
        offset = Fraction(self.given.offset_bps or 0) / 10_000
        if signed > 0:
            bid = down(opened * (1 - self.slippage))
            limit = on_grid(max(down(bid * (1 - offset)), ATOM), is_up=False)
        else:
            limit = on_grid(up(up(opened * (1 + self.slippage)) * (1 + offset)), is_up=True)
        self.entry_order = Entry(signed, limit, mts + self.given.patience_minutes * 60_000, before)

    def give_up(self) -> None:
        if self.entry_order is not None:
            self.acted, self.entry_order = self.entry_order.before, None

    def enter(self, mts: int, row: Row) -> Row | Rest:
        """Fill the entry if the market trades beyond it; return what may be left of the candle."""
        entry = self.entry_order
        if entry is None or not (row.low < entry.limit if entry.signed > 0 else row.high > entry.limit):
            return row
        self.entry_order = None
        self.book(mts, entry.signed, entry.limit, self.maker(mts))
        self.arm(entry.limit)
        return Rest(
            entry.limit,
            Fraction(row.close),
            row.low if entry.signed > 0 else min(Fraction(row.close), entry.limit),
            row.high if entry.signed < 0 else max(Fraction(row.close), entry.limit),
        )

    def leave(self, mts: int, price: Fraction) -> None:
        """A stop that was reached is a market order."""
        is_buy, amount = self.position < 0, abs(self.position)
        worse = up(price * (1 + self.slippage)) if is_buy else max(down(price * (1 - self.slippage)), ATOM)
        self.book(mts, -self.position, self.moved(worse, amount, is_buy))
        self.resting, self.is_out = None, True

    def stop(self, mts: int, row: Row | Rest, whole: Row) -> None:
        """From the open to the extreme that hurts; a trail may be met there, after it rose no further than that."""
        guard, opened, is_long = self.resting, Fraction(row.open), self.position > 0
        if guard is None:
            return
        guard.best = max(guard.best, opened) if is_long else min(guard.best, opened)
        trigger = guard.trigger(is_long)
        is_reached = min(opened, row.low) <= trigger if is_long else max(opened, row.high) >= trigger
        price = min(opened, trigger) if is_long else max(opened, trigger)
        if not is_reached and guard.stop is None and whole.high - whole.low >= guard.trail:
            is_reached, price = True, whole.low if is_long else whole.high
        if is_reached and not (self.given.leverage and self.is_short_of_margin(price)):
            self.leave(mts, price)

    def take(self, mts: int, row: Row | Rest) -> None:
        """From there to the other extreme."""
        guard, opened, is_long = self.resting, Fraction(row.open), self.position > 0
        if guard is None:
            return
        best = max(opened, row.high) if is_long else min(opened, row.low)
        if guard.target is not None and (best > guard.target if is_long else best < guard.target):
            self.book(mts, -self.position, guard.target, self.maker(mts))
            self.resting, self.is_out = None, True
        elif guard.stop is None:
            guard.best = max(guard.best, best) if is_long else min(guard.best, best)

    def book(self, mts: int, signed: Fraction, price: Fraction, fee: Fraction | None = None) -> None:
        amount, before, held = abs(signed), self.cash, self.position
        fee = self.taker(mts) if fee is None else fee
        self.traded.append((mts, down(amount * price)))
        if signed > 0 and not self.given.leverage:
            paid = up(amount * fee)
            self.cash -= up(amount * price)
            self.position += amount - paid
        elif signed > 0:
            paid = up(up(amount * price) * fee)
            self.cash -= up(amount * price) + paid
            self.position += amount
        else:
            paid = up(down(amount * price) * fee)
            self.cash += down(amount * price) - paid
            self.position -= amount
        if abs(self.position) > abs(held) or self.position * held < 0:
            self.entry, self.is_out = price, False
        self.fills.append((mts, "buy" if signed > 0 else "sell", amount, price, paid))
        self.flow += self.cash - before
        if held and self.position * held <= 0:
            value = down(self.position * price)
            self.streak = self.streak + 1 if self.flow + value < 0 else 0
            self.flow = -value
            if self.given.losses and self.streak >= self.given.losses:
                self.streak, self.pause_until = 0, mts + self.given.pause_minutes * 60_000

    def is_short_of_margin(self, price: Fraction) -> bool:
        needed = up(up(abs(self.position) * price) * Fraction(self.given.maintenance_pct, 100))
        return self.position != 0 and self.worth(price) < needed

    def liquidate(self, mts: int, opened: Fraction, worst: Fraction) -> bool:
        if not self.is_short_of_margin(worst):
            return False
        kept = Fraction(self.given.maintenance_pct, 100)
        if self.position > 0:
            met = down(down(max(-self.cash, Fraction(0)) / self.position) / (1 - kept))
            price = max(down(min(opened, max(worst, met)) * (1 - self.slippage)), ATOM)
        else:
            met = up(up(max(self.cash, Fraction(0)) / -self.position) / (1 + kept))
            price = up(max(opened, min(worst, met)) * (1 + self.slippage))
        self.book(mts, -self.position, self.moved(price, abs(self.position), self.position < 0))
        self.acted, self.wanted, self.halted, self.resting = (0.0, self.acted[1]), None, True, None
        self.entry_order = None
        self.alerts.append(AlertCode.LIQUIDATED)
        return True

    def open(self, mts: int, row: Row) -> None:
        opened = Fraction(row.open)
        gone = False
        if self.entry_order is not None and mts >= self.entry_order.given_up:
            self.give_up()
        if self.given.leverage and self.position:
            hours = mts // HOUR_MS - self.last[0] // HOUR_MS
            owed = up(-self.position * self.last[1]) if self.position < 0 else max(-self.cash, Fraction(0))
            due = hours * up(owed * self.given.funding_bps / 10_000 / 24)
            self.cash -= due
            self.flow -= due
            gone = self.liquidate(mts, opened, opened)
        if self.wanted is not None:
            self.fill(mts, opened)
            self.arm(opened)
        left = self.enter(mts, row)
        opened = Fraction(left.open)
        self.stop(mts, left, row)
        if self.given.leverage and self.position and not gone:
            worst = left.low if self.position > 0 else left.high
            self.liquidate(mts, opened, min(worst, opened) if self.position > 0 else max(worst, opened))
        self.take(mts, left)

    def fill(self, mts: int, opened: Fraction) -> None:
        assert self.wanted is not None
        (target, budget), (acted, before) = self.wanted, self.acted
        is_buy = target > acted if budget == before else Fraction(target) * budget > Fraction(acted) * before
        price = up(opened * (1 + self.slippage)) if is_buy else down(opened * (1 - self.slippage))
        delta, amount = self.sized(is_buy, price)
        if delta > 0 and amount > 0 and self.given.impact_bps is not None:
            delta, most = self.sized(is_buy, self.moved(price, amount, is_buy))
            amount = min(amount, most)
            price = self.moved(price, amount, is_buy) if amount > 0 else price
        self.wanted = None
        if delta > 0 and amount < Fraction(self.given.min_amount):
            self.refuse(RefusalCode.AMOUNT_BELOW_MINIMUM)
            return
        self.acted = (target, budget)
        is_flat = abs(self.position) < Fraction(self.given.min_amount)
        if delta > 0 and self.given.offset_bps is not None and not self.halted and is_flat and target:
            self.rest(mts, opened, amount if is_buy else -amount, (acted, before))
        elif delta > 0:
            self.book(mts, amount if is_buy else -amount, price)

    def sized(self, is_buy: bool, price: Fraction) -> tuple[Fraction, Fraction]:
        assert self.wanted is not None
        target, budget = self.wanted
        weight = nearer(round(Fraction(self.given.size * target) / PART) * PART * budget, PART)
        cap = Fraction(100 if self.given.cap_pct is None else self.given.cap_pct, 100)
        weight = min(max(weight, -cap), cap) * (self.given.leverage or 1)
        equity = self.worth(price) if not self.given.leverage else max(self.worth(price), Fraction(0))
        is_sale_of_all = target == 0 and (self.given.leverage or not is_buy)
        desired = Fraction(0) if is_sale_of_all else nearer(weight * equity / price, ATOM)
        delta = desired - self.position if is_buy else self.position - desired
        return delta, min(delta, self.most(is_buy, price, equity))

    def most(self, is_buy: bool, price: Fraction, equity: Fraction) -> Fraction:
        leverage = self.given.leverage
        if not leverage:
            return down(self.cash / price) if is_buy else self.position
        held = self.position if is_buy else -self.position
        tied = up(abs(held) * price)
        room = leverage * equity - tied if held >= 0 else leverage * max(equity - up(tied * self.fee), Fraction(0))
        part = down(max(room, Fraction(0)) / (1 + leverage * self.fee))
        return max(-held, Fraction(0)) + down(part / price)

    def close(self, mts: int, row: Row) -> None:
        equity = self.worth(Fraction(row.close))
        self.last = (mts, Fraction(row.close))
        self.equities.append(equity)
        self.peak = max(self.peak, equity)
        if mts // DAY_MS != self.day:
            self.day, self.day_start = mts // DAY_MS, self.before
        self.before = equity
        was_halted = self.halted
        self.guard(equity)
        target = 0.0 if self.halted else min(max(row.target, -1.0 if self.given.leverage else 0.0), 1.0)
        budget = self.acted[1] if self.halted else self.budget(row)
        if math.isnan(row.target) and not self.halted:
            return
        if budget is None and target != 0.0:
            return
        budget = budget or Fraction(0)
        if not self.halted and (mts < self.reduce_until or mts < self.pause_until):
            bound = min(max(target, min(self.acted[0], 0.0)), max(self.acted[0], 0.0))
            if bound != target:
                is_paused = mts >= self.reduce_until
                self.refuse(RefusalCode.COOL_DOWN if is_paused else RefusalCode.REDUCE_ONLY)
            target, budget = bound, min(budget, self.acted[1])
        has_moved = abs(budget - self.acted[1]) > down(self.acted[1] * self.given.band_pct / 100, PART)
        is_new = target != self.acted[0] or (target != 0.0 and has_moved and not self.is_out)
        self.wanted = (target, budget) if is_new and self.entry_order is None else None
        if self.halted and not was_halted:
            self.give_up()

    def guard(self, equity: Fraction) -> None:
        limit, loss = self.given.drawdown_pct, self.given.daily_loss
        if limit is not None and self.peak - equity >= self.peak * limit / 100:
            code, until = AlertCode.MAX_DRAWDOWN, 2**63
        elif loss is not None and self.day_start - equity > Fraction(loss):
            code, until = AlertCode.MAX_DAILY_LOSS, (self.day + 1) * DAY_MS
        else:
            return
        if self.halted or (self.given.only_reduces and until <= self.reduce_until):
            return
        self.alerts.append(code)
        if self.given.only_reduces:
            self.reduce_until = until
        else:
            self.halted = True

    def budget(self, row: Row) -> Fraction | None:
        scale = share = Fraction(1)
        closed = float(row.close)
        if self.given.target_pct is not None:
            measured = (float(row.high) - float(row.low)) / closed
            wanted = self.given.target_pct * PPB // 100
            if measured * (self.given.scale_cap * PPB) <= wanted:
                scale = Fraction(self.given.scale_cap)
            else:
                scale = int(wanted / measured) * PART
        if self.given.shares is not None:
            if closed > 190.0:
                return None
            share = Fraction(self.given.shares[0 if closed > 140.0 else 1], 100)
        return down(scale * share, PART)


def candles_of(rows: list[Row]) -> Candles:
    mts, made = 0, []
    for row in rows:
        mts += row.minutes * 60_000
        made.append(Candle(Mts(mts), float(row.open), float(row.high), float(row.low), float(row.close), row.target))
    return Candles.from_rows(made)


def terms_of(given_: Parameters) -> Terms:
    def share(percent: int | None) -> Ppb | None:
        return None if percent is None else Ppb(percent * PPB // 100)

    limits = RiskLimits(
        share(given_.cap_pct),
        share(given_.drawdown_pct),
        None if given_.daily_loss is None else atoms(given_.daily_loss),
        OnBreach.REDUCE_ONLY if given_.only_reduces else OnBreach.HALT,
        given_.losses,
        given_.pause_minutes * 60_000,
    )
    target, shares = share(given_.target_pct), given_.shares
    budget = Budget(
        None if target is None else VolatilityTarget(MEASURE, target, Ppb(given_.scale_cap * PPB)),
        (
            None
            if shares is None
            else RegimeBudget(REGIME, tuple((float(at), Ppb(part * PPB // 100)) for at, part in enumerate(shares, 1)))
        ),
        Ppb(given_.band_pct * PPB // 100),
    )
    costs = costs_of(given_)
    margin = (
        Margin(
            Ppb(given_.leverage * PPB),
            Ppb(given_.maintenance_pct * PPB // 100),
            Ppb(given_.funding_bps * PPB // 10_000),
            costs.fee,
        )
        if given_.leverage
        else None
    )
    instrument = spot_instrument(Symbol("tBTCUSD"), atoms(given_.min_amount))
    core = DeskSettings(instrument, volume, given_.size, limits, budget=budget, margin=margin, impact=costs.impact)
    plan: Plan = Market()
    if given_.offset_bps is not None:
        offset = Ppb(int(Fraction(given_.offset_bps) * PPB) // 10_000)
        plan = LimitEntry(offset, given_.patience_minutes * 60_000)
    core = evolve(core, protection=protection_of(given_), plan=plan)
    return Terms(core, costs, atoms(given_.cash))


def costs_of(given_: Parameters) -> Costs:
    cap = Ppb(given_.part_cap_bps * PPB // 10_000)
    costs = costs_from_bps(Decimal(given_.fee_bps), Decimal(given_.slippage_bps))
    if given_.by_volatility is not None:
        factor = Ppb(int(Fraction(given_.by_volatility) * PPB))
        costs = evolve(costs, volatility=VolatilitySlippage(factor, MEASURE, cap))
    if given_.impact_bps is not None:
        costs = evolve(costs, impact=Impact(Ppb(given_.impact_bps * PPB // 10_000), DEPTH, cap))
    maker = None if given_.maker_bps is None else Ppb(int(Fraction(given_.maker_bps) * PPB) // 10_000)
    return evolve(costs, has_tiers=given_.tiers, maker_fee=maker)


def protection_of(given_: Parameters) -> Protection | None:
    def share(percent: str) -> Ppb:
        return Ppb(int(Fraction(percent) * PPB / 100))

    if given_.trail_pct is not None:
        return Trailing(share(given_.trail_pct))
    if given_.stop_pct is None:
        return None
    return Bracket(share(given_.stop_pct), None if given_.take_pct is None else share(given_.take_pct))


def assert_equals_the_oracle(run: Run, outcome: Outcome) -> None:
    record = run.record
    fills = [(f.mts, f.side.value, f.amount * ATOM, f.price * ATOM, f.fee * ATOM) for f in record.fills]
    assert fills == outcome.fills
    assert record.final_cash * ATOM == outcome.cash
    assert record.final_position * ATOM == outcome.position
    assert [int(equity) * ATOM for equity in run.equity] == outcome.equity
    assert [alert.code for alert in record.alerts] == outcome.alerts
    assert record.refusals == outcome.refusals


def check(rows: list[Row], given_: Parameters) -> Run:
    outcome, terms, series = Oracle(given_).run(rows), terms_of(given_), candles_of(rows)
    by_events, by_columns = run_event(terms, series), run_columnar(terms, series)
    assert_equals_the_oracle(by_events, outcome)
    assert_equals_the_oracle(by_columns, outcome)
    assert decision_hash(by_events.record) == decision_hash(by_columns.record)
    assert summarise(by_events.record) == summarise(by_columns.record)
    return by_columns


def _text(number: Decimal) -> str:
    return format(number, "f")


prices = st.decimals("100", "200", places=4).map(_text)
targets = st.one_of(st.just(math.nan), st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0, 1.5]), st.floats(-1.0, 1.0))
minutes = st.one_of(st.just(1), st.integers(1, 3000))
wicks = st.integers(0, 30)
rows_of_any_market = st.lists(st.builds(Row, minutes, prices, prices, wicks, wicks, targets), max_size=25)
spot = st.builds(
    Parameters,
    cash=st.decimals("0", "10000", places=8).map(_text),
    fee_bps=st.sampled_from(["0", "20", "2500"]),
    slippage_bps=st.sampled_from(["0", "37.5", "900"]),
    size=st.sampled_from([1.0, 0.5, 0.3333333333333333]),
    min_amount=st.sampled_from(["0.00000001", "0.0001", "3"]),
    cap_pct=st.sampled_from([None, 0, 12, 100]),
    drawdown_pct=st.sampled_from([None, 1, 20, 100]),
    daily_loss=st.sampled_from([None, "0", "55.5", "100000"]),
    only_reduces=st.booleans(),
    losses=st.sampled_from([None, 1, 2]),
    pause_minutes=st.sampled_from([1, 5, 3000]),
    target_pct=st.sampled_from([None, 1, 10]),
    scale_cap=st.sampled_from([1, 3]),
    shares=st.sampled_from([None, (0, 100), (50, 30), (100, 40)]),
    band_pct=st.sampled_from([0, 20, 100]),
    leverage=st.just(0),
    maintenance_pct=st.just(0),
    funding_bps=st.just(0),
    by_volatility=st.none(),
    impact_bps=st.none(),
    part_cap_bps=st.just(1000),
    tiers=st.just(False),
    maker_bps=st.none(),
    stop_pct=st.none(),
    take_pct=st.none(),
    trail_pct=st.none(),
    offset_bps=st.none(),
    patience_minutes=st.just(1),
)
margin = st.builds(
    lambda plain, leverage, maintenance_pct, funding_bps: plain._replace(
        leverage=leverage, maintenance_pct=maintenance_pct, funding_bps=funding_bps
    ),
    spot,
    st.sampled_from([1, 3, 5]),
    st.sampled_from([0, 5, 15]),
    st.sampled_from([0, 2, 500]),
)


@settings(max_examples=300)
@given(rows_of_any_market, spot)
def test_limits_and_budgets_equal_the_oracle_to_the_last_atom(rows: list[Row], given_: Parameters) -> None:
    check(rows, given_)


@settings(max_examples=300)
@given(rows_of_any_market, margin)
def test_margin_equals_the_oracle_to_the_last_atom(rows: list[Row], given_: Parameters) -> None:
    check(rows, given_)


measured = st.builds(
    lambda plain, *costs: plain._replace(
        **dict(zip(("by_volatility", "impact_bps", "part_cap_bps", "tiers", "cash"), costs, strict=True))
    ),
    st.one_of(spot, margin),
    st.sampled_from([None, "0.05", "0.25"]),
    st.sampled_from([None, 5, 200]),
    st.sampled_from([300, 1000]),
    st.booleans(),
    st.sampled_from(["1", "9000.5", "700000", "4000000"]),
)


@settings(max_examples=300)
@given(rows_of_any_market, measured)
def test_measured_slippage_and_fee_tiers_equal_the_oracle_to_the_last_atom(rows: list[Row], given_: Parameters) -> None:
    check(rows, given_)


guarded = st.builds(
    lambda plain, maker_bps, stop_pct, take_pct, trail_pct: plain._replace(
        maker_bps=maker_bps, stop_pct=stop_pct, take_pct=take_pct, trail_pct=trail_pct
    ),
    st.one_of(spot, margin, measured),
    st.sampled_from([None, "5", "10"]),
    st.sampled_from([None, "0.3", "3", "20"]),
    st.sampled_from([None, "0.5", "4", "15"]),
    st.sampled_from([None, None, "1", "6"]),
)


@settings(max_examples=400)
@given(rows_of_any_market, guarded)
def test_stops_and_targets_equal_the_oracle_to_the_last_atom(rows: list[Row], given_: Parameters) -> None:
    check(rows, given_)


entering = st.builds(
    lambda plain, offset_bps, patience_minutes: plain._replace(
        offset_bps=offset_bps, patience_minutes=patience_minutes
    ),
    st.one_of(spot, margin, guarded),
    st.sampled_from(["0", "25", "500"]),
    st.sampled_from([1, 2, 3000]),
)


@settings(max_examples=400)
@given(rows_of_any_market, entering)
def test_limit_entries_equal_the_oracle_to_the_last_atom(rows: list[Row], given_: Parameters) -> None:
    check(rows, given_)


def rising(count: int, target: float, closes: str = "100") -> list[Row]:
    return [Row(1, closes, closes, 0, 0, target) for _ in range(count)]


def test_a_daily_loss_only_reduces_until_the_day_is_over() -> None:
    rows = [*rising(2, 0.5), Row(1, "100", "90", 0, 0, 0.5), *rising(3, 1.0, "90"), Row(1500, "90", "90", 0, 0, 1.0)]
    run = check([*rows, *rising(2, 1.0, "90")], Parameters(daily_loss="100", only_reduces=True))
    assert [alert.code for alert in run.record.alerts] == [AlertCode.MAX_DAILY_LOSS]
    assert run.record.refusals == {RefusalCode.REDUCE_ONLY: 3}
    assert [fill.mts // 60_000 for fill in run.record.fills] == [2, 1507]


def test_losing_round_trips_pause_the_strategy() -> None:
    trip = [Row(1, "100", "100", 0, 0, 1.0), Row(1, "100", "100", 0, 0, 0.0)]
    run = check(trip * 5, Parameters(losses=2, pause_minutes=4))
    assert [fill.mts // 60_000 for fill in run.record.fills] == [2, 3, 4, 5, 10]
    assert run.record.refusals == {RefusalCode.COOL_DOWN: 2}


def test_a_short_earns_when_the_price_falls_and_pays_for_what_it_borrows() -> None:
    rows = [*rising(2, -1.0), Row(120, "90", "90", 0, 0, 0.0), Row(1, "90", "90", 0, 0, 0.0)]
    free, dear = (check(rows, Parameters(leverage=1, funding_bps=bps)) for bps in (0, 24))
    assert free.record.final_cash > atoms(10_900)
    assert free.record.final_position == dear.record.final_position == 0
    # Two hours at 1 bp an hour, the first on the close of 100: 2 × 0.0001 × some 99.8 sold at 100.
    assert format_atoms(free.record.final_cash - dear.record.final_cash).startswith("1.99")


def test_a_full_position_leaves_room_for_its_fee() -> None:
    run = check(rising(3, 1.0), Parameters(leverage=3, slippage_bps="0"))
    (fill,) = run.record.fills
    assert fill.amount * 100 <= 3 * int(run.equity[-1]) < (fill.amount + 10) * 100


def test_a_fall_that_eats_the_margin_liquidates_inside_the_candle_and_halts() -> None:
    rows = [*rising(2, 1.0), Row(1, "100", "95", 25, 0, 1.0), *rising(3, 1.0)]
    run = check(rows, Parameters(leverage=5, maintenance_pct=10, slippage_bps="0"))
    bought, closed = run.record.fills
    assert closed.amount == bought.amount
    # Owed 5/6 of the value at 100, so that equity is a tenth of the value near 100 × 5 ÷ 6 ÷ 0.9.
    assert 88 * PPB < closed.price * 10 < 90 * PPB
    assert [alert.code for alert in run.record.alerts] == [AlertCode.LIQUIDATED]


def test_a_gap_through_the_margin_is_liquidated_at_the_open() -> None:
    rows = [*rising(2, 1.0), Row(1, "70", "95", 0, 0, 0.5), *rising(2, 1.0)]
    run = check(rows, Parameters(leverage=5, maintenance_pct=10, slippage_bps="0"))
    assert [fill.price // 10**8 for fill in run.record.fills] == [100, 70]
    assert run.record.final_equity < 0


def test_why_a_size_is_what_it_is_names_every_guard() -> None:
    settings_ = terms_of(Parameters(target_pct=1, shares=(50, 30), leverage=3, cap_pct=12, maintenance_pct=5)).desk
    core = one_desk(settings_, atoms(1000))
    core.handle(CandleClosed(settings_.instrument.symbol, Candle(Mts(0), 150.0, 151.5, 148.5, 150.0, 0.9)))
    price = settings_.instrument.price(150)
    (submit,) = core.handle(Quote(settings_.instrument.symbol, Mts(60_000), price, price))
    assert isinstance(submit, Submit)
    assert submit.reasons.weight == 900_000_000
    assert submit.reasons.sizes == (
        Sized("volatility_target", Ppb(450_000_000)),
        Sized("regime_budget", Ppb(225_000_000)),
        Sized("position_cap", Ppb(120_000_000)),
        Sized("leverage", Ppb(360_000_000)),
    )


def test_risk_is_split_over_strategies_by_regime() -> None:
    parts = split(REGIME, {1.0: {"trend": Ppb(PPB), "revert": Ppb(0)}, 2.0: {"trend": Ppb(PPB // 4)}})
    assert parts["trend"] == RegimeBudget(REGIME, ((1.0, Ppb(PPB)), (2.0, Ppb(PPB // 4))))
    assert parts["revert"] == RegimeBudget(REGIME, ((1.0, Ppb(0)), (2.0, Ppb(0))))
    with pytest.raises(ValueError, match="regime 1 add up to more than 100 %"):
        split(REGIME, {1.0: {"trend": Ppb(PPB), "revert": Ppb(1)}})


def test_realised_volatility_is_the_yearly_deviation_of_returns() -> None:
    hours = realised_volatility(24, Timeframe.H1)
    rows = [Row(60, "100", "101" if at % 2 else "100", 0, 0, 0.0) for at in range(60)]
    (found,) = evaluate_all((hours,), candles_of(rows))
    returns = [1 / 100, 100 / 101 - 1]
    assert found[-1] == pytest.approx((returns[0] - returns[1]) / 2 * math.sqrt(24 * 365), rel=1e-12)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Margin(Ppb(0)), "leverage"),
        (lambda: Margin(Ppb(10 * PPB)), "liquidated at once"),
        (lambda: Margin(funding_a_day=Ppb(PPB)), "1000 bp"),
        (lambda: RiskLimits(cool_down_losses=0), "1 or more"),
        (lambda: RiskLimits(cool_down_ms=0), "366 days"),
        (lambda: Budget(band=Ppb(-1)), "band"),
        (lambda: RegimeBudget(REGIME, ((1.0, Ppb(1)), (1.0, Ppb(2)))), "one share"),
        (lambda: VolatilityTarget(MEASURE, Ppb(0)), "above 0"),
    ],
)
def test_terms_that_mean_nothing_are_refused(make: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()

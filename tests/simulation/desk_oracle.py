"""A plain oracle of desks in fractions: the rules of docs/backtest-semantics.md, rounding only where they say."""

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from genesis.domain.events import AlertCode
from genesis.domain.risk.refusal import RefusalCode
from genesis.domain.units import PPB

ATOM, PART = Fraction(1, 10**8), Fraction(1, PPB)
DAY_MS, HOUR_MS = 86_400_000, 3_600_000
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


class Till:
    """The cash that desks share, and what guards all that they are worth, as *given_* says."""

    def __init__(self, given_: Parameters) -> None:
        self.given = given_
        self.cash = Fraction(given_.cash)
        self.desks: list[Oracle] = []
        self.fills: list[tuple[int, str, Fraction, Fraction, Fraction]] = []
        self.fillers: list[Oracle] = []
        self.equities: list[Fraction] = []
        self.alerts: list[AlertCode] = []
        self.refusals: dict[RefusalCode, int] = {}
        self.halted, self.reduce_until = False, 0
        self.peak = self.before = self.day_start = self.cash
        self.day = -1
        self.traded: list[tuple[int, Fraction]] = []

    def walk(self, markets: list[list[Row]]) -> None:
        """Walk the desks through their candles, time by time: opens, what is met inside, closes."""
        for mts, group in groupby(sorted(timed(markets), key=itemgetter(0, 1)), key=itemgetter(0)):
            now = [(self.desks[at], row) for _, at, row in group]
            for desk in self.desks:
                if desk.entry_order is not None and mts >= desk.entry_order.given_up:
                    desk.give_up()
            gone = [desk.open(mts, row) for desk, row in now]
            for (desk, row), is_gone in zip(now, gone, strict=True):
                desk.inside(mts, row, is_gone)
            for desk, row in now:
                desk.close(mts, row)
                desk.measure(row)
                for each in self.desks:
                    each.withdraw(mts)

    def close(self, mts: int, equity: Fraction, closing: "Oracle") -> None:
        """Let the guards see the equity of a close, and all desks what follows."""
        self.equities.append(equity)
        self.peak = max(self.peak, equity)
        if mts // DAY_MS != self.day:
            self.day, self.day_start = mts // DAY_MS, self.before
        self.before = equity
        if not self.guard(equity):
            return
        for desk in self.desks:
            if self.halted and desk is not closing:
                desk.want(0.0, desk.acted[1])
                desk.give_up()
            elif desk.wanted is not None and desk.grows(*desk.wanted):
                desk.wanted = None

    def guard(self, equity: Fraction) -> bool:
        """Return whether a limit was breached anew."""
        limit, loss = self.given.drawdown_pct, self.given.daily_loss
        if limit is not None and self.peak - equity >= self.peak * limit / 100:
            code, until = AlertCode.MAX_DRAWDOWN, 2**63
        elif loss is not None and self.day_start - equity > Fraction(loss):
            code, until = AlertCode.MAX_DAILY_LOSS, (self.day + 1) * DAY_MS
        else:
            return False
        if self.halted or (self.given.only_reduces and until <= self.reduce_until):
            return False
        self.alerts.append(code)
        if self.given.only_reduces:
            self.reduce_until = until
        else:
            self.halted = True
        return True


def timed(markets: list[list[Row]]) -> Iterator[tuple[int, int, Row]]:
    for at, rows in enumerate(markets):
        mts = 0
        for row in rows:
            mts += row.minutes * 60_000
            yield mts, at, row


class Oracle:
    """The rules of one desk; alone, it has a till of its own."""

    def __init__(self, given_: Parameters, till: Till | None = None) -> None:
        self.given = given_
        self.till = Till(given_) if till is None else till
        self.till.desks.append(self)
        self.position = self.value = Fraction(0)
        self.fee, self.slippage = Fraction(given_.fee_bps) / 10_000, Fraction(given_.slippage_bps) / 10_000
        self.acted = (0.0, Fraction(1))
        self.wanted: tuple[float, Fraction] | None = None
        self.pause_until = self.streak = 0
        self.last = (0, Fraction(0))
        self.flow = Fraction(0)
        self.fixed, self.depth = self.slippage, math.nan
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
        volume = sum((worth for at, worth in self.till.traded if hour - 720 <= at // HOUR_MS < hour), Fraction(0))
        return next(Fraction(taker) for since, _, taker in (*DEAR_TIERS, *TIERS) if volume >= since) / 10_000

    def run(self, rows: list[Row]) -> Outcome:
        till = self.till
        till.walk([rows])
        return Outcome(till.fills, till.cash, self.position, till.equities, till.alerts, till.refusals)

    def withdraw(self, mts: int) -> None:
        """Withdraw an entry that may add no risk any more."""
        entry, is_bounded = self.entry_order, mts < max(self.till.reduce_until, self.pause_until)
        if entry is not None and entry.signed * self.position >= 0 and is_bounded:
            self.give_up()

    def refuse(self, code: RefusalCode) -> None:
        self.till.refusals[code] = self.till.refusals.get(code, 0) + 1

    def worth(self, price: Fraction) -> Fraction:
        others = sum((desk.value for desk in self.till.desks if desk is not self), Fraction(0))
        return self.till.cash + down(self.position * price) + others

    def held(self) -> Fraction:
        """The cash that entries which rest hold."""
        entries = [desk.entry_order for desk in self.till.desks if desk.entry_order is not None]
        return sum((up(each.signed * each.limit) for each in entries if each.signed > 0), Fraction(0))

    def maker(self, mts: int) -> Fraction:
        if self.given.tiers:
            hour = mts // HOUR_MS
            volume = sum((worth for at, worth in self.till.traded if hour - 720 <= at // HOUR_MS < hour), Fraction(0))
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
        amount, before, held = abs(signed), self.till.cash, self.position
        fee = self.taker(mts) if fee is None else fee
        self.till.traded.append((mts, down(amount * price)))
        if signed > 0 and not self.given.leverage:
            paid = up(amount * fee)
            self.till.cash -= up(amount * price)
            self.position += amount - paid
        elif signed > 0:
            paid = up(up(amount * price) * fee)
            self.till.cash -= up(amount * price) + paid
            self.position += amount
        else:
            paid = up(down(amount * price) * fee)
            self.till.cash += down(amount * price) - paid
            self.position -= amount
        if abs(self.position) > abs(held) or self.position * held < 0:
            self.entry, self.is_out = price, False
        self.value = down(self.position * price)
        self.till.fillers.append(self)
        self.till.fills.append((mts, "buy" if signed > 0 else "sell", amount, price, paid))
        self.flow += self.till.cash - before
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
            met = down(down(max(-self.till.cash, Fraction(0)) / self.position) / (1 - kept))
            price = max(down(min(opened, max(worst, met)) * (1 - self.slippage)), ATOM)
        else:
            met = up(up(max(self.till.cash, Fraction(0)) / -self.position) / (1 + kept))
            price = up(max(opened, min(worst, met)) * (1 + self.slippage))
        self.book(mts, -self.position, self.moved(price, abs(self.position), self.position < 0))
        self.acted, self.wanted, self.till.halted, self.resting = (0.0, self.acted[1]), None, True, None
        self.entry_order = None
        self.till.alerts.append(AlertCode.LIQUIDATED)
        return True

    def open(self, mts: int, row: Row) -> bool:
        """Return whether the position was liquidated at the open."""
        opened = Fraction(row.open)
        gone = False
        if self.given.leverage and self.position:
            hours = mts // HOUR_MS - self.last[0] // HOUR_MS
            owed = up(-self.position * self.last[1]) if self.position < 0 else max(-self.till.cash, Fraction(0))
            due = hours * up(owed * self.given.funding_bps / 10_000 / 24)
            self.till.cash -= due
            self.flow -= due
            gone = self.liquidate(mts, opened, opened)
        if self.wanted is not None and self.fill(mts, opened):
            self.arm(opened)
        return gone

    def inside(self, mts: int, row: Row, gone: bool) -> None:
        left = self.enter(mts, row)
        opened = Fraction(left.open)
        self.stop(mts, left, row)
        if self.given.leverage and self.position and not gone:
            worst = left.low if self.position > 0 else left.high
            self.liquidate(mts, opened, min(worst, opened) if self.position > 0 else max(worst, opened))
        self.take(mts, left)

    def fill(self, mts: int, opened: Fraction) -> bool:
        """Carry out what is wanted; return whether that traded."""
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
            return False
        self.acted = (target, budget)
        is_flat = abs(self.position) < Fraction(self.given.min_amount)
        if delta > 0 and self.given.offset_bps is not None and not self.till.halted and is_flat and target:
            self.rest(mts, opened, amount if is_buy else -amount, (acted, before))
        elif delta > 0:
            self.book(mts, amount if is_buy else -amount, price)
            return True
        return False

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
            return down((self.till.cash - self.held()) / price) if is_buy else self.position
        held = self.position if is_buy else -self.position
        tied = up(abs(held) * price)
        room = leverage * equity - tied if held >= 0 else leverage * max(equity - up(tied * self.fee), Fraction(0))
        part = down(max(room, Fraction(0)) / (1 + leverage * self.fee))
        return max(-held, Fraction(0)) + down(part / price)

    def close(self, mts: int, row: Row) -> None:
        equity = self.worth(Fraction(row.close))
        self.last = (mts, Fraction(row.close))
        self.value = down(self.position * Fraction(row.close))
        was_halted = self.till.halted
        self.till.close(mts, equity, self)
        target = 0.0 if self.till.halted else min(max(row.target, -1.0 if self.given.leverage else 0.0), 1.0)
        budget = self.acted[1] if self.till.halted else self.budget(row)
        if math.isnan(row.target) and not self.till.halted:
            return
        if budget is None and target != 0.0:
            return
        budget = budget or Fraction(0)
        if not self.till.halted and (mts < self.till.reduce_until or mts < self.pause_until):
            bound = min(max(target, min(self.acted[0], 0.0)), max(self.acted[0], 0.0))
            if bound != target:
                is_paused = mts >= self.till.reduce_until
                self.refuse(RefusalCode.COOL_DOWN if is_paused else RefusalCode.REDUCE_ONLY)
            target, budget = bound, min(budget, self.acted[1])
        self.want(target, budget)
        if self.till.halted and not was_halted:
            self.give_up()

    def want(self, target: float, budget: Fraction) -> None:
        has_moved = abs(budget - self.acted[1]) > down(self.acted[1] * self.given.band_pct / 100, PART)
        is_new = target != self.acted[0] or (target != 0.0 and has_moved and not self.is_out)
        self.wanted = (target, budget) if is_new and self.entry_order is None else None

    def grows(self, target: float, budget: Fraction) -> bool:
        was, wanted = Fraction(self.acted[0]) * self.acted[1], Fraction(target) * budget
        return abs(wanted) > abs(was) or wanted * was < 0

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

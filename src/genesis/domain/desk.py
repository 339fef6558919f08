"""A desk: one strategy on one instrument, with money, guards and limits of its own.

It decides when a candle closes and says how much on a quote; what leaves for the exchange is the core's business. Cash
and position are virtual: what this strategy would have alone. The same closes, quotes and fills give the same wishes.
"""

import math
from collections import Counter
from typing import NamedTuple

from attrs import evolve

from genesis.domain.candle import Candle
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import Alert, AlertCode, OrderRefused, Quote, Reached, Reasons, liquidation_alert
from genesis.domain.fill import Fill
from genesis.domain.ledger import Ledger
from genesis.domain.order import Side
from genesis.domain.purse import Purse
from genesis.domain.risk.budget import has_moved
from genesis.domain.risk.guards import LosingStreak, RiskLimits
from genesis.domain.risk.refusal import RefusalCode, Refused
from genesis.domain.sizer import Sizer
from genesis.domain.strategy.by_events import evaluator_of
from genesis.domain.units import PPB, Atoms, Mts, Ppb, Symbol, format_atoms, weight_ppb


class Intent(NamedTuple):
    """A target that waits for a quote, or for the end of its order; *previous* is the target acted on before it."""

    side: Side
    target: float
    previous: float
    budget: int
    previous_budget: int
    weight: Ppb
    reasons: Reasons


class Wish(NamedTuple):
    """What a desk would trade on a quote, and the intent behind it."""

    side: Side
    amount: Atoms
    intent: Intent


class Desk:
    """The running state of one strategy; *intent* is what waits for a quote now, *in_flight* what waits for its end.

    *is_torn* says that what is held is no target's doing, *is_stopped_out* that its protection has ended what the
    target acted on had bought, *is_switched_off* that an operator wants it off; *value* is what the position was worth
    when it was last marked, *flow* the cash of the round trip that is under way.

    Desks that are given one *purse* share its cash and its guards; without one, a desk has its own.
    """

    def __init__(self, settings: DeskSettings, ledger: Ledger, purse: Purse | None = None) -> None:
        self.settings = settings
        self.name = settings.name
        self.ledger = ledger
        self.purse = Purse(ledger, settings.limits) if purse is None else purse
        self.purse.desks.append(self)
        self.position: int = ledger.position(settings.instrument.symbol)
        self.refusals: Counter[RefusalCode] = Counter()
        self.unsaid: OrderRefused | Reached | None = None
        self.target_acted_on = 0.0
        self.budget_acted_on: int = PPB
        self.intent: Intent | None = None
        self.is_on = settings.enabled
        self.is_switched_off = False
        self.only_reduce = False
        self.streak = LosingStreak(settings.limits)
        ledger.on_margin = settings.margin is not None
        self._instrument = settings.instrument
        self._price_of = settings.instrument.price_from_market
        self._scale = settings.instrument.price_scale
        self._least = 0.0 if settings.margin is None else -1.0
        self._evaluator = evaluator_of(settings.instrument.symbol, settings.strategy)
        self._step = self._evaluator.step
        self._sizer = Sizer(settings)
        self._is_measuring, self._has_budget = self._sizer.is_measuring, self._sizer.has_budget
        self.in_flight: Intent | None = None
        self.is_torn = False
        self.is_stopped_out = False
        self.value = 0
        self.flow = 0
        self._cost = 0

    @property
    def symbol(self) -> Symbol:
        """What it trades."""
        return self.settings.instrument.symbol

    @property
    def reads(self) -> tuple[Symbol, ...]:
        """The other instruments whose candles its strategy reads."""
        return self._evaluator.symbols

    @property
    def equity(self) -> int:
        """What the purse was worth at the last close or fill."""
        return self.purse.equity

    @property
    def halted(self) -> Alert | None:
        """Why the desk only gets out, or not even that; None while it trades."""
        return self.purse.halted

    @property
    def is_contradicted(self) -> bool:
        """Whether it stands because what is known of the account contradicts itself, or what the account shows."""
        halted = self.halted
        return halted is not None and halted.code in {AlertCode.ORDER_CONTRADICTION, AlertCode.JOURNAL_BEHIND}

    @property
    def is_paused(self) -> bool:
        """Whether its instrument is not traded: not even a way out leaves, nor a stop."""
        return self.halted is not None and self.halted.code is AlertCode.SYMBOL_PAUSED

    def close(self, candle: Candle) -> Alert | OrderRefused | None:
        """Take the next candle; return the alert of a guard that was breached, or else what was refused.

        A quote is wanted if *intent* is set; what was refused beside an alert is for `say`. Raises `InexactNumber` for
        a close that is no price.
        """
        mts, purse = candle[0], self.purse
        if self.position:
            value = self.position * self._price_of(candle[4]) // self._scale
            purse.equity += value - self.value
            self.value = value
        target = self._step(candle)
        if self._is_measuring:
            self._sizer.measure(candle)
        guards, alert = purse.guards, None
        if mts < guards.day_end and guards.calm_above < purse.equity <= guards.peak:
            guards.last_equity = purse.equity  # all that `observe` would do, at most candles
        else:
            alert = purse.observe(mts)
        if purse.halted is not None:
            if alert is not None:
                purse.seek_out(mts)
            else:
                self.seek(mts, 0.0, self.budget_acted_on)
        elif (target == self.target_acted_on and not self._has_budget and not self.is_torn) or not self.is_on:
            self.intent = None
        elif target == target:  # NaN is no decision
            refused = self._decide(mts, min(max(target, self._least), 1.0))
            if alert is None:
                return refused
            self.unsaid = refused
        elif self._evaluator.failure and alert is None:
            text = f"strategy_failed: {self._evaluator.failure}; flat and halted"
            alert = Alert(mts, AlertCode.STRATEGY_FAILED, text, self.name)
            self.halt(alert)
        return alert

    def observe(self, symbol: Symbol, candle: Candle) -> None:
        """Take a closed candle of an instrument in `reads`; what it leads to is decided with the next candle."""
        self._evaluator.observe(symbol, candle)

    def warm(self, candle: Candle) -> None:
        """Let the strategy see a candle from before the session: it decides nothing on it."""
        self._step(candle)
        self._sizer.measure(candle)

    def recall_close(self, candle: Candle) -> None:
        """Take a candle of a journal again: what the guards saw then, without a strategy."""
        if self.position:
            self._mark(self._instrument.price_from_market(candle.close))
        self.purse.observe(candle.mts)

    def recall_sent(self, side: Side, reasons: Reasons) -> None:
        """Take an order of a journal again, as `sent` did."""
        acted, before, weight = self.target_acted_on, self.budget_acted_on, reasons.sizes[-1].weight
        self.in_flight = Intent(side, reasons.target, acted, reasons.budget, before, weight, reasons)
        self.target_acted_on, self.budget_acted_on = reasons.target, reasons.budget

    def halt(self, alert: Alert) -> None:
        """Want out, and nothing else from now on."""
        self.purse.halt(alert)
        self.purse.seek_out(alert.mts)

    def stop(self, alert: Alert) -> bool:
        """Want nothing from now on, not even out; return whether it was not stopped for that already."""
        self.intent = None
        return self.purse.halt(alert)

    def limit(self, mts: Mts, limits: RiskLimits) -> Alert | None:
        """Trade within *limits* from now on; return the alert of a guard that they breach already.

        What waits for a quote is sized anew. What is held is not: a lower cap counts from the next order on.
        """
        self.settings = evolve(self.settings, limits=limits)
        self.streak.limits = limits
        alert = self.purse.limit(mts, limits)
        if alert is not None and self.halted is not None:
            self.purse.seek_out(mts)
        elif self.intent is not None:
            self.seek(mts, self.intent.target, self.intent.budget)
        return alert

    def switch(self, *, is_on: bool) -> None:
        """Do what an operator says: off whatever the configuration says, or on until it says otherwise."""
        self.is_switched_off = not is_on
        self.enable(is_enabled=is_on)

    def enable(self, *, is_enabled: bool) -> None:
        """Do what the configuration says; a strategy that is off wants nothing, and keeps what it holds."""
        self.is_on = is_enabled and not self.is_switched_off
        if not self.is_on:
            self.intent = None

    def resume(self) -> None:
        """Trade again after a halt, and in both directions; what the guards watch begins anew from here.

        What only stopped it where it was is lifted alone: halts and bounds beside it wait for a resume of their own.
        """
        if self.purse.resume():
            self.only_reduce = False
            self.streak = LosingStreak(self.settings.limits)

    def wish(self, quote: Quote) -> Wish | None:
        """Size what waits for a quote; None when nothing does, or when there is nothing to trade."""
        intent, self.intent = self.intent, None
        if intent is None:
            return None
        price, cash = quote.ask if intent.side is Side.BUY else quote.bid, self.ledger.cash - self.purse.held
        size = self._sizer.sized(intent, price, cash, self.position, self.purse.equity - cash - self.value)
        if size.delta <= 0:
            self.unsaid = self.reached(intent)
            return None
        if size.amount <= 0:
            refused = Refused(RefusalCode.AMOUNT_BELOW_MINIMUM, "0", f">= {format_atoms(self._instrument.amount_min)}")
            self.unsaid = self.refused(quote.mts, intent.side, None, refused)
            return None
        return Wish(intent.side, Atoms(size.amount), intent)

    def refused(self, mts: Mts, side: Side, amount: Atoms | None, refused: Refused) -> OrderRefused:
        """Count a wish that may not leave; its target is tried again after the next close."""
        code, observed, allowed = refused.code, refused.observed, refused.allowed
        self.refusals[code] += 1
        return OrderRefused(mts, self.symbol, self.name, side, amount, code, observed, allowed)

    def reached(self, intent: Intent) -> Reached:
        """Take that what is held is what *intent* wants."""
        reached = Reached(self.name, intent.target, Ppb(intent.budget))
        self.recall_reached(reached)
        return reached

    def recall_reached(self, reached: Reached) -> None:
        """Take a decision of a journal again, as `reached` did."""
        self.target_acted_on, self.budget_acted_on = reached.target, reached.budget
        self.is_torn = False

    def say(self) -> tuple[OrderRefused | Reached, ...]:
        """Return what `close` or `wish` decided of its own accord, once."""
        if self.unsaid is None:
            return ()
        unsaid, self.unsaid = self.unsaid, None
        return (unsaid,)

    def sent(self, wish: Wish) -> None:
        """Take that an order for *wish* is on its way: until its end, nothing else is wished."""
        self.in_flight, self._cost = wish.intent, 0
        self.target_acted_on, self.budget_acted_on = wish.intent.target, wish.intent.budget

    def hold(self, cost: int) -> None:
        """Take that the order on its way holds *cost* of the cash, so that no other desk of the purse can spend it."""
        self._cost = cost

    @property
    def held(self) -> int:
        """The cash that the order on its way holds."""
        return self._cost if self.in_flight is not None else 0

    def book(self, fill: Fill) -> None:
        """Book a fill."""
        cash, before, purse = self.ledger.cash, self.position, self.purse
        equity = purse.equity
        self.ledger.book(fill, self._instrument)
        self.position = self.ledger.positions[fill.symbol]
        change = self.ledger.cash - cash
        purse.equity += change
        self.flow += change
        self._mark(fill.price)
        if fill.mts < purse.guards.day_end:
            purse.guards.booked(fill.mts, purse.equity - equity)
        if before and (not self.position or (before > 0) != (self.position > 0)):
            # The fee of an order that turns the position counts to the round trip that it ends.
            self.streak.ended(fill.mts, self.flow + self.value)
            self.flow = -self.value
        if abs(self.position) > abs(before) or before * self.position < 0:
            self.is_stopped_out = False
            self.is_torn |= self.in_flight is None  # a late match of an order that was taken back

    def stopped(self, entry: Reasons) -> None:
        """Take that its protection has sold what *entry* bought: if nothing is left, that target is over and done."""
        if abs(self.position) >= self._instrument.amount_min:
            return
        self.is_stopped_out = True
        if self.is_torn and self.in_flight is None:  # only a part was bought: the rest is not tried again either
            self.target_acted_on, self.budget_acted_on = entry.target, entry.budget
            self.is_torn = False
        intent = self.intent
        if intent is not None and intent.target == self.target_acted_on:  # more of it, as its budget rose
            self.intent = None
        elif intent is not None:
            self.intent = intent._replace(previous=self.target_acted_on, previous_budget=self.budget_acted_on)

    def charge(self, amount: int) -> None:
        """Book a cost that no fill has, such as margin funding."""
        self.ledger.charge(amount)
        self.purse.equity -= amount
        self.flow -= amount

    def liquidated(self, fill: Fill) -> Alert:
        """Book that the exchange closed the position; the desk wants nothing more."""
        self.book(fill)
        self.target_acted_on, self.in_flight = 0.0, None
        alert = liquidation_alert(fill.mts, self.equity)
        self.halt(alert)
        return alert

    def done(self) -> None:
        """Take that the order is over, and whole; nothing, if it was over and has come to its end once more."""
        if self.in_flight is None:
            return
        self.in_flight = None
        # Not before: an order of which nothing comes leaves it as it was. What came late beside a way out is left.
        self.is_torn = self.target_acted_on == 0.0 and abs(self.position) >= self._instrument.amount_min

    def take_back(self, *, is_torn: bool) -> None:
        """Take that the order is over, and not whole: its target is tried again after the next close.

        *is_torn* says that a part of it was filled, so that what is held is no target's doing.
        """
        if self.in_flight is not None:
            self.target_acted_on, self.budget_acted_on = self.in_flight.previous, self.in_flight.previous_budget
            self.in_flight = None
            self.is_torn |= is_torn

    def seek(self, mts: Mts, target: float, budget: int) -> None:
        """Want *target* at *budget*, unless it is what was acted on, or an order is on its way."""
        acted, before = self.target_acted_on, self.budget_acted_on
        is_same = target == acted and (
            target == 0.0 or self.is_stopped_out or not has_moved(budget, before, self.settings.budget.band)
        )
        if (is_same and not self.is_torn) or self.in_flight is not None:
            self.intent = None
            return
        weight = weight_ppb(self.settings.size, target)
        sizes = self._sizer.weights(weight, budget, self.settings.limits.position_cap)
        # Where the budget moved, what counts is the exposure; a comparison of targets alone is exact.
        is_buy = target > acted if budget == before else target * budget > acted * before
        if self.is_torn:  # the last target says nothing of what is held
            is_buy = sizes[-1].weight * self.equity > self.value * PPB
        names, values = self._evaluator.names, self._evaluator.values()
        reasons = Reasons(mts, target, weight, sizes, names, values, Ppb(budget))
        side = Side.BUY if is_buy else Side.SELL
        self.intent = Intent(side, target, acted, budget, before, sizes[-1].weight, reasons)

    def drop_growth(self) -> None:
        """Forget what waits for a quote, if it would add risk."""
        intent = self.intent
        if intent is None:
            return
        was, wanted = intent.previous * intent.previous_budget, intent.target * intent.budget
        grows = abs(wanted) > abs(was) or wanted * was < 0.0
        if self.adds_risk(intent.side) if self.is_torn else grows:
            self.intent = None

    def adds_risk(self, side: Side) -> bool:
        """Tell whether an order of *side* makes what is held larger."""
        return not self.position or (side is Side.BUY) == (self.position > 0)

    def may_add_risk(self, mts: Mts) -> bool:
        """Tell whether it may hold more at *mts* than it does."""
        is_bounded = self.only_reduce or mts < self.purse.reduce_until or mts < self.streak.pause_until
        return self.is_on and not is_bounded and self.halted is None

    def _decide(self, mts: Mts, target: float) -> OrderRefused | None:
        acted, budget = self.target_acted_on, self._sizer.budget()
        if budget < 0 and target != 0.0:
            return None
        budget = max(budget, 0)
        only_reduce = self.only_reduce or mts < self.purse.reduce_until
        if only_reduce or mts < self.streak.pause_until:
            if self.is_torn:  # the last target says nothing of what is held: any that gets out of it may be sought
                acted = math.copysign(math.inf, self.position) if self.position else 0.0
            bound = min(max(target, min(acted, 0.0)), max(acted, 0.0))
            self.seek(mts, bound, min(budget, self.budget_acted_on))
            is_growth = self.is_torn and self.intent is not None and self.adds_risk(self.intent.side)
            if is_growth:
                self.intent = None
            if is_growth or bound != target:
                return self._held_back(mts, target, acted, only_reduce=only_reduce)
            return None
        self.seek(mts, target, budget)
        return None

    def _held_back(self, mts: Mts, target: float, acted: float, *, only_reduce: bool) -> OrderRefused:
        """Refuse a wish for more than is held, where only less is allowed."""
        side, code = Side.BUY if target > acted else Side.SELL, RefusalCode.REDUCE_ONLY
        allowed = "reductions only"
        if not only_reduce:
            code, allowed = RefusalCode.COOL_DOWN, f"reductions only until {self.streak.pause_until}"
        return self.refused(mts, side, None, Refused(code, f"target {target!r} after {acted!r}", allowed))

    def _mark(self, price: int) -> None:
        value = self.position * price // self._instrument.price_scale
        self.purse.equity += value - self.value
        self.value = value

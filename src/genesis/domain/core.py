"""The trading core: a deterministic reducer from events to decisions.

It knows no clock, does no IO and draws no random number, so the same events give the same decisions in a backtest, in a
replay, on paper and live. A strategy decides when a candle closes. If its target differs from the last one acted on,
the core asks for a quote, and sizes, checks and submits the order on that quote: a rising target buys at the ask, a
falling one sells at the bid.
"""

import math
from collections import Counter
from typing import Final, NamedTuple

from attrs import field, frozen

from genesis.domain.events import (
    Alert,
    AlertCode,
    CandleClosed,
    Decision,
    Event,
    HaltRequested,
    OrderClosed,
    OrderFilled,
    OrderRejected,
    Quote,
    Reasons,
    RequestQuote,
    Submit,
    breach_alert,
)
from genesis.domain.instrument import Instrument
from genesis.domain.ledger import Ledger
from genesis.domain.order import Cid, OrderRequest, OrderType, Side
from genesis.domain.risk import gate
from genesis.domain.risk.gate import RefusalCode, Refused
from genesis.domain.risk.guards import EquityGuards, RiskLimits
from genesis.domain.risk.sizing import capped_weight, rebalance
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.streaming import Evaluator
from genesis.domain.units import Atoms, Mts, Ppb, format_atoms, weight_ppb

FIRST_CID: Final = Cid(1)


@frozen
class CoreSettings:
    """How the core trades one instrument: *size* scales every target, *limits* guard the account."""

    instrument: Instrument
    strategy: Expr
    size: float = 1.0
    limits: RiskLimits = field(factory=RiskLimits)

    def __attrs_post_init__(self) -> None:
        if not (math.isfinite(self.size) and 0 < self.size <= 1):
            raise ValueError(f"size must be above 0 and at most 1, was {self.size}: spot has no leverage")


class Intent(NamedTuple):
    """A target that waits for a quote, or for the end of its order; *previous* is the target acted on before it."""

    side: Side
    target: float
    previous: float
    weight: Ppb
    reasons: Reasons


class TradingCore:
    """One strategy on one spot instrument and one account."""

    def __init__(self, settings: CoreSettings, ledger: Ledger, first_cid: Cid = FIRST_CID) -> None:
        self.settings = settings
        self.ledger = ledger
        self.equity: int = ledger.cash
        self.position: int = ledger.position(settings.instrument.symbol)
        self.halted: Alert | None = None
        self.refusals: Counter[RefusalCode] = Counter()
        self.target_acted_on = 0.0
        self._instrument = settings.instrument
        self._evaluator = Evaluator(settings.strategy)
        self._guards = EquityGuards(settings.limits, ledger.cash)
        self._awaiting_quote: Intent | None = None
        self._in_flight: Intent | None = None
        self._next_cid = int(first_cid)

    def handle(self, event: Event) -> tuple[Decision, ...]:
        """Take the next event; return what to do about it, in order.

        Raises `Overdrawn` or `InexactNumber` on events that cannot be true; the core must not be used after that.
        """
        if type(event) is CandleClosed:
            return self._decide(event)
        match event:
            case Quote():
                return self._trade(event)
            case OrderFilled(fill):
                self.ledger.book(fill, self._instrument)
                self.position = self.ledger.position(fill.symbol)
            case OrderClosed():
                return self._close(event)
            case OrderRejected(mts, symbol, cid, reason):
                self._take_back()
                return (Alert(mts, AlertCode.ORDER_REJECTED, f"order {cid} {symbol}: {reason}"),)
            case HaltRequested(mts, reason):
                alert = self._halt(Alert(mts, AlertCode.OPERATOR_HALT, f"operator_halt: {reason}"))
                return (alert, *self._seek(mts, 0.0))
        return ()

    def _decide(self, event: CandleClosed) -> tuple[Decision, ...]:
        candle = event.candle
        mts, ledger = candle.mts, self.ledger
        equity = ledger.equity_at(self._instrument, candle.close) if self.position else ledger.cash
        self.equity = equity
        breach = self._guards.observe(mts, equity)
        target = self._evaluator.step(candle)
        if breach is not None and self.halted is None:
            alert = self._halt(breach_alert(mts, breach, equity, self._guards.peak))
            return (alert, *self._seek(mts, 0.0))
        if self.halted is not None:
            return self._seek(mts, 0.0)
        if target == self.target_acted_on:
            self._awaiting_quote = None
            return ()
        if target != target:  # NaN is no decision
            return ()
        return self._seek(mts, min(max(target, 0.0), 1.0))

    def _seek(self, mts: Mts, target: float) -> tuple[Decision, ...]:
        if target == self.target_acted_on or self._in_flight is not None:
            self._awaiting_quote = None
            return ()
        weight = weight_ppb(self.settings.size, target)
        capped = capped_weight(weight, self.settings.limits.position_cap)
        side = Side.BUY if target > self.target_acted_on else Side.SELL
        reasons = Reasons(mts, target, weight, capped, self._evaluator.names, self._evaluator.values())
        self._awaiting_quote = Intent(side, target, self.target_acted_on, capped, reasons)
        return (RequestQuote(self._instrument.symbol),)

    def _trade(self, quote: Quote) -> tuple[Decision, ...]:
        intent, self._awaiting_quote = self._awaiting_quote, None
        if intent is None:
            return ()
        ledger, held = self.ledger, self.position
        price = quote.ask if intent.side is Side.BUY else quote.bid
        is_exit = intent.target == 0.0
        wish = rebalance(intent.side, intent.weight, is_exit, ledger.cash, held, price, self._instrument.price_scale)
        if wish.delta <= 0:
            self.target_acted_on = intent.target
            return ()
        if wish.amount <= 0:
            self.refusals[RefusalCode.AMOUNT_BELOW_MINIMUM] += 1
            return ()
        return self._submit(intent, Atoms(wish.amount), quote)

    def _submit(self, intent: Intent, amount: Atoms, quote: Quote) -> tuple[Decision, ...]:
        symbol = self._instrument.symbol
        cid = Cid(self._next_cid) if quote.cid is None else quote.cid
        order = OrderRequest(cid, symbol, intent.side, OrderType.MARKET, amount, quote.mts)
        answer = gate.check(order, self._instrument, self.position, self.halted is not None)
        if isinstance(answer, Refused):
            self.refusals[answer.code] += 1
            return ()
        self._next_cid += quote.cid is None
        self._in_flight = intent
        self.target_acted_on = intent.target
        return (Submit(answer, intent.reasons),)

    def _close(self, event: OrderClosed) -> tuple[Decision, ...]:
        if not event.left:
            self._in_flight = None
            return ()
        self._take_back()
        text = f"order {event.cid} {event.symbol}: {format_atoms(event.left)} of it were not filled"
        return (Alert(event.mts, AlertCode.ORDER_INCOMPLETE, text),)

    def _take_back(self) -> None:
        """Let the target of the order in flight be tried again after the next close."""
        if self._in_flight is not None:
            self.target_acted_on = self._in_flight.previous
            self._in_flight = None

    def _halt(self, alert: Alert) -> Alert:
        self.halted = self.halted or alert
        return alert

"""The trading core: a deterministic reducer from events to decisions.

It knows no clock, does no IO and draws no random number, so the same events give the same decisions in a backtest, in a
replay, on paper and live. Its desk decides when a candle closes. If the target differs from the last one acted on, the
core asks for a quote, on which the desk sizes its wish, and the core checks and submits the order: a rising target buys
at the ask, a falling one sells at the bid.
"""

from collections import Counter
from typing import Final

from attrs import field, frozen

from genesis.domain.desk import Desk, DeskSettings
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
    RequestQuote,
    Submit,
)
from genesis.domain.instrument import Instrument
from genesis.domain.ledger import Ledger
from genesis.domain.order import Cid, OrderRequest, OrderType
from genesis.domain.risk import gate
from genesis.domain.risk.gate import RefusalCode, Refused
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.strategy.expression import Expr
from genesis.domain.units import format_atoms

FIRST_CID: Final = Cid(1)


@frozen
class CoreSettings:
    """How the core trades one instrument: *size* scales every target, *limits* guard the account."""

    instrument: Instrument
    strategy: Expr
    size: float = 1.0
    limits: RiskLimits = field(factory=RiskLimits)

    def __attrs_post_init__(self) -> None:
        self.desk()

    def desk(self) -> DeskSettings:
        """Return the settings of the one desk; raises `ValueError` for a size that is none."""
        return DeskSettings(self.instrument.symbol, self.instrument, self.strategy, self.size, self.limits)


class TradingCore:
    """One desk on one spot instrument and one account."""

    def __init__(self, settings: CoreSettings, ledger: Ledger, first_cid: Cid = FIRST_CID) -> None:
        self.settings = settings
        self.ledger = ledger
        self._instrument = settings.instrument
        self._desk = Desk(settings.desk(), ledger)
        self._close = self._desk.close
        self._next_cid = int(first_cid)

    @property
    def equity(self) -> int:
        """What the account was worth at the last close."""
        return self._desk.equity

    @property
    def position(self) -> int:
        """The atoms held of the instrument's base currency."""
        return self._desk.position

    @property
    def halted(self) -> Alert | None:
        """Why the core only sells, None while it trades."""
        return self._desk.halted

    @property
    def refusals(self) -> Counter[RefusalCode]:
        """How many wishes did not leave, by the check that refused them."""
        return self._desk.refusals

    def handle(self, event: Event) -> tuple[Decision, ...]:
        """Take the next event; return what to do about it, in order.

        Raises `Overdrawn` or `InexactNumber` on events that cannot be true; the core must not be used after that.
        """
        if type(event) is CandleClosed:
            alert = self._close(event.candle)
            return () if alert is None and self._desk.intent is None else self._decided(alert)
        match event:
            case Quote():
                return self._trade(event)
            case OrderFilled(fill):
                self._desk.book(fill)
            case OrderClosed():
                return self._end(event)
            case OrderRejected(mts, symbol, cid, reason):
                self._desk.take_back()
                return (Alert(mts, AlertCode.ORDER_REJECTED, f"order {cid} {symbol}: {reason}"),)
            case HaltRequested(mts, reason):
                alert = Alert(mts, AlertCode.OPERATOR_HALT, f"operator_halt: {reason}")
                self._desk.halt(alert)
                return self._decided(alert)
        return ()

    def _decided(self, alert: Alert | None) -> tuple[Decision, ...]:
        wanted = () if self._desk.intent is None else (RequestQuote(self._instrument.symbol),)
        return wanted if alert is None else (alert, *wanted)

    def _trade(self, quote: Quote) -> tuple[Decision, ...]:
        desk = self._desk
        wish = desk.wish(quote)
        if wish is None:
            return ()
        cid = Cid(self._next_cid) if quote.cid is None else quote.cid
        order = OrderRequest(cid, self._instrument.symbol, wish.side, OrderType.MARKET, wish.amount, quote.mts)
        answer = gate.check(order, self._instrument, desk.position, desk.halted is not None)
        if isinstance(answer, Refused):
            desk.refused(answer.code)
            return ()
        self._next_cid += quote.cid is None
        desk.sent(wish)
        return (Submit(answer, wish.intent.reasons),)

    def _end(self, event: OrderClosed) -> tuple[Decision, ...]:
        if not event.left:
            self._desk.done()
            return ()
        self._desk.take_back()
        text = f"order {event.cid} {event.symbol}: {format_atoms(event.left)} of it were not filled"
        return (Alert(event.mts, AlertCode.ORDER_INCOMPLETE, text),)

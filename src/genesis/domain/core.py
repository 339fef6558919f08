"""The trading core: a deterministic reducer from events to decisions.

It knows no clock, does no IO and draws no random number, so the same events give the same decisions in a backtest, in a
replay, on paper and live. Its desks, one a strategy, decide when a candle closes. If a target differs from the last one
acted on, the core asks for a quote, on which the desk sizes its wish; what strategies want of each other is netted
inside, and the gate checks the rest against the limits of the desk and of the whole account.

What is known of the orders and of the account is in `books`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from genesis.domain.account_looks import AccountLooks
from genesis.domain.books import Books
from genesis.domain.candle import Candle
from genesis.domain.core_settings import CoreSettings
from genesis.domain.crossing import Crossing
from genesis.domain.desk import Desk
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.dispatch import Dispatch
from genesis.domain.events import (
    AccountShown,
    Alert,
    Booked,
    CandleClosed,
    Decision,
    Event,
    LimitsApplied,
    Liquidated,
    MarginCharged,
    OperatorAsked,
    OrderReported,
    Quote,
    RequestQuote,
    StrategyEnabled,
    StrategyLimitsApplied,
    TimePassed,
)
from genesis.domain.execution.order_life import Status
from genesis.domain.execution.orders import PROTECTION
from genesis.domain.fill import Fill
from genesis.domain.guarding import Guarding
from genesis.domain.ledger import Ledger
from genesis.domain.link import LinkState
from genesis.domain.operation import Operation
from genesis.domain.order import Cid
from genesis.domain.outcomes import Outcomes
from genesis.domain.purse import Purse
from genesis.domain.pursued import Pursued
from genesis.domain.pursuits import Pursuits
from genesis.domain.risk.refusal import RefusalCode, Refused
from genesis.domain.risk.scene import Standing
from genesis.domain.standing import Standings
from genesis.domain.trading import Trading
from genesis.domain.units import Atoms, Mts, Symbol
from genesis.domain.waiting import Waiting
from genesis.domain.ways import Ways
from genesis.domain.withdrawals import Withdrawals

FIRST_CID: Final = Cid(1)

LIMITING: Final = frozenset(
    {
        RefusalCode.PRICE_COLLAR,
        RefusalCode.ORDER_AMOUNT,
        RefusalCode.ORDER_NOTIONAL,
        RefusalCode.EXPOSURE_INSTRUMENT,
        RefusalCode.EXPOSURE_TOTAL,
        RefusalCode.POSITIONS,
    }
)
"""What limits of the account say of an order by itself; the rates have counted it already."""


class TradingCore:
    """The desks of one account, and the books around them.

    *is_new* says that the account was not shown yet: candles are history then, on which strategies warm up.
    """

    def __init__(self, settings: CoreSettings, ledgers: Mapping[str, Ledger], first_cid: Cid = FIRST_CID) -> None:
        self.settings = settings
        purse = None
        if settings.together is not None:
            purse = Purse(ledgers[settings.desks[0].name], settings.together)
        self.desks = {each.name: Desk(each, ledgers[each.name], purse) for each in settings.desks}
        self._purses = [desk.purse for desk in self.desks.values()] if purse is None else [purse]
        self.now = Mts(0)
        self.is_new = settings.needs_account
        self._instruments = settings.instruments
        standings = Standings(is_reconciled=not settings.needs_account)
        self.books = Books(self.desks, self._instruments, settings.quote, settings.account, standings, first_cid)
        self._closes = self.books.closes
        self._by_symbol = {
            symbol: tuple(desk for desk in self.desks.values() if desk.symbol == symbol) for symbol in self._instruments
        }
        self._readers = {
            symbol: tuple(desk for desk in self.desks.values() if symbol in desk.reads) for symbol in settings.reads
        }
        self.dispatch = Dispatch(self.books, settings.limits, has_to_see=settings.needs_account)
        self.withdrawals = Withdrawals(self.books.orders)
        self.waiting = Waiting()
        ways = Ways(self.books, self.withdrawals)
        self.guarding = Guarding(self.desks, self.books, self.dispatch, self.withdrawals, self.waiting, ways)
        self.pursuits = Pursuits(
            self.desks, self.books, self.dispatch, self.withdrawals, self.waiting, self.guarding, ways
        )
        self.crossing = Crossing(self.desks, self.books, self._instruments, self.dispatch, self.guarding)
        self.trading = Trading(
            *(self._by_symbol, self.books, self.dispatch, self.waiting, self.pursuits, self.guarding),
            *(self.crossing, ways),
        )
        self._outcomes = Outcomes(
            *(self.desks, self.books, self._instruments, self.withdrawals, self.guarding, self.pursuits, self.trading)
        )
        self._looks = AccountLooks(self.books, self._instruments, self._outcomes, is_dry=settings.is_dry)
        self.operation = Operation(self.desks, self.books, self.withdrawals, self.pursuits, self.trading)
        self._alone = {
            symbol: desks[0]
            for symbol, desks in self._by_symbol.items()
            if len(desks) == 1 and symbol not in self._readers and not self.pursuits.is_pursuing and purse is None
        }
        """Desks whose candles and quotes are nobody else's business."""

    @property
    def equity(self) -> int:
        """What all strategies were worth at the last close, in atoms of the quote currency."""
        return sum(purse.equity for purse in self._purses)

    @property
    def cash(self) -> Atoms:
        """The quote currency of all strategies."""
        return Atoms(sum(purse.ledger.cash for purse in self._purses))

    def position(self, symbol: Symbol) -> Atoms:
        """Return what all strategies hold of an instrument's base currency."""
        return Atoms(sum(desk.position for desk in self._by_symbol[symbol]))

    @property
    def halted(self) -> Alert | None:
        """Why a desk only gets out, None while all trade."""
        return next((desk.halted for desk in self.desks.values() if desk.halted is not None), None)

    @property
    def refusals(self) -> Counter[RefusalCode]:
        """How many wishes did not leave, by the check that refused them."""
        counted: Counter[RefusalCode] = Counter()
        for desk in self.desks.values():
            counted.update(desk.refusals)
        return counted

    def carry_on(self, under_way: Iterable[Pursued]) -> None:
        """Take what an earlier session left under way: it goes on, whatever plans are configured now."""
        self.books.under_way = {each.undertaking.id: each for each in under_way}
        if self.books.under_way:
            self._alone.clear()

    def desks_of(self, symbol: Symbol) -> tuple[Desk, ...]:
        """Return the desks that trade an instrument; none where it is only read."""
        return self._by_symbol.get(symbol, ())

    def warm(self, symbol: Symbol, candle: Candle) -> None:
        """Let the strategies of an instrument see a candle from before the session."""
        for desk in self._by_symbol[symbol]:
            desk.warm(candle)

    def handle(self, event: Event) -> tuple[Decision, ...]:
        """Take the next event; return what to do about it, in order.

        Raises `InexactNumber` on events that cannot be true; the core must not be used after that.
        """
        match event:
            case CandleClosed(symbol, candle):
                return self.close(symbol, candle)
            case OrderReported(mts=mts):
                self.now = max(self.now, mts)
                return tuple(self._outcomes.take(event, self.now))
            case Quote(mts=mts):
                self.now = max(self.now, mts)
                return tuple(self._trade(event))
            case AccountShown(mts=mts):
                self.now = max(self.now, mts)
                return tuple(self._look(event))
            case OperatorAsked(mts=mts):
                self.now = max(self.now, mts)
                return tuple(self.operation.obey(event, self.now))
            case LimitsApplied(mts, limits):
                self.now = max(self.now, mts)
                self.dispatch.limits = limits
                self.books.remember(self.now, limits)
                return tuple(self._call_back())
            case StrategyLimitsApplied(mts=mts) | StrategyEnabled(mts=mts):
                self.now = max(self.now, mts)
                return tuple(self.operation.configure(event, self.now))
            case MarginCharged(mts, symbol, amount):
                self.now = max(self.now, mts)
                self._by_symbol[symbol][0].charge(amount)
            case Liquidated(fill):
                self.now = max(self.now, fill.mts)
                return tuple(self._liquidate(fill))
            case LinkState():
                self.books.standings.take(event)
            case TimePassed(mts):
                self.now = max(self.now, mts)
                return tuple(self.pursuits.time_passed(self.now))
        return ()

    # Deciding

    def close(self, symbol: Symbol, candle: Candle) -> tuple[Decision, ...]:
        """Take the close of a candle, as `handle` does of a `CandleClosed`: of a backtest, hardly anything else."""
        desk = self._alone.get(symbol)
        if desk is None or self.is_new:
            return tuple(self._close_for_all(symbol, candle))
        self._closes[symbol] = candle[4]
        told = desk.close(candle)
        if desk.intent is None:  # as at most candles: nothing follows
            return () if told is None else (told, *desk.say())
        is_open = self.books.standings.now is Standing.OPEN
        asked = (RequestQuote(symbol),) if is_open else tuple(self.trading.ask(symbol, self.now))
        return asked if told is None else (told, *desk.say(), *asked)

    def _close_for_all(self, symbol: Symbol, candle: Candle) -> Iterator[Decision]:
        """Let all who read or trade an instrument see its candle."""
        for reader in self._readers.get(symbol, ()):
            reader.observe(symbol, candle)
        desks = self.desks_of(symbol)
        if self.is_new or not desks:
            for desk in desks:
                desk.warm(candle)
            return
        self._closes[symbol] = candle.close
        is_waiting = False
        for desk in desks:
            told = desk.close(candle)
            if told is not None:
                yield told
                is_breach = isinstance(told, Alert) and self.settings.together is not None
                for other in self._by_symbol if is_breach else ():
                    yield from self.trading.ask(other, self.now)  # a breach of all together lets every desk out
                yield from desk.say()
            is_waiting |= desk.intent is not None
        if is_waiting:
            yield from self.trading.ask(symbol, self.now)
        if self.pursuits.is_pursuing:
            self.now = max(self.now, candle.mts)
            yield from self.pursuits.go_on(self.now)
            for desk in desks:
                yield from self.guarding.protect(desk, self.now)

    def _trade(self, quote: Quote) -> Iterable[Decision]:
        self.books.quotes[quote.symbol] = quote
        desk = self._alone.get(quote.symbol)
        if desk is None:
            return self.trading.quoted_for_all(quote, self.now)
        return self.trading.quoted(desk, quote, self.now)

    # The account

    def _call_back(self) -> Iterator[Decision]:
        """Withdraw what the limits of now forbid and waits for its answer: it may wait to leave still.

        What guards a position is not let go of.
        """
        for own in tuple(self.books.orders.open()):
            desk, order = self.desks.get(own.strategy), own.life.order
            if desk is None or own.life.status is not Status.SENDING or own.undertaking == PROTECTION:
                continue
            answer = self.dispatch.check(desk, order, self.now, (order.cid,))
            if isinstance(answer, Refused) and answer.code in LIMITING:
                yield from self.withdrawals.ask(
                    order.cid, f"{answer.code.value}: {answer.observed}, now {answer.allowed}"
                )

    def _liquidate(self, fill: Fill) -> Iterator[Decision]:
        """Book that the exchange closed a position that one desk has for itself."""
        desk = self._by_symbol[fill.symbol][0]
        alert = desk.liquidated(fill)
        yield Booked(desk.name, fill)
        yield alert

    def _look(self, event: AccountShown) -> Iterator[Decision]:
        """Take the whole account as the exchange shows it: until then nothing is decided."""
        self.withdrawals.clear()
        yield from self._looks.take(event, self.now)
        if self.is_new:
            self.guarding.remember()
        self.is_new = False
        self.guarding.try_at_once()
        yield from self.pursuits.time_passed(self.now)
        yield from self.operation.was_looked_at()
        if self.books.standings.now is Standing.OPEN:
            for desk in self.desks.values():
                self._leave(desk, event.mts)
            for symbol in self._by_symbol:  # stops that have to go first and are open still are asked for again
                yield from self.trading.ask(symbol, self.now)

    def _leave(self, desk: Desk, mts: Mts) -> None:
        """Let a desk that has to get out try, if it does not: nothing could be sent when it was halted."""
        is_in = abs(desk.position) >= desk.settings.instrument.amount_min
        if desk.halted is not None and not desk.is_paused and is_in:
            desk.seek(mts, 0.0, desk.budget_acted_on)


def one_desk(
    desk: DeskSettings, cash: Atoms, first_cid: Cid = FIRST_CID, *, needs_account: bool = False
) -> TradingCore:
    """Return the core of an account that one desk has for itself, with *cash* of the quote currency."""
    settings = CoreSettings((desk,), needs_account=needs_account)
    return TradingCore(settings, {desk.name: Ledger(cash)}, first_cid)

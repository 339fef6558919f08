"""The trading core: a deterministic reducer from events to decisions.

It knows no clock, does no IO and draws no random number, so the same events give the same decisions in a backtest, in a
replay, on paper and live. Its desks, one a strategy, decide when a candle closes. If a target differs from the last one
acted on, the core asks for a quote, on which the desk sizes its wish; what strategies want of each other is netted
inside, and the gate checks the rest against the limits of the desk and of the whole account.

What is known of the orders and of the account is in `books`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from genesis.domain.account_looks import AccountLooks
from genesis.domain.books import Books
from genesis.domain.candle import Candle
from genesis.domain.core_settings import CoreSettings
from genesis.domain.desk import Desk, Wish
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import (
    AccountShown,
    Alert,
    AlertCode,
    Booked,
    CandleClosed,
    Crossed,
    Decision,
    Event,
    LimitsApplied,
    Liquidated,
    LookUp,
    MarginCharged,
    OperatorAsked,
    OrderRefused,
    OrderReported,
    Quote,
    Reasons,
    RequestQuote,
    StrategyEnabled,
    StrategyLimitsApplied,
    Submit,
    TimePassed,
)
from genesis.domain.execution.evidence import Traded, is_not_traded
from genesis.domain.execution.netting import Match, Wanted, net
from genesis.domain.execution.order_life import ContradictingEvidence, ImpossibleStep, OrderLife, Status
from genesis.domain.execution.orders import PROTECTION, OwnOrder
from genesis.domain.execution.plans import LimitEntry, Market, Undertaking
from genesis.domain.fill import Fill
from genesis.domain.ledger import Ledger, cost_of, value_of
from genesis.domain.link import LinkState
from genesis.domain.operation import Operation
from genesis.domain.order import Cid, OrderRequest, OrderType, Side
from genesis.domain.purse import Purse
from genesis.domain.pursuits import Pursuits
from genesis.domain.risk import account_guards, gate
from genesis.domain.risk.refusal import RefusalCode, Refused
from genesis.domain.risk.scene import Standing
from genesis.domain.standing import Standings
from genesis.domain.units import Atoms, Mts, Price, Symbol, floor_mul_div, format_atoms

FIRST_CID: Final = Cid(1)
NO_CID: Final = Cid(0)
"""Of fills between two strategies of ours, which no order made."""


class TradingCore:
    """The desks of one account, and the books around them.

    *is_new* says that the account was not shown yet: candles are history then, on which strategies warm up. *cut* names
    the desks whose order is only a part of their wish, *reasons* why each sent its last order.
    """

    def __init__(self, settings: CoreSettings, ledgers: Mapping[str, Ledger], first_cid: Cid = FIRST_CID) -> None:
        self.settings = settings
        self.limits = settings.limits
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
        self.is_pursuing = any(
            each.protection is not None or not isinstance(each.plan, Market) for each in settings.desks
        )
        self._by_symbol = {
            symbol: tuple(desk for desk in self.desks.values() if desk.symbol == symbol) for symbol in self._instruments
        }
        self._readers = {
            symbol: tuple(desk for desk in self.desks.values() if symbol in desk.reads) for symbol in settings.reads
        }
        self._alone = {
            symbol: desks[0]
            for symbol, desks in self._by_symbol.items()
            if len(desks) == 1 and symbol not in self._readers and not self.is_pursuing and purse is None
        }
        """Desks whose candles and quotes are nobody else's business."""
        self.pursuits = Pursuits(self.desks, self.books, self._send, self._within_one_order)
        self._looks = AccountLooks(self.books, self._instruments, self._report, is_dry=settings.is_dry)
        self.operation = Operation(self.desks, self.books, self.pursuits, self._ask)
        self.cut: set[str] = set()
        self.reasons: dict[str, Reasons] = {}
        self.next_undertaking = 1

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
                return tuple(self._report(event))
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
                self.limits = limits
                self.books.remember(self.now, limits)
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
        asked = (RequestQuote(symbol),) if is_open else tuple(self._ask(symbol))
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
        is_waiting = is_breach = False
        for desk in desks:
            told = desk.close(candle)
            if told is not None:
                yield told
                is_breach = isinstance(told, Alert) and self.settings.together is not None
                for other in self._by_symbol if is_breach else ():
                    yield from self._ask(other)  # a breach of all together lets every desk out
                yield from desk.say()
            is_waiting |= desk.intent is not None
        if is_waiting:
            yield from self._ask(symbol)
        if self.is_pursuing:
            self.now = max(self.now, candle.mts)
            yield from self.pursuits.go_on(self.now)
            for desk in self.desks.values() if is_breach else desks:  # a breach drops what guards had gone for
                yield from self.pursuits.protect(desk)

    def _ask(self, symbol: Symbol) -> Iterator[Decision]:
        """Ask for a quote for the desks that wait for one; while nothing may be sent, they wait no longer."""
        standing = self.books.standings.now
        waiting = [desk for desk in self._by_symbol[symbol] if desk.intent is not None]
        if standing is Standing.OPEN:
            ready = 0
            for desk in waiting:
                if desk.settings.protection is not None and self._is_guarded(desk):
                    yield from self.pursuits.release(desk, "the strategy leaves the position")
                else:
                    ready += 1
            if ready:
                yield RequestQuote(symbol, ready + self.pursuits.waiting(symbol))
            return
        for desk in waiting:
            intent, desk.intent = desk.intent, None
            if intent is not None:
                mts = max(self.now, intent.reasons.mts)
                yield desk.refused(mts, intent.side, None, account_guards.not_open(standing))

    # Trading

    def _trade(self, quote: Quote) -> Iterable[Decision]:
        symbol = quote.symbol
        self.books.quotes[symbol] = quote
        cids = iter(quote.cids) if quote.cids else self._counted()
        desk = self._alone.get(symbol)
        if desk is None:
            return self._trade_for_all(quote, cids)
        wish = desk.wish(quote)
        return desk.say() if wish is None else self._submit(desk, wish, wish.amount, quote, cids)

    def _trade_for_all(self, quote: Quote, cids: Iterator[Cid]) -> Iterator[Decision]:
        """Send what desks want of an instrument that several trade, or that undertakings and protections wait for."""
        symbol = quote.symbol
        waiting = [desk for desk in self._by_symbol[symbol] if desk.intent is not None and not self._is_guarded(desk)]
        wishes = [(desk, wish) for desk in waiting if (wish := desk.wish(quote)) is not None]
        for desk in waiting:
            yield from desk.say()
        if len(wishes) > 1 and self._may_cross(quote):
            netted = net({desk.name: Wanted(wish.side, wish.amount) for desk, wish in wishes})
            reasons = {desk.name: wish.intent.reasons for desk, wish in wishes}
            for match in netted.matches:
                yield from self._cross(match, quote, reasons)
            for desk, wish in wishes:
                yield from self._submit(desk, wish, netted.left[desk.name], quote, cids)
        else:
            for desk, wish in wishes:
                yield from self._submit(desk, wish, wish.amount, quote, cids)
        if self.is_pursuing:
            for desk in waiting:
                if desk.in_flight is None:  # its guards went for an order that did not leave
                    yield from self.pursuits.protect(desk)
        if self.pursuits.waiting(symbol):
            yield from self.pursuits.quoted(quote, self.now, cids)

    def _is_guarded(self, desk: Desk) -> bool:
        """Whether orders at the exchange guard what the desk wants to leave: they have to go first."""
        return desk.settings.protection is not None and bool(self.pursuits.guards_of(desk))

    def _counted(self) -> Iterator[Cid]:
        """Yield ids of our own, where no exchange has to know them: the next one until it was used."""
        while True:
            yield Cid(self.books.orders.next_cid)

    def _may_cross(self, quote: Quote) -> bool:
        """Whether strategies may trade with each other at *quote*: where the gate lets no order go, it is no price."""
        instrument = self._instruments[quote.symbol]
        for side in Side:
            order = OrderRequest(NO_CID, quote.symbol, side, OrderType.MARKET, Atoms(1), quote.mts)
            scene = self.books.scene(order, "", self.now)
            if any(guard(order, instrument, self.limits, scene) for guard in account_guards.PRICE_GUARDS):
                return False
        return True

    def _cross(self, match: Match, quote: Quote, reasons: Mapping[str, Reasons]) -> Iterator[Decision]:
        """Let two strategies trade with each other; what rounding takes from one and gives to none is the house's."""
        buyer, seller, amount = match
        instrument = self._instruments[quote.symbol]
        price = Price((quote.bid + quote.ask) // 2)
        scale = instrument.price_scale
        self.books.house.add(instrument.quote, cost_of(amount, price, scale) - value_of(amount, price, scale))
        yield Crossed(quote.mts, quote.symbol, buyer, seller, amount, price, reasons[buyer], reasons[seller])
        for name, side in ((buyer, Side.BUY), (seller, Side.SELL)):
            self.reasons[name] = reasons[name]
            fill = Fill(quote.mts, quote.symbol, NO_CID, side, amount, price, Atoms(0))
            desk = self.desks[name]
            held = desk.position
            desk.book(fill)
            desk.is_torn = True  # until the rest of its wish was filled, too
            yield Booked(name, fill)
            yield from self.entered(desk, held, price)

    def _submit(self, desk: Desk, wish: Wish, amount: Atoms, quote: Quote, cids: Iterator[Cid]) -> Iterable[Decision]:
        """Send what is left of a wish after netting, if the gate lets it pass."""
        if amount < wish.amount and amount < desk.settings.instrument.amount_min:  # matched inside, or all but dust
            return (desk.reached(wish.intent),)
        plan, reasons = desk.settings.plan, wish.intent.reasons
        is_planned = not isinstance(plan, Market) and desk.halted is None
        if isinstance(plan, LimitEntry):  # for what opens a position, and is no dust
            least = desk.settings.instrument.amount_min
            is_planned &= abs(desk.position) < least <= amount and wish.intent.target != 0.0
        if is_planned:
            undertaking = Undertaking(self.next_undertaking, desk.name, quote.symbol, wish.side, amount, self.now, plan)
            self.next_undertaking += 1
            desk.sent(wish)
            return self.pursuits.begin(undertaking, reasons)
        cid = next(cids, None)
        if cid is None:
            return ()  # the desk wants more than when it was asked for: it does again at the next close
        capped = self._within_one_order(desk, amount, quote)
        order = OrderRequest(cid, quote.symbol, wish.side, OrderType.MARKET, capped, quote.mts)
        answer = self._send(desk, order, reasons, 0, amount if capped < amount else None)
        if isinstance(answer, Submit):
            if answer.wished is not None:
                self.cut.add(desk.name)
            desk.sent(wish)
        elif answer.code is RefusalCode.SELF_CROSS and not desk.adds_risk(order.side):
            return (answer, *self.pursuits.make_way(desk, order, self.now))
        return (answer,)

    def _send(
        self, desk: Desk, order: OrderRequest, reasons: Reasons, undertaking: int, wished: Atoms | None
    ) -> Submit | OrderRefused:
        """Send an order if the gate lets it pass; else count and tell why it did not."""
        halted = desk.halted
        if halted is not None and desk.is_paused:
            refused = Refused(RefusalCode.SYMBOL_PAUSED, halted.text, "orders once it is resumed")
            return desk.refused(order.mts, order.side, order.amount, refused)
        answer = self._check(order, desk)
        if isinstance(answer, Refused):
            return desk.refused(order.mts, order.side, order.amount, answer)
        if undertaking != PROTECTION:
            self.reasons[desk.name] = reasons
        self.books.sent(order, desk.name, undertaking, self.limits, self.now)
        return Submit(answer, reasons, desk.name, undertaking, wished)

    def _check(self, order: OrderRequest, desk: Desk) -> gate.Approved | Refused:
        instrument, is_halted = desk.settings.instrument, desk.halted is not None
        on_margin = desk.settings.margin is not None
        if self.limits.is_off and not self.settings.needs_account and self.books.standings.now is Standing.OPEN:
            return gate.check(order, instrument, desk.position, is_halted, on_margin=on_margin)
        scene = self.books.scene(order, desk.name, self.now)
        return gate.check_in_account(
            order, instrument, desk.position, is_halted, self.limits, scene, on_margin=on_margin
        )

    def _within_one_order(self, desk: Desk, amount: Atoms, quote: Quote) -> Atoms:
        """Cut *amount* to what one order may be; the rest follows later."""
        if self.limits.is_off:
            return amount
        limits, instrument = self.limits.of(quote.symbol), desk.settings.instrument
        if limits.max_order_amount is not None:
            amount = min(amount, limits.max_order_amount)
        for notional in (self.limits.max_order_notional, limits.max_order_notional):
            if notional is not None:
                amount = min(amount, Atoms(floor_mul_div(notional, instrument.price_scale, quote.ask)))
        return max(amount, Atoms(1))

    # What becomes of orders

    def _report(self, event: OrderReported) -> Sequence[Decision]:
        # A list and no generator, and what cannot follow is not asked: this runs twice for each order of a backtest.
        mts, symbol, cid, evidence = event
        books = self.books
        known = books.orders.by_cid.get(cid)
        if known is None:
            return ()
        before = known.life
        try:
            order, fill, has_ended = books.orders.report(known, evidence, self._instruments[symbol])
        except (ImpossibleStep, ContradictingEvidence) as error:
            return [books.freeze(Alert(mts, AlertCode.ORDER_CONTRADICTION, str(error)))]
        strategy, _, life = order
        if life.status is Status.SENDING:  # nothing follows from a beginning
            return ()
        decisions: list[Decision] = []
        if has_ended or (life.id is not None and before.id is None):
            self.pursuits.showed_itself(cid)
        desk = self.desks.get(strategy)
        if fill is not None and desk is not None:
            decisions += self._filled(mts, desk, fill)
            if order.undertaking == PROTECTION:
                desk.stopped(self.pursuits.entries[strategy][1])
        if life.trades and life.contradiction and life.contradiction != before.contradiction:
            text = f"order {cid}: {life.contradiction}"
            decisions.append(books.freeze(Alert(mts, AlertCode.ORDER_CONTRADICTION, text)))
        if life.status is Status.UNKNOWN and before.status is not Status.UNKNOWN:
            text = f"order {cid} {symbol}: nobody knows whether the exchange has it; it is being looked for"
            decisions += Alert(mts, AlertCode.ORDER_UNKNOWN, text), LookUp(symbol, cid, life.order.mts)
        if has_ended and desk is not None:
            if type(evidence) is not Traded and is_not_traded(evidence):
                decisions += self._pause(mts, symbol)
            decisions += self._ended(mts, desk, order)
            books.orders.forget(self.pursuits.under_way)
        return decisions

    def _filled(self, mts: Mts, desk: Desk, fill: Fill) -> Sequence[Decision]:
        """Book a match of an order of *desk*."""
        books, strategy, ledger = self.books, desk.name, desk.ledger
        held, owed = desk.position, ledger.is_overdrawn
        desk.book(fill)
        if fill.mts > books.last_fill:
            books.last_fill = fill.mts
        decisions: list[Decision] = [Booked(strategy, fill)]
        if ledger.is_overdrawn and not owed:
            text = f"order {fill.cid} {fill.symbol}: filled dearer than {strategy} could pay; the account pays"
            decisions.append(Alert(mts, AlertCode.OVERDRAWN, text))
        return [*decisions, *self.entered(desk, held, fill.price)]

    def entered(self, desk: Desk, held: int, price: Price) -> Iterable[Decision]:
        """Note where a position of *desk*, which held *held* before, was entered, and guard it."""
        has_turned = held * desk.position < 0
        if (abs(desk.position) <= abs(held) and not has_turned) or desk.name not in self.reasons:
            return ()
        self.pursuits.entered(desk.name, price, self.reasons[desk.name])
        return () if desk.settings.protection is None else self.pursuits.protect(desk)

    def _pause(self, mts: Mts, symbol: Symbol) -> Iterator[Decision]:
        """Stop the strategies of one instrument where they are: not even a way out can be traded."""
        text = f"{symbol} is paused or no longer traded: its strategies send nothing until an operator resumes them"
        alert = Alert(mts, AlertCode.SYMBOL_PAUSED, text)
        if [desk for desk in self._by_symbol[symbol] if desk.stop(alert)]:
            yield alert

    def _ended(self, mts: Mts, desk: Desk, order: OwnOrder) -> Iterable[Decision]:
        _, undertaking, life = order
        left = life.order.amount - life.filled
        if undertaking == PROTECTION:
            return self._ask(desk.symbol)  # the desk may have waited for the order to go
        if undertaking:
            # A part that never was there is tried again with the next tick, not at once: it may fail for ever.
            return self.pursuits.go_on(self.now, undertaking) if life.filled or life.status is Status.CANCELED else ()
        if not left and desk.name not in self.cut:
            desk.done()
            # What is left after a sale of a part is guarded again, and at once.
            return self.pursuits.protect(desk) if self.is_pursuing else ()
        self.cut.discard(desk.name)
        desk.take_back(is_torn=life.filled > 0)
        return (_incomplete(mts, life, left),) if left else ()

    def _liquidate(self, fill: Fill) -> Iterator[Decision]:
        """Book that the exchange closed a position that one desk has for itself."""
        desk = self._by_symbol[fill.symbol][0]
        alert = desk.liquidated(fill)
        yield Booked(desk.name, fill)
        yield alert

    # The account

    def _look(self, event: AccountShown) -> Iterator[Decision]:
        """Take the whole account as the exchange shows it: until then nothing is decided."""
        self.pursuits.is_looked_at()
        yield from self._looks.take(event)
        self.is_new = False
        yield from self.pursuits.time_passed(self.now)
        yield from self.operation.was_looked_at()
        if self.books.standings.now is Standing.OPEN:
            for desk in self.desks.values():
                yield from self._leave(desk, event.mts)

    def _leave(self, desk: Desk, mts: Mts) -> Iterator[Decision]:
        """Let a desk that has to get out try, if it does not: nothing could be sent when it was halted."""
        is_in = abs(desk.position) >= desk.settings.instrument.amount_min
        if desk.halted is None or desk.is_paused or not is_in:
            return
        desk.seek(mts, 0.0, desk.budget_acted_on)
        if desk.intent is not None:
            yield from self._ask(desk.symbol)


def one_desk(
    desk: DeskSettings, cash: Atoms, first_cid: Cid = FIRST_CID, *, needs_account: bool = False
) -> TradingCore:
    """Return the core of an account that one desk has for itself, with *cash* of the quote currency."""
    settings = CoreSettings((desk,), needs_account=needs_account)
    return TradingCore(settings, {desk.name: Ledger(cash)}, first_cid)


def _incomplete(mts: Mts, life: OrderLife, left: int) -> Alert:
    order = life.order
    if not life.filled:
        reason = life.reason or (life.closing.status if life.closing is not None else life.status.value)
        return Alert(mts, AlertCode.ORDER_REJECTED, f"order {order.cid} {order.symbol}: {reason}")
    text = f"order {order.cid} {order.symbol}: {format_atoms(left)} of it were not filled"
    return Alert(mts, AlertCode.ORDER_INCOMPLETE, text)

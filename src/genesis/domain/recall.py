"""A core brought to where a journal ends: recorded facts are taken again, and nothing is decided.

What is kept of it is what the old core would have kept, to the last field. What waited for a quote is in no journal:
its strategy wants it again at the next close.
"""

from genesis.domain.core import TradingCore
from genesis.domain.events import (
    AccountShown,
    Alert,
    AlertCode,
    CandleClosed,
    Crossed,
    LimitsApplied,
    Liquidated,
    MarginCharged,
    OperatorAsked,
    OrderReported,
    Quote,
    Reached,
    Settled,
    StrategyEnabled,
    StrategyLimitsApplied,
    TimePassed,
    Undertaken,
)
from genesis.domain.journal.entries import RecordedEntry, RecordedSubmit
from genesis.domain.pursued import Pursued
from genesis.domain.saved import Saved, restore


def recall(core: TradingCore, entry: RecordedEntry) -> None:
    """Let *core* take one entry of a journal again; entries come in the order in which they were written."""
    books = core.books
    match entry:
        case Saved():
            restore(core, entry)
        case CandleClosed(symbol, candle):
            if core.pursuits.is_pursuing and not core.is_new:
                core.now = max(core.now, candle.mts)
            if symbol in core.settings.instruments:
                books.closes[symbol] = candle.close
            for desk in core.desks_of(symbol) if not core.is_new else ():
                desk.recall_close(candle)
        case Quote():
            core.now = max(core.now, entry.mts)
            books.quotes[entry.symbol] = entry
        case (
            OrderReported()
            | AccountShown()
            | LimitsApplied()
            | StrategyLimitsApplied()
            | StrategyEnabled()
            | OperatorAsked()
            | MarginCharged()
            | Liquidated()
        ):
            core.handle(entry)
            _wait_for_nothing(core)
        case TimePassed(mts):
            core.now = max(core.now, mts)
        case _:
            _recall_decision(core, entry)


def _wait_for_nothing(core: TradingCore) -> None:
    """Forget what would wait for a quote, and what would be cancelled: nobody asked for it."""
    core.waiting.clear()
    core.withdrawals.clear()
    for desk in core.desks.values():
        desk.intent = None


def _recall_decision(core: TradingCore, entry: RecordedEntry) -> None:
    books = core.books
    match entry:
        case RecordedSubmit(order, reasons, strategy, undertaking, wished):
            books.sent(order, strategy, undertaking, core.dispatch.limits, core.now)
            if undertaking >= 0:
                core.dispatch.reasons[strategy] = reasons
            if undertaking == 0:
                core.desks[strategy].recall_sent(order.side, reasons)
            if wished is not None and undertaking == 0:
                core.trading.cut.add(strategy)
        case Reached(strategy=strategy):
            core.desks[strategy].recall_reached(entry)
        case Undertaken(undertaking, reasons):
            core.trading.next_undertaking = max(core.trading.next_undertaking, undertaking.id + 1)
            books.under_way[undertaking.id] = Pursued(undertaking, reasons)
            core.desks[undertaking.strategy].recall_sent(undertaking.side, reasons)
        case Settled(number, left) if number in books.under_way:  # else an order's end has settled it already
            undertaking = books.under_way.pop(number).undertaking
            desk = core.desks[undertaking.strategy]
            if left:
                desk.take_back(is_torn=left < undertaking.amount)
            else:
                desk.done()
        case Alert(code=AlertCode.STRATEGY_FAILED, strategy=name):  # guards say theirs again, a strategy is not run
            core.desks[name].purse.halt(entry)
        case Crossed():  # what both desks booked of it follows from it
            for _ in core.crossing.book(entry, core.now):
                pass
            _wait_for_nothing(core)
        case _:
            pass

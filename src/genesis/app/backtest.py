"""One backtest: the same strategy over the same candles, by the reducer or by the columns."""

import asyncio
from array import array
from collections.abc import AsyncIterator, Mapping
from enum import Enum

import numpy as np
from attrs import evolve, field, frozen

from genesis.adapters.memory.beside_others import BesideOthers
from genesis.adapters.memory.candle_market import CandleMarket
from genesis.app.progress import Show
from genesis.app.trade import trade
from genesis.domain.candle import Candles, Floats, Ints
from genesis.domain.core import one_desk
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.events import Alert, OrderRefused, Submit, breach_alert
from genesis.domain.fill import Fill
from genesis.domain.ledger import Ledger
from genesis.domain.order import Cid, OrderRequest
from genesis.domain.risk.guards import OnBreach
from genesis.domain.simulation import desks
from genesis.domain.simulation.columnar import Walk, walk
from genesis.domain.simulation.margin_account import MarginAccount
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.statistics.record import Record, Recorder, record_of_walk
from genesis.domain.strategy import columns
from genesis.domain.strategy.by_events import expression_of
from genesis.domain.units import MONEY_MAX, Atoms, InexactNumber, Mts, Price, Symbol
from genesis.ports.market import Market

CHUNK = 50_000


class Engine(Enum):
    """Two equal ways to run a backtest."""

    COLUMNAR = "columnar"
    EVENT = "event"


@frozen
class Terms:
    """What a run is besides its candles; *others* are those of the instruments that the strategy reads as well."""

    desk: DeskSettings
    costs: Costs
    cash: Atoms = field()
    others: Mapping[Symbol, Candles] = field(factory=dict, eq=False)

    @cash.validator
    def _check_cash(self, _attribute: object, value: Atoms) -> None:
        if not 0 <= value <= MONEY_MAX:
            raise InexactNumber("cash must be 0 or more, and less than eleven thousand million")

    def beside(self, candles: Candles) -> Mapping[Symbol, Candles]:
        """Return what a strategy that decides on *candles* may read: the others, and these very candles."""
        return {**self.others, self.desk.instrument.symbol: candles}

    def __attrs_post_init__(self) -> None:
        if self.desk.impact != self.costs.impact:
            raise ValueError("the strategy must size its orders by the impact that they have")

    @property
    def are_plain(self) -> bool:
        """Whether the short walk does."""
        return desks.is_plain(self.desk) and self.costs.are_fixed


@frozen(eq=False)
class Run:
    """A record, and the equity in atoms at every close where it was asked for."""

    record: Record
    equity: Ints


class Limits:
    """The limits of the orders of a run, to tell which fills were of orders that rested."""

    def __init__(self) -> None:
        self._prices: dict[Cid, Price] = {}

    def sent(self, order: OrderRequest) -> None:
        """Take an order."""
        if order.price is not None:
            self._prices[order.cid] = order.price

    def has_met(self, fill: Fill) -> bool:
        """Tell whether it filled at its limit: of a target and its stop, which go together, only one does."""
        return self._prices.get(fill.cid) == fill.price


class RunObserver:
    """Feeds a `Recorder` from the trading loop."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._limits = Limits()
        self.close = recorder.close_of

    def fill(self, strategy: str, fill: Fill) -> None:
        del strategy  # a backtest has one
        self._recorder.fills.append(fill)
        if self._limits.has_met(fill):
            self._recorder.rested.add(fill.cid)

    def alert(self, alert: Alert) -> None:
        self._recorder.alerts.append(alert)

    def submit(self, submit: Submit) -> None:
        """Keep the limit of an order that has one."""
        self._limits.sent(submit.order.order)

    def refused(self, refused: OrderRefused) -> None:
        """Keep nothing: the core counts them."""


def run_columnar(terms: Terms, candles: Candles, targets: Floats | None = None) -> Run:
    """Run by one compiled walk over the columns, of the strategy's targets unless they are given.

    Raises `NoExpression` for a strategy that decides event by event.
    """
    result, alerts = walk_columns(terms, candles, targets)
    core = terms.desk
    on_margin = core.margin is not None
    return Run(record_of_walk(result, candles, core.instrument, terms.cash, alerts, on_margin), result.equity)


def walk_columns(
    terms: Terms, candles: Candles, targets: Floats | None = None, measures: desks.Measures | None = None
) -> tuple[Walk, tuple[Alert, ...]]:
    """Do as `run_columnar`, and return the walk itself with its alerts.

    *measures* are those of the candles alone, unless they are given: then they may know what was before.
    """
    core = terms.desk
    if not terms.are_plain:
        return desks.walk_desk(core, terms.costs, terms.cash, candles, terms.beside(candles), targets, measures)
    if targets is None:
        targets = columns.evaluate(expression_of(core.strategy), candles, terms.beside(candles))
    result = walk(targets, candles, core.instrument, terms.costs, core.limits, core.size, terms.cash)
    return result, _alerts(result, candles, core.limits.on_breach)


def run_event(terms: Terms, candles: Candles, show: Show | None = None, *, keep_equity: bool = True) -> Run:
    """Run by the trading core on the in-memory market; without the equity, memory is flat in candles."""
    equities = array("q") if keep_equity else None
    margin = terms.desk.margin
    recorder = Recorder(terms.desk.instrument, terms.cash, equities, margin is not None)
    core = one_desk(terms.desk, terms.cash)
    asyncio.run(trade(core, candle_market(terms, candles, show), RunObserver(recorder)))
    record = recorder.finish(core.cash, core.position(terms.desk.instrument.symbol), core.refusals)
    return Run(record, np.array(equities or [], dtype=np.int64))


def candle_market(terms: Terms, candles: Candles, show: Show | None = None) -> Market:
    """Return the in-memory market on which *terms* trade *candles*."""
    margin = terms.desk.margin
    account = None if margin is None else MarginAccount(margin, Ledger(terms.cash, on_margin=True))
    return with_others(terms, CandleMarket(terms.desk.instrument, terms.costs, _chunks(candles, show), account))


def with_others(terms: Terms, market: Market) -> Market:
    """Return *market* with the candles that a strategy reads of other instruments beside it, where there are any."""
    others = {symbol: each for symbol, each in terms.others.items() if symbol != terms.desk.instrument.symbol}
    return BesideOthers(market, others) if others else market


def filling_at_the_close(candles: Candles) -> Candles:
    """Return candles on which an order fills at the very close that decided it: what no account can have.

    Each open is the close before it, so it is for measuring how much that assumption flatters.
    """
    opens = candles.open.copy()
    opens[1:] = candles.close[:-1]
    return evolve(candles, open=opens)


async def _chunks(candles: Candles, show: Show | None) -> AsyncIterator[Candles]:
    for start in range(0, len(candles), CHUNK):
        yield candles[start : start + CHUNK]
        if show is not None:
            show(min(start + CHUNK, len(candles)), len(candles))


def _alerts(result: Walk, candles: Candles, on_breach: OnBreach) -> tuple[Alert, ...]:
    return tuple(
        breach_alert(Mts(int(candles.mts[row])), breach, int(result.equity[row]), peak, on_breach)
        for row, breach, peak in result.breaches
    )

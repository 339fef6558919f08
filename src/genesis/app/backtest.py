"""One backtest: the same strategy over the same candles, by the reducer or by the columns."""

import asyncio
from array import array
from collections.abc import AsyncIterator, Iterable
from enum import Enum

import numpy as np
from attrs import frozen

from genesis.adapters.memory.candle_market import CandleMarket
from genesis.app.trade import trade
from genesis.domain.candle import Candle, Candles, Ints
from genesis.domain.core import CoreSettings, TradingCore
from genesis.domain.events import Alert, AlertCode, Submit
from genesis.domain.fill import Fill
from genesis.domain.ledger import Ledger
from genesis.domain.risk.guards import Breach
from genesis.domain.simulation.columnar import Walk, walk
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.statistics.record import Record, Recorder, record_of_walk
from genesis.domain.strategy import columns
from genesis.domain.units import Atoms, Mts


class Engine(Enum):
    """Which of the two equal ways to run a backtest."""

    COLUMNAR = "columnar"
    EVENT = "event"


@frozen
class Terms:
    """What a run is besides its candles."""

    core: CoreSettings
    costs: Costs
    cash: Atoms


@frozen(eq=False)
class Run:
    """A record, and the equity in atoms at every close."""

    record: Record
    equity: Ints


class RunObserver:
    """Feeds a `Recorder` from the trading loop."""

    def __init__(self, recorder: Recorder) -> None:
        self.close = recorder.close
        self.fill = recorder.fills.append
        self.alert = recorder.alerts.append

    def submit(self, submit: Submit) -> None:
        """Nothing to keep: the fill tells it all."""


def run(terms: Terms, candles: Candles, engine: Engine) -> Run:
    """Run *terms* over *candles*; both engines give the same run."""
    return run_columnar(terms, candles) if engine is Engine.COLUMNAR else run_event(terms, candles)


def run_columnar(terms: Terms, candles: Candles) -> Run:
    """Run by one compiled walk over the columns."""
    core, instrument = terms.core, terms.core.instrument
    targets = columns.evaluate(core.strategy, candles)
    result = walk(targets, candles, instrument, terms.costs, core.limits, core.size, terms.cash)
    return Run(record_of_walk(result, candles, instrument, terms.cash, _alerts(result, candles)), result.equity)


def run_event(terms: Terms, candles: Candles) -> Run:
    """Run the trading core event by event on the in-memory market."""
    equities = array("q")
    recorder = Recorder(terms.core.instrument, terms.cash, equities)
    asyncio.run(record_events(terms, _at_once(candles), recorder))
    ...

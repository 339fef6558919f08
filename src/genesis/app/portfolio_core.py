"""A portfolio through the trading core: the desks share one cash, and every order passes the gate and the market."""

import asyncio
from collections.abc import Mapping, Sequence

import numpy as np

from genesis.adapters.memory.beside_others import BesideOthers
from genesis.adapters.memory.joined_markets import JoinedMarkets
from genesis.app.backtest import Limits
from genesis.app.trade import trade
from genesis.domain.candle import Candles
from genesis.domain.core import TradingCore
from genesis.domain.core_settings import CoreSettings
from genesis.domain.events import Alert, OrderRefused, Submit
from genesis.domain.fill import Fill
from genesis.domain.ledger import Ledger
from genesis.domain.order import Cid
from genesis.domain.simulation.portfolio import Portfolio, PortfolioRun
from genesis.domain.strategy.columns import NO_OTHERS
from genesis.domain.units import Symbol


class _Seen:
    """Takes fills, alerts, and what all is worth after each close."""

    def __init__(self) -> None:
        self.fills: list[Fill] = []
        self.alerts: list[Alert] = []
        self.equity: list[int] = []
        self.rested: set[Cid] = set()
        self._limits = Limits()

    def close(self, strategy: str, mts: int, equity: int, position: int) -> None:
        del strategy, mts, position
        self.equity.append(equity)

    def fill(self, strategy: str, fill: Fill) -> None:
        del strategy  # each instrument has one
        self.fills.append(fill)
        if self._limits.has_met(fill):
            self.rested.add(fill.cid)

    def alert(self, alert: Alert) -> None:
        self.alerts.append(alert)

    def submit(self, submit: Submit) -> None:
        """Keep the limit of an order that has one."""
        self._limits.sent(submit.order.order)

    def refused(self, refused: OrderRefused) -> None:
        """Keep nothing: the core counts them."""


def run_core(
    portfolio: Portfolio, candles: Sequence[Candles], others: Mapping[Symbol, Candles] = NO_OTHERS
) -> PortfolioRun:
    """Run event by event; *candles* are those of the desks, in their order, *others* what strategies read beside."""
    desks = portfolio.desks
    ledger = Ledger(portfolio.cash)
    core = TradingCore(CoreSettings(desks, together=portfolio.limits), {desk.name: ledger for desk in desks})
    traded = {desk.instrument.symbol: (desk.instrument, each) for desk, each in zip(desks, candles, strict=True)}
    seen = _Seen()
    market = JoinedMarkets(traded, portfolio.costs)
    asyncio.run(trade(core, BesideOthers(market, others) if others else market, seen))
    return PortfolioRun(
        tuple(seen.fills),
        core.cash,
        {symbol: core.position(symbol) for symbol in traded},
        np.array(seen.equity, dtype=np.int64),
        tuple(seen.alerts),
        {code: count for code, count in core.refusals.items() if count},
        frozenset(seen.rested),
    )

"""What doing nothing would have brought: the benchmark of every run."""

from typing import Final

from attrs import evolve

from genesis.app.backtest import Run, Terms, run_columnar
from genesis.domain.candle import Candles
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.strategy.expression import Constant, Expr
from genesis.domain.strategy.features import KEEP, where

HELD: Final = "Buy and hold"


def buy_and_hold(terms: Terms, candles: Candles) -> Run:
    """Run one purchase of all the cash at an early open, held to the end: same costs, no guards."""
    return run_columnar(held_terms(terms), candles)


def held_terms(terms: Terms) -> Terms:
    """Return the terms of buy and hold."""
    return evolve(terms, desk=DeskSettings(terms.desk.instrument, holding(terms.costs), impact=terms.costs.impact))


def holding(costs: Costs) -> Expr:
    """Return the strategy that buys once, at the second candle, or at the first open whose slippage was measured.

    While nothing is measured an order pays the cap, a tenth as a rule: who holds for years would not buy just then.
    """
    decided: Expr = Constant(1.0)
    if costs.volatility is not None:
        decided = where(costs.volatility.measure >= 0.0, decided, KEEP)
    if costs.impact is not None:
        decided = where(costs.impact.volume > 0.0, decided, KEEP)
    return decided

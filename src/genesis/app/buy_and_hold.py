"""What doing nothing would have brought: the benchmark of every run."""

from typing import Final

from attrs import evolve

from genesis.app.backtest import Run, Terms, run_columnar
from genesis.domain.candle import Candles
from genesis.domain.desk import DeskSettings
from genesis.domain.strategy.expression import Constant

HELD: Final = "Buy and hold"


def buy_and_hold(terms: Terms, candles: Candles) -> Run:
    """Run one purchase of all the cash at the second candle's open, held to the end: same costs, no guards."""
    return run_columnar(held_terms(terms), candles)


def held_terms(terms: Terms) -> Terms:
    """Return the terms of buy and hold."""
    return evolve(terms, desk=DeskSettings(terms.desk.instrument, Constant(1.0), impact=terms.costs.impact))

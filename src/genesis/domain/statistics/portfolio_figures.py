"""The figures of a portfolio: of all together over time, and what each instrument brought."""

from collections.abc import Sequence

import numpy as np
from attrs import frozen

from genesis.domain.candle import DAY_MS, Candles
from genesis.domain.fill import Fill
from genesis.domain.instrument import Instrument
from genesis.domain.ledger import cost_of, value_of
from genesis.domain.order import Side
from genesis.domain.simulation.portfolio import Portfolio, PortfolioRun
from genesis.domain.statistics.summary import fee_in_quote, returns_of, sharpe, sortino
from genesis.domain.units import Atoms, Mts, Symbol


@frozen
class PartFigures:
    """One instrument: *profit* is what came back, with what is held at its last close, less what went out."""

    symbol: Symbol
    candles: int
    fills: int
    traded: Atoms
    fees: Atoms
    position: Atoms
    value: Atoms
    profit: int


@frozen
class PortfolioFigures:
    """All together; percentages of 100, money in atoms of the quote currency, *days* as of a single run."""

    parts: tuple[PartFigures, ...]
    days: tuple[tuple[Mts, Atoms], ...]
    final_equity: Atoms
    total_return_pct: float
    max_drawdown_pct: float
    sharpe: float | None
    sortino: float | None
    turnover: float
    fees: Atoms


def portfolio_figures(portfolio: Portfolio, run: PortfolioRun, candles: Sequence[Candles]) -> PortfolioFigures:
    """Return the figures of *run* of *portfolio* over *candles*, which are those of the desks, in their order."""
    cash = portfolio.cash
    parts = tuple(_part(desk.instrument, run, each) for desk, each in zip(portfolio.desks, candles, strict=True))
    days = _days(run, candles)
    returns = returns_of(cash, days)
    final = Atoms(int(run.equity[-1])) if len(run.equity) else cash
    peaks = np.maximum.accumulate(np.maximum(run.equity, cash)).astype(np.float64)
    fallen = (peaks - run.equity) / np.maximum(peaks, 1.0)
    return PortfolioFigures(
        parts,
        days,
        final,
        100.0 * (final / cash - 1.0) if cash else 0.0,
        100.0 * float(fallen.max(initial=0.0)),
        sharpe(returns),
        sortino(returns),
        sum(part.traded for part in parts) / cash if cash else 0.0,
        Atoms(sum(part.fees for part in parts)),
    )


def _part(instrument: Instrument, run: PortfolioRun, candles: Candles) -> PartFigures:
    scale, symbol = instrument.price_scale, instrument.symbol
    fills = [fill for fill in run.fills if fill.symbol == symbol]
    position = run.positions[symbol]
    value = value_of(position, instrument.price_from_market(float(candles.close[-1])), scale) if position else 0
    return PartFigures(
        symbol,
        len(candles),
        len(fills),
        Atoms(sum(value_of(fill.amount, fill.price, scale) for fill in fills)),
        Atoms(sum(fee_in_quote(fill, scale) for fill in fills)),
        position,
        Atoms(value),
        sum(_flow(fill, scale) for fill in fills) + value,
    )


def _flow(fill: Fill, scale: int) -> int:
    """Return what a spot fill did to the cash; a purchase pays its fee in base."""
    if fill.side is Side.BUY:
        return -cost_of(fill.amount, fill.price, scale)
    return value_of(fill.amount, fill.price, scale) - fill.fee


def _days(run: PortfolioRun, candles: Sequence[Candles]) -> tuple[tuple[Mts, Atoms], ...]:
    times = np.sort(np.concatenate([each.mts for each in candles]))
    days = times // DAY_MS
    last = np.flatnonzero(np.diff(days, append=days[-1:] + 1))
    return tuple((Mts(int(days[at]) * DAY_MS), Atoms(int(run.equity[at]))) for at in last)

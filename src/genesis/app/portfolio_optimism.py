"""The optimism ledger of a portfolio: the same decisions of all its strategies under each assumption that flatters."""

from collections.abc import Sequence

from attrs import evolve

from genesis.app.backtest import filling_at_the_close
from genesis.app.optimism import assumptions
from genesis.app.portfolio import PortfolioPlan
from genesis.domain.simulation.desks import Trader, walk_together
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.simulation.portfolio import Portfolio
from genesis.domain.statistics.optimism import Optimism, optimism
from genesis.domain.strategy.by_events import targets_of
from genesis.domain.units import Atoms, InexactNumber


def portfolio_optimism(plan: PortfolioPlan) -> tuple[Optimism, ...]:
    """Return what each assumption, and then all together, would have added to the run of *plan*.

    Targets are those of the real candles throughout. Raises `InexactNumber` if the run itself cannot be walked by
    columns.
    """
    portfolio = plan.portfolio
    desks = list(zip(portfolio.desks, plan.candles, strict=True))
    known = {**plan.others, **{desk.instrument.symbol: candles for desk, candles in desks}}
    traders = [
        Trader(desk, candles, known, targets_of(desk.instrument.symbol, desk.strategy, candles, known))
        for desk, candles in desks
    ]
    honest = _final_equity(portfolio, traders, portfolio.costs, at_the_close=False)
    found = []
    for each in assumptions(portfolio.costs):
        try:
            equity: Atoms | None = _final_equity(portfolio, traders, each.costs, at_the_close=each.fills_at_the_close)
        except InexactNumber:  # the honest run had these prices too, so it is the equity that grew beyond all bounds
            equity = None
        found.append(optimism(each.name, each.meaning, equity, honest, portfolio.cash))
    return tuple(found)


def _final_equity(portfolio: Portfolio, traders: Sequence[Trader], costs: Costs, *, at_the_close: bool) -> Atoms:
    priced = [
        evolve(
            trader,
            desk=evolve(trader.desk, impact=costs.impact),
            candles=filling_at_the_close(trader.candles) if at_the_close else trader.candles,
        )
        for trader in traders
    ]
    equity = walk_together(priced, portfolio.limits, costs, portfolio.cash).equity
    return Atoms(int(equity[-1])) if len(equity) else portfolio.cash

"""From the options of the research commands to a plan: the strategy, the grid, the candles and the account."""

import os
from collections.abc import Sequence
from typing import Final

from attrs import evolve, frozen

from genesis.adapters.candles_parquet import ParquetCandles
from genesis.app.backtest import Terms
from genesis.app.cost_options import apply_costs
from genesis.app.desk_options import apply_options
from genesis.app.home import candle_folder
from genesis.app.market_data import MarketData, market_data
from genesis.app.options import parameters_option
from genesis.app.other_markets import others_option, with_others
from genesis.app.research_options import (
    AccountOptions,
    CostOptions,
    DeskOptions,
    MarketOptions,
    SearchOptions,
    TradingOptions,
)
from genesis.app.run_options import terms_of, wanted_of
from genesis.app.strategies import find_strategy, origin_of, origins_of
from genesis.app.sweep import PartRunner, SweepPlan, ThreadRunner
from genesis.app.sweep_part import first_expression
from genesis.domain.candle import Candles, Ints
from genesis.domain.statistics.sweep_figures import DESCENDING
from genesis.domain.strategy.by_events import Deciding
from genesis.domain.strategy.constraint import Constraint
from genesis.domain.strategy.merged import symbols_of
from genesis.domain.strategy.space import Space, space_of
from genesis.domain.strategy.specification import BadStrategy, Strategy
from genesis.domain.units import Symbol
from genesis.ports.errors import InputError

THREADS_MAX: Final = 1024
TRIED_MAX: Final = 10**12
TOP_MAX: Final = 100_000
LOOKED_AT: Final = 100_000
"""Combinations of a grid that is searched which are looked through for one that the strategy takes."""


@frozen(eq=False)
class Research:
    """A plan with the candles that it is for."""

    plan: SweepPlan
    candles: Candles


def research_of(
    search: SearchOptions, trading: TradingOptions, random: int = 0, seed: int = 0, *, is_searched: bool = False
) -> Research:
    """Return what the options ask for: all combinations, *random* of them, or none yet of a grid that *is_searched*.

    Raises `InputError`.
    """
    checked_order(search.sort)
    if not 0 <= search.tried <= TRIED_MAX:
        raise InputError(f"--tried {search.tried}: give how many trials were made before, 0 to {TRIED_MAX}")
    origin = origin_of(search.strategy)
    strategy = find_strategy(search.strategy)
    space, indices = _space(strategy, search, LOOKED_AT if is_searched else random, seed)
    constraints = _constraints(search.where, space)
    expression = first_expression(strategy, space, constraints, indices)
    found = market_of_options(trading.market, symbols_of(expression))
    terms = run_terms(found, expression, trading.account, trading.cost, trading.desk)
    regimes, taken = origins_of(trading.desk.regime), indices[: 0 if is_searched else None]
    plan = SweepPlan(strategy, origin, space, constraints, taken, terms, found.description(), regimes)
    return Research(plan, found.candles)


def market_of_options(market: MarketOptions, reads: Sequence[Symbol] = ()) -> MarketData:
    """Return the candles that the options ask for, and those of the instruments in *reads*; raises `InputError`."""
    wanted = wanted_of(market.symbol, market.timeframe, market.from_, market.to, market.repair)
    archive = ParquetCandles(candle_folder())
    return with_others(market_data(market.data, wanted, archive), reads, others_option(market.other), wanted, archive)


def terms_of_options(symbol: Symbol, deciding: Deciding, account: AccountOptions) -> Terms:
    """Return the account and the limits that the options ask for; raises `InputError`."""
    money, costs = (account.cash, account.size, account.min_amount), (account.fee_bps, account.slippage_bps)
    limits = (account.position_cap_pct, account.max_drawdown_pct, account.max_daily_loss)
    return terms_of(symbol, deciding, money, costs, limits)


def run_terms(
    market: MarketData, deciding: Deciding, account: AccountOptions, cost: CostOptions, desk: DeskOptions
) -> Terms:
    """Return all that the options ask for, over *market*; raises `InputError`."""
    terms = apply_costs(terms_of_options(market.symbol, deciding, account), cost)
    settings = apply_options(terms.desk, desk, market.timeframe, terms.costs.fee)
    return evolve(terms, desk=settings, others=market.others)


def checked_order(sort: str) -> None:
    """Raise `InputError` for an order that there is not."""
    if sort not in DESCENDING:
        raise InputError(f"--sort {sort!r}: is one of {', '.join(DESCENDING)}")


def checked_top(top: int) -> None:
    """Raise `InputError` where no run would be shown, or more than anybody reads."""
    if not 1 <= top <= TOP_MAX:
        raise InputError(f"--top {top}: show 1 to {TOP_MAX} runs")


def runner_of(research: Research, workers: str) -> PartRunner:
    """Return who runs the parts of a sweep: threads, or a Ray cluster; raises `InputError`."""
    if _is_ray(workers):
        from genesis.app.cluster import ClusterRunner

        return ClusterRunner(research.plan, research.candles, workers)
    return ThreadRunner(research.plan, research.candles, threads_option(workers))


def own_threads(workers: str) -> int:
    """Return how many threads of this machine a sweep may take besides its runs; one where a cluster makes those."""
    return 1 if _is_ray(workers) else threads_option(workers)


def _is_ray(workers: str) -> bool:
    return workers == "ray" or workers.startswith("ray://")


def threads_option(workers: str) -> int:
    """Return how many threads `--workers` asks for; raises `InputError`."""
    try:
        count = int(workers)
    except ValueError:
        count = -1
    if not 0 <= count <= THREADS_MAX:
        raise InputError(
            f"--workers {workers}: give 1 to {THREADS_MAX} threads, or 0 for one a core; sweep takes ray and ray://HOST:PORT"
        )
    return count or os.cpu_count() or 1


def _space(strategy: Strategy, search: SearchOptions, random: int, seed: int) -> tuple[Space, Ints]:
    try:
        space = space_of(strategy, parameters_option(search.param))
        if not random:
            return space, space.whole()
    except BadStrategy as error:
        raise InputError(f"--param: {error}") from error
    try:
        return space, space.sample(random, seed)
    except BadStrategy as error:
        raise InputError(f"--random {random} --seed {seed}: {error}") from error


def _constraints(texts: Sequence[str], space: Space) -> list[Constraint]:
    known = {axis.name for axis in space.axes}
    constraints = []
    for text in texts:
        try:
            constraint = Constraint(text)
        except BadStrategy as error:
            raise InputError(f"--where: {error}") from error
        if strange := sorted(constraint.names() - known):
            raise InputError(
                f"--where {text!r}: there is no parameter {', '.join(strange)}; there are {', '.join(known)}"
            )
        constraints.append(constraint)
    return constraints

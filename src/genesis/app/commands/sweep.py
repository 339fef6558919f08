"""`sweep`: one strategy over candles with many combinations of parameters."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Final

from genesis.app.commands import command
from genesis.app.invoking import Context
from genesis.ports.errors import InputError

if TYPE_CHECKING:
    from genesis.domain.candle import Ints
    from genesis.domain.strategy.space import Space
    from genesis.domain.strategy.specification import Strategy

ACCOUNT_HELP: Final[Mapping[str, str]] = {
    "from_": "Use candles from this UTC date or time on.",
    "to": "Use candles before this UTC date or time.",
    "timeframe": "Resample to this time frame first: 5m, 1h, 1D…",
    "symbol": "The instrument, where the data does not say.",
    "cash": "Cash at the start, in the quote currency.",
    "size": "Share of equity that a full target takes, above 0 to 1.",
    "fee_bps": "Fee in basis points.",
    "slippage_bps": "Slippage of a market order in basis points.",
    "min_amount": "Smallest order, in the base currency.",
    "position_cap_pct": "Largest position, in percent of equity.",
    "max_drawdown_pct": "Flatten and halt when equity is down this much from its peak, in percent.",
    "max_daily_loss": "Flatten and halt when a UTC day loses more than this, in the quote currency.",
    "repair": "Drop faulty rows of files instead of refusing them.",
    "json": "Print one JSON object.",
}


@command(
    "sweep",
    words="data",
    repeated=("param",),
    help={
        "strategy": "A strategy by name, or your own as FILE.py:NAME.",
        "data": "Candles: files or names of the archive; none is the archive, or else a synthetic market.",
        "param": "The values of a parameter: NAME=5:50:5 (both ends included), NAME=5,8,13, or NAME=5.",
        "random": "Try this many combinations drawn from the grid, instead of all.",
        "seed": "What --random draws with.",
        "workers": "Threads; 0 is one for each core.",
        "sort": "Order by sharpe, total_return_pct, profit_factor, max_drawdown_pct…",
        "top": "How many runs to show.",
        "report": "Write a report to this HTML file.",
        "resume": "Go on with the same sweep where it was left.",
        **ACCOUNT_HELP,
    },
)
def sweep(
    _: Context,
    data: Sequence[str] = (),
    strategy: str = "ema_cross",
    param: Sequence[str] = (),
    random: int = 0,
    seed: int = 0,
    workers: int = 0,
    sort: str = "sharpe",
    top: int = 10,
    resume: bool = False,
    from_: str = "",
    to: str = "",
    timeframe: str = "",
    symbol: str = "",
    cash: str = "10000",
    size: str = "1.0",
    fee_bps: str = "20",
    slippage_bps: str = "1",
    min_amount: str = "0.0001",
    position_cap_pct: str = "",
    max_drawdown_pct: str = "",
    max_daily_loss: str = "",
    repair: bool = False,
    report: str = "",
    json: bool = False,
) -> None:
    """Run a strategy with every combination of its parameters, each exactly as `backtest` would.

    Results go to GENESIS_HOME/sweeps as Parquet while the sweep runs; stopped or killed, it goes on with --resume.
    """
    from genesis.adapters.atomic_file import write_whole
    from genesis.adapters.candles_parquet import ParquetCandles
    from genesis.adapters.report.sweep_page import sweep_page
    from genesis.adapters.sweeps_parquet import ParquetSweep
    from genesis.app.home import candle_folder, home
    from genesis.app.json_output import print_json
    from genesis.app.market_data import market_data
    from genesis.app.options import parameters_option
    from genesis.app.progress import progress
    from genesis.app.run_options import terms_of, wanted_of
    from genesis.app.strategies import find_strategy
    from genesis.app.sweep import SweepPlan, describe, first_expression, name_of, run_sweep
    from genesis.app.sweep_report import report_of
    from genesis.app.sweep_result import SweepResult, best_run, document_of, print_sweep
    from genesis.domain.statistics.sweep_figures import DESCENDING

    if sort not in DESCENDING:
        raise InputError(f"--sort {sort!r}: is one of {', '.join(DESCENDING)}")
    if top < 1:
        raise InputError(f"--top {top}: show at least one run")
    threads = worker_count(workers)
    chosen = find_strategy(strategy)
    space, indices = space_option(chosen, parameters_option(param), random, seed)
    expression = first_expression(chosen, space, indices)
    market = market_data(data, wanted_of(symbol, timeframe, from_, to, repair), ParquetCandles(candle_folder()))
    limits = (position_cap_pct, max_drawdown_pct, max_daily_loss)
    terms = terms_of(market.symbol, expression, (cash, size, min_amount), (fee_bps, slippage_bps), limits)
    plan = SweepPlan(chosen, space, indices, terms, market.description())
    table = ParquetSweep(home() / "sweeps" / name_of(plan), describe(plan), keep=resume)
    begin = perf_counter()
    with progress("sweeping") as show:
        tally = run_sweep(plan, market.candles, table, threads, show)
    seconds = perf_counter() - begin
    rows = table.best(sort, top, descending=DESCENDING[sort])
    best = best_run(plan, rows, market.candles, table, tally.runs)
    result = SweepResult(plan, tally, sort, rows, best, table.folder, seconds)
    if report:
        write_whole(Path(report), sweep_page(report_of(result, table)))
    if json:
        print_json(document_of(result))
    else:
        print_sweep(result)


def worker_count(workers: int) -> int:
    """Return how many threads `--workers` asks for; raises `InputError`."""
    import os

    if not 0 <= workers <= 1024:
        raise InputError(f"--workers {workers}: give 1 to 1024, or 0 for one a core")
    return workers or os.cpu_count() or 1


def space_option(strategy: "Strategy", given: Mapping[str, str], random: int, seed: int) -> tuple["Space", "Ints"]:
    """Return the grid that the options ask for, and which of its combinations; raises `InputError`."""
    from genesis.domain.strategy.space import space_of
    from genesis.domain.strategy.specification import BadStrategy

    try:
        space = space_of(strategy, given)
        return space, space.sample(random, seed) if random else space.whole()
    except BadStrategy as error:
        raise InputError(f"--param: {error}") from error

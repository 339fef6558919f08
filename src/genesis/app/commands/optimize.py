"""`optimize`: a search for parameters that learns from what it tried."""

from pathlib import Path
from time import perf_counter

from genesis.app.commands import command
from genesis.app.invoking import Context
from genesis.app.research_options import SEARCH_HELP, AccountOptions, MarketOptions, SearchOptions
from genesis.ports.errors import InputError


@command(
    "optimize",
    words="data",
    repeated=("param", "where"),
    help={
        **SEARCH_HELP,
        "workers": "Threads; 0 is one for each core.",
        "sort": "Search for the best sharpe, total_return_pct, profit_factor, max_drawdown_pct…",
        "trials": "How many trials to make in all.",
        "seed": "What the search begins with.",
        "top": "How many runs to show.",
        "resume": "Go on with the same search: --trials counts those from before.",
    },
)
def optimize(
    _: Context,
    search: SearchOptions,
    market: MarketOptions,
    account: AccountOptions,
    trials: int = 200,
    seed: int = 0,
    top: int = 10,
    resume: bool = False,
    report: str = "",
    json: bool = False,
) -> None:
    """Search a grid of parameters with Optuna, which proposes what looks promising; each run is exactly a backtest.

    Trials go to GENESIS_HOME/optimizations while it runs; stopped or killed, it goes on with --resume.
    """
    from attrs import evolve

    from genesis.adapters.atomic_file import write_whole
    from genesis.adapters.report.sweep_page import sweep_page
    from genesis.adapters.sweeps_parquet import ParquetSweep
    from genesis.app.home import home
    from genesis.app.json_output import print_json
    from genesis.app.optimize import optimize as search_with_optuna
    from genesis.app.progress import progress
    from genesis.app.research import checked_order, checked_top, research_of, threads_option
    from genesis.app.sweep import ThreadRunner, describe, name_of, run_sweep
    from genesis.app.sweep_report import report_of
    from genesis.app.sweep_result import document_of, print_sweep, result_of

    checked_order(search.sort)
    checked_top(top)
    if not 1 <= trials <= 1_000_000:
        raise InputError(f"--trials {trials}: give 1 to 1000000")
    if not 0 <= seed < 2**31:
        raise InputError(f"--seed {seed}: must be from 0 to {2**31 - 1}")
    threads = threads_option(search.workers)
    research = research_of(search, market, account)
    candles, plan = research.candles, research.plan
    folder = home() / "optimizations" / f"{name_of(plan)}-{search.sort}-{seed}"
    journal = folder / "trials.log"
    if not resume:
        journal.unlink(missing_ok=True)
    begin = perf_counter()
    with progress("searching") as show:
        tried = search_with_optuna(plan, candles, journal, search.sort, trials, seed, threads, show)
    plan = evolve(plan, indices=tried)
    table = ParquetSweep(folder, describe(plan), keep=False)
    tally = run_sweep(plan, table, ThreadRunner(plan, candles, threads), lambda _done, _total: None)
    result = result_of(plan, tally, search.sort, top, table, candles, perf_counter() - begin)
    if report:
        write_whole(Path(report), sweep_page(report_of(result, table)))
    if json:
        print_json(document_of(result))
    else:
        print_sweep(result)

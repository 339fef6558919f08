"""`sweep`: one strategy over candles with many combinations of parameters."""

from pathlib import Path
from time import perf_counter

from genesis.app.commands import command
from genesis.app.invoking import Context
from genesis.app.research_options import SEARCH_HELP, AccountOptions, MarketOptions, SearchOptions


@command(
    "sweep",
    words="data",
    repeated=("param", "where"),
    help={
        **SEARCH_HELP,
        "random": "Try this many combinations drawn from the grid, instead of all.",
        "seed": "What --random draws with.",
        "top": "How many runs to show.",
        "resume": "Go on with the same sweep where it was left.",
    },
)
def sweep(
    _: Context,
    search: SearchOptions,
    market: MarketOptions,
    account: AccountOptions,
    random: int = 0,
    seed: int = 0,
    top: int = 10,
    resume: bool = False,
    report: str = "",
    json: bool = False,
) -> None:
    """Run a strategy with every combination of its parameters, each exactly as `backtest` would.

    Results go to GENESIS_HOME/sweeps as Parquet while the sweep runs; stopped or killed, it goes on with --resume.
    """
    from genesis.adapters.atomic_file import write_whole
    from genesis.adapters.report.sweep_page import sweep_page
    from genesis.adapters.sweeps_parquet import ParquetSweep
    from genesis.app.home import home
    from genesis.app.json_output import print_json
    from genesis.app.progress import progress
    from genesis.app.research import checked_order, checked_top, research_of, runner_of
    from genesis.app.sweep import describe, name_of, run_sweep
    from genesis.app.sweep_report import report_of
    from genesis.app.sweep_result import document_of, print_sweep, result_of

    checked_order(search.sort)
    checked_top(top)
    research = research_of(search, market, account, random, seed)
    runner = runner_of(research, search.workers)
    plan = research.plan
    table = ParquetSweep(home() / "sweeps" / name_of(plan), describe(plan), keep=resume)
    begin = perf_counter()
    with progress("sweeping") as show:
        tally = run_sweep(plan, table, runner, show)
    result = result_of(plan, tally, search.sort, top, table, research.candles, perf_counter() - begin)
    if report:
        write_whole(Path(report), sweep_page(report_of(result, table)))
    if json:
        print_json(document_of(result))
    else:
        print_sweep(result)

"""`optimize`: a search for parameters that learns from what it tried."""

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from genesis.app.commands import command
from genesis.app.commands.sweep import ACCOUNT_HELP, space_option, worker_count
from genesis.app.invoking import Context
from genesis.ports.errors import InputError


@command(
    "optimize",
    words="data",
    repeated=("param",),
    help={
        "strategy": "A strategy by name, or your own as FILE.py:NAME.",
        "data": "Candles: files or names of the archive; none is the archive, or else a synthetic market.",
        "param": "The values of a parameter: NAME=5:50:5 (both ends included), NAME=5,8,13, or NAME=5.",
        "trials": "How many trials to make in all.",
        "seed": "What the search begins with.",
        "workers": "Threads; 0 is one for each core.",
        "sort": "Search for the best sharpe, total_return_pct, profit_factor, max_drawdown_pct…",
        "top": "How many runs to show.",
        "report": "Write a report to this HTML file.",
        "resume": "Go on with the same search: --trials counts those from before.",
        **ACCOUNT_HELP,
    },
)
def optimize(
    _: Context,
    data: Sequence[str] = (),
    strategy: str = "ema_cross",
    param: Sequence[str] = (),
    trials: int = 200,
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
    """Search a grid of parameters with Optuna, which proposes what looks promising; each run is exactly a backtest.

    Trials go to GENESIS_HOME/optimizations while it runs; stopped or killed, it goes on with --resume.
    """
    from genesis.adapters.atomic_file import write_whole
    from genesis.adapters.candles_parquet import ParquetCandles
    from genesis.adapters.report.sweep_page import sweep_page
    from genesis.adapters.sweeps_parquet import ParquetSweep
    from genesis.app.home import candle_folder, home
    from genesis.app.json_output import print_json
    from genesis.app.market_data import market_data
    from genesis.app.optimize import optimize as search
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
    if not 1 <= trials <= 1_000_000:
        raise InputError(f"--trials {trials}: give 1 to 1000000")
    if not 0 <= seed < 2**31:
        raise InputError(f"--seed {seed}: must be from 0 to {2**31 - 1}")
    threads = worker_count(workers)
    chosen = find_strategy(strategy)
    space, indices = space_option(chosen, parameters_option(param), 0, 0)
    expression = first_expression(chosen, space, indices)
    market = market_data(data, wanted_of(symbol, timeframe, from_, to, repair), ParquetCandles(candle_folder()))
    limits = (position_cap_pct, max_drawdown_pct, max_daily_loss)
    terms = terms_of(market.symbol, expression, (cash, size, min_amount), (fee_bps, slippage_bps), limits)
    plan = SweepPlan(chosen, space, indices, terms, market.description())
    folder = home() / "optimizations" / f"{name_of(plan)}-{sort}-{seed}"
    journal = folder / "trials.log"
    if not resume:
        journal.unlink(missing_ok=True)
    begin = perf_counter()
    with progress("searching") as show:
        tried = search(plan, market.candles, journal, sort, trials, seed, threads, show)
    plan = SweepPlan(chosen, space, tried, terms, plan.data)
    table = ParquetSweep(folder, describe(plan), keep=False)
    tally = run_sweep(plan, market.candles, table, threads, lambda _done, _total: None)
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

"""`optimize`: a search for parameters that learns from what it tried."""

from pathlib import Path

from genesis.app.commands import command
from genesis.app.invoking import Context
from genesis.app.research_options import (
    SEARCH_HELP,
    AccountOptions,
    CostOptions,
    DeskOptions,
    MarketOptions,
    SearchOptions,
    TradingOptions,
)


@command(
    "optimize",
    words="data",
    repeated=("param", "where", "other", "regime_share"),
    help={
        **SEARCH_HELP,
        "workers": "Threads; 0 is one for each core.",
        "sort": "Search for the best sharpe, total_return_pct, profit_factor, max_drawdown_pct…",
        "trials": "How many trials to make in all.",
        "seed": "What the search begins with.",
        "top": "How many runs to show.",
        "resume": "Go on with the same search, of --trials in all; refused where strategy, code or candles are others.",
        "anew": "Begin again, and throw away what is there of this very search.",
    },
)
def optimize(
    _: Context,
    search: SearchOptions,
    market: MarketOptions,
    account: AccountOptions,
    cost: CostOptions,
    desk: DeskOptions,
    trials: int = 200,
    seed: int = 0,
    top: int = 10,
    resume: bool = False,
    anew: bool = False,
    report: str = "",
    bundle: str = "",
    json: bool = False,
) -> None:
    """Search a grid of parameters with Optuna, which proposes what looks promising; each run is exactly a backtest.

    Trials go to GENESIS_HOME/optimizations while it runs; stopped or killed, it goes on with --resume and finds what it
    would have found in one go. A search that is there whole is read, and not made again without --anew.
    At one fee and one slippage, with limits that halt, runs are walked together; with any other cost or limit each is
    walked by itself: the same exactness, many times slower.
    """
    from genesis.adapters.atomic_file import write_whole
    from genesis.adapters.report.sweep_page import sweep_page
    from genesis.app.bundle import write_bundle
    from genesis.app.json_output import print_json
    from genesis.app.progress import progress
    from genesis.app.research_runs import OptimizeOptions, make_optimization
    from genesis.app.search_folder import resumable, start_of
    from genesis.app.sweep_report import report_of
    from genesis.app.sweep_result import document_of, print_sweep

    options = OptimizeOptions(trials, seed, top)
    trading = TradingOptions(market, account, cost, desk)
    with resumable():
        run = make_optimization(options, search, trading, progress, start=start_of(resume=resume, anew=anew))
    if report:
        write_whole(Path(report), sweep_page(report_of(run)))
    if bundle:
        groups = {**options._asdict(), **search._asdict(), **trading.all()}
        write_bundle(Path(bundle), "optimize", groups, run.made)
    if json:
        print_json(document_of(run.result))
    else:
        print_sweep(run.result)

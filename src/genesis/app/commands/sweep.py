"""`sweep`: one strategy over candles with many combinations of parameters."""

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
    "sweep",
    words="data",
    repeated=("param", "where", "other", "regime_share"),
    help={
        **SEARCH_HELP,
        "random": "Try this many combinations drawn from the grid, instead of all.",
        "seed": "What --random draws with.",
        "top": "How many runs to show.",
        "resume": "Go on with the same sweep where it was left; refused where strategy, code or candles are others.",
        "anew": "Begin again, and throw away what is there of this very sweep.",
    },
)
def sweep(
    _: Context,
    search: SearchOptions,
    market: MarketOptions,
    account: AccountOptions,
    cost: CostOptions,
    desk: DeskOptions,
    random: int = 0,
    seed: int = 0,
    top: int = 10,
    resume: bool = False,
    anew: bool = False,
    report: str = "",
    bundle: str = "",
    json: bool = False,
) -> None:
    """Run a strategy with every combination of its parameters, each exactly as `backtest` would.

    Results go to GENESIS_HOME/sweeps as Parquet while the sweep runs; stopped or killed, it goes on with --resume. The
    folder is named for all that makes the results: options, candles, the text of the strategy and the code of Genesis.
    A sweep that is there whole is read, and not run again without --anew.
    At one fee and one slippage, with limits that halt, runs are walked together; with any other cost or limit each is
    walked by itself: the same exactness, many times slower.
    """
    from genesis.adapters.atomic_file import write_whole
    from genesis.adapters.report.sweep_page import sweep_page
    from genesis.app.bundle import write_bundle
    from genesis.app.json_output import print_json
    from genesis.app.progress import progress
    from genesis.app.research_runs import SweepOptions, make_sweep
    from genesis.app.search_folder import resumable, start_of
    from genesis.app.sweep_report import report_of
    from genesis.app.sweep_result import document_of, print_sweep

    options = SweepOptions(random, seed, top)
    trading = TradingOptions(market, account, cost, desk)
    with resumable():
        run = make_sweep(options, search, trading, progress, start=start_of(resume=resume, anew=anew))
    if report:
        write_whole(Path(report), sweep_page(report_of(run)))
    if bundle:
        groups = {**options._asdict(), **search._asdict(), **trading.all()}
        write_bundle(Path(bundle), "sweep", groups, run.made)
    if json:
        print_json(document_of(run.result))
    else:
        print_sweep(run.result)

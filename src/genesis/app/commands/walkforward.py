"""`walkforward`: parameters chosen on one stretch of time, judged on the next, again and again."""

from genesis.app.commands import command
from genesis.app.commands._output import put_out
from genesis.app.invoking import Context
from genesis.app.research_options import (
    SEARCH_HELP,
    AccountOptions,
    CostOptions,
    DeskOptions,
    MarketOptions,
    OutputOptions,
    SearchOptions,
    TradingOptions,
    WalkOptions,
)


@command(
    "walkforward",
    words="data",
    repeated=("param", "where", "other", "regime_share"),
    help={
        **SEARCH_HELP,
        "workers": "Threads; 0 is one for each core.",
        "sort": "Choose in training by sharpe, total_return_pct, profit_factor, max_drawdown_pct…",
        "random": "Try this many combinations drawn from the grid, instead of all.",
        "seed": "What --random draws with.",
        "train": "Length of training, in whole days: 60d.",
        "test": "Length of each test, in whole days: 20d.",
        "purge": "Leave out this much at the end of training: 0d, 12h…",
        "embargo": "Do not trade this much at the beginning of each test: 0d, 12h…",
        "anchored": "Training always begins at the first day, instead of rolling on.",
    },
)
def walkforward(
    _: Context,
    search: SearchOptions,
    market: MarketOptions,
    account: AccountOptions,
    cost: CostOptions,
    desk: DeskOptions,
    options: WalkOptions,
    output: OutputOptions,
) -> None:
    """Choose parameters on one stretch of candles and trade them on the next, window after window.

    Only the tests count: they are traded one after the other as one account, whose figures are outside of training.
    At one fee and one slippage, with limits that halt, runs are walked together; with any other cost or limit each is
    walked by itself: the same exactness, many times slower.
    """
    from genesis.adapters.report.walk_page import walk_page
    from genesis.app.progress import progress
    from genesis.app.research_runs import make_walk_forward
    from genesis.app.walkforward_report import report_of
    from genesis.app.walkforward_result import document_of, print_walk_forward

    trading = TradingOptions(market, account, cost, desk)
    run = make_walk_forward(options, search, trading, progress)
    put_out(
        output,
        "walkforward",
        {**options._asdict(), **search._asdict(), **trading.all()},
        run.made,
        page=lambda: walk_page(report_of(run, search.sort)),
        document=lambda: document_of(run.plan, run.found, search.sort, run.seconds),
        tell=lambda: print_walk_forward(run.plan, run.found, run.seconds),
    )

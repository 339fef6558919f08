"""`optimize`: a search for parameters that learns from what it tried."""

from genesis.app.commands import command
from genesis.app.commands._search import carry_out
from genesis.app.invoking import Context
from genesis.app.research_options import (
    SEARCH_HELP,
    AccountOptions,
    CostOptions,
    DeskOptions,
    MarketOptions,
    OptimizeOptions,
    OutputOptions,
    SearchOptions,
    StartOptions,
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
    options: OptimizeOptions,
    start: StartOptions,
    output: OutputOptions,
) -> None:
    """Search a grid of parameters with Optuna, which proposes what looks promising; each run is exactly a backtest.

    Trials go to GENESIS_HOME/optimizations while it runs; stopped or killed, it goes on with --resume and finds what it
    would have found in one go. A search that is there whole is read, and not made again without --anew.
    At one fee and one slippage, with limits that halt, runs are walked together; with any other cost or limit each is
    walked by itself: the same exactness, many times slower.
    """
    from genesis.app.progress import progress
    from genesis.app.research_runs import make_optimization

    trading = TradingOptions(market, account, cost, desk)
    given = {**options._asdict(), **search._asdict(), **trading.all()}
    carry_out(
        "optimize",
        given,
        start,
        output,
        lambda begin: make_optimization(options, search, trading, progress, start=begin),
    )

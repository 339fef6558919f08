"""`sweep`: one strategy over candles with many combinations of parameters."""

from genesis.app.commands import command
from genesis.app.commands._search import carry_out
from genesis.app.invoking import Context
from genesis.app.research_options import (
    SEARCH_HELP,
    AccountOptions,
    CostOptions,
    DeskOptions,
    MarketOptions,
    OutputOptions,
    SearchOptions,
    StartOptions,
    SweepOptions,
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
    options: SweepOptions,
    start: StartOptions,
    output: OutputOptions,
) -> None:
    """Run a strategy with every combination of its parameters, each exactly as `backtest` would.

    Results go to GENESIS_HOME/sweeps as Parquet while the sweep runs; stopped or killed, it goes on with --resume. The
    folder is named for all that makes the results: options, candles, the text of the strategy and the code of Genesis.
    A sweep that is there whole is read, and not run again without --anew.
    At one fee and one slippage, with limits that halt, runs are walked together; with any other cost or limit each is
    walked by itself: the same exactness, many times slower.
    """
    from genesis.app.progress import progress
    from genesis.app.research_runs import make_sweep

    trading = TradingOptions(market, account, cost, desk)
    given = {**options._asdict(), **search._asdict(), **trading.all()}
    carry_out(
        "sweep",
        given,
        start,
        output,
        lambda begin: make_sweep(options, search, trading, progress, start=begin),
    )

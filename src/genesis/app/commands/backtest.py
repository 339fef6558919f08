"""`backtest`: one strategy over candles, by columns or by events."""

from genesis.app.commands import command
from genesis.app.commands._output import put_out
from genesis.app.invoking import Context
from genesis.app.research_options import (
    OUTPUT_HELP,
    RUN_HELP,
    STRATEGY_HELP,
    AccountOptions,
    BacktestOptions,
    CostOptions,
    DeskOptions,
    MarketOptions,
    OutputOptions,
    TradingOptions,
)


@command(
    "backtest",
    words="data",
    repeated=("param", "other", "regime_share"),
    help={
        **RUN_HELP,
        **OUTPUT_HELP,
        "strategy": STRATEGY_HELP,
        "param": "A parameter of the strategy, as NAME=VALUE; may be given many times.",
        "engine": "columnar (compiled) or event (the trading core); both give the same result.",
    },
)
def backtest(
    _: Context,
    market: MarketOptions,
    account: AccountOptions,
    cost: CostOptions,
    desk: DeskOptions,
    options: BacktestOptions,
    output: OutputOptions,
) -> None:
    """Run a strategy over candles: decided on a close, filled at the next open, to the last atom."""
    from genesis.adapters.report.page import report_page
    from genesis.app.backtest_report import report_of
    from genesis.app.backtest_result import document_of
    from genesis.app.backtest_view import print_result
    from genesis.app.progress import progress
    from genesis.app.research_runs import make_backtest

    trading = TradingOptions(market, account, cost, desk)
    made = make_backtest(options, trading, progress, keep_equity=bool(output.report))
    put_out(
        output,
        "backtest",
        {**options._asdict(), **trading.all()},
        made.made,
        page=lambda: report_page(report_of(made.result, made.candles)),
        document=lambda: document_of(made.result),
        tell=lambda: print_result(made.result),
    )

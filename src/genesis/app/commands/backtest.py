"""`backtest`: one strategy over candles, by columns or by events."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from genesis.app.commands import command
from genesis.app.invoking import Context
from genesis.app.research_options import (
    BUNDLE_HELP,
    COST_HELP,
    DESK_HELP,
    REPORT_HELP,
    RUN_HELP,
    STRATEGY_HELP,
    AccountOptions,
    CostOptions,
    DeskOptions,
    MarketOptions,
)

if TYPE_CHECKING:
    from genesis.app.backtest_result import BacktestResult
    from genesis.domain.candle import Candles


@command(
    "backtest",
    words="data",
    repeated=("param", "other", "regime_share"),
    help={
        **RUN_HELP,
        **COST_HELP,
        **DESK_HELP,
        "strategy": STRATEGY_HELP,
        "param": "A parameter of the strategy, as NAME=VALUE; may be given many times.",
        "engine": "columnar (compiled) or event (the trading core); both give the same result.",
        "report": REPORT_HELP,
        "bundle": BUNDLE_HELP,
    },
)
def backtest(
    _: Context,
    market: MarketOptions,
    account: AccountOptions,
    cost: CostOptions,
    desk: DeskOptions,
    strategy: str = "ema_cross",
    param: Sequence[str] = (),
    engine: str = "columnar",
    report: str = "",
    bundle: str = "",
    json: bool = False,
) -> None:
    """Run a strategy over candles: decided on a close, filled at the next open, to the last atom."""
    from genesis.app.backtest_result import document_of
    from genesis.app.backtest_view import print_result
    from genesis.app.bundle import write_bundle
    from genesis.app.json_output import print_json
    from genesis.app.progress import progress
    from genesis.app.research_runs import BacktestOptions, make_backtest

    options = BacktestOptions(strategy, param, engine)
    made = make_backtest(options, market, account, cost, desk, progress, keep_equity=bool(report))
    if json:
        print_json(document_of(made.result))
    else:
        print_result(made.result)
    if bundle:
        groups = {**options._asdict(), **market._asdict(), **account._asdict(), **cost._asdict()}
        groups |= desk._asdict()
        write_bundle(Path(bundle), "backtest", groups, made.made)
    if report:
        _write_report(made.result, made.candles, Path(report))


def _write_report(result: "BacktestResult", candles: "Candles", path: Path) -> None:
    from genesis.adapters.atomic_file import write_whole
    from genesis.adapters.report.page import report_page
    from genesis.app.backtest_report import report_of

    write_whole(path, report_page(report_of(result, candles)))

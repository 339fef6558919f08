"""`compare`: several runs on the same candles, side by side."""

from typing import TYPE_CHECKING

from genesis.app.commands import command
from genesis.app.commands._output import put_out
from genesis.app.invoking import Context
from genesis.app.research_options import (
    OUTPUT_HELP,
    RUN_HELP,
    AccountOptions,
    CompareOptions,
    CostOptions,
    DeskOptions,
    MarketOptions,
    OutputOptions,
    TradingOptions,
)

if TYPE_CHECKING:
    from genesis.app.compare import Compared


@command(
    "compare",
    words="data",
    repeated=("run", "other", "regime_share"),
    help={
        **RUN_HELP,
        **OUTPUT_HELP,
        "run": "A strategy with its parameters, as 'ema_cross fast=40 slow=700'; give it once for each run.",
    },
)
def compare(
    _: Context,
    market: MarketOptions,
    account: AccountOptions,
    cost: CostOptions,
    desk: DeskOptions,
    options: CompareOptions,
    output: OutputOptions,
) -> None:
    """Run strategies on the same candles with the same account, costs, limits and stops, beside buy and hold."""
    from genesis.adapters.report.compare_page import compare_page
    from genesis.app.compare import document_of, report_of
    from genesis.app.research_runs import make_comparison

    trading = TradingOptions(market, account, cost, desk)
    made = make_comparison(options, trading)
    compared, data = made.compared, made.made.data
    put_out(
        output,
        "compare",
        {**options._asdict(), **trading.all()},
        made.made,
        page=lambda: compare_page(report_of(made.wanted, compared, data, made.terms, made.candles)),
        document=lambda: document_of(compared, data, made.terms),
        tell=lambda: _print(compared),
    )


def _print(compared: "Compared") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from genesis.app.compare import HEADERS, rows_of

    table = Table(box=box.SIMPLE, padding=(0, 0))
    for at, name in enumerate(HEADERS):
        table.add_column(name, justify="right" if at else "left", min_width=0 if at else 13)
    for row in rows_of(compared):
        table.add_row(*row)
    table.caption = "Timing: the probability of skill beyond holding the same share of the market all the time"
    Console().print(table)

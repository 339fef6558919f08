"""`compare`: several runs on the same candles, side by side."""

from collections.abc import Sequence
from pathlib import Path

from genesis.app.commands import command
from genesis.app.invoking import Context
from genesis.app.research_options import REPORT_HELP, RUN_HELP, AccountOptions, MarketOptions


@command(
    "compare",
    words="data",
    repeated=("run", "other"),
    help={
        **RUN_HELP,
        "run": "A strategy with its parameters, as 'ema_cross fast=40 slow=700'; give it once for each run.",
        "report": REPORT_HELP,
    },
)
def compare(
    _: Context,
    market: MarketOptions,
    account: AccountOptions,
    run: Sequence[str] = (),
    report: str = "",
    json: bool = False,
) -> None:
    """Run strategies on the same candles with the same account, beside buy and hold."""
    from attrs import evolve

    from genesis.adapters.atomic_file import write_whole
    from genesis.adapters.report.compare_page import compare_page
    from genesis.app.compare import HEADERS, compare, document_of, report_of, rows_of, wanted_runs
    from genesis.app.json_output import print_json
    from genesis.app.research import market_of_options, terms_of_options
    from genesis.domain.strategy.merged import symbols_of

    wanted = wanted_runs(run)
    reads = sorted({symbol for _, expression in wanted for symbol in symbols_of(expression)})
    found = market_of_options(market, reads)
    terms = evolve(terms_of_options(found.symbol, wanted[0][1], account), others=found.others)
    compared, data = compare(wanted, terms, found.candles), found.description()
    if report:
        write_whole(Path(report), compare_page(report_of(wanted, compared, data, terms, found.candles)))
    if json:
        print_json(document_of(compared, data))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE, padding=(0, 0))
    for at, name in enumerate(HEADERS):
        table.add_column(name, justify="right" if at else "left")
    for row in rows_of(compared):
        table.add_row(*row)
    Console().print(table)

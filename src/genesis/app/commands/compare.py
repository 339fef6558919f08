"""`compare`: several runs on the same candles, side by side."""

from collections.abc import Sequence
from pathlib import Path

from genesis.app.commands import command
from genesis.app.invoking import Context
from genesis.app.research_options import BUNDLE_HELP, REPORT_HELP, RUN_HELP, AccountOptions, MarketOptions


@command(
    "compare",
    words="data",
    repeated=("run", "other"),
    help={
        **RUN_HELP,
        "run": "A strategy with its parameters, as 'ema_cross fast=40 slow=700'; give it once for each run.",
        "report": REPORT_HELP,
        "bundle": BUNDLE_HELP,
    },
)
def compare(
    _: Context,
    market: MarketOptions,
    account: AccountOptions,
    run: Sequence[str] = (),
    report: str = "",
    bundle: str = "",
    json: bool = False,
) -> None:
    """Run strategies on the same candles with the same account, beside buy and hold."""
    from genesis.adapters.atomic_file import write_whole
    from genesis.adapters.report.compare_page import compare_page
    from genesis.app.bundle import write_bundle
    from genesis.app.compare import HEADERS, document_of, report_of, rows_of
    from genesis.app.json_output import print_json
    from genesis.app.research_runs import CompareOptions, make_comparison

    options = CompareOptions(run)
    made = make_comparison(options, market, account)
    compared, data = made.compared, made.made.data
    if bundle:
        groups = {**options._asdict(), **market._asdict(), **account._asdict()}
        write_bundle(Path(bundle), "compare", groups, made.made)
    if report:
        write_whole(Path(report), compare_page(report_of(made.wanted, compared, data, made.terms, made.candles)))
    if json:
        print_json(document_of(compared, data))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE, padding=(0, 0))
    for at, name in enumerate(HEADERS):
        table.add_column(name, justify="right" if at else "left", min_width=0 if at else 13)
    for row in rows_of(compared):
        table.add_row(*row)
    table.caption = "Timing: the probability of skill beyond holding the same share of the market all the time"
    Console().print(table)

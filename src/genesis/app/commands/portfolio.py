"""`portfolio`: several instruments on one cash."""

from typing import TYPE_CHECKING

from genesis.app.commands import command
from genesis.app.commands._output import put_out
from genesis.app.invoking import Context
from genesis.app.research_options import (
    OUTPUT_HELP,
    RUN_HELP,
    AccountOptions,
    CostOptions,
    DeskOptions,
    MarketOptions,
    OutputOptions,
    PortfolioOptions,
    TradingOptions,
)

if TYPE_CHECKING:
    from genesis.app.portfolio import PortfolioResult


@command(
    "portfolio",
    words="data",
    repeated=("param", "other", "trade", "weight", "regime_share"),
    help={
        **RUN_HELP,
        **OUTPUT_HELP,
        "data": "The candles of each instrument: a file or a name of the archive, or SYMBOL=DATA.",
        "symbol": "Not used here: give SYMBOL=DATA.",
        "size": "Share of equity that full targets of all take together, above 0 to 1; each has an equal part.",
        "weight": "The part of one instrument, as SYMBOL=SHARE of the equity; may be given many times.",
        "strategy": "The strategy of every instrument: a name, or your own as FILE.py:NAME.",
        "param": "A parameter of it, as NAME=VALUE; may be given many times.",
        "trade": "Another strategy for one instrument, as 'SYMBOL=STRATEGY NAME=VALUE…'; may be given many times.",
        "max_drawdown_pct": "Flatten and halt all when all together is down this much from its peak, in percent.",
        "max_daily_loss": "Flatten and halt all when a UTC day of all together loses more than this.",
        "engine": "columnar (one compiled walk) or event (the trading core); both give the same result.",
    },
)
def portfolio(
    _: Context,
    market: MarketOptions,
    account: AccountOptions,
    cost: CostOptions,
    desk: DeskOptions,
    options: PortfolioOptions,
    output: OutputOptions,
) -> None:
    """Run several instruments on one cash, guarded together: what one of them has bought, no other can spend.

    At each time, what was decided before fills at the opens, in the order of the instruments; then what rests in the
    market meets the candles; then each candle closes, and its strategy decides.
    """
    from genesis.adapters.report.portfolio_page import portfolio_page
    from genesis.app.portfolio import make_portfolio
    from genesis.app.portfolio_result import document_of, report_of

    trading = TradingOptions(market, account, cost, desk)
    made = make_portfolio(options, trading)
    put_out(
        output,
        "portfolio",
        {**options._asdict(), **trading.all()},
        made.made,
        page=lambda: portfolio_page(report_of(made.result)),
        document=lambda: document_of(made.result),
        tell=lambda: _print(made.result),
    )


def _print(result: "PortfolioResult") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from genesis.app.portfolio_result import (
        PART_HEADERS,
        TOGETHER,
        facts_of,
        held_figures,
        notes_of,
        parts_of,
        together_of,
    )
    from genesis.domain.simulation.portfolio import decision_hash

    out, cash = Console(highlight=False), result.plan.portfolio.cash
    parts = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for at, name in enumerate(PART_HEADERS):
        parts.add_column(name, justify="right" if at else "left")
    for row in parts_of(result):
        parts.add_row(*row)
    together = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for at, name in enumerate(("All together", "Portfolio", "Buy and hold")):
        together.add_column(name, justify="right" if at else "left")
    columns = [together_of(figures, cash) for figures in (result.figures, held_figures(result))]
    for figure in zip(TOGETHER, *columns, strict=True):
        together.add_row(*figure)
    out.print(facts_of(result))
    for label, market in zip(result.plan.labels, result.plan.markets, strict=True):
        out.print(f"{market.symbol}: {label} on {len(market.candles)} candles")
    out.print()
    out.print(parts)
    out.print()
    out.print(together)
    out.print()
    for note in notes_of(result):
        out.print(f"note: {note}")
    for code, count in result.run.refusals.items():
        out.print(f"not sent, {code.value.replace('_', ' ')}: {count}")
    out.print(f"decision hash: {decision_hash(result.run, result.plan.portfolio)}")

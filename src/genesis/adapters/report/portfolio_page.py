"""The page of a portfolio: what all instruments made together, beside holding them, and what each brought."""

from collections.abc import Sequence

from attrs import frozen

from genesis.adapters.report.compare_page import Growth, growth_chart
from genesis.adapters.report.drawdowns_table import drawdowns_table
from genesis.adapters.report.heat_map import heat_map
from genesis.adapters.report.ledger_sections import RunsLedger, ledger_sections
from genesis.adapters.report.markup import Content, Markup, element, table
from genesis.adapters.report.page import NO_SCRIPT, figure, page
from genesis.domain.statistics.drawdowns import Drawdown
from genesis.domain.statistics.months import MonthlyReturn, YearlyReturn


@frozen(eq=False)
class Rows:
    """A table: its headers, and rows whose first column is text and the others are numbers."""

    headers: Sequence[str]
    rows: Sequence[Sequence[str]]


@frozen(eq=False)
class PortfolioReport:
    """What the page says; the last of *curves* is buy and hold, *last* the time of the last candle."""

    title: str
    facts: str
    notes: Sequence[str]
    curves: Sequence[Growth]
    together: Rows
    parts: Rows
    alike: Rows
    drawdowns: Sequence[Drawdown]
    last: int
    months: tuple[MonthlyReturn, ...]
    years: tuple[YearlyReturn, ...]
    ledger: RunsLedger
    origin: Sequence[tuple[str, str]]


def portfolio_page(report: PortfolioReport) -> str:
    """Return the whole page as HTML, to be written as UTF-8; raises `InputError` where plotly is not installed."""
    chart = growth_chart(report.curves, "All instruments on one cash")
    profit = (
        "Profit is what sales brought and what is held is worth, less what purchases took: the profits add up to all."
    )
    alike = "Of the daily returns of the instruments themselves: those that move alike are one bet, not several."
    sections = [
        _section(
            "equity",
            "Growth",
            figure(chart),
            element("h3", "The deepest drawdowns"),
            drawdowns_table(report.drawdowns, report.last),
        ),
        _section("months", "Monthly returns", heat_map(report.months, report.years)),
        _section("figures", "All together", _table(report.together)),
        _section("parts", "By instrument", element("p", profit), _table(report.parts)),
        _section("alike", "How alike they move", element("p", alike), _table(report.alike)),
        *ledger_sections(report.ledger),
        _section("origin", "What made this result", table(("What", "Value"), "ll", report.origin)),
    ]
    if report.notes:
        notes = element("ul", *(element("li", text, class_="note") for text in report.notes))
        sections.insert(0, _section("cautions", "Before you believe it", notes))
    head = element("header", element("h1", report.title), element("p", report.facts), element("noscript", NO_SCRIPT))
    return page(report.title, element("div", head, element("main", *sections)), [chart])


def _table(rows: Rows) -> Markup:
    return table(rows.headers, "l" + "r" * (len(rows.headers) - 1), rows.rows)


def _section(name: str, title: str, *content: Content) -> Markup:
    return element("section", element("h2", title), *content, id=name)

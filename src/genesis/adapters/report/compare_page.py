"""The page of a comparison: several runs on the same candles, their growth, their figures, and how alike they are."""

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from genesis.adapters.report.chart import MAIN, OTHER, Chart, Trace, axis, label, layout, rounded, time_axis
from genesis.adapters.report.ledger_sections import RunsLedger, ledger_sections
from genesis.adapters.report.markup import Content, Markup, element, table
from genesis.adapters.report.page import NO_SCRIPT, figure, page

COLORS: Final = (MAIN, "var(--gain)", "var(--loss)", "#8e6bd8", "#1b9aaa", "#b05f9c", "#7a8b2e", "#6c757d")
"""Of the runs in their order; buy and hold has its own."""


@frozen(eq=False)
class Growth:
    """What one unit of cash became, at the ends of UTC days that begin at *mts*."""

    name: str
    mts: Sequence[int]
    growth: Sequence[float]


@frozen(eq=False)
class CompareReport:
    """What the page says; the last of *curves* is buy and hold."""

    title: str
    facts: str
    notes: Sequence[str]
    curves: Sequence[Growth]
    headers: Sequence[str]
    figures: Sequence[Sequence[str]]
    correlations: Sequence[Sequence[str]]
    ledger: RunsLedger
    origin: Sequence[tuple[str, str]]


def compare_page(report: CompareReport) -> str:
    """Return the whole page as HTML, to be written as UTF-8."""
    chart = growth_chart(report.curves, "All on the same candles")
    words = "Of daily returns: 1 is the same, 0 has nothing in common. Runs that are alike are one bet, not several."
    timing = (
        "Timing is the probability that what was earned beyond holding the same share of the market all the time is"
        " skill, given that the best of as many runs was picked."
    )
    names = [curve.name for curve in report.curves]
    alike = table(("", *names), "l" + "r" * len(names), report.correlations)
    sections = [
        _section("equity", "Growth", figure(chart)),
        _section(
            "figures",
            "Figures",
            element("p", timing),
            table(report.headers, "l" + "r" * (len(report.headers) - 1), report.figures),
        ),
        _section("alike", "How alike they are", element("p", words), alike),
        *ledger_sections(report.ledger),
        _section("origin", "What made this result", table(("What", "Value"), "ll", report.origin)),
    ]
    if report.notes:
        notes = element("ul", *(element("li", text, class_="note") for text in report.notes))
        sections.insert(0, _section("cautions", "Before you believe it", notes))
    head = element("header", element("h1", report.title), element("p", report.facts), element("noscript", NO_SCRIPT))
    return page(report.title, element("div", head, element("main", *sections)), [chart])


def _section(name: str, title: str, *content: Content) -> Markup:
    return element("section", element("h2", title), *content, id=name)


def growth_chart(curves: Sequence[Growth], title: str) -> Chart:
    """Return the chart of *curves*, the last of which is buy and hold."""
    *runs, held = curves
    traces: list[Trace] = [_line(held, OTHER, 1.2)]
    traces += [_line(run, COLORS[at % len(COLORS)], 1.8) for at, run in enumerate(runs)]
    shape = layout(460, hovermode="x unified", xaxis=time_axis(), yaxis=axis("Growth (× initial)", tickformat=",~f"))
    caption = "One unit of cash at the ends of UTC days, costs included."
    return Chart("equity", title, caption, tuple(traces), shape, log_axis="yaxis", log_step="D2")


def _line(curve: Growth, color: str, width: float) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": label(curve.name),
        "x": list(curve.mts),
        "y": rounded(curve.growth, 6),
        "line": {"color": color, "width": width},
        "hovertemplate": "%{y:.4f}",
    }

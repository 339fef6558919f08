"""The page of a sweep: what to think of its best run, a heat map of the parameters, and the spread of all results."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from attrs import frozen

from genesis.adapters.report.chart import LOSS, MAIN, Chart, Plain, axis, label, layout, rounded
from genesis.adapters.report.compare_page import Growth, growth_chart
from genesis.adapters.report.ledger_sections import RunsLedger, ledger_sections
from genesis.adapters.report.markup import Content, element, table
from genesis.adapters.report.page import NO_SCRIPT, figure, page

_BINS = 60

Column = npt.NDArray[np.float64]


@frozen(eq=False)
class SweepReport:
    """What the page says. *axes* are the parameters with more than one value, each with its value in every run.

    *values* is what runs are ordered by, NaN where a run has none; *luck* is what the best of as many runs would show
    without skill in a flat market, where that is known. *curves* are the first run and buy and hold; none, and no
    *ledger*, without runs.
    """

    title: str
    facts: str
    notes: Sequence[str]
    verdict: Sequence[str]
    order: str
    descending: bool
    axes: Sequence[tuple[str, Column]]
    values: Column
    luck: float | None
    headers: Sequence[str]
    best: Sequence[Sequence[str]]
    curves: Sequence[Growth]
    ledger: RunsLedger | None
    origin: Sequence[tuple[str, str]]


def sweep_page(report: SweepReport) -> str:
    """Return the whole page as HTML, to be written as UTF-8."""
    charts = [chart for chart in (_heat_map(report), _distribution(report)) if chart is not None]
    cautions = [element("li", text, class_="note") for text in (*report.verdict, *report.notes)]
    sections = [
        _section("cautions", "Before you believe it", element("ul", *cautions)),
        _section("best", f"The first runs by {report.order}", _best_table(report)),
    ]
    if charts:
        sections.insert(1, _section("parameters", "Parameters and results", *(figure(chart) for chart in charts)))
    if report.curves:
        charts.append(growth_chart(report.curves, "The first run beside buy and hold"))
        sections.append(_section("equity", "The first run", figure(charts[-1])))
    if report.ledger is not None:
        sections += ledger_sections(report.ledger)
    made = table(("What", "Value"), "ll", report.origin)
    sections.append(_section("origin", "What made this result", made))
    head = element("header", element("h1", report.title), element("p", report.facts), element("noscript", NO_SCRIPT))
    return page(report.title, element("div", head, element("main", *sections)), charts)


def _best_table(report: SweepReport) -> Content:
    return table(report.headers, "r" * len(report.headers), report.best)


def _section(name: str, title: str, *content: Content) -> Content:
    return element("section", element("h2", title), *content, id=name)


def _heat_map(report: SweepReport) -> Chart | None:
    """Return the two parameters with the most values against the best result, whatever the others were."""
    ranked = sorted(report.axes, key=lambda each: -len(np.unique(each[1])))
    known = ~np.isnan(report.values)
    if len(ranked) < 2 or not known.any():
        return None
    (x_name, x), (y_name, y) = ranked[:2]
    xs, ys = np.unique(x), np.unique(y)
    best = np.full((len(ys), len(xs)), -np.inf if report.descending else np.inf)
    choose = np.maximum if report.descending else np.minimum
    choose.at(best, (np.searchsorted(ys, y[known]), np.searchsorted(xs, x[known])), report.values[known])
    cells: list[Plain] = [[round(each, 4) if np.isfinite(each) else None for each in row] for row in best.tolist()]
    trace: dict[str, Plain] = {
        "type": "heatmap",
        "x": rounded(xs.tolist(), 9),
        "y": rounded(ys.tolist(), 9),
        "z": cells,
        "colorbar": {"title": {"text": label(report.order), "side": "right"}},
        "colorscale": "Viridis",  # bright is better, also in print and for the colour-blind
        "reversescale": not report.descending,
        "hovertemplate": f"{label(x_name)} %{{x}}, {label(y_name)} %{{y}}: %{{z}}<extra></extra>",
    }
    others = " The other parameters are at their best for each cell." if len(ranked) > 2 else ""
    caption = (
        f"The best {report.order} for each pair of values; empty where there was no run, or no value.{others}"
        " A single bright cell among dark ones is luck more often than not."
    )
    shape = layout(460, showlegend=False, xaxis=axis(x_name), yaxis=axis(y_name))
    return Chart("heat", f"{report.order} by {x_name} and {y_name}", caption, (trace,), shape)


def _distribution(report: SweepReport) -> Chart | None:
    known = report.values[~np.isnan(report.values)]
    if not len(known):
        return None
    counts, edges = np.histogram(known, bins=_BINS)
    trace: dict[str, Plain] = {
        "type": "bar",
        "x": rounded(((edges[:-1] + edges[1:]) / 2.0).tolist(), 6),
        "y": counts.tolist(),
        "marker": {"color": MAIN, "line": {"width": 0}},
        "hovertemplate": "%{x}: %{y:,} runs<extra></extra>",
    }
    lines: list[Plain] = []
    said = ""
    if report.luck is not None:
        stroke: Plain = {"color": LOSS, "width": 1.5, "dash": "dash"}
        lines.append(
            {"type": "line", "x0": report.luck, "x1": report.luck, "y0": 0, "y1": 1, "yref": "paper", "line": stroke}
        )
        said = (
            " The dashed line is what the best of as many trials would show without skill in a market that goes"
            " nowhere."
        )
    shape = layout(340, showlegend=False, bargap=0, xaxis=axis(report.order), yaxis=axis("Runs (count)"), shapes=lines)
    return Chart("all", "All runs", f"How often each {report.order} came out.{said}", (trace,), shape)

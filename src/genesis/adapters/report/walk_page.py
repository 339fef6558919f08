"""The page of a walk-forward: the tests as one account, window after window, and what luck would have looked like."""

from collections.abc import Sequence

from attrs import frozen

from genesis.adapters.report.chart import (
    LOSS,
    MAIN,
    OTHER,
    Chart,
    Plain,
    Trace,
    axis,
    label,
    layout,
    rounded,
    time_axis,
)
from genesis.adapters.report.ledger_sections import RunsLedger, ledger_sections
from genesis.adapters.report.markup import Content, Markup, element, table
from genesis.adapters.report.page import NO_SCRIPT, figure, page


@frozen(eq=False)
class Curve:
    """A line over days: their starts in milliseconds, and the value of one unit of cash at their ends."""

    name: str
    mts: Sequence[int]
    growth: Sequence[float]


@frozen(eq=False)
class WindowBar:
    """The Sharpe ratios of a window: of training, of the best of as many runs by luck, and of the test."""

    test_start: int
    trained: float | None
    luck: float | None
    tested: float | None


@frozen(eq=False)
class WalkReport:
    """What the page says; *drawdowns* are those of shuffled round trips, *choices* the parameters window by window."""

    title: str
    facts: str
    notes: Sequence[str]
    verdict: Sequence[str]
    account: Curve
    held: Curve
    windows: Sequence[WindowBar]
    choices: Sequence[tuple[str, Sequence[float]]]
    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    ledger: RunsLedger
    origin: Sequence[tuple[str, str]]


def walk_page(report: WalkReport) -> str:
    """Return the whole page as HTML, to be written as UTF-8."""
    charts = [_equity(report), _ratios(report)]
    if report.choices:
        charts.append(_choices(report))
    cautions = [element("li", text, class_="note") for text in (*report.verdict, *report.notes)]
    sections = [
        _section("cautions", "Before you believe it", element("ul", *cautions)),
        _section("equity", "Outside of training", figure(charts[0])),
        _section("windows", "Window by window", figure(charts[1]), _windows(report)),
    ]
    if report.choices:
        sections.append(_section("choices", "What training chose", figure(charts[2])))
    sections += ledger_sections(report.ledger)
    made = table(("What", "Value"), "ll", report.origin)
    sections.append(_section("origin", "What made this result", made))
    head = element("header", element("h1", report.title), element("p", report.facts), element("noscript", NO_SCRIPT))
    return page(report.title, element("div", head, element("main", *sections)), charts)


def _windows(report: WalkReport) -> Markup:
    return table(report.headers, "t" + "r" * (len(report.headers) - 1), report.rows)


def _section(name: str, title: str, *content: Content) -> Markup:
    return element("section", element("h2", title), *content, id=name)


def _equity(report: WalkReport) -> Chart:
    lines: list[Plain] = []
    for window in report.windows:
        stroke: Plain = {"color": "var(--faint)", "width": 1, "dash": "dot"}
        x = window.test_start
        lines.append({"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper", "line": stroke})
    traces: tuple[Trace, ...] = tuple(
        {
            "type": "scatter",
            "mode": "lines",
            "name": label(curve.name),
            "x": list(curve.mts),
            "y": rounded(curve.growth, 6),
            "line": {"color": color, "width": width},
            "hovertemplate": "%{y:.4f}",
        }
        for curve, color, width in ((report.held, OTHER, 1.2), (report.account, MAIN, 1.8))
    )
    caption = (
        "One unit of cash over the tests, one after the other as one account, at the ends of UTC days; and the same in"
        " buy and hold. A dotted line is where a test begins, with parameters chosen before it."
    )
    shape = layout(
        420, shapes=lines, hovermode="x unified", xaxis=time_axis(), yaxis=axis("Growth (× initial)", tickformat=",~f")
    )
    return Chart("equity", "The tests as one account", caption, traces, shape, log_axis="yaxis", log_step="D2")


def _ratios(report: WalkReport) -> Chart:
    starts = [window.test_start for window in report.windows]
    series: tuple[tuple[str, list[float | None], str], ...] = (
        ("Training, the chosen run", [window.trained for window in report.windows], OTHER),
        ("Training, best by luck", [window.luck for window in report.windows], LOSS),
        ("Test", [window.tested for window in report.windows], MAIN),
    )
    traces: tuple[Trace, ...] = tuple(
        {
            "type": "bar",
            "name": name,
            "x": list(range(1, len(starts) + 1)),
            "y": [None if each is None else round(each, 4) for each in values],
            "marker": {"color": color, "line": {"width": 0}},
            "hovertemplate": "%{y:.2f}",
        }
        for name, values, color in series
    )
    caption = (
        "Sharpe ratios a year. A test that stays far below its training says that training fitted noise; training that"
        " does not pass what luck alone would show says that there was nothing to choose."
    )
    shape = layout(
        380,
        barmode="group",
        hovermode="x unified",
        xaxis=axis("Window", dtick=1 if len(starts) <= 30 else None),
        yaxis=axis("Sharpe ratio"),
    )
    return Chart("ratios", "What training promised, and what the test kept", caption, traces, shape)


def _choices(report: WalkReport) -> Chart:
    colors = (MAIN, OTHER, LOSS, "var(--gain)")
    traces: tuple[Trace, ...] = tuple(
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": label(name),
            "x": list(range(1, len(values) + 1)),
            "y": rounded(values, 9),
            "line": {"color": colors[at % len(colors)], "shape": "hvh"},
            "hovertemplate": "%{y}",
        }
        for at, (name, values) in enumerate(report.choices)
    )
    caption = "The parameters of each window. Those of a strategy that has found something stay where they are."
    shape = layout(320, hovermode="x unified", xaxis=axis("Window"), yaxis=axis("Value"))
    return Chart("choices", "Parameters by window", caption, traces, shape, log_axis="yaxis", log_step="D2")

"""The page of a strategy: its graph, the list of its nodes, and its features over candles."""

from collections.abc import Sequence

from attrs import frozen

from genesis.adapters.report.chart import Chart
from genesis.adapters.report.graph_drawing import Box, graph_drawing
from genesis.adapters.report.markup import Content, element, table
from genesis.adapters.report.page import NO_SCRIPT, figure, page


@frozen(eq=False)
class StrategyReport:
    """What the page says of one expression: *boxes* are its nodes, *chart* its features over candles."""

    title: str
    description: str
    facts: str
    params: Sequence[tuple[str, str]]
    boxes: Sequence[Box]
    chart: Chart
    origin: Sequence[tuple[str, str]]


def strategy_page(report: StrategyReport) -> str:
    """Return the whole page as HTML, to be written as UTF-8."""
    params = [element("li", f"{name} = {value}") for name, value in report.params]
    head = element(
        "header",
        element("h1", report.title),
        element("p", report.facts),
        element("ul", *params, class_="params"),
        element("noscript", NO_SCRIPT),
    )
    rows = [(box.name, box.text, box.place or "its own", box.value or "–") for box in report.boxes]
    words = (
        "An arrow goes from what is read to who reads it. Nodes with a border of another colour are computed on other"
        " candles: of a longer time frame, or of another instrument."
    )
    graph = (element("p", report.description), element("p", words), graph_drawing(report.boxes))
    sections = [
        _section("graph", "The graph", *graph),
        _section("features", "Features", figure(report.chart)),
        _section("nodes", "All nodes", table(("Node", "Is", "Candles", "Last value"), "lllr", rows)),
        _section("origin", "What this is", table(("What", "Value"), "ll", report.origin)),
    ]
    return page(report.title, element("div", head, element("main", *sections)), [report.chart])


def _section(name: str, title: str, *content: Content) -> Content:
    return element("section", element("h2", title), *content, id=name)

"""The page of a backtest: its sections in the order in which a trader asks, and the shell around them.

The page loads nothing: plotly's script comes out of its package into the page, and a policy forbids the browser every
request. The scripts are named by their hashes, so no text that gets onto the page can ever run. The same report gives
the same bytes.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Final

from genesis.adapters.report import tables
from genesis.adapters.report.backtest_report import BacktestReport
from genesis.adapters.report.candle_chart import candle_charts
from genesis.adapters.report.chart import Chart
from genesis.adapters.report.cost_chart import cost_chart
from genesis.adapters.report.drawdowns_table import drawdowns_table
from genesis.adapters.report.equity_chart import equity_chart
from genesis.adapters.report.heat_map import heat_map
from genesis.adapters.report.markup import Content, Markup, element, joined
from genesis.adapters.report.tiles import tiles
from genesis.adapters.report.trade_chart import trade_chart
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.statistics.drawdowns import deepest_drawdowns
from genesis.domain.statistics.months import monthly_returns, yearly_returns
from genesis.domain.statistics.trade_costs import trade_costs
from genesis.domain.statistics.trade_distribution import trade_distribution
from genesis.domain.statistics.wording import counted, moment
from genesis.ports.errors import InputError

NO_SCRIPT: Final = "The charts need JavaScript. Everything that is in a table can be read without it."

_CONTENTS: Final = (
    ("equity", "Equity"),
    ("optimism", "Optimism"),
    ("candles", "Candles"),
    ("months", "Months"),
    ("trades", "Round trips"),
    ("costs", "Costs"),
    ("figures", "All figures"),
    ("why-not", "Why not"),
    ("origin", "Origin"),
)


def report_page(report: BacktestReport) -> str:
    """Return the whole page as HTML, to be written as UTF-8; raises `InputError` where plotly is not installed."""
    charts: list[Chart] = []
    sections = (
        _cautions(report),
        tiles(report),
        _equity(report, charts),
        _optimism(report),
        _candles(report, charts),
        _months(report),
        _trades(report, charts),
        _costs(report, charts),
        _section("figures", "All figures", tables.figures_table(report)),
        _why_not(report),
        _section("origin", "What made this result", tables.origin_table(report)),
    )
    title = f"{report.strategy} on {report.data.symbol}"
    return page(title, joined((_header(report, title), element("main", *sections))), charts)


def page(title: str, body: Content, charts: Sequence[Chart]) -> str:
    """Return a page that needs nothing but itself: *body* with its *charts*, whose figures are in it by name."""
    plain = json.dumps(
        {chart.name: chart.plain for chart in charts}, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    scripts = (_plotly(), _resource("page.js"))
    allowed = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none';"
        " form-action 'none'"
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", Markup(_resource("page.css"))),
    )
    # In a script element nothing is decoded but the end tag is found; "<" is never needed outside of JSON's strings.
    data = element("script", Markup(plain.replace("<", "\\u003c")), type="application/json", id="charts")
    code = [element("script", Markup(script)) for script in scripts]
    return f"<!DOCTYPE html>\n{element('html', head, element('body', body, data, *code), lang='en')}\n"


def figure(chart: Chart) -> Markup:
    """Return the place of a chart, with its title and caption."""
    switch = [
        element(
            "button", "Logarithmic scale", type="button", data_log=chart.name, aria_pressed=str(chart.is_log).lower()
        )
    ]
    return element(
        "figure",
        element("div", element("h3", chart.title), *(switch if chart.log_axis else []), class_="title"),
        element("div", id=f"chart-{chart.name}", class_="chart", role="img", aria_label=chart.title),
        element("figcaption", chart.caption),
    )


def _header(report: BacktestReport, title: str) -> Markup:
    candles = report.candles
    span = f"{moment(int(candles.mts[0]))} to {moment(int(candles.mts[-1]))} UTC" if len(candles) else "no candles"
    facts = f"{span} · {counted(len(candles), 'candle')} of {report.data.timeframe} · {report.engine} engine"
    links = [element("a", name, href=f"#{target}") for target, name in _CONTENTS]
    params = [element("li", f"{name} = {value}") for name, value in report.params.items()]
    return element(
        "header",
        element("h1", title),
        element("p", facts),
        element("ul", *params, class_="params"),
        element("nav", *links, aria_label="Sections"),
        element("noscript", element("p", NO_SCRIPT)),
    )


def _cautions(report: BacktestReport) -> Markup:
    found = [
        element("li", element("strong", each.title), " ", each.text, class_=each.severity.value)
        for each in report.cautions
    ]
    content = element("ul", *found) if found else element("p", "Nothing speaks against taking this result at its word.")
    return _section("cautions", "Before you believe it", content)


def _equity(report: BacktestReport, charts: list[Chart]) -> Markup:
    drawn = _drawn(charts, equity_chart(report))
    found = deepest_drawdowns(report.candles.mts, report.outcome.equity, report.record.initial_cash)
    last = int(report.candles.mts[-1]) if len(report.candles) else 0
    return _section("equity", "Equity", drawn, element("h3", "The deepest drawdowns"), drawdowns_table(found, last))


def _optimism(report: BacktestReport) -> Markup:
    words = (
        "Backtests flatter when they assume what no account gets. Each line follows the same targets on the same"
        " candles under one such assumption, and says what it would have added."
    )
    if report.limits != RiskLimits():
        words += " The guards are the same too: a run that is halted at another time can end worse with cheaper fills."
    return _section("optimism", "Optimism ledger", element("p", words), tables.optimism_table(report))


def _candles(report: BacktestReport, charts: list[Chart]) -> Markup:
    return _section("candles", "Candles and fills", *(_drawn(charts, chart) for chart in candle_charts(report)))


def _months(report: BacktestReport) -> Markup:
    words = "Returns by calendar month, UTC. The first month and the last hold only what the data hold of them."
    cash, days = report.record.initial_cash, report.record.days
    months, years = monthly_returns(cash, days), yearly_returns(cash, days)
    return _section("months", "Monthly returns", heat_map(months, years), element("p", words, class_="small"))


def _trades(report: BacktestReport, charts: list[Chart]) -> Markup:
    distribution = trade_distribution(report.trips)
    if distribution is None:
        return _section(
            "trades", "Round trips", element("p", "There is none: the account never went from flat to flat.")
        )
    lists = element(
        "div",
        element("div", tables.trades_table(distribution)),
        element("div", element("h3", "The most profitable and the most costly"), tables.extreme_trips_table(report)),
        class_="columns",
    )
    return _section("trades", "Round trips", _drawn(charts, trade_chart(distribution)), lists)


def _costs(report: BacktestReport, charts: list[Chart]) -> Markup:
    costs = trade_costs(report.record, report.candles)
    words = (
        "Slippage is measured from the open of a fill's candle: what a stop lost on the way from there is in it. What a"
        " target or an entry by limit gained on that open stands by itself, less what a gap past it would have brought:"
        " neither is a part of the costs."
    )
    notes = [element("p", words, class_="small")] if report.fills_inside else []
    drawn = _drawn(charts, cost_chart(report, costs))
    return _section("costs", "Costs", tables.costs_table(report, costs), *notes, drawn)


def _why_not(report: BacktestReport) -> Markup:
    guards, refusals = tables.guards_table(report), tables.refusals_table(report)
    return _section("why-not", "Guards and refusals", guards, element("h3", "Why not"), refusals)


def _drawn(charts: list[Chart], chart: Chart) -> Markup:
    charts.append(chart)
    return figure(chart)


def _section(name: str, title: str, *content: Content) -> Markup:
    return element("section", element("h2", title), *content, id=name)


def _plotly() -> str:
    try:
        from plotly.offline import get_plotlyjs
    except ModuleNotFoundError as error:
        raise InputError("a report needs plotly: install it with genesis-core[research]") from error
    script: str = get_plotlyjs()
    return script


def _resource(name: str) -> str:
    return files("genesis.adapters.report").joinpath(name).read_text("utf-8")


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")

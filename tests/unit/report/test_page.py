"""The page: one file, the same bytes for the same result, and nothing on it that was not asked for."""

import base64
import hashlib
import json
import re
import sys
from html.parser import HTMLParser

import plotly.graph_objects as graph_objects
import pytest
from attrs import evolve

from genesis.adapters.report.backtest_report import BacktestReport
from genesis.adapters.report.candle_chart import MARKS_MAX, candle_charts
from genesis.adapters.report.cost_chart import cost_chart
from genesis.adapters.report.equity_chart import equity_chart
from genesis.adapters.report.page import report_page
from genesis.adapters.report.thinning import POINTS_MAX
from genesis.app.backtest_report import report_of
from genesis.domain.statistics.trade_costs import trade_costs
from genesis.domain.strategy.features import close, open_, where
from genesis.domain.units import MONEY_MAX, Atoms
from genesis.ports.errors import InputError
from tests.reports import TIGHT, result_of, terms_of, wavy_candles

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&"


def report(count: int = 3_000) -> BacktestReport:
    candles = wavy_candles(count)
    return report_of(result_of(terms_of(limits=TIGHT), candles), candles)


@pytest.fixture(scope="module")
def html() -> str:
    return report_page(report())


class Reader(HTMLParser):
    """The elements of a page, and the text of each script."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.starts: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.starts.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.starts and self.starts[-1][0] == "script":
            self.scripts[-1] += data


def test_the_same_report_gives_the_same_bytes(html: str) -> None:
    assert report_page(report()) == html


def test_the_time_a_run_took_is_not_on_the_page(html: str) -> None:
    candles = wavy_candles(3_000)
    slow = evolve(result_of(terms_of(limits=TIGHT), candles), seconds=77.5)
    assert report_page(report_of(slow, candles)) == html


def test_no_element_refers_to_anything_outside(html: str) -> None:
    for tag, attributes in Reader(html).starts:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base"}
        assert "src" not in attributes
        assert (attributes.get("href") or "#").startswith("#")


def test_only_the_scripts_named_by_the_policy_are_on_the_page(html: str) -> None:
    page = Reader(html)
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", html, re.DOTALL)
    [policy] = [each["content"] or "" for tag, each in page.starts if each.get("http-equiv")]
    kinds = [each.get("type") for tag, each in page.starts if tag == "script"]
    assert kinds == ["application/json", None, None]
    for script in scripts[1:]:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "'unsafe-inline'" not in re.findall(r"script-src[^;]*", policy)[0]


def test_links_lead_to_sections(html: str) -> None:
    page = Reader(html)
    names = {attributes.get("id") for _, attributes in page.starts}
    links = [(attributes["href"] or "")[1:] for tag, attributes in page.starts if tag == "a"]
    assert len(links) == 9
    assert set(links) <= names


def test_text_from_outside_stays_text() -> None:
    candles = wavy_candles(600)
    evil = result_of(terms_of(), candles, strategy=EVIL, files=(EVIL,))
    page = Reader(report_page(report_of(evolve(evil, params={EVIL: 1}), candles)))
    assert sum(tag == "script" for tag, _ in page.starts) == 3
    assert all(tag != "img" for tag, _ in page.starts)
    charts = json.loads(page.scripts[0])
    assert charts["equity"]["data"][1]["name"] != ""
    assert "<" not in page.scripts[0]


def test_no_name_is_markup_to_the_charts() -> None:
    # The charts know a little HTML of their own: links and line breaks.
    candles = wavy_candles(600)
    named = result_of(terms_of(), candles, strategy='<a href="https://example.com">x</a>&lt;')
    [_, trace, _] = equity_chart(report_of(named, candles)).traces
    assert "<" not in str(trace["name"])


def test_every_chart_is_one_that_plotly_knows() -> None:
    made = report()
    drawn = [equity_chart(made), *candle_charts(made), cost_chart(made, trade_costs(made.record, made.candles))]
    assert len(drawn) >= 4
    for chart in drawn:
        graph_objects.Figure({"data": list(chart.traces), "layout": chart.layout})  # raises on what it does not know


def test_no_view_draws_more_than_it_says() -> None:
    made = report(12_000)
    assert len(made.candles) > 4 * POINTS_MAX
    for chart in (equity_chart(made), *candle_charts(made)):
        for trace in chart.traces:
            points = trace["x"]
            assert isinstance(points, list)
            assert len(points) <= POINTS_MAX
    assert "12,000 candles of 1h, drawn as" in candle_charts(made)[0].caption
    assert "at most 2,000 a curve" in equity_chart(made).caption


def test_the_page_grows_little_with_candles_and_fills() -> None:
    restless = terms_of(where(close > open_, 1.0, 0.0))
    small_bets = evolve(restless, desk=evolve(restless.desk, size=0.001))
    small, large = (
        report_of(result_of(small_bets, each), each) for each in (wavy_candles(2_000), wavy_candles(100_000))
    )
    assert len(large.record.fills) > 20_000
    assert len(report_page(large)) - len(report_page(small)) < 500_000


def test_too_many_fills_are_counted_and_not_marked() -> None:
    candles = wavy_candles(3_000)
    restless = terms_of(where(close > open_, 1.0, 0.0))
    made = report_of(result_of(restless, candles), candles)
    fills = len(made.record.fills)
    assert fills > MARKS_MAX
    whole, *close_ups = candle_charts(made)
    assert f"{fills:,} fills are too many to mark one by one" in whole.caption
    bars = [trace for trace in whole.traces if trace["type"] == "bar"]
    counts = [trace["y"] for trace in bars]
    assert sum(sum(each) for each in counts if isinstance(each, list)) == fills
    assert [chart.name for chart in close_ups] == ["candles-last", "candles-best", "candles-worst"]
    for chart in close_ups:
        marked = sum(len(t["x"]) for t in chart.traces if t.get("mode") == "markers" and isinstance(t["x"], list))
        assert f"{marked} fills marked" in chart.caption


def test_the_deepest_drawdown_is_drawn_whatever_is_left_out() -> None:
    made = report(12_000)
    drawdown = equity_chart(made).traces[-1]["y"]
    assert isinstance(drawdown, list)
    assert -min(drawdown) == pytest.approx(made.summary.max_drawdown_pct, abs=0.001)


@pytest.mark.parametrize("count", [0, 1, 2, 30])
def test_a_run_of_few_candles_has_a_page(count: int) -> None:
    candles = wavy_candles(count)
    html = report_page(report_of(result_of(terms_of(), candles), candles))
    assert "Few trades" in html
    assert "There is none: the account never went from flat to flat." in html


def test_an_account_that_began_with_nothing_has_a_page() -> None:
    candles = wavy_candles(100)
    terms = evolve(terms_of(), cash=Atoms(0))
    assert "Optimism ledger" in report_page(report_of(result_of(terms, candles), candles))


def test_a_run_that_kept_no_equity_is_refused() -> None:
    candles = wavy_candles(100)
    result = result_of(terms_of(), candles)
    with pytest.raises(ValueError, match="needs the equity at every close: 0 of 100"):
        report_of(evolve(result, run=evolve(result.run, equity=result.run.equity[:0])), candles)


def test_without_plotly_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    with pytest.raises(InputError, match=r"genesis-core\[research\]"):
        report_page(report(30))


def test_money_beyond_the_columns_is_refused_with_a_reason() -> None:
    candles = wavy_candles(30)
    candles = evolve(candles, close=candles.close * 100.0)
    idle = evolve(terms_of(where(close > 0.0, 0.0, 0.0)), cash=Atoms(MONEY_MAX))
    with pytest.raises(InputError, match=r"no report, .* outgrew"):
        report_of(result_of(idle, candles), candles)


def test_what_stopped_the_run_is_on_the_page(html: str) -> None:
    assert "Max drawdown at 2017-" in html
    assert "breached at 2017-" in html
    assert "Fill at the close" in html
    assert "Buy and hold" in html

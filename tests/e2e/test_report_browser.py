"""The page in a real browser: it draws, it asks the network for nothing, and it can be read in every light."""

from html import unescape
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Route

from genesis.adapters.report.page import report_page
from genesis.app.backtest_report import report_of
from genesis.app.cli import CommandLine
from genesis.app.commands import namespace
from genesis.domain.strategy.features import close, open_, where
from tests.e2e.browsing import Visit, browser_marks
from tests.reports import TIGHT, result_of, terms_of, wavy_candles

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&"

pytestmark = browser_marks


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The addresses of a report that says much, and of one whose names attack it."""
    folder = tmp_path_factory.mktemp("reports")
    candles = wavy_candles(800)
    restless = terms_of(where(close > open_, 1.0, 0.0), limits=TIGHT)
    results = {
        "plain": result_of(terms_of(), candles),
        "halted": result_of(restless, candles, is_synthetic=True),
        "evil": result_of(terms_of(), candles, strategy=EVIL, files=(EVIL,)),
        "empty": result_of(terms_of(), candles[:0]),
    }
    for name, result in results.items():
        shown = candles if name != "empty" else candles[:0]
        (folder / f"{name}.html").write_text(report_page(report_of(result, shown)), "utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in results}


MARKET = ("synthetic:5:20", "--timeframe", "15m")
GRID = ("--param", "fast=3:12:3", "--param", "slow=16:40:8")
RESEARCH = {
    "sweep": (*MARKET, *GRID),
    "optimize": (*MARKET, *GRID, "--trials", "16"),
    "walkforward": (*MARKET, *GRID, "--train", "6d", "--test", "3d"),
    "compare": (*MARKET, "--run", "ema_cross fast=5 slow=40", "--run", "rsi_reversion"),
    "portfolio": ("tBTCUSD=synthetic:1:20", "tETHUSD=synthetic:2:20", "--timeframe", "15m", "--min-amount", "0.05"),
}
CHARTS = {"sweep": 3, "optimize": 3, "walkforward": 3, "compare": 1, "portfolio": 1}


@pytest.fixture(scope="module")
def research(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The addresses of the pages of all research commands, as the commands write them."""
    folder = tmp_path_factory.mktemp("research")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("GENESIS_HOME", str(folder / "home"))
        for name, words in RESEARCH.items():
            with pytest.raises(SystemExit) as end:
                CommandLine("genesis", namespace()).main(
                    ["genesis", name, *words, "--report", str(folder / f"{name}.html"), "--json"]
                )
            assert end.value.code == 0
    return {name: (folder / f"{name}.html").as_uri() for name in RESEARCH}


def visit(
    browser: Browser, address: str, viewport: dict[str, int], *, dark: bool = False, is_phone: bool = False
) -> Visit:
    """Open *address* and wait until its charts are drawn."""
    context = browser.new_context(
        viewport={"width": viewport["width"], "height": viewport["height"]},
        color_scheme="dark" if dark else "light",
        has_touch=is_phone,
        is_mobile=is_phone,
    )
    seen = Visit(context.new_page())

    def judge(route: Route) -> None:
        seen.requests.append(route.request.url)
        if route.request.url.startswith(("file:", "data:", "blob:")):
            route.continue_()
        else:
            route.abort()

    def refuse(dialog: Dialog) -> None:
        seen.complaints.append(dialog.message)
        dialog.dismiss()

    seen.page.route("**/*", judge)
    seen.page.on("console", lambda message: seen.complaints.append(f"{message.type}: {message.text}"))
    seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    seen.page.on("dialog", refuse)
    seen.page.goto(address)
    seen.page.wait_for_selector("html.drawn", state="attached")
    return seen


SIZES = """() => [...document.querySelectorAll(".chart")].map((chart) => {
    const box = chart.querySelector("svg.main-svg").getBoundingClientRect();
    const marks = chart.querySelectorAll(".cartesianlayer .trace path").length;
    return [chart.id, box.width, box.height, marks];
})"""


@pytest.mark.parametrize("name", ["plain", "halted", "evil", "empty"])
def test_every_chart_is_drawn_and_nothing_is_asked_of_the_network(
    browser: Browser, reports: dict[str, str], name: str
) -> None:
    seen = visit(browser, reports[name], DESKTOP)
    assert seen.complaints == []
    assert seen.requests == [reports[name]]
    drawn = seen.page.evaluate(SIZES)
    assert len(drawn) == (3 if name == "empty" else 7)
    for chart, width, height, marks in drawn:
        assert width > 600, chart
        assert height > 200, chart
        assert marks > 0 or name == "empty", chart
    seen.page.context.close()


UNLABELLED = """() => [...document.querySelectorAll(".chart")].flatMap((chart) => {
    const axes = Object.entries(chart.layout).filter(([name]) => /^[xy]axis/.test(name));
    return axes.filter(([, axis]) => !axis.title?.text).map(([name]) => `${chart.id} ${name}`);
})"""


@pytest.mark.parametrize("name", RESEARCH)
def test_every_research_page_is_drawn_whole_in_every_light_and_asks_nothing_of_the_network(
    browser: Browser, research: dict[str, str], name: str
) -> None:
    seen = visit(browser, research[name], DESKTOP)
    drawn = seen.page.evaluate(SIZES)
    assert len(drawn) == CHARTS[name]
    for chart, width, height, _ in drawn:
        assert width > 600, chart
        assert height > 200, chart
    assert seen.page.evaluate(UNLABELLED) == []
    sections = seen.page.locator("section").evaluate_all("(found) => found.map((each) => [each.id, each.innerText])")
    assert {"equity", "costs", "optimism", "why-not", "origin"} <= {section for section, _ in sections}
    assert all("\n" in text for _, text in sections), "no section is empty"
    color = "() => document.querySelector('#chart-equity .scatterlayer .js-line').style.stroke"
    light = seen.page.evaluate(color)
    seen.page.emulate_media(color_scheme="dark")
    seen.page.wait_for_function(f"() => ({color})() !== '{light}'")
    assert seen.page.evaluate("() => document.documentElement.scrollWidth") <= DESKTOP["width"]
    seen.page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    seen.page.wait_for_function(f"() => document.documentElement.scrollWidth <= {PHONE['width']}")
    assert seen.complaints == []
    assert seen.requests == [research[name]]
    seen.page.context.close()


def test_names_that_attack_are_shown_as_text(browser: Browser, reports: dict[str, str]) -> None:
    seen = visit(browser, reports["evil"], DESKTOP)
    assert seen.page.title() == f"{EVIL} on tBTCUSD"
    assert seen.page.inner_text("h1") == f"{EVIL} on tBTCUSD"
    assert EVIL in seen.page.inner_text("#origin")
    assert EVIL in unescape(seen.page.inner_html("#chart-equity .legend"))
    assert seen.page.locator("img").count() == 0
    assert seen.complaints == []
    seen.page.context.close()


def test_the_charts_follow_the_scheme_of_the_reader(browser: Browser, reports: dict[str, str]) -> None:
    seen = visit(browser, reports["plain"], DESKTOP)
    color = "() => document.querySelector('#chart-equity .scatterlayer .js-line').style.stroke"
    page_color = "() => getComputedStyle(document.body).backgroundColor"
    light = seen.page.evaluate(color), seen.page.evaluate(page_color)
    seen.page.emulate_media(color_scheme="dark")
    seen.page.wait_for_function(f"() => ({color})() !== '{light[0]}'")
    assert seen.page.evaluate(page_color) != light[1]
    dark = visit(browser, reports["plain"], DESKTOP, dark=True)
    assert dark.page.evaluate(color) == seen.page.evaluate(color)
    assert (seen.complaints, dark.complaints) == ([], [])
    for each in (seen, dark):
        each.page.context.close()


def test_a_phone_shows_it_all_without_scrolling_sideways(browser: Browser, reports: dict[str, str]) -> None:
    seen = visit(browser, reports["plain"], PHONE, is_phone=True)
    assert seen.page.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]
    for chart, width, height, _ in seen.page.evaluate(SIZES):
        assert 250 < width <= PHONE["width"], chart
        assert height > 200, chart
    assert seen.complaints == []
    seen.page.context.close()


def test_a_click_switches_to_a_logarithmic_scale_and_back(browser: Browser, reports: dict[str, str]) -> None:
    seen = visit(browser, reports["plain"], DESKTOP)
    button = seen.page.locator("button[data-log=equity]")
    kinds = []
    for _ in range(3):
        kinds.append(
            (
                button.get_attribute("aria-pressed"),
                seen.page.evaluate("() => document.getElementById('chart-equity').layout.yaxis.type"),
            )
        )
        button.click()
    assert kinds == [("false", "linear"), ("true", "log"), ("false", "linear")]
    assert seen.complaints == []
    seen.page.context.close()


def test_it_prints_in_the_colours_of_paper(browser: Browser, reports: dict[str, str], tmp_path: Path) -> None:
    seen = visit(browser, reports["plain"], DESKTOP, dark=True)
    seen.page.evaluate("""() => addEventListener("beforeprint", () => {
            const line = document.querySelector("#chart-equity .scatterlayer .js-line");
            const svg = document.querySelector("#chart-equity svg.main-svg");
            window.printed = [line.style.stroke, svg.getBoundingClientRect().width];
        })""")
    light = visit(browser, reports["plain"], DESKTOP)
    color = "() => document.querySelector('#chart-equity .scatterlayer .js-line').style.stroke"
    seen.page.pdf(path=tmp_path / "report.pdf", format="A4", print_background=True)
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    assert seen.page.evaluate("() => window.printed") == [light.page.evaluate(color), 680]
    seen.page.wait_for_function(f"() => ({color})() !== window.printed[0]")  # and dark again afterwards
    assert seen.complaints == []
    for each in (seen, light):
        each.page.context.close()


def test_without_scripts_the_tables_remain(browser: Browser, reports: dict[str, str]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(reports["plain"])
    assert "need JavaScript" in page.inner_text("header")
    assert "Final equity" in page.inner_text("#figures")
    context.close()

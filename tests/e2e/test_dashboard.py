"""The dashboard in a real browser: the trader's walks, and the attacks of pages that are not ours."""

import http.server
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from attrs import evolve, frozen
from playwright.sync_api import Browser, BrowserContext, Page, expect

from genesis.adapters.http import stream
from genesis.adapters.http.websocket_protocol import WebSocketProtocol
from genesis.domain.units import Mts, Symbol
from genesis.ports.access import Role
from genesis.ports.operator import CancelOrder, Flatten, Halt, SwitchStrategy
from genesis.ports.session_view import CandleRow, EquityPoint, ExactText, LimitUse
from tests.e2e.api_house import START, STEP, feed, fill, order, overview, reasons
from tests.e2e.browsing import browser_marks, visit
from tests.e2e.page_house import Running, running

NONE = ExactText("")
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\u202e"

pytestmark = browser_marks


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path) as found:
        feed(found.house.view)
        yield found


# The trader's walks


ON_TOP = """((id) => {
  const { x, y, width, height } = document.getElementById(id).getBoundingClientRect();
  return document.elementFromPoint(x + width / 2, y + height / 2)?.id === id;
})"""
"""Whether a click in the middle of an element meets it."""


def test_a_trader_logs_in_once_and_sees_everything(site: Running, context: BrowserContext) -> None:
    link = site.link()
    seen = visit(context, link)
    page = seen.page
    expect(page.locator("#headline")).to_contain_text("10\u202f500.25 USD")
    expect(page.locator("#positions")).to_contain_text("tBTCUSD")
    expect(page.locator("#limits")).to_contain_text("5.50\u202f% left")
    expect(page.locator("#strategies")).to_contain_text("warming up")
    expect(page.locator("#table tbody tr")).to_have_count(6)
    assert page.url == f"{site.house.url}/"  # the code does not stay in the history
    assert context.cookies() == []
    assert seen.complaints == []
    assert all(each.startswith(f"{site.house.url}/") for each in seen.requests)
    assert not any("#" in each or "token" in each for each in seen.requests)
    page.reload()
    page.wait_for_selector("#account .figure")  # the tab stays logged in
    again = visit(context, link, until="#login:not([hidden])")
    expect(again.page.locator("#login-why")).to_contain_text("used")


def test_what_happens_is_seen_without_asking(site: Running, context: BrowserContext) -> None:
    page = visit(context, site.link()).page
    view = site.house.view
    view.show(overview("9999.5", is_halted=True))
    expect(page.locator("#headline")).to_contain_text("9\u202f999.50 USD")
    expect(page.locator("#status-text")).to_have_text("halted")
    view.order(order(7, is_open=True), STEP, reasons())
    expect(page.locator("#table tbody tr")).to_have_count(7)
    page.click("#tab-events")
    site.house.monitor.note("risk", "risk.refused", {"limit": "exposure"}, "warning")
    expect(page.locator("#table")).to_contain_text("limit exposure")
    page.click("#filters button:has-text('order')")
    expect(page.locator("#table")).not_to_contain_text("limit exposure")


def test_orders_that_wait_for_a_price_say_which(site: Running, context: BrowserContext) -> None:
    page = visit(context, site.link()).page
    stop = evolve(order(8, is_open=True), type="stop", price=NONE, price_average=NONE, stop_price=ExactText("49990"))
    site.house.view.order(stop, STEP, reasons())
    trailing = evolve(
        order(9, is_open=True), type="trailing_stop", price=NONE, price_average=NONE, trail=ExactText("120.5")
    )
    site.house.view.order(trailing, STEP, reasons())
    expect(page.locator("#table tbody")).to_contain_text("stop 49\u202f990.00")
    expect(page.locator("#table tbody")).to_contain_text("trailing stop")
    expect(page.locator("#table tbody")).to_contain_text("trail 120.50")


def test_a_drawdown_is_rounded_alike_wherever_it_stands(site: Running, context: BrowserContext) -> None:
    page = visit(context, site.link()).page
    fallen = overview()
    assert fallen.portfolio is not None
    limit = LimitUse(
        "max_drawdown", "account", "%", ExactText("4.5678"), ExactText("10"), ExactText("5.4322"), 0.46, "clear"
    )
    site.house.view.show(evolve(fallen, portfolio=evolve(fallen.portfolio, drawdown=0.045678), limits=(limit,)))
    expect(page.locator("#account")).to_contain_text("4.57\u202f%")
    expect(page.locator("#headline")).to_contain_text("4.57\u202f%")
    expect(page.locator("#limits")).to_contain_text("4.57\u202f% of 10\u202f%")
    expect(page.locator("#limits")).to_contain_text("5.43\u202f% left")


def test_an_order_tells_why_on_a_click_and_on_a_key(site: Running, context: BrowserContext) -> None:
    page = visit(context, site.link()).page
    page.locator("#table tbody tr").first.click()
    expect(page.locator("#detail")).to_contain_text("passed the risk gate")
    expect(page.locator("#detail")).to_contain_text("95.00\u202f%")
    page.get_by_text("Cancel this order").click()
    page.fill("#reason", "not needed")
    page.get_by_role("button", name="Cancel it").click()
    expect(page.locator("#toast")).to_contain_text("audit entry 2")
    assert site.house.operator.done == [CancelOrder("not needed", 6)]
    page.locator("#table tbody tr button").last.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#detail")).to_contain_text("50 000.50")
    assert page.evaluate(
        "[...document.querySelectorAll('#detail .scroll')].every((e) => e.scrollWidth <= e.clientWidth)"
    )
    page.keyboard.press("Escape")
    expect(page.locator("#detail")).to_be_hidden()


def test_halting_asks_why_and_happens_once(site: Running, context: BrowserContext) -> None:
    page = visit(context, site.link()).page
    page.locator("#act-halt").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#confirm button[value=go]")).to_be_disabled()
    page.keyboard.type("lunch")
    page.keyboard.press("Enter")
    expect(page.locator("#confirm")).to_be_hidden()
    assert site.house.operator.done == [Halt("lunch")]
    page.click("#strategies .switch")
    page.fill("#reason", "too wild")
    page.locator("#confirm button[value=go]").dblclick(no_wait_after=True)
    expect(page.locator("#confirm")).to_be_hidden()
    assert site.house.operator.done == [Halt("lunch"), SwitchStrategy("too wild", "trend", is_on=False)]


@pytest.mark.parametrize("name", ["kill", "flatten"])
def test_what_cannot_be_taken_back_has_to_be_typed(site: Running, context: BrowserContext, name: str) -> None:
    page = visit(context, site.link()).page
    page.click(f"#act-{name}")
    page.fill("#reason", "enough")
    go = page.locator("#confirm button[value=go]")
    expect(go).to_be_disabled()
    page.fill("#phrase", name.upper())
    expect(go).to_be_disabled()
    page.fill("#phrase", name)
    go.click()
    expect(page.locator("#confirm")).to_be_hidden()
    assert (site.house.latch.reason() == "enough") == (name == "kill")
    assert (site.house.operator.done == [Flatten("enough")]) == (name == "flatten")


def test_a_refusal_is_told_where_it_was_asked(site: Running, context: BrowserContext) -> None:
    page = visit(context, site.link(Role.READ)).page
    page.click("#act-halt")
    page.fill("#reason", "x")
    page.locator("#confirm button[value=go]").click()
    expect(page.locator("#confirm")).to_contain_text("role trade")
    assert site.house.operator.done == []


def test_what_was_refused_can_be_tried_again(site: Running, context: BrowserContext) -> None:
    page = visit(context, site.link()).page
    site.house.operator.is_refusing = True
    page.click("#act-halt")
    page.fill("#reason", "news")
    page.locator("#confirm button[value=go]").click()
    expect(page.locator("#confirm")).to_contain_text("not now")
    site.house.operator.is_refusing = False
    page.locator("#confirm button[value=go]").click()
    expect(page.locator("#confirm")).to_be_hidden()
    assert site.house.operator.done == [Halt("news")]


def test_working_orders_stay_however_many_end_after_them(site: Running, context: BrowserContext) -> None:
    page = visit(context, site.link()).page
    for cid in range(7, 1_300):
        site.house.view.order(order(cid), STEP)
    expect(page.locator("#table tbody tr")).to_have_count(201)
    expect(page.locator("#table tbody tr").first).to_contain_text("working")
    page.reload()
    expect(page.locator("#table tbody tr")).to_have_count(201)  # the snapshot's, and the one that is open
    expect(page.locator("#table tbody tr").first).to_contain_text("working")


def test_light_and_dark_and_a_phone_can_be_read(site: Running, browser: Browser) -> None:
    opened = browser.new_context(
        viewport={"width": 390, "height": 844}, color_scheme="dark", is_mobile=True, has_touch=True
    )
    page = visit(opened, site.link()).page
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    expect(page.locator("#act-kill")).to_be_in_viewport()
    shade = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(shade)
    page.tap("#theme")
    assert page.evaluate(shade) != dark
    page.reload()
    page.wait_for_selector("#account .figure")
    assert page.evaluate(shade) != dark  # the choice stays
    opened.close()


def test_ten_thousand_candles_are_drawn_while_twenty_come_a_second(site: Running, context: BrowserContext) -> None:
    view, count = site.house.view, 10_000
    for number in range(count):
        mts = Mts(START + 60_000 * (number + 40))
        view.candle(CandleRow(mts, 50_000.0, 50_009.0, 49_990.0, 50_003.0 + number % 7, 1.0))
    seen = visit(context, site.link())
    page = seen.page
    page.click("#ranges button:has-text('All')")
    for number in range(20):
        mts = Mts(START + 60_000 * (count + 40 + number))
        view.candle(CandleRow(mts, 50_000.0, 50_009.0, 49_990.0, 51_000.0 + number, 1.0))
        view.equity(EquityPoint(mts, 10_000.0 + number, 0.0))
    last = START + 60_000 * (count + 40 + 19)
    page.locator("#price").hover(position={"x": 300, "y": 100})
    page.wait_for_function("document.getElementById('price-tip').textContent.includes('O 50000')")
    price = "document.getElementById('price')"
    page.wait_for_function(f"{price}.getContext('2d').getImageData(0, 0, 40, 40).data.length === 6400")
    assert page.evaluate("fetch('/health').then((answer) => answer.status)") == 200
    assert last > START
    assert seen.complaints == []


def test_f27_a_page_whose_session_ended_says_so_and_why(tmp_path: Path, context: BrowserContext) -> None:
    with running(tmp_path) as site:
        feed(site.house.view)
        page = visit(context, site.link()).page
        expect(page.locator("#stale")).to_be_hidden()
        site.house.monitor.set_status("stopping", "killed: enough")
        site.stop()
        expect(page.locator("#stale")).to_contain_text("The session ended at", timeout=10_000)
        expect(page.locator("#stale")).to_contain_text(": killed: enough. What you see is old.")
        expect(page.locator("#status-text")).to_have_text("ended")
        assert page.evaluate("document.body.classList.contains('old')")
    page.evaluate("sessionStorage.setItem('genesis', 'forgotten')")
    assert float(page.evaluate("getComputedStyle(document.querySelector('main')).opacity")) < 0.6


def test_f27_a_page_that_reaches_nobody_says_that_nothing_answers(
    tmp_path: Path, context: BrowserContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path) as site:
        feed(site.house.view)
        page = visit(context, site.link()).page
        # As where the process is gone from one moment to the next.
        monkeypatch.setattr(WebSocketProtocol, "shutdown", lambda protocol: protocol._transport.abort())
        site.stop()
        expect(page.locator("#stale")).to_contain_text("Nothing answers since", timeout=10_000)
        expect(page.locator("#status-text")).to_have_text("not reached")
        assert page.evaluate("document.body.classList.contains('old')")


def test_f27_a_page_whose_stream_is_open_and_silent_is_stale(
    site: Running, context: BrowserContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = visit(context, site.link()).page
    with monkeypatch.context() as patched:
        patched.setattr(stream.StreamHub, "_tick", lambda _: None)
        expect(page.locator("#stale")).to_contain_text("Stale since", timeout=10_000)
        expect(page.locator("#stale")).to_contain_text("the session does not answer")
    expect(page.locator("#stale")).to_be_hidden(timeout=10_000)


def test_f27_a_loop_that_stands_still_makes_the_page_old_whatever_else_holds(
    site: Running, context: BrowserContext
) -> None:
    page = visit(context, site.link()).page
    site.house.view.show(overview(is_halted=True))
    expect(page.locator("#status-text")).to_have_text("halted")
    site.house.stalled_s[0] = 600.0
    expect(page.locator("#stale")).to_contain_text("Stale since")
    expect(page.locator("#stale")).to_contain_text("its trading loop stands still")
    expect(page.locator("#status-text")).to_contain_text("stalled")
    assert page.evaluate("document.body.classList.contains('old')")
    for place in ("0", "document.body.scrollHeight"):  # whoever has to act now finds the button, wherever they are
        page.evaluate(f"scrollTo(0, {place})")
        expect(page.locator("#stale")).to_be_in_viewport(ratio=1)
        assert page.evaluate(f"{ON_TOP}('act-kill')")
    site.house.stalled_s[0] = 0.0
    expect(page.locator("#stale")).to_be_hidden()
    expect(page.locator("#status-text")).to_have_text("halted")
    assert not page.evaluate("document.body.classList.contains('old')")


def test_a_page_whose_stream_had_to_give_way_stays_logged_in_and_comes_back(
    site: Running, context: BrowserContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(stream, "READERS_MAX", 0)
        page = visit(context, site.link(), until="body:not(.out)").page
        expect(page.locator("#stale")).to_contain_text("Stale since", timeout=10_000)
        expect(page.locator("#login")).to_be_hidden()
    expect(page.locator("#stale")).to_be_hidden(timeout=10_000)
    expect(page.locator("#headline")).to_contain_text("10\u202f500.25 USD")


def test_f27_a_session_that_is_closed_elsewhere_ends_the_page(site: Running, context: BrowserContext) -> None:
    page = visit(context, site.link()).page
    site.wait(site.house.ask("POST", "/api/v1/session/close-all", {}))
    page.wait_for_selector("#login:not([hidden])", timeout=10_000)
    expect(page.locator("#account")).to_be_hidden()


# Attacks


@frozen
class Attacker:
    """A web server on another port of this machine, with one page."""

    port: int
    heard: list[str]


@contextmanager
def attacker(script: str) -> Iterator[Attacker]:
    heard: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(f"{self.path} {self.headers.get('Cookie')}")
            body = f"<!doctype html><body><script>{script}</script>".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Set-Cookie", "theirs=1; SameSite=Lax")
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, code: object = "-", size: object = "-") -> None:
            del code, size  # say nothing

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Attacker(server.server_address[1], heard)
        server.shutdown()


def attack(context: BrowserContext, script: str, host: str = "127.0.0.1") -> tuple[Page, Attacker]:
    """Open a page that runs *script*, which ends with `done(what came of it)`; return what it said."""
    whole = f"window.said = null; const done = (text) => {{ window.said = String(text); }}; {script}"
    with attacker(whole) as other:
        page = context.new_page()
        page.goto(f"http://{host}:{other.port}/")
        page.wait_for_function("window.said !== null", timeout=10_000)
        return page, other


def said(page: Page) -> str:
    text: str = page.evaluate("window.said")
    return text


FORMS = """
const form = document.createElement("form");
form.method = "post"; form.enctype = "text/plain"; form.action = "VICTIM/config/audit"; form.target = "hole";
const frame = document.createElement("iframe"); frame.name = "hole"; document.body.append(frame, form);
const input = document.createElement("input"); input.name = '{"a":"'; input.value = '"}'; form.append(input);
frame.addEventListener("load", () => done("sent")); form.submit();
"""
POSTS = """
const options = (type) => ({method: "POST", mode: "no-cors", credentials: "include", headers: {"Content-Type": type},
  body: JSON.stringify({reason: "x", phrase: "kill"})});
Promise.allSettled(["text/plain", "application/x-www-form-urlencoded"].flatMap((type) =>
  ["kill", "halt", "flatten"].map((act) => fetch("VICTIM/api/v1/control/" + act, options(type)))
    .concat(fetch("VICTIM/config/audit", options(type))))).then(() => done("sent"));
"""
READS = """
Promise.allSettled(["/health", "/api/v1/overview", "/"].map((path) =>
  fetch("VICTIM" + path, {credentials: "include"}).then((answer) => answer.text())))
  .then((all) => done(all.map((each) => each.status).join()));
"""
SOCKET = """
const socket = new WebSocket("VICTIM/stream".replace("http", "ws"));
socket.onopen = () => done("open"); socket.onerror = () => done("refused");
"""
IMPORT = """
import("VICTIM/page/main.js").then(() => done("loaded"), () => done("refused"));
"""
STORAGE = """done(sessionStorage.getItem("genesis") + document.cookie)"""


@pytest.mark.parametrize("script", [FORMS, POSTS])
def test_f9_a_page_cannot_make_the_browser_post(site: Running, context: BrowserContext, script: str) -> None:
    visit(context, site.link())
    page, _ = attack(context, script.replace("VICTIM", site.house.url))
    assert said(page) == "sent"
    assert site.house.operator.done == []
    assert site.house.latch.reason() is None
    log = (site.house.home / "logs" / "config_audit.log").read_text("utf-8")
    assert [json.loads(line)["entry"]["action"] for line in log.splitlines()] == ["security.login"]


def test_f10_a_page_on_another_port_reads_nothing_and_gets_no_cookie(site: Running, context: BrowserContext) -> None:
    visit(context, site.link())
    page, other = attack(context, READS.replace("VICTIM", site.house.url))
    assert said(page) == "rejected,rejected,rejected"
    assert other.heard[0].endswith(" None")  # there was no cookie of ours to send along
    page, _ = attack(context, STORAGE)
    assert said(page) == "nulltheirs=1"


def test_f10_the_page_cannot_be_framed_nor_its_scripts_be_taken(site: Running, context: BrowserContext) -> None:
    frame = """const frame = document.createElement("iframe"); frame.src = "VICTIM/";
        frame.onload = () => { try { done(frame.contentDocument.body.textContent); } catch { done("closed"); } };
        document.body.append(frame);"""
    page, _ = attack(context, frame.replace("VICTIM", site.house.url))
    assert said(page) == "closed"
    assert [each.url for each in page.frames if each.url.startswith(site.house.url)] == []
    page, _ = attack(context, IMPORT.replace("VICTIM", site.house.url))
    assert said(page) == "refused"


def test_f11_a_rebound_name_gets_nothing(site: Running, context: BrowserContext) -> None:
    page = context.new_page()
    for path in ("/", "/health", "/api/v1/overview", "/page/main.js", "/nothing"):
        answer = page.goto(f"http://evil.test:{site.house.port}{path}")
        assert answer is not None
        assert answer.status == 421


def test_f11_a_page_of_a_rebound_name_is_its_own_origin_and_still_gets_nothing(
    site: Running, context: BrowserContext
) -> None:
    script = READS.replace("VICTIM", f"http://evil.test:{site.house.port}")
    page, _ = attack(context, script, host="evil.test")
    assert said(page) == "rejected,rejected,rejected"


def test_f12_a_stream_of_a_foreign_page_is_refused_before_it_opens(site: Running, context: BrowserContext) -> None:
    for host in ("127.0.0.1", "evil.test"):
        page, _ = attack(context, SOCKET.replace("VICTIM", site.house.url), host=host)
        assert said(page) == "refused"


def test_f22_names_and_texts_of_others_are_text(site: Running, context: BrowserContext) -> None:
    view, symbol = site.house.view, Symbol(EVIL)
    view.order(order(8, symbol=symbol, note=EVIL, is_open=True), evolve(STEP, evidence=EVIL), reasons())
    view.fill(evolve(fill(8), symbol=symbol, strategy=EVIL))
    view.show(overview(strategy=EVIL))
    site.house.monitor.note("security", EVIL, {EVIL: EVIL}, "error")
    seen = visit(context, site.link())
    page = seen.page
    expect(page.locator("#strategies")).to_contain_text("<script>alert(1)</script>")
    for tab in ("fills", "events", "orders"):
        page.click(f"#tab-{tab}")
        expect(page.locator("#table")).to_contain_text("onerror=alert(2)")
    page.locator("#table tbody tr").first.click()
    expect(page.locator("#detail")).to_contain_text("onerror=alert(2)")
    assert page.locator("img[src=x], script:not([type=module])").count() == 0
    assert seen.complaints == []


def test_f22_markup_cannot_even_be_set_by_the_pages_own_scripts(site: Running, context: BrowserContext) -> None:
    page = visit(context, site.link()).page
    for change in ("document.body.innerHTML = '<b>'", "document.body.setAttribute('onclick', 'alert(1)')"):
        blocked = page.evaluate(f"(() => {{ try {{ {change}; return ''; }} catch (e) {{ return e.name; }} }})()")
        assert blocked == "TypeError"


def test_the_page_paints_and_has_a_title(site: Running, context: BrowserContext) -> None:
    page = visit(context, site.link()).page
    paints = page.evaluate("performance.getEntriesByType('paint').map((entry) => entry.name)")
    assert "first-contentful-paint" in paints
    assert re.fullmatch(r".* · Genesis", page.title())

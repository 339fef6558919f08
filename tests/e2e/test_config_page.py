"""The configuration on the page: what is in force, what a change would do before it does, and the way back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from genesis.adapters.http import sessions
from genesis.app.audit import WITNESS
from genesis.app.config_authority import Applied
from genesis.domain.json_value import JsonObject, parse_json
from genesis.ports.access import Role
from genesis.ports.operator import ApplyConfig, RollBackConfig
from tests.e2e.api_house import feed
from tests.e2e.browsing import browser_marks, visit
from tests.e2e.page_house import Running, running

pytestmark = browser_marks

EXACT = "12.50000000000000000001"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path) as found:
        feed(found.house.view)
        yield found


def applied(site: Running, document: JsonObject, reason: str) -> None:
    async def apply() -> None:
        authority = site.house.authority
        result = await authority.apply(document, authority.current().number, who="owner", reason=reason)
        assert isinstance(result, Applied), result

    site.wait(apply())


def opened(site: Running, context: BrowserContext, role: Role = Role.ADMIN) -> Page:
    page = visit(context, site.link(role)).page
    page.click("#tab-config")
    page.wait_for_selector("#config-text")
    return page


def document(text: str) -> JsonObject:
    found = parse_json(text.encode())
    assert isinstance(found, dict)
    return found


def test_a_limit_is_lowered_after_its_difference_was_seen(site: Running, context: BrowserContext) -> None:
    applied(site, document(f'{{"dry_run": true, "max_drawdown_pct": 15, "x-note": {EXACT}}}'), "a start")
    page = opened(site, context)
    panel = page.locator("#table")
    expect(panel).to_contain_text("Version 1")
    expect(panel).to_contain_text(site.house.authority.current().hash[:12])
    expect(page.locator("#limit-max_drawdown_pct")).to_have_value("15")
    expect(page.locator("#config-apply")).to_have_count(0)  # nothing is applied that was not looked at
    page.fill("#limit-max_drawdown_pct", "10")
    page.fill("#limit-max_daily_loss", "250.5")
    page.click("#config-look")
    expect(page.locator("#config-difference")).to_contain_text("$.max_drawdown_pct1510at once")
    page.click("#config-apply")
    page.fill("#reason", "less risk")
    page.fill("#phrase", "apply config")
    page.locator("#confirm button[value=go]").click()
    expect(page.locator("#confirm")).to_be_hidden()
    wanted = document(f'{{"dry_run": true, "max_drawdown_pct": 10, "max_daily_loss": 250.5, "x-note": {EXACT}}}')
    before = site.house.authority.current()
    assert site.house.operator.done == [ApplyConfig("less risk", wanted, 1, before.hash)]  # with all its digits


def test_what_is_wrong_or_dangerous_is_said_before_anything_is_sent(site: Running, context: BrowserContext) -> None:
    page = opened(site, context)
    page.fill("#config-text", "{")
    page.click("#config-look")
    expect(page.locator("#config-difference")).to_contain_text("This is no JSON")
    page.fill("#config-text", '{"dry_run": true, "max_drawdown": 3}')
    page.click("#config-look")
    expect(page.locator("#config-difference .error")).to_contain_text("$.max_drawdown")
    expect(page.locator("#config-apply")).to_have_count(0)
    page.fill("#config-text", '{"dry_run": false}')
    page.click("#config-look")
    expect(page.locator("#config-difference")).to_contain_text("Dangerous: set $.dry_run to false")
    expect(page.locator("#config-difference")).to_contain_text("at the next start")
    page.click("#config-apply")
    page.fill("#reason", "go")
    page.fill("#phrase", "apply config")
    expect(page.locator("#confirm button[value=go]")).to_be_disabled()
    page.fill("#confirmation", "set $.dry_run to false")
    expect(page.locator("#confirm button[value=go]")).to_be_enabled()
    assert site.house.operator.done == []


def test_the_way_back_asks_for_a_person_who_has_just_proved_who_they_are(
    site: Running, context: BrowserContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied(site, {"dry_run": True, "max_drawdown_pct": 15}, "a start")
    applied(site, {"dry_run": True, "max_drawdown_pct": 9}, "careful")
    page = opened(site, context)
    expect(page.locator(".config tbody tr")).to_have_count(3)
    monkeypatch.setattr(sessions, "FRESH_S", -1.0)  # as a minute after the login
    page.get_by_role("button", name="Go back to version 1").click()
    expect(page.locator("#confirm")).to_contain_text("$.max_drawdown_pct 9 → 15")
    page.fill("#reason", "too careful")
    page.fill("#phrase", "roll back")
    expect(page.locator("#fresh-code")).to_be_hidden()
    page.locator("#confirm button[value=go]").click()
    expect(page.locator("#fresh-code")).to_be_visible()
    assert site.house.operator.done == []
    monkeypatch.setattr(sessions, "FRESH_S", 60.0)
    page.fill("#fresh-code", site.link())
    page.locator("#confirm button[value=go]").click()
    expect(page.locator("#confirm")).to_be_hidden()
    assert site.house.operator.done == [RollBackConfig("too careful", 1, 2, site.house.authority.current().hash)]


def test_an_edit_by_hand_is_told_and_what_others_apply_is_shown(site: Running, context: BrowserContext) -> None:
    applied(site, {"dry_run": True, "max_drawdown_pct": 15}, "a start")
    page = opened(site, context)
    (site.house.home / "config" / "current.json").write_text('{"dry_run": true, "max_drawdown_pct": 99}')
    site.wait(site.house.authority.check_file())
    expect(page.locator("#tab-config")).to_contain_text("edited by hand")
    expect(page.locator(".config .warning")).to_contain_text("kept as current.json.edited-1")
    applied(site, {"dry_run": True, "max_drawdown_pct": 12}, "by a task")
    expect(page.locator("#table")).to_contain_text("Version 2")
    expect(page.locator("#tab-config")).not_to_contain_text("edited by hand")


def test_a_log_that_was_changed_is_found_and_its_line_named(site: Running, context: BrowserContext) -> None:
    applied(site, {"dry_run": True, "max_drawdown_pct": 15}, "a start")
    page = opened(site, context, Role.READ)
    page.get_by_role("button", name="Verify the audit log").click()
    expect(page.locator("#table")).to_contain_text("whole up to line 2")  # the change, and this login
    log = site.house.home / "logs" / "config_audit.log"
    log.write_text(log.read_text("utf-8").replace("a start", "another"), "utf-8")
    page.get_by_role("button", name="Verify the audit log").click()
    expect(page.locator("#table")).to_contain_text("Audit log: line 1 does not match its own hash")
    (site.house.home / WITNESS).unlink()
    log.write_bytes(b"")
    page.get_by_role("button", name="Verify the audit log").click()
    expect(page.locator("#table")).to_contain_text("its witness is gone")
    expect(page.locator("#table")).not_to_contain_text("is whole up to")


def test_what_others_apply_is_shown_while_somebody_is_in_the_text(site: Running, context: BrowserContext) -> None:
    applied(site, {"dry_run": True, "max_drawdown_pct": 15}, "a start")
    page = opened(site, context)
    page.get_by_role("button", name="Verify the audit log").click()
    expect(page.locator("#config-head")).to_contain_text("whole up to line 2")
    page.focus("#config-text")
    applied(site, {"dry_run": True, "max_drawdown_pct": 9}, "by another")
    expect(page.locator("#config-head strong")).to_have_text("Version 2")
    expect(page.locator("#config-history tbody tr").first).to_contain_text("by another")
    expect(page.locator("#limit-max_drawdown_pct")).to_have_value("9")
    expect(page.locator("#config-head")).not_to_contain_text("whole")  # what was verified was another log
    assert page.evaluate("document.activeElement.id") == "config-text"
    mine = '{"dry_run": true, "max_drawdown_pct": 3}'
    page.fill("#config-text", mine)
    applied(site, {"dry_run": True, "max_drawdown_pct": 8}, "again")
    expect(page.locator("#config-head strong")).to_have_text("Version 3")
    expect(page.locator("#config-text")).to_have_value(mine)


def test_an_edit_of_before_the_page_was_opened_is_told_and_one_that_was_answered_is_not(
    site: Running, context: BrowserContext
) -> None:
    applied(site, {"dry_run": True, "max_drawdown_pct": 15}, "a start")
    (site.house.home / "config" / "current.json").write_text('{"dry_run": true, "max_drawdown_pct": 99}')
    site.wait(site.house.authority.check_file())
    page = visit(context, site.link()).page
    expect(page.locator("#tab-config")).to_contain_text("edited by hand")
    applied(site, {"dry_run": True, "max_drawdown_pct": 12}, "an answer")
    expect(page.locator("#tab-config")).not_to_contain_text("edited by hand")
    for number in range(600):
        site.house.monitor.note("market", "candle.closed", {"n": number})
    expect(page.locator("#tab-config")).not_to_contain_text("edited by hand")
    page.reload()
    page.wait_for_selector("#account .figure")
    expect(page.locator("#tab-config")).not_to_contain_text("edited by hand")


def test_it_is_reached_by_keyboard_and_fits_a_phone(site: Running, browser: Browser) -> None:
    phone = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark", is_mobile=True)
    page = opened(site, phone)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.locator("#limit-max_drawdown_pct").focus()
    for _ in range(5):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "config-look"
    page.keyboard.press("Enter")
    expect(page.locator("#config-difference")).to_contain_text("No difference")
    phone.close()

"""The trader's whole walk, in a real browser, before a real session that trades over the wire with the local venue."""

import json
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from genesis.adapters.audit_log.reading import verify_file
from genesis.domain.audit import ChainHead
from tests.e2e.browsing import browser_marks, visit
from tests.e2e.test_run_command import ended, running

pytestmark = browser_marks

RESTLESS = """
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.features import close, open_, where
from genesis.domain.strategy.specification import strategy

@strategy
def restless() -> Expr:
    return where(close > open_, 1.0, 0.0)
"""


def act(page: Page, name: str, **typed: str) -> None:
    """Do what the button *name* does, with what has to be typed."""
    page.click(f"#act-{name}")
    for field, text in typed.items():
        page.fill(f"#{field}", text)
    page.locator("#confirm button[value=go]").click()
    expect(page.locator("#confirm")).to_be_hidden()


def test_a_trader_watches_halts_limits_reads_a_refusal_kills_and_reads_the_audit(
    tmp_path: Path, context: BrowserContext
) -> None:
    strategy = tmp_path / "restless.py"
    strategy.write_text(RESTLESS)
    words = ("--data", "synthetic:3:30", "--speed", "600", "--strategy", f"{strategy}:restless")
    with running(tmp_path, *words) as (process, url):
        link = (tmp_path / "access" / "link").read_text("ascii").strip()
        assert link.startswith(f"{url}/#")
        page = visit(context, link).page

        # It trades: an order was filled, and says why it was sent.
        page.click("#tab-fills")
        page.locator("#table tbody tr button").first.click(timeout=30_000)
        expect(page.locator("#detail")).to_contain_text("passed the risk gate")
        page.keyboard.press("Escape")

        act(page, "halt", reason="lunch")
        expect(page.locator("#status-text")).to_have_text("halted")
        act(page, "resume", reason="back")
        expect(page.locator("#status-text")).to_contain_text("running")

        # A limit is lowered: the page shows the difference before anything changes.
        page.click("#tab-config")
        page.fill("#config-text", '{"dry_run": true, "risk": {"max_orders_per_day": 2}}')
        page.click("#config-look")
        expect(page.locator("#config-difference")).to_contain_text("at once")
        page.click("#config-apply")
        page.fill("#reason", "it trades too much")
        page.fill("#phrase", "apply config")
        page.locator("#confirm button[value=go]").click()
        expect(page.locator("#toast")).to_contain_text("version 1 is in force")

        # The next order is refused: with its code, what was observed and what is allowed.
        page.click("#tab-guards")
        refused = page.locator("#table tbody tr").first
        expect(refused).to_contain_text("order rate", timeout=30_000)
        _, _, _, order, observed, allowed = refused.locator("td").all_text_contents()
        assert order.endswith(" tBTCUSD")
        assert observed.endswith(" in 86400000 ms")
        assert allowed == "<= 2"
        page.click("#tab-events")
        refusal = page.locator("#table tbody tr").filter(has_text="risk.refused").first
        for fact in ("code order_rate", "allowed <= 2", "observed "):
            expect(refusal).to_contain_text(fact)

        # The audit has all of it, in order, with who and why; then the session is killed.
        page.click("#tab-audit")
        for fact in ("security.login", "lunch", "back", "config.apply", "it trades too much"):
            expect(page.locator("#table")).to_contain_text(fact)
        act(page, "kill", reason="enough", phrase="kill")
        process.communicate(timeout=60)
        assert process.returncode == 2
        expect(page.locator("#stale")).to_contain_text("The session ended at", timeout=10_000)
        expect(page.locator("#stale")).to_contain_text("the kill latch is set (enough)")
    log = tmp_path / "logs" / "config_audit.log"
    assert isinstance(verify_file(log), ChainHead)
    actions = [json.loads(line)["entry"]["action"] for line in log.read_text("utf-8").splitlines()]
    assert actions == [
        "security.login",
        "control.halt",
        "control.resume",
        "control.apply_config",
        "config.apply",
        "control.kill",
    ]
    assert "enough" in ended(tmp_path, "run", "--port", "0").stderr

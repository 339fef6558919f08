"""The pictures of the dashboard's page in docs/: a real session that trades over the wire, as Chromium shows it.

Run as `python -m tests.docs.pictures [FOLDER]` (docs/pictures without one), and look at each before it is committed.
"""

import json
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Browser, Page, expect

from genesis.app.access import credentials_of, login_link
from genesis.ports.access import Role
from tests.e2e.browsing import chromium
from tests.e2e.test_run_command import ended, running

ROOT: Final = Path(__file__).parents[2]
DESKTOP: Final = (1440, 1000)
PHONE: Final = (390, 844)
CONFIG: Final = {
    "dry_run": True,
    "max_drawdown_pct": 8,
    "position_cap_pct": 50,
    "max_daily_loss": "300",
    "strategy": {"name": "rsi_reversion", "params": {"period": 14}},
}
FILLS: Final = 5
"""So many are on the page when the first picture is taken."""


class Photographer:
    """Opens pages of one session, and keeps pictures of them in *folder*."""

    def __init__(self, browser: Browser, home: Path, url: str, folder: Path) -> None:
        self._browser = browser
        self._home = home
        self._url = url
        self._folder = folder

    @contextmanager
    def page(self, size: tuple[int, int], scheme: Literal["dark", "light"], scale: int = 1) -> Iterator[Page]:
        """A page that is logged in and has seen some trades."""
        width, height = size
        context = self._browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, device_scale_factor=scale
        )
        page = context.new_page()
        page.goto(login_link(self._url, credentials_of(self._home).issue_code(Role.ADMIN)))
        expect(page.locator("#table tbody tr").nth(FILLS - 1)).to_be_visible(timeout=60_000)
        yield page
        context.close()

    def take(self, page: Page, name: str) -> None:
        """Keep what *page* shows."""
        page.screenshot(path=self._folder / f"{name}.png")
        print(self._folder / f"{name}.png")


def take_all(folder: Path) -> None:
    """Take every picture."""
    with tempfile.TemporaryDirectory() as place, chromium() as browser:
        home = Path(place)
        (home / "config.json").write_text(json.dumps(CONFIG))
        ended(
            home, "config.apply", str(home / "config.json"), "--reason", "the limits of this account"
        ).check_returncode()
        with running(home, "--data", "synthetic:3:30", "--speed", "3000") as (process, url):
            photographer = Photographer(browser, home, url, folder)
            with photographer.page(DESKTOP, "dark") as page:
                photographer.take(page, "dashboard")
                page.locator("#table tbody tr button").first.click()
                expect(page.locator("#detail")).to_contain_text("passed the risk gate")
                photographer.take(page, "dashboard-order")
                page.keyboard.press("Escape")
                page.click("#tab-config")
                page.fill("#limit-max_drawdown_pct", "5")
                page.fill("#limit-max_daily_loss", "200")
                page.click("#config-look")
                expect(page.locator("#config-difference")).to_contain_text("at once")
                page.locator("#config-difference").scroll_into_view_if_needed()
                photographer.take(page, "dashboard-config")
            with photographer.page(DESKTOP, "light") as page:
                photographer.take(page, "dashboard-light")
            with photographer.page(PHONE, "dark", scale=2) as page:
                photographer.take(page, "dashboard-phone")
            with photographer.page(DESKTOP, "dark") as page:
                process.send_signal(signal.SIGSTOP)
                expect(page.locator("#stale")).to_contain_text("Stale since", timeout=20_000)
                photographer.take(page, "dashboard-stale")
                process.send_signal(signal.SIGCONT)


if __name__ == "__main__":
    take_all(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures")

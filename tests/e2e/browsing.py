"""A real browser for the tests of pages: where it is, how it is started, and what a page does that it should not."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from attrs import field, frozen
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP evil.test 127.0.0.1",
]

skipped_without_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="needs Chromium: install it, or name it in CHROMIUM"
)
browser_marks = [pytest.mark.browser, skipped_without_chromium]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium without a screen."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@frozen
class Visit:
    """A page that is open, and everything it did that it should not."""

    page: Page
    complaints: list[str] = field(factory=list)
    requests: list[str] = field(factory=list)


def visit(context: BrowserContext, url: str, *, until: str = "#account .figure") -> Visit:
    seen = Visit(context.new_page())

    def refuse(dialog: Dialog) -> None:
        seen.complaints.append(dialog.message)
        dialog.dismiss()

    seen.page.on("console", lambda message: seen.complaints.append(f"{message.type}: {message.text}"))
    seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    seen.page.on("request", lambda request: seen.requests.append(request.url))
    seen.page.on("dialog", refuse)
    seen.page.goto(url)
    if until:
        seen.page.wait_for_selector(until)
    return seen

"""A browser for each module that needs one, and a context for each test that does.

A browser that lived longer would stand in the way of other modules' event loops.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    from tests.e2e.browsing import chromium

    with chromium() as started:
        yield started


@pytest.fixture
def context(browser: "Browser") -> "Iterator[BrowserContext]":
    opened = browser.new_context(viewport={"width": 1280, "height": 900})
    yield opened
    opened.close()

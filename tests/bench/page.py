"""The dashboard in headless Chromium: how soon it paints, and whether it stays smooth while everything moves.

Run as `python -m tests.bench.page`; it needs Chromium. To beat: first paint 1 s on loopback; smooth at 20 updates a
second over 10 000 candles, which is said by the time between frames and by the browser's own long tasks (above 50 ms).
The server is in a thread of its own in the same process, and shares the machine with the browser.
"""

import asyncio
import os
import shutil
import tempfile
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

from playwright.async_api import Browser, Page, async_playwright

from genesis.domain.units import Mts
from genesis.ports.access import Role
from genesis.ports.session_view import CandleRow, EquityPoint
from tests.bench._turns import report
from tests.e2e.api_house import START, STEP, House, feed, fill, house, order, overview, reasons

CANDLES: Final = 10_000
UPDATES_PER_S: Final = 20
SECONDS: Final = 10.0
PAINTS: Final = 5
FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
WATCH: Final = """(milliseconds) => new Promise((done) => {
  const gaps = [], tasks = [];
  const seen = new PerformanceObserver((list) => tasks.push(...list.getEntries().map((each) => each.duration)));
  seen.observe({type: "longtask"});
  let last = performance.now();
  const end = last + milliseconds;
  const frame = (now) => {
    gaps.push(now - last);
    last = now;
    if (now < end) requestAnimationFrame(frame);
    else { seen.disconnect(); done({gaps, tasks}); }
  };
  requestAnimationFrame(frame);
})"""
PAINT: Final = "performance.getEntriesByType('paint').find((each) => each.name === 'first-contentful-paint').startTime"


def _link(inside: House) -> str:
    return f"{inside.url}/#{inside.credentials.issue_code(Role.ADMIN)}"


async def _opened(browser: Browser, inside: House, scheme: Any = "dark") -> Page:  # Any: a literal of the library's own
    page = await browser.new_page(viewport={"width": 1440, "height": 1000}, color_scheme=scheme)
    await page.goto(_link(inside))
    await page.wait_for_selector("#account .figure")
    return page


async def _move(inside: House) -> None:
    """Let a candle, the account, an order and a fill change, twenty times a second."""
    view, at = inside.view, CANDLES
    loop = asyncio.get_running_loop()
    due_s = loop.time()
    while True:
        due_s += 1 / UPDATES_PER_S
        await asyncio.sleep(max(0.0, due_s - loop.time()))
        price, mts = 50_000 + at % 17, Mts(START + 60_000 * at)
        view.candle(CandleRow(mts, price, price + 9.0, price - 9.0, price + 3.0, 1.0))
        view.equity(EquityPoint(mts, 10_000.0 + at % 100, (at % 7) / 100))
        view.show(overview(str(10_000 + at % 50)))
        view.order(order(at % 400 + 7, is_open=at % 2 == 0), STEP, reasons())
        if at % 4 == 0:
            view.fill(fill(at % 400 + 7))
        at += 1


async def _smoothness(page: Page) -> dict[str, object]:
    found = await page.evaluate(WATCH, 1000 * SECONDS)
    gaps, tasks = found["gaps"][1:], found["tasks"]
    return {
        "frames_per_s": round(len(gaps) / SECONDS, 1),
        "gap_p50_ms": round(median(gaps), 1),
        "gap_p99_ms": round(quantiles(gaps, n=100)[98], 1),
        "gap_max_ms": round(max(gaps), 1),
        "long_tasks": len(tasks),
        "longest_task_ms": round(max(tasks, default=0.0), 1),
    }


async def measure() -> dict[str, dict[str, object]]:
    """Return all figures."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise SystemExit("needs Chromium: install it, or name it in CHROMIUM")
    figures: dict[str, dict[str, object]] = {}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        with tempfile.TemporaryDirectory() as folder:
            async with house(Path(folder)) as inside:
                inside.monitor.set_status("running")
                feed(inside.view, candles=CANDLES)
                paints = []
                for _ in range(PAINTS):
                    page = await _opened(browser, inside)
                    paints.append(await page.evaluate(PAINT))
                    await page.close()
                figures["first paint"] = {"median_ms": round(median(paints)), "max_ms": round(max(paints))}
                page = await _opened(browser, inside)
                figures["nothing moves"] = await _smoothness(page)
                moving = asyncio.create_task(_move(inside))
                figures[f"{UPDATES_PER_S} updates/s"] = await _smoothness(page)
                await page.click("#ranges button:has-text('All')")
                figures[f"{UPDATES_PER_S} updates/s, {CANDLES} candles in view"] = await _smoothness(page)
                moving.cancel()
        await browser.close()
    return figures


def main() -> None:
    """Print the figures."""
    report("page", lambda: asyncio.run(measure()))


if __name__ == "__main__":
    main()

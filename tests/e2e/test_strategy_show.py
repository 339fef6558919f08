"""`strategy.show` and `strategy.list` as a person or a program calls them, and the page in a real browser."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from genesis.adapters.report.graph_drawing import GAP_Y, HEIGHT, WIDTH, Box, placed
from genesis.app.strategies import KNOWN
from genesis.domain.strategy.content_hash import content_hash
from genesis.domain.strategy.outline import outline
from genesis.domain.strategy.shipped import PAIRED, SHIPPED
from tests.e2e.browsing import skipped_without_chromium
from tests.e2e.calling import call


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GENESIS_HOME", str(tmp_path / "home"))
    return tmp_path


def test_a_graph_is_printed_with_its_hash(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("strategy.show", "--strategy", "two_frames", "--param", "fast=3")
    code, out, _ = call(capsys, *words)
    assert code == 0
    (first,) = [line for line in out.splitlines() if line.startswith("%1 = ")]
    assert first.split() == ["%1", "=", "ema(close,", "3)", "[15m]"]
    root = SHIPPED["two_frames"].build({"fast": 3})
    assert f"Hash: {content_hash(root)}" in out
    found = json.loads(call(capsys, *words, "--json")[1])
    assert found["hash"] == content_hash(root)
    assert [node["name"] for node in found["nodes"]] == [line.name for line in outline(root)]
    assert found["nodes"][0]["candles"] == ["15m"]


def test_all_that_ships_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    listed = json.loads(call(capsys, "strategy.list", "--json")[1])["strategies"]
    assert {each["name"] for each in listed} == set(KNOWN)
    code, out, _ = call(capsys, "strategy.list")
    assert code == 0
    assert "trailing_breakout (event by event): " in out


def test_an_event_strategy_has_no_graph(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, "strategy.show", "--strategy", "trailing_breakout")
    assert (code, out) == (2, "")
    assert "has no graph" in err


@pytest.mark.parametrize("strategy", [*SHIPPED.values(), *PAIRED.values()], ids=lambda each: each.name)
def test_no_boxes_overlap_and_every_arrow_goes_to_the_right(strategy: object) -> None:
    (found,) = [each for each in (*SHIPPED.values(), *PAIRED.values()) if each is strategy]
    boxes = [Box(line.name, line.text, "", line.reads, "") for line in outline(found.build())]
    spots = placed(boxes)
    for box in boxes:
        assert all(spots[name].x + WIDTH < spots[box.name].x for name in box.reads)
    for first in boxes:
        for second in boxes:
            a, b = spots[first.name], spots[second.name]
            assert first is second or a.x != b.x or abs(a.y - b.y) > HEIGHT + GAP_Y - 1
    assert min(spot.y for spot in spots.values()) == 1


@pytest.mark.browser
@skipped_without_chromium
def test_the_page_draws_graph_and_features_and_asks_for_nothing(
    folder: Path, browser: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("strategy.show", "synthetic:1:1", "--symbol", "tETHUSD", "--strategy", "follow_the_leader")
    code, out, _ = call(capsys, *words, "--report", "show.html")
    assert code == 0
    assert "Report: show.html" in out
    page = browser.new_page()
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.goto((folder / "show.html").as_uri())
    page.wait_for_selector("#chart-features .main-svg")
    boxes = page.locator("#graph svg rect")
    assert boxes.count() == len(outline(PAIRED["follow_the_leader"].build()))
    assert page.locator("#graph").get_by_text("tBTCUSD").first.is_visible()
    page.close()
    assert wrong == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []

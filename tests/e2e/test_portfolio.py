"""`portfolio` as a person or a program calls it."""

import json
from pathlib import Path

import pytest

from tests.e2e.calling import call

DATA = ("tBTCUSD=synthetic:1:6", "tETHUSD=synthetic:2:6")
PORTFOLIO = ("portfolio", *DATA, "--timeframe", "5m", "--max-drawdown-pct", "3", "--cool-down-losses", "2")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GENESIS_HOME", str(tmp_path / "home"))
    return tmp_path


def test_both_engines_say_the_same_of_instruments_that_read_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    words = (
        *PORTFOLIO,
        "--trade",
        "tETHUSD=follow_the_leader window=20 least=-0.9",
        "--weight",
        "tETHUSD=0.7",
        "--json",
    )
    columnar, event = (json.loads(call(capsys, *words, "--engine", each)[1]) for each in ("columnar", "event"))
    for said in (columnar, event):
        del said["engine"], said["seconds"]
    assert columnar == event
    assert [part["size"] for part in columnar["instruments"]] == [0.5, 0.7]
    assert all(part["fills"] for part in columnar["instruments"])
    assert "max_drawdown" in [alert["code"] for alert in columnar["alerts"]]


def test_stops_and_entries_by_limit_are_the_same_by_both_engines(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (*PORTFOLIO, "--stop-loss-pct", "0.5", "--take-profit-pct", "1", "--entry-offset-bps", "5")
    engines = ("columnar", "event")
    columnar, event = (json.loads(call(capsys, *words, "--engine", each, "--json")[1]) for each in engines)
    for said in (columnar, event):
        del said["engine"], said["seconds"]
    assert columnar == event
    assert all(part["fills"] for part in columnar["instruments"])
    assert any("stop loss 0.5 %" in each for each in columnar["instruments"][0]["more_terms"])
    assert call(capsys, *words, "--report", "portfolio.html")[0] == 0
    assert "stop loss 0.5 %" in (folder / "portfolio.html").read_text()


def test_it_prints_figures_and_writes_a_page(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, *PORTFOLIO, "--report", "portfolio.html")
    assert code == 0
    for said in ("All together", "Buy and hold", "tETHUSD", "decision hash", "max_drawdown breached"):
        assert said in out
    page = (folder / "portfolio.html").read_text()
    for title in ("Growth", "By instrument", "How alike they move", "Why not", "What made this result"):
        assert f"<h2>{title}</h2>" in page


def test_an_event_strategy_runs_by_the_core_alone(capsys: pytest.CaptureFixture[str]) -> None:
    words = (*PORTFOLIO, "--strategy", "trailing_breakout", "--param", "period=10", "--json")
    assert "--engine event" in call(capsys, *words)[2]
    assert json.loads(call(capsys, *words, "--engine", "event")[1])["fills"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((DATA[0],), "2 to 64 instruments"),
        (("synthetic:1", "synthetic:2"), "SYMBOL=DATA"),
        ((*DATA, "--symbol", "tBTCUSD"), "--symbol"),
        ((*DATA, "--margin"), "spot"),
        ((*DATA, "--weight", "tXRPUSD=0.5"), "tXRPUSD=0.5"),
        ((*DATA, "--trade", "tETHUSD=nobody"), "nobody"),
        ((*DATA, "--trade", "tETHUSD= "), "no strategy is called ''"),
        ((DATA[0], "tETHEUR=synthetic:2"), "one quote currency"),
        ((*DATA, "--other", "tLTCUSD=synthetic:3"), "reads no other instrument"),
    ],
)
def test_what_makes_no_portfolio_is_refused(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    code, out, err = call(capsys, "portfolio", *words)
    assert (code, out) == (2, "")
    assert said in err


def test_a_bundle_makes_the_same_result_and_notices_other_candles(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--trade", "tETHUSD=follow_the_leader window=20 least=-0.9", "--bundle", "run.json", "--json")
    made = json.loads(call(capsys, *PORTFOLIO, *words)[1])
    code, out, _ = call(capsys, "reproduce", "run.json", "--json")
    assert (code, json.loads(out)["found"]) == (0, made["decision_hash"])
    moved = (DATA[0], "tETHUSD=synthetic:3:6")
    code, _, err = call(capsys, "reproduce", "run.json", *(word for each in moved for word in ("--data", each)))
    assert code == 2
    assert "other candles of tETHUSD" in err

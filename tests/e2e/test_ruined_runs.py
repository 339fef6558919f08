"""Who was ruined has no ratio to be first by, and what liquidated or halted a run is told with it."""

import json
from pathlib import Path

import numpy as np
import pytest

from genesis.domain.candle import DAY_MS
from genesis.domain.simulation.synthetic import SYNTHETIC_START
from tests.e2e.calling import call

HOUR_MS = 3_600_000
DATA = ("tBTCUSD-1h-crash.csv",)
MARGIN = ("--margin", "--leverage", "5", "--maintenance-pct", "0")
BOTH = ("--param", "fast=2,30", "--param", "slow=4,60")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give candles that rise for five days, fall a little, and lose a third in one hour: who was slow holds on."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GENESIS_HOME", str(tmp_path / "home"))
    steps = np.concatenate((np.full(120, 1.001), np.full(10, 0.999), [0.66], np.full(13 + 48, 1.0)))
    closes = np.round(1000.0 * np.cumprod(steps), 2)
    opens = np.concatenate(([1000.0], closes[:-1]))
    rows = zip(opens.tolist(), closes.tolist(), strict=True)
    lines = (
        f"{SYNTHETIC_START + at * HOUR_MS},{first},{last},{max(first, last)},{min(first, last)},1.0"
        for at, (first, last) in enumerate(rows)
    )
    Path(*DATA).write_text("\n".join(lines) + "\n")
    return tmp_path


def test_a_ruined_run_stands_last_and_says_what_ended_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(call(capsys, "sweep", *DATA, *BOTH, *MARGIN, "--json")[1])
    first, *_, last = found["rows"]
    assert first["params"] == {"fast": 2, "slow": 4}
    assert (first["breach"], first["ruined"]) == (None, False)
    assert first["sharpe"] > 0.0
    assert last["params"] == {"fast": 30, "slow": 60}
    assert (last["breach"], last["ruined"]) == ("liquidated", True)
    assert (last["sharpe"], last["profit_factor"], last["win_rate_pct"]) == (None, None, None)
    assert last["total_return_pct"] < -100.0
    assert "liquidated; " in found["endings"]
    _, out, _ = call(capsys, "sweep", *DATA, *BOTH, *MARGIN, "--report", "sweep.html", "--resume")
    assert "Ended by" in out
    assert "liquidated," in out
    assert "liquidated, ruined" in (folder / "sweep.html").read_text()


def test_alone_it_has_no_probability_of_skill_either(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--param", "fast=30", "--param", "slow=60", *MARGIN)
    best = json.loads(call(capsys, "sweep", *DATA, *words, "--json")[1])["best"]
    assert (best["timing"], best["probabilistic_sharpe"], best["deflated_sharpe"]) == (None, None, None)
    alone = json.loads(call(capsys, "backtest", *DATA, *words, "--json")[1])
    assert (alone["sharpe"], alone["sortino"], alone["calmar"], alone["profit_factor"]) == (None, None, None, None)


def test_a_halt_is_told_with_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    limit = ("--max-drawdown-pct", "10", "--top", "9")
    found = json.loads(call(capsys, "sweep", *DATA, *BOTH, *limit, "--json")[1])
    halted = [row for row in found["rows"] if row["breach"] == "max_drawdown"]
    assert halted
    assert not any(row["ruined"] for row in halted)
    assert f"{len(halted)} halted by max_drawdown" in found["endings"]
    assert "max_drawdown" in call(capsys, "sweep", *DATA, *BOTH, *limit, "--resume")[1]


def test_a_ruined_walk_forward_keeps_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("walkforward", *DATA, "--param", "fast=30", "--param", "slow=60", "--train", "4d", "--test", "2d", *MARGIN)
    found = json.loads(call(capsys, *words, "--json")[1])
    assert found["ruined"]
    assert not found["survived"]
    for name in ("sharpe", "timing", "probabilistic_sharpe", "bootstrap_loss", "shuffled_drawdown_pct", "efficiency"):
        assert found[name] is None, name
    assert found["windows"][0]["test_alerts"] == ["liquidated"]
    assert found["windows"][0]["test_end"] - SYNTHETIC_START == 6 * DAY_MS
    out = " ".join(call(capsys, *words, "--report", "walk.html")[1].split())
    assert "It was ruined" in out
    assert "Ended by" in out
    page = (folder / "walk.html").read_text()
    assert "It was ruined" in page
    assert "liquidated" in page

"""`compare` as a person or a program calls it."""

import json
from pathlib import Path

import pytest

from tests.e2e.calling import call

COMPARE = ("compare", "synthetic:5:6", "--run", "ema_cross fast=5 slow=30", "--run", "rsi_reversion")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GENESIS_HOME", str(tmp_path / "home"))
    return tmp_path


def test_each_run_is_its_backtest_and_stands_beside_buy_and_hold(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = call(capsys, *COMPARE, "--json", "--report", "compare.html")
    assert code == 0
    found = json.loads(out)
    assert [run["run"] for run in found["runs"]] == ["ema_cross fast=5 slow=30", "rsi_reversion", "Buy and hold"]
    words = ("--param", "fast=5", "--param", "slow=30", "--json")
    alone = json.loads(call(capsys, "backtest", "synthetic:5:6", *words)[1])
    for name in ("decision_hash", "total_return_pct", "sharpe", "final_equity", "total_fees"):
        assert found["runs"][0][name] == alone[name]
    for at, row in enumerate(found["correlations"]):
        assert row[at] == pytest.approx(1.0)
    page = (folder / "compare.html").read_text()
    assert "How alike they are" in page
    assert all(f'id="{section}"' in page for section in ("costs", "optimism", "why-not"))
    assert "https://" not in page.split('id="charts"')[0].split("</style>")[1]


TERMS = ("--fees", "tiers", "--stop-loss-pct", "1", "--take-profit-pct", "2", "--entry-offset-bps", "3")
MORE_TERMS = (*TERMS, "--volatility-target-pct", "40", "--slippage-volatility", "0.1", "--cool-down-losses", "3")


def test_the_terms_of_single_runs_are_those_of_a_comparison(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, *COMPARE, *MORE_TERMS, "--json", "--report", "compare.html")
    assert code == 0
    found = json.loads(out)
    words = ("--param", "fast=5", "--param", "slow=30", "--json")
    alone = json.loads(call(capsys, "backtest", "synthetic:5:6", *words, *MORE_TERMS)[1])
    plain = json.loads(call(capsys, "backtest", "synthetic:5:6", *words)[1])
    assert found["runs"][0]["decision_hash"] == alone["decision_hash"] != plain["decision_hash"]
    assert found["more_terms"] == alone["more_terms"]
    page = (folder / "compare.html").read_text()
    assert all(said in page for said in ("stop loss 1 %, take profit 2 %", "volatility target 40 %", "0.1 × "))


def test_the_same_run_twice_has_two_columns(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("compare", "synthetic:5:6", *("--run", "ema_cross") * 3, "--json", "--report", "c.html", "--bundle", "b")
    code, out, _ = call(capsys, *words)
    assert code == 0
    names = [run["run"] for run in json.loads(out)["runs"]]
    assert names == ["ema_cross", "ema_cross (2)", "ema_cross (3)", "Buy and hold"]
    costs = (folder / "c.html").read_text().split('id="costs"')[1].split("</section>")[0]
    assert all(f">{name}</th>" in costs for name in names)
    assert call(capsys, "reproduce", "b")[0] == 0


def test_timing_counts_how_many_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("compare", "synthetic:5:20", "--json", "--run", "ema_cross fast=5 slow=30")
    (alone, held), (one, _, _) = (
        json.loads(call(capsys, *words, *more)[1])["runs"] for more in ((), ("--run", "rsi_reversion"))
    )
    assert held["timing"] is None, "it is always invested"
    assert one["timing"]["sharpe"] == alone["timing"]["sharpe"]
    assert one["timing"]["luck_sharpe"] > alone["timing"]["luck_sharpe"] == 0.0
    assert one["timing"]["probability"] <= alone["timing"]["probability"]


def test_a_table_names_every_run(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, *COMPARE)
    assert code == 0
    assert "rsi_reversion" in out
    assert "Buy and hold" in out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), "give 1 to 8 runs"),
        (("--run", "nothing"), "no strategy is called 'nothing'"),
        (("--run", ""), "no strategy is called ''"),
        (("--run", "ema_cross fast"), "NAME=VALUE"),
        (("--run", "ema_cross fast=0"), "--run 'ema_cross fast=0': fast must be"),
    ],
)
def test_what_cannot_be_compared_is_said(
    words: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = call(capsys, "compare", "synthetic:5:2", *words)
    assert (code, out) == (2, "")
    assert complaint in err

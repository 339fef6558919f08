"""`walkforward` as a person or a program calls it; and that no test ever helps to choose what it judges."""

import json
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve

from genesis.domain.candle import DAY_MS, Candles
from genesis.domain.simulation.synthetic import SYNTHETIC_START, synthetic_candles
from genesis.domain.statistics.walk_forward import Schedule, Window, windows_of
from tests.e2e.calling import call

WALK = ("walkforward", "tBTCUSD-1m-walk.csv", "--param", "fast=5:20:5", "--param", "slow=30:90:30", "--json")
ONE = ("walkforward", "tBTCUSD-1m-walk.csv", "--param", "fast=5", "--param", "slow=30", "--json")
SPANS = ("--train", "4d", "--test", "2d")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GENESIS_HOME", str(tmp_path / "home"))
    write(synthetic_candles(9, 10.0))
    return tmp_path


def write(candles: Candles, name: str = "tBTCUSD-1m-walk.csv") -> None:
    rows = zip(
        *(getattr(candles, name).tolist() for name in ("mts", "open", "close", "high", "low", "volume")), strict=True
    )
    lines = (",".join(map(repr, row)) for row in rows)
    Path(name).write_text("\n".join(lines) + "\n")


def test_tests_follow_one_another_and_carry_the_account_on(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, *WALK, *SPANS)
    assert code == 0
    found = json.loads(out)
    starts = [(window["test_start"] - SYNTHETIC_START) // DAY_MS for window in found["windows"]]
    assert starts == [4, 6, 8]
    growth = np.prod([1.0 + window["test_return_pct"] / 100.0 for window in found["windows"]])
    assert found["total_return_pct"] == pytest.approx(100.0 * (growth - 1.0))
    assert found["bootstrap_loss"] > 0.95, "it loses steadily"
    assert found["shuffled_drawdown_pct"]["low"] <= found["shuffled_drawdown_pct"]["high"]
    assert found["final_equity"] == found["windows"][-1]["test_final_equity"]
    assert all(window["test_fills"] % 2 == 0 for window in found["windows"]), "every test ends flat"
    assert found["max_drawdown_pct"] >= max(window["test_max_drawdown_pct"] for window in found["windows"])
    assert found["timing"] is None, "six days say nothing of timing"
    assert not found["survived"]


def test_buy_and_hold_of_the_tests_pays_what_a_backtest_of_it_pays(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(call(capsys, *WALK, *SPANS)[1])
    span = ("--from", str(found["windows"][0]["test_start"]), "--to", str(found["windows"][-1]["test_end"]))
    beside = json.loads(call(capsys, "compare", *WALK[1:2], *span, "--run", "ema_cross", "--json")[1])["runs"][-1]
    assert beside["run"] == "Buy and hold"
    assert (found["buy_and_hold_return_pct"], found["buy_and_hold_sharpe"]) == (
        beside["total_return_pct"],
        beside["sharpe"],
    )


def test_a_halt_stands_for_all_later_tests(capsys: pytest.CaptureFixture[str]) -> None:
    free = json.loads(call(capsys, *ONE, *SPANS)[1])
    assert all(window["test_fills"] for window in free["windows"])
    first = free["windows"][0]["test_max_drawdown_pct"]
    halted = json.loads(call(capsys, *ONE, *SPANS, "--max-drawdown-pct", f"{first + 1:.2f}")[1])
    assert halted["windows"][0]["test_fills"] == free["windows"][0]["test_fills"]
    assert [alert["code"] for alert in halted["alerts"]] == ["max_drawdown"], "one account breaches it once"
    assert halted["windows"][2]["test_fills"] == 0, "nobody was there to resume it"
    assert halted["final_equity"] == halted["windows"][1]["test_final_equity"]
    code, out, _ = call(capsys, *ONE[:-1], *SPANS, "--max-drawdown-pct", f"{first + 1:.2f}")
    assert code == 0
    assert "max_drawdown breached" in out.replace("\n", " ")


def test_tests_take_every_cost_and_limit_of_a_backtest(capsys: pytest.CaptureFixture[str]) -> None:
    terms = (
        "--fees",
        "tiers",
        "--trailing-stop-pct",
        "1",
        "--volatility-target-pct",
        "40",
        "--slippage-impact-bps",
        "5",
    )
    found = json.loads(call(capsys, *WALK, *SPANS, *terms, "--report", "walk.html", "--bundle", "walk.json")[1])
    assert all(window["test_fills"] for window in found["windows"])
    growth = np.prod([1.0 + window["test_return_pct"] / 100.0 for window in found["windows"]])
    assert found["total_return_pct"] == pytest.approx(100.0 * (growth - 1.0))
    assert call(capsys, "reproduce", "walk.json")[0] == 0


def trending(days: int) -> Candles:
    """Return candles of an hour that keep their direction for four days at a time."""
    generator = np.random.Generator(np.random.PCG64(7))
    count = 24 * days
    ways = np.repeat(generator.choice((-1.0, 1.0), days // 4), 96)
    closes = np.round(1000.0 * np.cumprod(1.0 + 0.0006 * ways + generator.normal(0.0, 0.004, count)), 2)
    opens = np.concatenate(([1000.0], closes[:-1]))
    mts = SYNTHETIC_START + 3_600_000 * np.arange(count, dtype=np.int64)
    return Candles(mts, opens, np.maximum(opens, closes), np.minimum(opens, closes), closes, np.ones(count))


def test_trials_that_were_made_before_reach_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    write(trending(200), "tBTCUSD-1h-trend.csv")
    words = ("walkforward", "tBTCUSD-1h-trend.csv", "--param", "fast=6", "--param", "slow=24", "--fee-bps", "0")
    alone, after = (
        json.loads(call(capsys, *words, "--train", "20d", "--test", "20d", "--tried", tried, "--json")[1])
        for tried in ("0", "1000000")
    )
    assert alone["survived"]
    assert (alone["chances"], alone["timing"]["luck_sharpe"]) == (1, 0.0)
    assert after["chances"] == 1_000_001
    assert after["timing"]["luck_sharpe"] > after["timing"]["sharpe"]
    assert after["timing"]["probability"] < 0.5
    assert not after["survived"]
    told = call(capsys, *words, "--train", "20d", "--test", "20d", "--tried", "1000000")[1].split()
    assert "the best of 1000001 without skill" in " ".join(told)
    assert "not provably by its timing, with 1000000 trials before it" in " ".join(told)


def test_a_test_has_to_be_longer_than_an_entry_may_rest(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, *ONE, *SPANS, "--entry-offset-bps", "5", "--entry-patience", "2d")
    assert (code, out) == (2, "")
    assert "--entry-patience" in err


def test_training_in_parts_chooses_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = json.loads(call(capsys, *WALK, *SPANS)[1])
    monkeypatch.setattr("genesis.app.sweep.PART", 5)
    parts = json.loads(call(capsys, *WALK, *SPANS)[1])
    assert {**parts, "seconds": 0} == {**whole, "seconds": 0}


def test_the_first_training_chooses_what_a_sweep_over_the_same_days_puts_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, second, _ = json.loads(call(capsys, *WALK, *SPANS)[1])["windows"]
    for window, is_cold in ((first, True), (second, False)):  # the second knows what a sweep of its days does not
        days = ("--from", str(window["train_start"]), "--to", str(window["train_end"]))
        swept = json.loads(call(capsys, "sweep", *WALK[1:], *days)[1])
        assert (swept["rows"][0]["sharpe"] == window["train_sharpe"]) == is_cold
        if is_cold:
            assert swept["rows"][0]["params"] == window["params"]


def test_another_future_changes_nothing_that_was_chosen_or_traded_before(capsys: pytest.CaptureFixture[str]) -> None:
    before = json.loads(call(capsys, *WALK, *SPANS)[1])["windows"]
    candles = synthetic_candles(9, 10.0)
    later = candles.mts >= SYNTHETIC_START + 6 * DAY_MS
    columns = {
        name: np.where(later, getattr(candles, name) * 1.5, getattr(candles, name))
        for name in ("open", "high", "low", "close")
    }
    write(evolve(candles, **columns))
    after = json.loads(call(capsys, *WALK, *SPANS)[1])["windows"]
    assert after[0] == before[0]
    assert (after[1]["params"], after[1]["train_sharpe"]) == (before[1]["params"], before[1]["train_sharpe"])
    assert after[2] != before[2]


def test_a_table_says_what_was_kept(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, *WALK[:-1], *SPANS, "--anchored", "--purge", "12h", "--embargo", "6h")
    assert code == 0
    assert "Outside of training" in out
    assert "It did not survive" in out


def test_a_report_draws_the_tests_beside_buy_and_hold(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, *WALK, *SPANS, "--report", "walk.html")[0] == 0
    page = (folder / "walk.html").read_text()
    assert all(f'id="{section}"' in page for section in ("costs", "optimism", "why-not"))
    for text in ("Buy and hold", "What training promised", "Outside of training", '"name":"Training, best by luck"'):
        assert text in page
    assert "https://" not in page.split('id="charts"')[0].split("</style>")[1]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--train", "9d", "--test", "2d"), "not long enough"),
        (("--train", "36h"), "whole days"),
        (("--train", "soon"), "90s, 15m, 1h or 2d"),
        (("--train", "2d", "--test", "1d", "--embargo", "1d"), "embargo shorter"),
        (("--sort", "luck"), "--sort 'luck'"),
    ],
)
def test_windows_that_cannot_be_cut_are_refused(
    words: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = call(capsys, *WALK, *words)
    assert (code, out) == (2, "")
    assert complaint in err


def test_purge_ends_training_early_and_embargo_begins_the_test_late() -> None:
    hour = 3_600_000
    rolling, *_ = windows_of(0, 10 * DAY_MS - 1, Schedule(4 * DAY_MS, 3 * DAY_MS, 5 * hour, 7 * hour))
    assert rolling == Window(0, 4 * DAY_MS - 5 * hour, 4 * DAY_MS + 7 * hour, 7 * DAY_MS)  # type: ignore[arg-type]  # plain ints read better here
    anchored = windows_of(1, 20 * DAY_MS, Schedule(4 * DAY_MS, 3 * DAY_MS, is_anchored=True))
    assert {window.train_start for window in anchored} == {DAY_MS}
    assert [window.test_start // DAY_MS for window in anchored] == [5, 8, 11, 14, 17]

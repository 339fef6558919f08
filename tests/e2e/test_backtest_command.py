"""The backtest command as a person runs it: real processes, real files."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).parents[3] / "shared" / "data"
BITCOIN_2017 = SHARED / "tBTCUSD-1m-2017.csv.gz"
REAL = sorted(SHARED.glob("*.csv.gz"))


def genesis(home: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", "from genesis.app.cli import main; main()", *words]
    environment = {**os.environ, "GENESIS_HOME": str(home)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)


def result_of(home: Path, *words: str) -> dict[str, Any]:  # Any: JSON
    done = genesis(home, "backtest", *words, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert isinstance(document, dict)
    return document


KEYS = {
    *("strategy", "params", "data", "fee_bps", "slippage_bps", "fills", "round_trips", "final_cash", "final_position"),
    *("final_equity", "max_drawdown_pct", "sharpe", "sortino", "calmar", "profit_factor", "exposure_pct", "turnover"),
    *("total_fees", "decision_hash", "engine", "seconds"),
}


def test_both_engines_say_the_same_of_a_synthetic_market(tmp_path: Path) -> None:
    words = ("--data", "synthetic:7:5", "--strategy", "rsi_reversion", "--max-drawdown-pct", "5", "--size", "0.5")
    columnar, event = (result_of(tmp_path, *words, "--engine", engine) for engine in ("columnar", "event"))
    assert columnar.keys() >= KEYS
    assert columnar["data"].keys() >= {"files", "rows", "first_mts", "last_mts", "gaps", "sha256"}
    assert columnar["fills"] > 0
    assert {**columnar, "engine": "", "seconds": 0} == {**event, "engine": "", "seconds": 0}
    assert columnar["data"]["is_synthetic"] is True


def test_margin_budgets_and_limits_of_a_strategy_are_options_of_both_engines(tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text(
        "from genesis.domain.strategy.features import close, ema, where\n"
        "from genesis.domain.strategy.specification import strategy\n"
        "@strategy\n"
        "def both_ways():\n"
        "    return where(ema(close, 12) > ema(close, 26), 1.0, -1.0)\n"
    )
    words = [
        *("--data", "synthetic:7:3", "--strategy", f"{own}:both_ways", "--fee-bps", "1"),
        *("--margin", "--leverage", "3", "--funding-bps-day", "5", "--volatility-target-pct", "40"),
        *("--cool-down-losses", "3", "--cool-down", "2h", "--max-daily-loss", "300", "--on-breach", "reduce_only"),
    ]
    columnar, event = (result_of(tmp_path, *words, "--engine", engine) for engine in ("columnar", "event"))
    assert columnar["fills"] > 10
    assert columnar["refusals"]["cool_down"] > 0
    assert any("margin with leverage 3" in each for each in columnar["more_terms"])
    assert {**columnar, "engine": "", "seconds": 0} == {**event, "engine": "", "seconds": 0}


def test_measured_costs_are_options_of_both_engines_and_in_what_they_say(tmp_path: Path) -> None:
    words = [
        *("--data", "synthetic:7:3", "--cash", "1000000", "--fees", "tiers"),
        *("--slippage-volatility", "0.1", "--slippage-impact-bps", "50", "--slippage-window", "20"),
    ]
    columnar, event = (result_of(tmp_path, *words, "--engine", engine) for engine in ("columnar", "event"))
    assert {**columnar, "engine": "", "seconds": 0} == {**event, "engine": "", "seconds": 0}
    assert (columnar["fees"], columnar["maker_fee_bps"]) == ("tiers", "10")
    assert columnar["slippage_impact"] == {"bps": "50", "volume": "sma(volume, 20)", "cap_bps": "1000"}
    assert columnar["slippage_volatility"]["factor"] == "0.1"
    plain = result_of(tmp_path, "--data", "synthetic:7:3", "--cash", "1000000")
    assert float(columnar["final_equity"]) < float(plain["final_equity"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--stop-loss-pct", "0.2", "--take-profit-pct", "0.3"), "stop loss 0.2 %, take profit 0.3 %"),
        (("--trailing-stop-pct", "0.2"), "trailing stop 0.2 %"),
        (
            ("--entry-offset-bps", "5", "--entry-patience", "10m"),
            "entries by limit 5 bp away, withdrawn after 600 s",
        ),
    ],
)
def test_stops_inside_candles_are_options_of_both_engines(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    market = ("--data", "synthetic:7:3", "--maker-fee-bps", "10")
    columnar, event = (result_of(tmp_path, *market, *words, "--engine", engine) for engine in ("columnar", "event"))
    assert {**columnar, "engine": "", "seconds": 0} == {**event, "engine": "", "seconds": 0}
    assert columnar["more_terms"] == [said]
    assert columnar["decision_hash"] != result_of(tmp_path, *market)["decision_hash"]


def test_a_command_without_an_option_says_who_takes_it(tmp_path: Path) -> None:
    done = genesis(tmp_path, "strategy.show", "ema_cross", "--slippage-impact-bps", "5")
    assert done.returncode == 2
    assert "It is an option of backtest, compare, optimize, parity, portfolio, sweep, walkforward" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--fees", "tiers", "--fee-bps", "3"), "leave out --fee-bps"),
        (("--fees", "free"), "one of fixed, tiers"),
        (("--slippage-volatility", "-1"), "--slippage-volatility"),
        (("--slippage-volatility", "1", "--slippage-window", "0"), "--slippage-window"),
        (("--slippage-impact-bps", "0"), "share of volume"),
        (("--slippage-impact-bps", "1", "--slippage-cap-bps", "10000"), "--slippage-cap-bps"),
        (("--entry-offset-bps", "10000"), "offset of an entry"),
        (("--entry-offset-bps", "5", "--entry-patience", "soon"), "--entry-patience"),
        (("--take-profit-pct", "2"), "--stop-loss-pct"),
        (("--stop-loss-pct", "100"), "below 100 %"),
        (("--stop-loss-pct", "1", "--trailing-stop-pct", "1"), "--trailing-stop-pct"),
        (("--margin", "--leverage", "10"), "below 1 / leverage"),
        (("--on-breach", "panic"), "one of halt, reduce_only"),
        (("--cool-down-losses", "many"), "give a whole number"),
        (("--regime-share", "1=50"), "--regime"),
        (("--maker-fee-bps", "9" * 30), "--maker-fee-bps 999"),
    ],
)
def test_terms_that_cannot_be_are_one_sentence(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = genesis(tmp_path, "backtest", "--data", "synthetic:7:1", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_parity_writes_a_certificate_beside_the_reports(tmp_path: Path) -> None:
    done = genesis(tmp_path, "parity", "synthetic:7:1", "--candles", "200", "--json")
    assert done.returncode == 0, done.stderr
    (path,) = (tmp_path / "reports").glob("parity-ema_cross-*.json")
    document = json.loads(path.read_text())
    assert document == json.loads(done.stdout)
    assert document["same"] is True
    assert [each["way"] for each in document["ways"]] == ["columnar", "event", "journal", "wire"]
    assert len({each["decision_hash"] for each in document["ways"]}) == 1


def test_certificates_of_other_parameters_stand_beside_each_other(tmp_path: Path) -> None:
    for more in ((), ("--param", "fast=3"), ("--cash", "500"), ("--cash", "500")):
        done = genesis(tmp_path, "parity", "synthetic:7:1", "--candles", "60", *more)
        assert done.returncode == 0, done.stderr
    paths = list((tmp_path / "reports").glob("parity-ema_cross-*.json"))
    documents = [json.loads(path.read_text()) for path in paths]
    said = [(document["params"]["fast"], document["cash"]) for document in documents]
    assert [cash for _, cash in said].count("500") == 1
    assert len({fast for fast, _ in said}) == 2
    assert len(said) == 3


@pytest.mark.skipif(not BITCOIN_2017.exists(), reason="the real candles are not beside the checkout")
@pytest.mark.parametrize("strategy", ["ema_cross", "rsi_reversion"])
def test_both_engines_agree_on_a_year_of_real_candles(tmp_path: Path, strategy: str) -> None:
    words = ("--data", str(BITCOIN_2017), "--strategy", strategy)
    columnar, event = (result_of(tmp_path, *words, "--engine", engine) for engine in ("columnar", "event"))
    assert columnar["data"]["rows"] == 505_209
    assert columnar["decision_hash"] == event["decision_hash"]
    assert columnar["final_equity"] == event["final_equity"]


def test_files_and_the_archive_give_the_same_run(tmp_path: Path) -> None:
    file = tmp_path / "tBTCUSD-1m.csv"
    rows = [f"{60_000 * n + 1_500_000_000_000},{100 + n % 7},{100 + (n + 1) % 7},108,99,1.5" for n in range(1, 400)]
    file.write_text("mts,open,close,high,low,volume\n" + "\n".join(rows) + "\n")
    assert genesis(tmp_path, "data.import", str(file)).returncode == 0
    by_file = result_of(tmp_path, "--data", str(file), "--param", "fast=2", "--param", "slow=4")
    by_archive = result_of(tmp_path, "--data", "tBTCUSD", "--param", "fast=2", "--param", "slow=4")
    assert by_file["decision_hash"] == by_archive["decision_hash"]
    assert by_file["data"]["sha256"] == by_archive["data"]["sha256"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--strategy", "nobody"), "ema_cross"),
        (("--param", "fast=99"), "fast must be below slow"),
        (("--param", "quick=9"), "no parameter 'quick'"),
        (("--size", "2"), "size must be above 0 and at most 1"),
        (("--fee-bps", "-1"), "fee"),
        (("--slippage-bps", "x"), "--slippage-bps"),
        (("--cash", "1e99"), "--cash"),
        (("--max-drawdown-pct", "0"), "drawdown"),
        (("--min-amount", "0"), "minimum"),
        (("--engine", "warp"), "columnar, event"),
        (("--data", "absent.csv"), "absent.csv"),
        (("--from", "tomorrow"), "--from"),
        (("--timeframe", "2m"), "--timeframe"),
        (("--timeframe", "1h", "--from", "2099-01-01"), "no candles"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = genesis(tmp_path, "backtest", *words, "--json")
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""

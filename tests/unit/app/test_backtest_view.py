"""The terminal says what the machine's document says."""

import io
import os
import subprocess
import sys

from attrs import evolve
from rich.console import Console

from genesis.app.backtest_result import BacktestResult, document_of
from genesis.app.backtest_view import print_result
from tests.reports import TIGHT, result_of, terms_of, wavy_candles


def printed(result: BacktestResult) -> str:
    out = io.StringIO()
    print_result(result, Console(file=out, width=200))
    return out.getvalue().replace("\N{NO-BREAK SPACE}", " ").replace("−", "-").replace(",", "")


def test_the_lines_hold_the_numbers_of_the_document() -> None:
    result = result_of(terms_of(), wavy_candles(2_000))
    document, lines = document_of(result), printed(result)
    for name in ("sharpe", "sortino", "calmar", "profit_factor", "max_drawdown_pct", "exposure_pct", "win_rate_pct"):
        value = document[name]
        assert isinstance(value, float)
        assert f"{value:.2f}" in lines, name
    assert f"{float(str(document['final_equity'])):.2f} USD" in lines
    assert str(document["decision_hash"]) in lines
    assert "fee 20 bp slippage 1 bp" in lines
    assert "ema_cross(fast=12 slow=26) on tBTCUSD 2000 candles of 1h 2017-01-01 00:00" in lines


def test_guards_and_cautions_are_said() -> None:
    lines = printed(result_of(terms_of(limits=TIGHT), wavy_candles(2_000), is_synthetic=True))
    assert "maximum drawdown 5.00 %" in lines
    assert "Synthetic data: " in lines
    assert "Max drawdown at 2017-" in lines
    assert "Gaps: 3 intervals in 1 gap" in lines


def test_a_name_with_brackets_is_printed_and_not_taken_for_style() -> None:
    lines = printed(result_of(terms_of(), wavy_candles(200), strategy="[red]mine[/red] [/]"))
    assert lines.startswith("[red]mine[/red] [/](")


def test_a_run_without_candles_is_printed() -> None:
    result = result_of(terms_of(), wavy_candles(0))
    assert "0 candles" in printed(evolve(result, params={}))


def test_an_old_code_page_gets_ascii() -> None:
    code = (
        "from genesis.app.backtest_view import print_result\n"
        "from tests.reports import result_of, terms_of, wavy_candles\n"
        "print_result(result_of(terms_of(), wavy_candles(400)))"
    )
    environment = {**os.environ, "PYTHONIOENCODING": "cp437", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environment)
    text = done.stdout.decode("cp437")
    assert "?" not in text
    assert "daily mean" in text

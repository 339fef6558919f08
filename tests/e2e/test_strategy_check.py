"""`strategy.check` as a person or a program calls it."""

import json
from pathlib import Path

import pytest

from tests.e2e.calling import call

LEAKY = '''
"""A strategy that buys what it knows will rise."""
from genesis.domain.indicators.indicator import Indicator
from genesis.domain.strategy.expression import Computation, Expr, Indicated
from genesis.domain.strategy.features import close, where
from genesis.domain.strategy.specification import strategy

def peek(state, x, out):
    out[:-1], out[-1:] = x[1:], x[-1:]

PEEK = Indicator("peek", ("x",), ("value",), (), (), lambda: (), lambda state, x: (state, x), peek, lambda: (0,))

@strategy
def prophet() -> Expr:
    """Long before the price rises."""
    return where(Indicated(Computation(PEEK, (close,), ())) > close, 1.0, 0.0)
'''


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GENESIS_HOME", str(tmp_path / "home"))
    return tmp_path


def test_a_strategy_that_ships_is_clean(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("strategy.check", "synthetic:1:2", "--strategy", "rsi_reversion")
    code, out, _ = call(capsys, *words, "--json")
    assert code == 0
    found = json.loads(out)
    assert (found["is_clean"], found["findings"], found["warm_up"]) == (True, [], 14)
    assert json.loads(call(capsys, *words, "--json")[1]) == found
    code, out, _ = call(capsys, *words)
    assert code == 0
    assert "does not look ahead" in out


def test_a_prophet_is_caught_by_name_and_exits_1(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "mine.py").write_text(LEAKY)
    code, out, _ = call(capsys, "strategy.check", "synthetic:1:2", "--strategy", "mine.py:prophet")
    assert code == 1
    assert "FAULT: peek(close) looks ahead: the future" in out


HOARDER = '''
"""An event strategy that remembers the highest price in itself, where a restart forgets it."""
from genesis.domain.events import CandleClosed
from genesis.domain.strategy.event_strategy import Target
from genesis.domain.strategy.specification import event_strategy

class Peak:
    def __init__(self, drop):
        self.drop, self.peak = drop, 0.0
    def start(self):
        return 0
    def decide(self, state, event):
        if not isinstance(event, CandleClosed):
            return state, ()
        self.peak = max(self.peak, event.candle.close)
        return state, (Target(event.symbol, float(event.candle.close > self.peak * (1 - self.drop))),)

@event_strategy
def near_the_peak(drop: float = 0.01) -> object:
    """Long while the price is near its peak."""
    return Peak(drop)
'''


def test_event_strategies_are_tried_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "strategy.check", "synthetic:1:1", "--strategy", "trailing_breakout")
    assert code == 0
    assert "decides the same twice and after a restart" in out
    (folder / "mine.py").write_text(HOARDER)
    code, out, _ = call(capsys, "strategy.check", "synthetic:1:1", "--strategy", "mine.py:near_the_peak")
    assert code == 1
    assert "FAULT: near_the_peak remembers what is not in its state: a restart" in out


def test_other_instruments_are_read_beside(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("strategy.check", "synthetic:1:1", "--symbol", "tETHUSD", "--strategy", "follow_the_leader")
    code, out, _ = call(capsys, *words, "--json")
    assert code == 0
    found = json.loads(out)
    assert (found["is_clean"], found["others"]) == (True, ["tBTCUSD"])
    assert found["hash"]
    code, out, _ = call(capsys, *words, "--other", "tBTCUSD=synthetic:7:1")
    assert code == 0
    assert "beside tBTCUSD" in out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--seed", "-1"), "--seed -1"),
        (("--strategy", "luck"), "luck"),
        (("--other", "tLTCUSD=synthetic"), "reads no other instrument"),
        (("--other", "tLTCUSD"), "SYMBOL=DATA"),
    ],
)
def test_what_cannot_be_checked_is_said_in_one_sentence(
    words: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = call(capsys, "strategy.check", "synthetic:1:2", *words)
    assert (code, out) == (2, "")
    assert complaint in err

"""Recorded frames through the production parsers into the core: the decisions of the candles that they tell."""

import json
from pathlib import Path

import pytest

from genesis.adapters.frames_file import RecordedFrame, _Segment
from genesis.adapters.memory.clock import ManualClock
from genesis.app.backtest import run_columnar
from genesis.app.cli import CommandLine
from genesis.app.commands import namespace
from genesis.app.frame_replay import replay_frames
from genesis.app.research import terms_of_options
from genesis.app.research_options import AccountOptions
from genesis.domain.candle import Candle, Candles, Timeframe
from genesis.domain.simulation.synthetic import synthetic_candles
from genesis.domain.statistics.record import decision_hash
from genesis.domain.strategy.shipped import ema_cross
from genesis.domain.units import Symbol
from genesis.ports.errors import InputError

CANDLES = synthetic_candles(4, 0.5)
TERMS = terms_of_options(Symbol("tBTCUSD"), ema_cross.build({"fast": 5, "slow": 20}), AccountOptions())
GREETING = '{"event":"info","version":2,"serverId":"x","platform":{"status":1}}'
ANSWER = '{"event":"subscribed","channel":"candles","chanId":9,"key":"trade:1m:tBTCUSD","subId":"77"}'
TRADES = '{"event":"subscribed","channel":"trades","chanId":8,"symbol":"tBTCUSD","pair":"BTCUSD"}'


def write(folder: Path, frames: list[tuple[int, str | None]], name: str = "connection-1") -> Path:
    segment = _Segment(folder, frames[0][0])
    for at_us, text in frames:
        segment.write(RecordedFrame(at_us, name, text))
    segment.close()
    return folder


def row(candle: Candle) -> str:
    return json.dumps([candle.mts, candle.open, candle.close, candle.high, candle.low, candle.volume])


def candle_frames(candles: Candles) -> list[tuple[int, str | None]]:
    """Every candle as it forms, is corrected, and is complete; with heartbeats, sequence numbers and times."""
    frames: list[tuple[int, str | None]] = [(1, GREETING), (2, ANSWER)]
    texts = [f"[9,[{row(candles[1])},{row(candles[0])}]"]
    for candle in candles[2:]:
        forming = candle._replace(close=candle.open, high=candle.open, low=candle.open, volume=0.1)
        texts += [f"[9,{row(forming)}", f"[9,{row(candle)}", '[9,"hb"']
    for number, text in enumerate(texts, 1):
        frames.append((number * 20_000_000, f"{text},{number},{1_700_000_000_000 + number}]"))
    return frames


def test_frames_give_the_decisions_of_their_candles(tmp_path: Path) -> None:
    frames = candle_frames(CANDLES)
    found = replay_frames(write(tmp_path, frames), TERMS, Timeframe.M1, ManualClock())
    alone = run_columnar(TERMS, CANDLES[:-1])  # the last one is never proven complete
    assert found.counts.frames == len(frames)
    assert found.counts.candles == len(CANDLES) - 1
    assert not found.counts.gaps
    assert len(found.record.fills) > 10
    assert decision_hash(found.record) == decision_hash(alone.record)
    assert found.channels == ("candles trade:1m:tBTCUSD",)


def test_trades_become_candles_where_there_are_none(tmp_path: Path) -> None:
    start = int(CANDLES.mts[0])
    trades = [
        (1, start + 1_000, 0.5, 100.0),
        (2, start + 2_000, -0.25, 103.0),
        (3, start + 59_999, 1.0, 99.0),
        (4, start + 120_000, 2.0, 98.5),
        (5, start + 180_000, 1.0, 97.0),
    ]
    frames: list[tuple[int, str | None]] = [(1, GREETING), (2, TRADES), (3, "[8,[]]")]
    for trade in trades:
        frames += [(trade[1], f'[8,"{kind}",{json.dumps(trade)}]') for kind in ("te", "tu")]
    found = replay_frames(write(tmp_path, frames), TERMS, Timeframe.M1, ManualClock())
    assert (found.made_of, found.counts.candles) == ("trades", 2)
    assert found.counts.events["PrintedTrade"] == 10
    assert found.record.candles == 2


def test_what_is_missing_is_told_and_the_rest_is_played(tmp_path: Path) -> None:
    frames = candle_frames(CANDLES[:60])
    broken = [*frames[:50], (frames[50][0], "[9,{nonsense"), (frames[50][0], None), *frames[53:]]
    found = replay_frames(write(tmp_path, broken), TERMS, Timeframe.M1, ManualClock())
    assert found.counts.gaps["unreadable"] == 1
    assert found.counts.gaps["slow_consumer"] == 1
    assert found.counts.candles > 40


def test_the_command_prints_and_holds_against_a_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GENESIS_HOME", str(tmp_path / "home"))
    folder = write(tmp_path / "frames", candle_frames(CANDLES[:200]))

    def call(*words: str) -> tuple[object, str, str]:
        with pytest.raises(SystemExit) as end:
            CommandLine("genesis", namespace()).main(["genesis", "replay", *words])
        return end.value.code, *capsys.readouterr()

    code, out, _ = call(str(folder), "--param", "fast=5", "--param", "slow=20", "--json")
    said = json.loads(out)
    assert (code, said["candles"], said["same"]) == (0, 199, None)
    expected = decision_hash(run_columnar(TERMS, CANDLES[:199]).record)
    words = (str(next(folder.iterdir())), "--param", "fast=5", "--param", "slow=20", "--expect", expected)
    assert call(*words)[0] == 0
    code, out, _ = call(*words[:-3], "slow=21", *words[-2:])
    assert code == 1
    assert "not the decisions expected" in out
    assert call(str(folder), "--symbol", "tETHUSD")[0] == 2
    assert call(str(folder), "--speed", "-1")[0] == 2


def test_a_recording_without_the_instrument_says_what_it_has(tmp_path: Path) -> None:
    folder = write(tmp_path, candle_frames(CANDLES[:10]))
    with pytest.raises(InputError, match=r"neither 5m candles nor trades of tBTCUSD.*candles trade:1m:tBTCUSD"):
        replay_frames(folder, TERMS, Timeframe.M5, ManualClock())

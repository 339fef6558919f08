"""Run bundles: what they hold gives the same result again, elsewhere; and what is missing or another is said."""

import json
import shutil
from importlib.metadata import version
from pathlib import Path

import pytest

from genesis.domain.candle import Candles
from genesis.domain.simulation.synthetic import synthetic_candles
from tests.e2e.calling import call

GRID = ("--param", "fast=3:12:3", "--param", "slow=15:45:15")
DATA = "tBTCUSD-1m-here.csv"
RUNS = {
    "backtest": ("--param", "fast=4", "--max-drawdown-pct", "20", "--engine", "event"),
    "sweep": (*GRID, "--where", "slow > 15", "--random", "10", "--seed", "2"),
    "optimize": (*GRID, "--trials", "20", "--seed", "5"),
    "walkforward": (*GRID, "--train", "3d", "--test", "1d", "--purge", "2h", "--anchored"),
    "compare": ("--run", "ema_cross fast=4", "--run", "rsi_reversion", "--stop-loss-pct", "1", "--fees", "tiers"),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GENESIS_HOME", str(tmp_path / "home"))
    write(Path(DATA), synthetic_candles(9, 6.0))
    return tmp_path


def write(path: Path, candles: Candles) -> None:
    names = ("mts", "open", "close", "high", "low", "volume")
    rows = zip(*(getattr(candles, name).tolist() for name in names), strict=True)
    path.write_text("\n".join(",".join(map(repr, row)) for row in rows) + "\n")


@pytest.mark.parametrize("command", list(RUNS))
def test_a_bundle_gives_the_same_result_elsewhere(
    command: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(capsys, command, DATA, *RUNS[command], "--bundle", "run.json")[0] == 0
    bundle = json.loads(Path("run.json").read_text())
    assert bundle["options"]["fee_bps"] == "20", "defaults are written down too"
    assert bundle["options"]["data"] == [DATA]
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    shutil.move("run.json", elsewhere)
    shutil.move(DATA, elsewhere / "tBTCUSD-1m-moved.csv")
    monkeypatch.chdir(elsewhere)
    code, out, err = call(capsys, "reproduce", "run.json")
    assert (code, out) == (2, "")
    assert "name them with --data" in err
    code, out, _ = call(capsys, "reproduce", "run.json", "--data", "tBTCUSD-1m-moved.csv", "--json")
    said = json.loads(out)
    assert (code, said["same"], said["code_differs"]) == (0, True, False)
    assert said["found"] == bundle["result"]["sha256"]


def test_a_search_is_made_again_with_word_of_another_optuna(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, "optimize", DATA, *RUNS["optimize"], "--bundle", "run.json")[0] == 0
    bundle = json.loads(Path("run.json").read_text())
    here = version("optuna")
    assert bundle["code"]["libraries"] == {"optuna": here}
    assert json.loads(call(capsys, "reproduce", "run.json", "--json")[1])["libraries_differ"] == []
    bundle["code"]["libraries"] = {"optuna": "3.0.0"}
    Path("older.json").write_text(json.dumps(bundle))
    out = call(capsys, "reproduce", "older.json")[1]
    assert f"Another version proposed what was tried: optuna {here} here, 3.0.0 in the bundle." in out
    del bundle["code"]["libraries"]
    Path("unsaid.json").write_text(json.dumps(bundle))
    assert "Another version" not in call(capsys, "reproduce", "unsaid.json")[1]


def test_another_result_is_an_exit_of_1(capsys: pytest.CaptureFixture[str]) -> None:
    call(capsys, "backtest", DATA, "--param", "fast=4", "--bundle", "run.json")
    bundle = json.loads(Path("run.json").read_text())
    bundle["result"]["sha256"] = "0" * 64
    bundle["code"]["sha256"] = "0" * 64
    Path("run.json").write_text(json.dumps(bundle))
    code, out, _ = call(capsys, "reproduce", "run.json")
    assert code == 1
    assert "ANOTHER RESULT" in out
    assert "The code differs" in out


def test_other_candles_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    call(capsys, "backtest", DATA, "--bundle", "run.json")
    write(Path(DATA), synthetic_candles(10, 6.0))
    code, _, err = call(capsys, "reproduce", "run.json")
    assert code == 2
    assert "these are other candles" in err


def test_a_carried_strategy_runs_only_when_asked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = folder / "own.py"
    own.write_text(
        "from genesis.domain.strategy.features import close, ema, where\n"
        "from genesis.domain.strategy.specification import strategy\n\n\n"
        "@strategy\n"
        "def own(fast: int = 5):\n"
        '    """Long above an average."""\n'
        "    return where(close > ema(close, fast), 1.0, 0.0)\n"
    )
    call(capsys, "backtest", DATA, "--strategy", "own.py:own", "--bundle", "run.json")
    assert call(capsys, "reproduce", "run.json")[0] == 0
    own.write_text(own.read_text().replace("1.0", "0.5"))
    code, _, err = call(capsys, "reproduce", "run.json")
    assert code == 2
    assert "is not the one of the bundle" in err
    own.unlink()
    code, _, err = call(capsys, "reproduce", "run.json")
    assert code == 2
    assert "--carried" in err
    assert call(capsys, "reproduce", "run.json", "--carried")[0] == 0


def test_a_bundle_carries_the_modules_that_a_strategy_imports(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    helping = folder / "sizes" / "helping.py"
    helping.parent.mkdir()
    helping.write_text("from .numbers_of import WHOLE\n\n\ndef size(fast):\n    return WHOLE\n")
    helping.with_name("numbers_of.py").write_text("WHOLE = 1.0\n")
    own = folder / "own.py"
    own.write_text(
        "from sizes.helping import size\n"
        "from genesis.domain.strategy.features import close, ema, where\n"
        "from genesis.domain.strategy.specification import strategy\n\n\n"
        "@strategy\n"
        "def own(fast: int = 5):\n"
        "    return where(close > ema(close, fast), size(fast), 0.0)\n"
    )
    assert call(capsys, "backtest", DATA, "--strategy", "own.py:own", "--bundle", "run.json")[0] == 0
    assert call(capsys, "reproduce", "run.json")[0] == 0
    helping.with_name("numbers_of.py").write_text("WHOLE = 0.5\n")
    code, _, err = call(capsys, "reproduce", "run.json")
    assert code == 2
    assert "is not with the modules that it imports the one of the bundle" in err
    assert call(capsys, "reproduce", "run.json", "--carried")[0] == 0, "the modules of the bundle, not those here"
    monkeypatch.chdir(folder.parent)
    shutil.rmtree(folder / "sizes")
    own.unlink()
    assert call(capsys, "reproduce", str(folder / "run.json"), "--data", str(folder / DATA), "--carried")[0] == 0


@pytest.mark.parametrize("place", ["../out.py", "/tmp/out.py", "a/../../out.py", "out.pth", ".py"])
def test_a_module_that_would_be_written_elsewhere_is_refused(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    call(capsys, "backtest", DATA, "--bundle", "run.json")
    bundle = json.loads(Path("run.json").read_text())
    bundle["strategies"] = [{"name": "own.py:own", "source": "", "helpers": {place: "import os"}, "sha256": ""}]
    Path("run.json").write_text(json.dumps(bundle))
    code, _, err = call(capsys, "reproduce", "run.json", "--carried")
    assert code == 2
    assert "is no place of a module" in err


OWN = """
from genesis.domain.strategy.features import close, ema, where
from genesis.domain.strategy.specification import strategy


@strategy
def own(fast: int = 5):
    return where(close > ema(close, fast), 1.0, 0.0)


@strategy
def calm():
    return where(close > ema(close, 50), 1.0, 0.0)
"""
BOTH = (f"tBTCUSD={DATA}", "tETHUSD=synthetic:2:6")
OWNED = {
    "a regime": ("backtest", DATA, "--regime", "own.py:calm", "--regime-share", "1=100"),
    "a portfolio's regime": ("portfolio", *BOTH, "--regime", "own.py:calm", "--regime-share", "1=100"),
    "a portfolio's trade": ("portfolio", *BOTH, "--trade", "tETHUSD=own.py:own fast=7"),
    "a portfolio's strategy": ("portfolio", *BOTH, "--strategy", "own.py:own", "--trade", "tETHUSD=own.py:calm"),
    "a comparison": ("compare", DATA, "--run", "ema_cross", "--run", "own.py:own fast=7"),
}


@pytest.mark.parametrize("case", list(OWNED))
def test_a_bundle_carries_every_file_that_its_result_depends_on(
    case: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = folder / "own.py"
    own.write_text(OWN)
    code, _, err = call(capsys, *OWNED[case], "--bundle", "run.json")
    assert (code, err) == (0, "")
    assert call(capsys, "reproduce", "run.json")[0] == 0
    own.write_text(OWN.replace("1.0, 0.0", "0.5, 0.0"))
    code, _, err = call(capsys, "reproduce", "run.json")
    assert code == 2
    assert "own.py is not the one of the bundle" in err
    own.unlink()
    code, out, _ = call(capsys, "reproduce", "run.json", "--carried", "--json")
    assert (code, json.loads(out)["same"]) == (0, True)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"bundle": 3, "command": "sweep"}', '{"bundle": 2, "command": "rm"}']
)
def test_what_is_no_bundle_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("run.json").write_text(text)
    code, _, err = call(capsys, "reproduce", "run.json")
    assert code == 2
    assert "run.json: is " in err


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("cash", 5, "its option cash is 5, and has to be a text"),
        ("stop_loss_pct", 3, "its option stop_loss_pct is 3, and has to be a text"),
        ("data", "a.csv", "its option data is 'a.csv', and has to be a list of texts"),
        ("stop_loss_pct", "much", "--stop-loss-pct: "),
    ],
)
def test_an_option_that_is_none_is_refused_for_what_it_is(
    option: str, value: object, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    call(capsys, "backtest", DATA, "--bundle", "run.json")
    bundle = json.loads(Path("run.json").read_text())
    bundle["options"][option] = value
    Path("run.json").write_text(json.dumps(bundle))
    code, _, err = call(capsys, "reproduce", "run.json")
    assert code == 2
    assert said in err
    assert "if the candles are elsewhere" not in err


def test_no_bundle_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert "name one bundle" in call(capsys, "reproduce")[2]
    assert "cannot be read" in call(capsys, "reproduce", "none.json")[2]

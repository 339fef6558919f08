"""`sweep` as a person or a program calls it, and after it was killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from filelock import FileLock

import genesis
from tests.e2e.calling import call

GRID = ("--param", "fast=3:12:3", "--param", "slow=6:30:6")
SWEEP = ("sweep", "synthetic:5:2", *GRID, "--json")
LARGE = ("sweep", "synthetic:5:8", "--param", "fast=2:90", "--param", "slow=20:120", "--json", "--top", "3")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GENESIS_HOME", str(tmp_path / "home"))
    return tmp_path


def test_every_run_is_the_backtest_of_its_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, *SWEEP, "--top", "100", "--max-drawdown-pct", "3")
    assert code == 0
    found = json.loads(out)
    assert (found["runs"], found["skipped"], found["combinations"]) == (16, 4, 20)
    for row in (found["rows"][0], found["rows"][-1]):
        params = [word for name, value in row["params"].items() for word in ("--param", f"{name}={value}")]
        words = ("backtest", "synthetic:5:2", *params, "--engine", "event", "--max-drawdown-pct", "3", "--json")
        alone = json.loads(call(capsys, *words)[1])
        shared = set(row) & set(alone) - {"params"}
        assert {name: row[name] for name in shared} == {name: alone[name] for name in shared}
        assert len(shared) >= 12
    first = found["rows"][0]
    assert found["best"]["params"] == first["params"]
    sharpes = [row["sharpe"] for row in found["rows"] if row["sharpe"] is not None]
    assert sharpes == sorted(sharpes, reverse=True)


def test_all_runs_are_in_parquet_and_one_thread_finds_what_two_find(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = json.loads(call(capsys, *SWEEP, "--workers", "1")[1])
    (part,) = Path(found["folder"]).glob("part-*.parquet")
    frame = pl.read_parquet(part)
    assert frame.height == 16
    assert frame["index"].is_sorted()
    assert json.loads((Path(found["folder"]) / "sweep.json").read_text())["strategy"] == "ema_cross"
    call(capsys, *SWEEP, "--workers", "2", "--anew")
    assert pl.read_parquet(part).equals(frame)
    assert [each.name for each in (folder / "home" / "sweeps").iterdir()] == [part.parent.name]


def test_a_random_part_has_the_size_and_the_seed_that_were_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(call(capsys, *SWEEP, "--random", "6", "--seed", "4")[1])
    assert found["runs"] + found["skipped"] == 6
    again = json.loads(call(capsys, *SWEEP, "--random", "6", "--seed", "4", "--anew")[1])
    assert again["rows"] == found["rows"]
    assert again["folder"] == found["folder"]


def test_trials_from_before_are_counted_into_luck(capsys: pytest.CaptureFixture[str]) -> None:
    alone, after = (json.loads(call(capsys, *SWEEP, "--tried", tried)[1]) for tried in ("0", "1000"))
    assert (alone["trials"], after["trials"]) == (16, 1016)
    assert after["best"]["luck_sharpe"] > alone["best"]["luck_sharpe"]
    assert after["best"]["deflated_sharpe"] <= alone["best"]["deflated_sharpe"]
    assert alone["best"]["timing"] is None, "two days say nothing of timing"


def test_timing_is_judged_against_the_same_exposure_and_against_luck(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("sweep", "synthetic:5:20", *GRID, "--json")
    alone, after = (json.loads(call(capsys, *words, "--tried", tried)[1])["best"] for tried in ("0", "1000"))
    timed, less = alone["timing"], after["timing"]
    assert less["luck_sharpe"] > timed["luck_sharpe"]
    assert less["probability"] <= timed["probability"]
    assert 0.0 < timed["exposure_pct"] < 100.0
    same = ("benchmark", "exposure_pct", "sharpe")
    assert [less[name] for name in same] == [timed[name] for name in same]
    assert timed["benchmark"] == "the same average exposure to buy and hold, at no cost"
    said = " ".join(call(capsys, *words[:-1])[1].split())
    assert "beyond holding that share of the market all the time" in said
    assert "The probability that it was timed with skill is" in said


def test_trials_that_are_alike_are_told_and_counted_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    found, many = (json.loads(call(capsys, *SWEEP, "--tried", tried)[1]) for tried in ("0", "1000"))
    share = found["mean_correlation"]
    assert 0.0 < share < 1.0
    assert found["effective_trials"] == pytest.approx(share + (1.0 - share) * found["trials"])
    assert many["mean_correlation"] == share
    assert many["effective_trials"] - found["effective_trials"] == pytest.approx((1.0 - share) * 1000)
    assert many["best"]["luck_sharpe"] > found["best"]["luck_sharpe"], "luck counts every trial"
    out = " ".join(call(capsys, *SWEEP[:-1])[1].split())
    assert f"Luck counts each of {found['trials']} trials" in out
    assert f"they are worth {found['effective_trials']:.0f} that have nothing in common" in out
    one = json.loads(call(capsys, "sweep", "synthetic:5:4", "--param", "fast=5", "--param", "slow=20", "--json")[1])
    assert (one["mean_correlation"], one["effective_trials"]) == (None, None)


def test_a_finished_sweep_is_read_and_no_run_is_made_but_the_best(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "own.py").write_text(
        "from pathlib import Path\n"
        "from genesis.domain.strategy.features import close, ema, where\n"
        "from genesis.domain.strategy.specification import strategy\n\n\n"
        "@strategy\n"
        "def own(fast: int = 5, slow: int = 20):\n"
        '    """Long while the fast EMA is above the slow one, told to a file each time."""\n'
        '    with Path("built").open("a") as file:\n'
        '        file.write(f"{fast} {slow}\\n")\n'
        "    return where(ema(close, fast) > ema(close, slow), 1.0, 0.0)\n"
    )
    words = ("sweep", "synthetic:5:2", "--strategy", "own.py:own", *GRID, "--json", "--stop-loss-pct", "1")
    first = json.loads(call(capsys, *words)[1])
    assert first["mean_correlation"] > 0.0
    built = folder / "built"
    built.unlink()
    again = json.loads(call(capsys, *words)[1])
    assert {**again, "resumed": 0, "seconds": 0} == {**first, "seconds": 0}
    best = first["best"]["params"]
    began, of_market = f"{best['fast']} {best['slow']}", "3 6"
    assert set(built.read_text().splitlines()) == {of_market, began}


def test_a_condition_leaves_out_what_does_not_meet_it(capsys: pytest.CaptureFixture[str]) -> None:
    every = json.loads(call(capsys, *SWEEP, "--top", "100")[1])
    some = json.loads(call(capsys, *SWEEP, "--top", "100", "--where", "fast * 2 <= slow", "--where", "slow != 24")[1])
    wanted = [row for row in every["rows"] if row["params"]["fast"] * 2 <= row["params"]["slow"] != 24]
    assert some["rows"] == wanted
    assert (some["runs"], some["skipped"]) == (len(wanted), 20 - len(wanted))
    assert some["folder"] != every["folder"]


def test_a_table_says_how_much_is_luck(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, *SWEEP[:-1])
    assert code == 0
    said = " ".join(out.split())
    assert "16 runs, 4 combinations refused by the strategy" in said
    assert "Nothing can be said of its timing" in said
    assert "deflated Sharpe ratio" in said
    said = " ".join(call(capsys, *SWEEP[:-1], "--where", "fast * 2 <= slow")[1].split())
    assert "left out by --where or refused by the strategy" in said


def test_a_report_draws_the_parameters_and_names_luck(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, *SWEEP, "--report", "out.html")[0] == 0
    page = (folder / "out.html").read_text()
    assert '"type":"heatmap"' in page
    assert all(f'id="{section}"' in page for section in ("equity", "costs", "optimism", "why-not"))
    assert "deflated Sharpe ratio" in page
    assert "https://" not in page.split('id="charts"')[0].split("</style>")[1]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--param", "fast=9:5:1"), "low <= high"),
        (("--param", "speed=1"), "no parameter 'speed'"),
        (("--param", "fast=50", "--param", "slow=20"), "fast must be below slow"),
        (("--sort", "luck"), "--sort 'luck'"),
        (("--top", "0"), "--top 0"),
        (("--workers", "-1"), "--workers -1"),
        (("--param", "fast=1:5000", "--param", "slow=2:5000"), "try --random"),
        (("--random", "-1"), "--random -1 --seed 0: a random part has 1 to 10000000 combinations, was -1"),
        (("--param", "fast=1:100000"), "fast must be a whole number from 1 to 5000, was '100000'"),
        (("--tried", "-1"), "--tried -1"),
        (("--workers", "many"), "--workers many"),
        (("--where", "fast"), "compares nothing"),
        (("--where", "quick < 3"), "no parameter quick"),
        (("--where", "fast > slow"), "none of the 1 combinations"),
        (("--resume", "--anew"), "--resume and --anew"),
        (("--tried", "9" * 20), "--tried 9999"),
        (("--top", "9" * 20), "--top 9999"),
        (("--cool-down-losses", "9" * 20), "--cool-down-losses 9999"),
    ],
)
def test_what_cannot_be_swept_is_said_in_one_sentence(
    words: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = call(capsys, "sweep", "synthetic:5:2", *words)
    assert (code, out) == (2, "")
    assert complaint in err


@pytest.mark.parametrize(
    ("blow", "words"),
    [(signal.SIGKILL, LARGE), (signal.SIGINT, LARGE), (signal.SIGINT, (*LARGE, "--random", "6000", "--seed", "3"))],
)
def test_a_sweep_that_was_stopped_goes_on_where_it_was(
    folder: Path, blow: signal.Signals, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    program = f"from genesis.app.cli import main; import sys; sys.argv = ['genesis', *{words!r}]; main()"
    source = str(Path(genesis.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": source}
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment
    ) as sweeping:
        while not list(folder.glob("home/sweeps/*/part-*.parquet")):
            assert sweeping.poll() is None, "the sweep ended before it could be stopped"
        sweeping.send_signal(blow)
        _, told = sweeping.communicate()
    assert sweeping.returncode == (130 if blow is signal.SIGINT else -signal.SIGKILL)
    assert ("the same command with --resume goes on from here" in told) is (blow is signal.SIGINT)
    before = {path: path.read_bytes() for path in folder.glob("home/sweeps/*/part-*.parquet")}
    code, _, err = call(capsys, *words)
    assert code == 2
    assert "--resume goes on with them, --anew begins again" in err
    resumed = json.loads(call(capsys, *words, "--resume")[1])
    assert 0 < resumed["resumed"] < resumed["runs"]
    assert {path: path.read_bytes() for path in before} == before
    read = json.loads(call(capsys, *words)[1])
    assert read["resumed"] == read["runs"], "what is there whole is not run again"
    afresh = json.loads(call(capsys, *words, "--anew")[1])
    assert afresh["resumed"] == 0
    for name in ("runs", "skipped", "rows", "best"):
        assert afresh[name] == resumed[name]


def test_anew_that_is_killed_before_its_first_part_leaves_no_finished_sweep(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = json.loads(call(capsys, *SWEEP)[1])
    with monkeypatch.context() as killed:
        killed.setattr(Path, "unlink", _die)  # as the machine may, at the very first part that it removes
        assert call(capsys, *SWEEP, "--anew")[0] == 130
    said = json.loads((Path(whole["folder"]) / "sweep.json").read_text())
    assert said["finished"] is False
    for part in Path(whole["folder"]).glob("part-*.parquet"):
        part.unlink()
    again = json.loads(call(capsys, *SWEEP)[1])
    assert (again["runs"], again["rows"]) == (whole["runs"], whole["rows"])


def _die(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("harm", ["all gone", "one gone", "one is another's", "one cannot be read", "one too many"])
def test_a_finished_sweep_that_lost_a_part_says_so_and_resume_repairs_it(
    harm: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("sweep", "synthetic:1:1", "--param", "fast=2:40", "--param", "slow=41:75", "--json", "--top", "3")
    whole = json.loads(call(capsys, *words)[1])
    first, second = sorted(Path(whole["folder"]).glob("part-*.parquet"))
    if harm == "all gone":
        first.unlink()
        second.unlink()
    elif harm == "one gone":
        second.unlink()
    elif harm == "one is another's":
        first.write_bytes(second.read_bytes())
    elif harm == "one cannot be read":
        second.write_bytes(b"no parquet")
    else:
        second.with_name("part-000002.parquet").write_bytes(second.read_bytes())
    for _ in range(2):  # who only looks changes nothing
        code, out, err = call(capsys, *words)
        assert (code, out) == (2, "")
        assert "not what they were when it was finished" in err
        assert "--resume runs those again" in err
    repaired = json.loads(call(capsys, *words, "--resume")[1])
    assert [repaired[name] for name in ("runs", "best", "rows")] == [whole[name] for name in ("runs", "best", "rows")]
    read = json.loads(call(capsys, *words)[1])
    assert read["resumed"] == read["runs"] == whole["runs"]


def test_where_each_run_takes_long_fewer_are_lost_with_a_part(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("sweep", "synthetic:1:1", "--param", "fast=2:21", "--param", "slow=41:53", "--json")
    rows = {}
    for more in ((), ("--stop-loss-pct", "2")):
        found = json.loads(call(capsys, *words, *more)[1])
        assert found["runs"] == 260
        parts = sorted(Path(found["folder"]).glob("part-*.parquet"))
        rows[more] = [pl.scan_parquet(part).select(pl.len()).collect().item() for part in parts]
    assert list(rows.values()) == [[260], [256, 4]]


OWN = """
from genesis.domain.strategy.features import close, ema, where
from genesis.domain.strategy.specification import strategy


@strategy
def own(fills: int = 5, sharpe: float = 1.0, index: int = 1):
    if fills == 7:
        raise KeyError("no seven")
    return where(ema(close, fills) > sharpe * ema(close, 30), 1.0, 0.0)
"""
OWNED = ("sweep", "synthetic:5:2", "--strategy", "own.py:own", "--param", "fills=4:6", "--json")


def test_another_text_of_the_strategy_is_another_sweep(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "own.py").write_text(OWN)
    first = json.loads(call(capsys, *OWNED)[1])
    (folder / "own.py").write_text(OWN.replace("1.0, 0.0)", "0.5, 0.0)"))
    code, out, err = call(capsys, *OWNED, "--resume")
    assert (code, out) == (2, "")
    assert "was begun with another text of the strategy's file" in err
    second = json.loads(call(capsys, *OWNED)[1])
    assert second["folder"] != first["folder"]
    assert second["rows"] != first["rows"]
    assert second["strategy_sha256"] != first["strategy_sha256"]


WHOLE = "def size(fast):\n    return 1.0\n"
HELPED = """
from helping import size
from genesis.domain.strategy.features import close, ema, where
from genesis.domain.strategy.specification import strategy


@strategy
def own(fast: int = 5):
    return where(close > ema(close, fast), size(fast), 0.0)
"""
REGIME = OWN + """

from genesis.domain.indicators.indicator import Indicator
from genesis.domain.strategy.expression import Computation, Indicated

LEVEL = 0.0


def step(state, x):
    return state, (1.0 if x > LEVEL else 0.0)


def loop(state, xs, out):
    for i in range(len(xs)):
        out[i] = step((), xs[i])[1]


MARK = Indicator("mark", ("x",), ("value",), (), (), lambda: (), step, loop, lambda: (0,))


@strategy
def calm():
    return Indicated(Computation(MARK, (close,), ()))
"""


@pytest.mark.parametrize(
    ("edited", "text", "other", "words", "said"),
    [
        ("helping.py", WHOLE, WHOLE.replace("1.0", "fast / 10"), (), "module that it imports"),
        ("reg.py", REGIME, REGIME.replace("LEVEL = 0.0", "LEVEL = 1e9"), ("--regime", "reg.py:calm"), "the regime's"),
    ],
)
def test_another_text_of_what_decides_too_is_another_sweep(
    edited: str, text: str, other: str, words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("helping.py").write_text(WHOLE)
    Path("own.py").write_text(HELPED)
    share = ("--regime-share", "1=100") if words else ()
    asked = ("sweep", "synthetic:5:2", "--strategy", "own.py:own", "--param", "fast=4:6", *words, *share, "--json")
    Path(edited).write_text(text)
    first = json.loads(call(capsys, *asked)[1])
    Path(edited).write_text(other)
    _forget()
    code, _, err = call(capsys, *asked, "--resume")
    assert code == 2
    assert said in err
    second = json.loads(call(capsys, *asked)[1])
    assert second["folder"] != first["folder"]
    assert second["rows"] != first["rows"]


def _forget() -> None:
    """Be as a new process, which has no module of before."""
    sys.modules.pop("helping", None)
    shutil.rmtree("__pycache__", ignore_errors=True)


@pytest.mark.parametrize(
    ("option", "before", "after", "more"),
    [
        ("--cool-down", "2592000s", "2592004s", ("--cool-down-losses", "1")),
        ("--entry-patience", "2592000s", "2592004s", ("--entry-offset-bps", "20")),
        ("--regime-share", "1.0000001=50", "1.0000002=50", ("--regime", "own.py:own")),
    ],
)
def test_terms_that_differ_by_little_are_other_sweeps(
    option: str, before: str, after: str, more: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("own.py").write_text(OWN)
    asked = ("sweep", "synthetic:5:2", "--param", "fast=5", "--param", "slow=20", "--json", *more, option)
    first, second = (json.loads(call(capsys, *asked, each)[1]) for each in (before, after))
    assert second["folder"] != first["folder"]
    assert second["more_terms"] != first["more_terms"]
    assert second["resumed"] == 0


def test_resuming_with_another_fee_names_both(capsys: pytest.CaptureFixture[str]) -> None:
    call(capsys, *SWEEP)
    code, _, err = call(capsys, *SWEEP, "--fee-bps", "7", "--resume")
    assert code == 2
    assert "was begun with fee_bps 20, not 7" in err


def test_other_code_is_another_sweep(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    first = json.loads(call(capsys, *SWEEP)[1])
    monkeypatch.setattr("genesis.app.sweep.code_sha256", lambda: "0" * 64)
    code, _, err = call(capsys, *SWEEP, "--resume")
    assert code == 2
    assert "was begun with other code of Genesis" in err
    assert json.loads(call(capsys, *SWEEP)[1])["folder"] != first["folder"]


def test_parameters_may_be_named_as_figures_are(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "own.py").write_text(OWN)
    code, out, err = call(capsys, *OWNED, "--param", "sharpe=0.9,1.1", "--report", "out.html")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert {row["params"]["fills"] for row in found["rows"]} == {4, 5, 6}
    frame = pl.read_parquet(next(Path(found["folder"]).glob("part-*.parquet")))
    assert frame["param:fills"].to_list() == [4, 4, 5, 5, 6, 6]
    assert call(capsys, *OWNED[:-1])[0] == 0


@pytest.mark.parametrize("command", ["sweep", "optimize", "walkforward"])
def test_a_strategy_that_fails_is_named_with_its_parameters(
    command: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "own.py").write_text(OWN)
    words = (*OWNED[1:4], "--param", "fills=6:7", *(("--train", "1d", "--test", "1d") * (command == "walkforward")))
    code, _, err = call(capsys, command, *words)
    assert code == 2
    assert "own(fills=7, sharpe=1.0, index=1) cannot be built: KeyError: 'no seven' (own.py, line 9)" in err


def test_a_table_that_was_touched_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(call(capsys, *SWEEP)[1])
    part = next(Path(found["folder"]).glob("part-*.parquet"))
    pl.read_parquet(part).with_columns(pl.col("final_equity_atoms") + 1).write_parquet(part)
    code, _, err = call(capsys, *SWEEP)
    assert code == 2
    assert "--anew runs all again" in err
    part.write_bytes(b"PAR1")
    code, _, err = call(capsys, *SWEEP)
    assert code == 2
    assert "not what they were when it was finished" in err
    assert json.loads(call(capsys, *SWEEP, "--anew")[1])["rows"] == found["rows"]


def test_two_starts_of_one_sweep_do_not_share_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(call(capsys, *SWEEP)[1])
    with FileLock(Path(found["folder"]) / ".lock"):
        for more in ((), ("--resume",), ("--anew",)):
            code, out, err = call(capsys, *SWEEP, *more)
            assert (code, out) == (2, "")
            assert err.count("\n") == 1
            assert "another process runs this very sweep" in err


def test_prices_beyond_all_bounds_are_one_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = (f"{1_500_000_000_000 + 60_000 * at},1e300,1e300,1e300,1e300,1" for at in range(4_500))
    (folder / "tBTCUSD-1m-huge.csv").write_text("\n".join(rows))
    code, out, err = call(capsys, "sweep", "tBTCUSD-1m-huge.csv", *GRID)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "data.check tells more about the candles" in err


def test_a_sweep_takes_every_cost_and_limit_of_a_backtest(capsys: pytest.CaptureFixture[str]) -> None:
    terms = ("--fees", "tiers", "--trailing-stop-pct", "1", "--cool-down-losses", "2", "--slippage-impact-bps", "5")
    found = json.loads(call(capsys, *SWEEP, *terms, "--bundle", "run.json")[1])
    row = found["rows"][0]
    params = [word for name, value in row["params"].items() for word in ("--param", f"{name}={value}")]
    alone = json.loads(call(capsys, "backtest", "synthetic:5:2", *params, *terms, "--engine", "event", "--json")[1])
    shared = set(row) & set(alone) - {"params"}
    assert {name: row[name] for name in shared} == {name: alone[name] for name in shared}
    assert call(capsys, "reproduce", "run.json")[0] == 0

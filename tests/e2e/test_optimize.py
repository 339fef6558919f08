"""`optimize` as a person or a program calls it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import genesis
from tests.e2e.calling import call

SEARCH = ("optimize", "synthetic:5:2", "--param", "fast=2:40", "--param", "slow=20:200:5", "--json")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GENESIS_HOME", str(tmp_path / "home"))
    return tmp_path


def test_a_search_is_the_same_twice_and_goes_on_where_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    whole = json.loads(call(capsys, *SEARCH, "--trials", "48", "--workers", "1")[1])
    first = json.loads(call(capsys, *SEARCH, "--trials", "20", "--anew")[1])
    code, _, err = call(capsys, *SEARCH, "--trials", "48")
    assert code == 2
    assert "20 of 48 trials are there from before" in err
    resumed = json.loads(call(capsys, *SEARCH, "--trials", "48", "--resume")[1])
    assert first["runs"] < resumed["runs"]
    for name in ("runs", "rows", "best", "folder"):
        assert resumed[name] == whole[name]
    assert json.loads(call(capsys, *SEARCH, "--trials", "20")[1])["rows"] == first["rows"], "the first trials of many"


def test_what_a_search_finds_is_what_the_sweep_knows(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(call(capsys, *SEARCH, "--trials", "64", "--sort", "max_drawdown_pct")[1])
    every = json.loads(call(capsys, "sweep", *SEARCH[1:], "--sort", "max_drawdown_pct", "--top", "2000")[1])
    known = {json.dumps(row["params"]): row for row in every["rows"]}
    assert all(known[json.dumps(row["params"])] == row for row in found["rows"])
    ranks = [json.dumps(row["params"]) for row in every["rows"]]
    assert ranks.index(json.dumps(found["rows"][0]["params"])) < len(ranks) / 10


def test_a_longer_search_is_held_against_all_that_it_could_choose_from(capsys: pytest.CaptureFixture[str]) -> None:
    short, longer = (json.loads(call(capsys, *SEARCH, "--trials", trials, "--anew")[1]) for trials in ("16", "64"))
    assert short["runs"] < longer["runs"]
    assert short["trials"] == longer["trials"] == short["combinations"]
    assert short["best"]["luck_sharpe"] == longer["best"]["luck_sharpe"]


def test_a_search_that_was_stopped_keeps_what_it_tried(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = (*SEARCH, "--trials", "96", "--where", "slow - fast >= 30")
    program = f"from genesis.app.cli import main; import sys; sys.argv = ['genesis', *{words!r}]; main()"
    environment = {**os.environ, "PYTHONPATH": str(Path(genesis.__file__).parents[1])}
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.DEVNULL, env=environment) as searching:
        while not (logs := list(folder.glob("home/optimizations/*/trials.log"))) or logs[0].stat().st_size < 30_000:
            assert searching.poll() is None, "the search ended before it could be stopped"
        searching.send_signal(signal.SIGINT)
    assert searching.returncode == 130
    before = logs[0].read_bytes()
    logs[0].write_bytes(before + b'{"op_code":4,"torn')
    resumed = json.loads(call(capsys, *words, "--resume", "--bundle", "run.json")[1])
    assert logs[0].read_bytes().startswith(before[:12_000])
    assert 0 < resumed["runs"] <= 96
    assert call(capsys, "reproduce", "run.json")[0] == 0
    whole = json.loads(call(capsys, *words, "--anew")[1])
    for name in ("runs", "rows", "best"):
        assert resumed[name] == whole[name]
    assert all(row["params"]["slow"] - row["params"]["fast"] >= 30 for row in resumed["rows"])


def test_a_grid_beyond_what_can_be_swept_is_searched(capsys: pytest.CaptureFixture[str]) -> None:
    words = (
        "optimize",
        "synthetic:5:2",
        "--param",
        "fast=1:5000",
        "--param",
        "slow=2:5000",
        "--trials",
        "20",
        "--json",
    )
    code, out, err = call(capsys, *words)
    assert code == 0, err
    found = json.loads(out)
    assert found["combinations"] == found["trials"] == 5000 * 4999
    assert 0 < found["runs"] <= 20
    for row in found["rows"]:
        assert row["params"]["fast"] < row["params"]["slow"]


def test_resuming_with_another_seed_or_order_says_which(capsys: pytest.CaptureFixture[str]) -> None:
    call(capsys, *SEARCH, "--trials", "16", "--seed", "1")
    code, _, err = call(capsys, *SEARCH, "--trials", "16", "--seed", "2", "--resume")
    assert code == 2
    assert "was begun with seed 1, not 2" in err
    code, _, err = call(capsys, *SEARCH, "--trials", "16", "--seed", "1", "--sort", "fills", "--resume")
    assert code == 2
    assert "was begun with sort sharpe, not fills" in err


def test_a_later_batch_proposes_nothing_that_another_seed_began_with(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call(capsys, *SEARCH, "--trials", "32", "--seed", "0")
    call(capsys, *SEARCH, "--trials", "16", "--seed", "16")
    zero, sixteen = (_proposed(folder, f"-{seed}") for seed in (0, 16))
    assert zero[16:18] != sixteen[:2]
    assert zero[:2] != sixteen[:2]


def _proposed(folder: Path, end: str) -> list[int]:
    (log,) = folder.glob(f"home/optimizations/*-sharpe{end}/trials.log")
    rows = map(json.loads, log.read_text().splitlines())
    return [row["user_attr"]["index"] for row in rows if "index" in row.get("user_attr", {})]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [(("--trials", "0"), "--trials 0"), (("--seed", "-1"), "--seed -1"), (("--sort", "luck"), "--sort 'luck'")],
)
def test_what_cannot_be_searched_is_said_in_one_sentence(
    words: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = call(capsys, *SEARCH, *words)
    assert (code, out) == (2, "")
    assert complaint in err

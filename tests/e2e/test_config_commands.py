"""The configuration tasks, as a person calls them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]


class End(NamedTuple):
    """How a process ended."""

    code: int
    out: str
    err: str


def genesis(*words: str) -> End:
    program = [sys.executable, "-c", "from genesis.app.cli import main; main()"]
    ran = subprocess.run([*program, *words], capture_output=True, text=True, timeout=60, cwd=ROOT)
    return End(ran.returncode, ran.stdout, ran.stderr)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.json"
    path.write_text('{"dry_run": true, "fees": {"fee_bps": 12.50}}')
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.json"
    path.write_text('{"fees": {"fee_bps": -1}, "data": {"paths": []}}')
    return path


def test_a_valid_file_is_called_valid(good: Path) -> None:
    assert genesis("config.validate", str(good)) == (0, f"{good} is valid\n", "")


def test_every_problem_is_listed_and_the_exit_code_is_one(bad: Path) -> None:
    code, out, err = genesis("config.validate", str(bad))
    assert (code, err) == (1, "")
    assert [line.split()[0] for line in out.splitlines()[1:]] == ["$.data.paths", "$.dry_run", "$.fees.fee_bps"]


def test_json_is_one_object_and_nothing_else(bad: Path) -> None:
    code, out, err = genesis("config.validate", str(bad), "--json")
    document = json.loads(out)
    assert (code, err, document["valid"], len(document["errors"])) == (1, "", False, 3)


def test_a_diff_names_paths_and_keeps_the_digits(good: Path, bad: Path) -> None:
    code, out, _ = genesis("config.diff", str(good), str(bad))
    assert code == 0
    assert out.splitlines() == [
        'added $.data: {"paths":[]}',
        "removed $.dry_run: true",
        "changed $.fees.fee_bps: 12.5 -> -1",
    ]
    changes = json.loads(genesis("config.diff", str(good), str(bad), "--json").out)["changes"]
    assert [change["path"] for change in changes] == ["$.data", "$.dry_run", "$.fees.fee_bps"]
    assert genesis("config.diff", str(good), str(good)).out == "no difference\n"


@pytest.mark.parametrize("words", [["config.validate"], ["config.diff", "a"], ["config.validate", "none.json"]])
def test_a_mistake_is_one_sentence_and_exit_code_two(words: list[str]) -> None:
    code, out, err = genesis(*words)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1

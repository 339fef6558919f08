"""The commands of the README and of the quick start do what they say."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
QUICK_START = (ROOT / "docs" / "quick-start.md").read_text(encoding="utf-8")
ENDLESS = {"./inv run", "./inv run --speed 600", "curl http://127.0.0.1:8000/health"}
"""They run until somebody ends them, on a fixed port: `test_run_command` starts and ends their like."""
ITSELF = {"./inv test"}
REAL = ROOT.parent / "shared" / "data" / "tBTCUSD-1m-2017.csv.gz"


def commands(text: str) -> list[str]:
    """Return the commands of a page in their order."""
    return [line[2:].partition("  #")[0].strip() for line in text.splitlines() if line.startswith("$ ")]


LINES = commands(TEXT)
COMMANDS = sorted({line for line in LINES if line.startswith("./inv ")} - ENDLESS - ITSELF)


def ended(folder: Path, words: list[str]) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "GENESIS_HOME": str(folder / "var"), "GENESIS_PORT": "0"}
    command = [sys.executable, "-c", "from genesis.app.cli import main; main()", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def test_every_command_of_the_readme_is_known_to_the_tests() -> None:
    assert set(LINES) >= ENDLESS | ITSELF
    assert all(line.startswith("./inv ") or line in ENDLESS for line in LINES)
    assert len(COMMANDS) >= 4


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_readme_runs(line: str, tmp_path: Path) -> None:
    words = shlex.split(line)[1:]
    if "../shared/data" in line:
        if not REAL.exists():
            pytest.skip("the real candles are not beside the checkout")
        words = [str(REAL) if word.startswith("../shared/data/") else word for word in words]
    done = ended(tmp_path, words)
    assert done.returncode == 0, done.stderr
    if "--report" in words:
        assert (tmp_path / "report.html").stat().st_size > 1_000_000
    if "--json" in words:
        shown = re.search(r'"decision_hash": "(\w+)"', TEXT)
        assert shown is not None
        assert json.loads(done.stdout)["decision_hash"] == shown[1]


def test_the_quick_start_can_be_followed_from_its_first_line_to_its_last(tmp_path: Path) -> None:
    lines = commands(QUICK_START)
    assert len(lines) >= 10
    for line in lines:
        if line in ENDLESS:
            continue
        assert line.startswith("./inv ")
        done = ended(tmp_path, shlex.split(line)[1:])
        assert done.returncode == 0, f"{line}: {done.stderr or done.stdout}"
    assert (tmp_path / "report.html").is_file()

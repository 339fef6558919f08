"""`sim` as a person meets it: worlds by seed, a ledger that is gone on with, traces, and workers that end with it."""

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "from genesis.app.cli import main; main()", "sim"]
ENDS_WITHIN_S = 60.0


def ended(home: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "GENESIS_HOME": str(home)}
    return subprocess.run([*COMMAND, *words], env=environment, capture_output=True, text=True, timeout=300)


def test_seeds_that_were_done_are_not_run_again(tmp_path: Path) -> None:
    first = json.loads(ended(tmp_path, "--seeds", "1..2", "--hours", "0.05", "--workers", "1", "--json").stdout)
    assert (first["seeds"], first["from_ledger"], first["failed"]) == (2, 0, [])
    assert first["checks"]["I1"] > 0
    again = json.loads(ended(tmp_path, "--seeds", "1..3", "--hours", "0.05", "--workers", "1", "--json").stdout)
    assert (again["seeds"], again["from_ledger"]) == (3, 2)
    shown = ended(tmp_path, "--seeds", "1..3", "--hours", "0.05")
    assert shown.returncode == 0
    assert "3 seeds (3 from the ledger)" in shown.stdout
    assert "no invariant was violated" in shown.stdout


def test_a_trace_shows_every_line_of_one_seed(tmp_path: Path) -> None:
    trace = tmp_path / "trace.txt"
    done = ended(tmp_path, "--seeds", "2", "--hours", "0.02", "--no-ledger", "--workers", "1", "--log", str(trace))
    assert done.returncode == 0
    assert "process 1 starts" in trace.read_text()
    assert not (tmp_path / "simulation").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--seeds", "5..1"), "the last one is before the first one"),
        (("--seeds", "x"), "give A..B"),
        (("--hours", "0"), "more than 0"),
        (("--workers", "999"), "1 to 256"),
        (("--seeds", "1..2", "--log", "x"), "a trace is of one seed"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    done = ended(tmp_path, *words)
    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs pidfd_open, which only Linux has")
def test_workers_end_when_whoever_started_them_is_killed(tmp_path: Path) -> None:
    command = [*COMMAND, "--seeds", "1..400", "--workers", "2", "--no-ledger"]
    parent = subprocess.Popen(command, env={**os.environ, "GENESIS_HOME": str(tmp_path)}, stderr=subprocess.DEVNULL)
    workers: dict[int, int] = {}
    while len(workers) < 2:  # one of the children tracks what they share; it ends with its pipe
        assert parent.poll() is None
        children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
        for child in map(int, children):
            if child not in workers and b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                workers[child] = os.pidfd_open(child)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    for file in workers.values():
        assert select.select([file], [], [], ENDS_WITHIN_S)[0], "a worker went on"
        os.close(file)

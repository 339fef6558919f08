"""One nonce file under many processes, kills and forks: I20, A26, A27, E19, R12."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

DRILL = Path(__file__).with_name("nonce_drill.py")


def run(drill: str, folder: Path) -> dict[str, object]:
    command = [sys.executable, str(DRILL), drill, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert isinstance(seen, dict)
    return seen


def test_r12_eight_processes_share_800_000_nonces_in_the_order_of_their_calls(tmp_path: Path) -> None:
    assert run("race", tmp_path)["statuses"] == [0] * 8
    columns = [np.fromfile(tmp_path / f"rows-{index}", dtype=np.uint64).reshape(-1, 3) for index in range(8)]
    for rows in columns:
        assert len(rows) == 100_000
        assert (np.diff(rows[:, 0].astype(np.int64)) > 0).all(), "a process saw its nonces fall"
    everything = np.concatenate(columns)
    everything = everything[np.argsort(everything[:, 0])]
    numbers, began, ended = everything.T
    assert (np.diff(numbers.astype(np.int64)) > 0).all(), "a nonce was given twice"
    # A call that ended before another began has the smaller number.
    latest_start = np.maximum.accumulate(began)[:-1]
    earliest_end_after = np.minimum.accumulate(ended[::-1])[::-1][1:]
    assert (latest_start <= earliest_end_after).all(), "numbers do not follow the order of the calls"


def test_two_processes_that_take_turns_always_see_larger_numbers(tmp_path: Path) -> None:
    assert run("ping_pong", tmp_path) == {"statuses": [0], "fell": 0}


def test_a_killed_process_loses_no_number_at_six_hundred_random_points(tmp_path: Path) -> None:
    seen = run("kill", tmp_path)
    assert (seen["signalled"], seen["broken"]) == (600, 0)


def test_r5_a_kill_at_every_call_to_the_system_loses_no_number(tmp_path: Path) -> None:
    seen = run("syscalls", tmp_path)
    assert seen["broken"] == 0
    points = seen["points"]
    assert isinstance(points, dict)
    assert min(points.values()) >= 10, "the drill must reach into each scenario"


def test_a_kill_at_every_line_of_a_start_after_a_power_cut_repeats_no_number(tmp_path: Path) -> None:
    seen = run("reboot", tmp_path)
    assert seen["broken"] == 0
    points = seen["points"]
    assert isinstance(points, int)
    assert points > 100, "the drill must reach through the whole start"


def test_a26_a_fork_in_the_middle_of_a_call_leaves_parent_and_child_able_to_go_on(tmp_path: Path) -> None:
    seen = run("fork", tmp_path)
    assert (seen["statuses"], seen["repeated"], seen["falling"], seen["children"]) == (0, 0, 0, 200)


def test_a16_on_a_full_disk_no_store_is_half_made_and_an_old_one_goes_on(tmp_path: Path) -> None:
    seen = run("full", tmp_path)
    assert str(tmp_path / "new") in str(seen["told"])
    assert "No signed call is made" in str(seen["told"])
    assert (seen["half_made"], seen["goes_on"]) == (False, True)

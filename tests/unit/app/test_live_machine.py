"""A20, A24: what a machine has to give before a live session begins on it."""

import resource
import subprocess
import sys

import pytest

from genesis.app.live_machine import place_problems

PROGRAM = """
import resource, sys
from pathlib import Path
from genesis.app.live_machine import machine_problems
resource.setrlimit(resource.RLIMIT_NOFILE, (64, int(sys.argv[1])))
found = machine_problems(Path("/"))
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0], len(found), *found)
"""


@pytest.mark.parametrize(("hard", "soft", "problems"), [(2_000, 768, 0), (300, 300, 1)])
def test_a20_files_for_orders_are_left_whatever_http_takes_or_nothing_begins(
    hard: int, soft: int, problems: int
) -> None:
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < hard:
        pytest.skip("this machine does not let its processes open that many files")
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(hard)], capture_output=True, text=True, check=True)
    assert done.stdout.split()[:2] == [str(soft), str(problems)]
    assert ("ulimit -n" in done.stdout) is bool(problems)


@pytest.mark.parametrize(
    ("kind", "is_fine"), [("ext4", True), ("overlay", True), ("", True), ("nfs4", False), ("fuse.sshfs", False)]
)
def test_a24_a_data_directory_over_a_network_is_refused(kind: str, is_fine: bool) -> None:
    assert (place_problems(kind) == []) is is_fine

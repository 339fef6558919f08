"""A data directory on a file system that is mounted read-only: each command says so, and what to do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CODE = "from genesis.app.cli import main; main()"
MOUNTED = 'mount -t tmpfs -o ro none "$GENESIS_HOME" && exec "$0" "$@"'


def under_a_read_only_home(home: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    """Run *command* in a mount namespace of its own, in which *home* is an empty disk that takes nothing."""
    apart = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    environment = {**os.environ, "GENESIS_HOME": str(home)}
    return subprocess.run(
        [*apart, "sh", "-c", MOUNTED, *command], capture_output=True, text=True, env=environment, timeout=120
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "var").mkdir()
    try:
        can_mount = under_a_read_only_home(tmp_path / "var", "true").returncode == 0
    except (OSError, AttributeError):  # there is no unshare, or no such user
        can_mount = False
    if not can_mount:
        pytest.skip("this user may make no mount of its own, or this system has none")
    return tmp_path / "var"


def test_a_session_on_a_read_only_disk_is_refused_in_a_sentence(home: Path) -> None:
    words = ("run", "--data", "synthetic:1:1", "--until", "2m", "--speed", "max", "--port", "0", "--over", "memory")
    done = under_a_read_only_home(home, sys.executable, "-c", CODE, *words)
    assert done.returncode == 2
    said = done.stderr.splitlines()[-1]
    assert said.startswith(f"genesis: {home}/journal")
    assert said.endswith("mounted read-only: mount it for writing, or set GENESIS_HOME to a place that is")
    assert "Errno" not in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_tells_a_read_only_disk_from_one_of_another_user(home: Path) -> None:
    done = under_a_read_only_home(home, sys.executable, "-c", CODE, "doctor", "--offline")
    assert done.returncode == 1
    assert f"{home} is on a file system that is mounted read-only" in done.stdout
    assert "chown" not in done.stdout


def test_a16_a_kill_on_a_read_only_disk_says_that_its_latch_is_not_set(home: Path) -> None:
    done = under_a_read_only_home(home, sys.executable, "-c", CODE, "kill", "enough")
    assert done.returncode == 1
    assert f"{home}/kill.latch: Read-only file system; the latch is NOT set" in done.stdout + done.stderr

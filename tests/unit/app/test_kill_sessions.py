"""E16: where no latch can be set, the sessions on the data directory are ended, and no other process."""

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from genesis.adapters.key_lock_file import KeyLock
from genesis.app.kill_sessions import end_sessions, session_of
from genesis.ports.secrets import Secret


@contextmanager
def holding(locks: Path, what: str, key: str = "a key", *, is_deaf: bool = False) -> Iterator[subprocess.Popen[str]]:
    """Run a process that holds the lock of a key, and hears no signal if it *is_deaf*."""
    program = f"""
        import signal
        from pathlib import Path
        from genesis.adapters.key_lock_file import KeyLock
        from genesis.ports.secrets import Secret
        if {is_deaf}:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        KeyLock(Path({str(locks)!r}), Secret({key!r}), {what!r}).acquire()
        print("holds", flush=True)
        signal.pause()
    """
    words = [sys.executable, "-c", textwrap.dedent(program)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "holds\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(("is_deaf", "code", "how"), [(False, -15, "ended"), (True, -9, "killed")])
def test_e16_a_session_that_no_latch_can_tell_is_ended(is_deaf: bool, code: int, how: str, tmp_path: Path) -> None:
    told: list[str] = []
    with holding(tmp_path / "locks", session_of(tmp_path), is_deaf=is_deaf) as session:
        end_sessions(tmp_path, tmp_path / "locks", told.append, lambda _: None if is_deaf else session.wait(20))
        assert session.wait(20) == code
    assert told == [f"process {session.pid}, which traded with this data directory, was {how}"]


def test_e16_a_session_on_other_data_and_a_process_that_only_has_the_number_live_on(tmp_path: Path) -> None:
    told: list[str] = []
    locks = tmp_path / "locks"
    with holding(locks, session_of(tmp_path / "other")) as other:
        with KeyLock(locks, Secret("one that was let go"), session_of(tmp_path)) as lock:
            text = lock.path.read_text()
        lock.path.write_text(text.replace("process ", f"process {other.pid}, once "))
        end_sessions(tmp_path, locks, told.append, lambda _: None)
        assert other.poll() is None
    assert told == [f"no session on {tmp_path} was found on this machine: if one runs elsewhere, end it there"]

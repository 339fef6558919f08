"""I23: at most one holder of a key's lock on this host, whoever dies, forks, or deletes files."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from genesis.adapters.key_lock_file import KeyLock
from genesis.ports.errors import InputError, StoreError
from genesis.ports.secrets import Secret

KEY, OTHER = Secret("a key of the drills"), Secret("another key")


def test_e7_a_second_holder_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    with KeyLock(tmp_path / "locks", KEY, "live") as lock:
        with pytest.raises(InputError, match=rf"process {os.getpid()}, live, since"):
            KeyLock(tmp_path / "locks", KEY, "live").acquire()
        KeyLock(tmp_path / "locks", OTHER, "live").acquire()
        lock.check()
    KeyLock(tmp_path / "locks", KEY, "live").acquire()


def test_the_key_itself_is_nowhere_on_disk(tmp_path: Path) -> None:
    with KeyLock(tmp_path, KEY, "live") as lock:
        assert KEY.reveal() not in lock.path.name + lock.path.read_text()
        assert lock.path.stat().st_mode & 0o077 == 0


def test_a27_e19_a_lock_on_a_file_that_was_replaced_holds_nobody(tmp_path: Path) -> None:
    lock = KeyLock(tmp_path, KEY, "live")
    lock.acquire()
    lock.path.unlink()
    with pytest.raises(StoreError, match="deleted or replaced"):
        lock.check()
    with KeyLock(tmp_path, KEY, "live") as successor:
        successor.check()
        with pytest.raises(StoreError):
            lock.check()


def test_a18_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="GENESIS_LOCKS"):
        KeyLock(tmp_path / "file" / "locks", KEY, "live").acquire()


def test_a26_a_forked_child_does_not_keep_the_lock_alive(tmp_path: Path) -> None:
    program = f"""
        import os, signal, sys
        from pathlib import Path
        from genesis.adapters.key_lock_file import KeyLock
        from genesis.ports.secrets import Secret
        KeyLock(Path({str(tmp_path)!r}), Secret({KEY.reveal()!r}), "live").acquire()
        if os.fork() == 0:  # the child says that it runs: until then nobody can have let go for it
            print(os.getpid(), flush=True)
        signal.pause()
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    try:
        with pytest.raises(InputError, match=f"process {parent.pid}"):
            KeyLock(tmp_path, KEY, "live").acquire()
        parent.kill()
        parent.wait()
        KeyLock(tmp_path, KEY, "live").acquire()  # A29: nothing stale is left
    finally:
        os.kill(child, signal.SIGKILL)
        parent.stdout.close()


RACE = """
    import mmap, os, sys
    from pathlib import Path
    from genesis.adapters.key_lock_file import KeyLock
    from genesis.ports.errors import InputError
    from genesis.ports.secrets import Secret
    folder, starts, replaces = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "replace"
    seen = mmap.mmap(-1, 3 * mmap.PAGESIZE)

    def start():
        lock = KeyLock(folder, Secret("raced for"), "live")
        try:
            lock.acquire()
        except InputError:
            return
        marker = os.open(folder / "inside", os.O_CREAT | os.O_EXCL)  # fails where two are inside at once
        os.close(marker)
        os.unlink(folder / "inside")
        seen[os.getpid() % mmap.PAGESIZE] = 1

    def child():
        pid = os.fork()
        if pid == 0:
            try:
                start()
            except BaseException:
                os._exit(7)
            os._exit(0)
        return pid

    failures = 0
    for _ in range(starts // 8):
        for pid in [child() for _ in range(8)]:
            failures += os.waitpid(pid, 0)[1] != 0
    import json
    print(json.dumps({"failures": failures, "holders": sum(seen[: mmap.PAGESIZE])}))
"""


def test_r12_a_thousand_racing_starts_never_have_two_holders(tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(RACE), str(tmp_path), "1000", "no"]
    seen = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert seen["failures"] == 0
    assert seen["holders"] >= 100

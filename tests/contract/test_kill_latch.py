"""I9, E16, E17: a latch is set whatever else fails, survives restarts, and is taken away on purpose alone."""

import errno
import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from genesis.adapters.kill_latch_file import KillLatchFile
from genesis.adapters.memory.kill_latch import MemoryKillLatch
from genesis.ports.errors import StoreError
from genesis.ports.kill import KillLatch

Reopen = Callable[[], KillLatch]


@pytest.fixture(params=["memory", "file"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Reopen:
    """A factory of latches over one state, as after a restart."""
    memory = MemoryKillLatch()
    return (lambda: memory) if request.param == "memory" else lambda: KillLatchFile(tmp_path / "home" / "kill.latch")


def test_a_latch_is_not_set_until_it_is_pulled(reopen: Reopen) -> None:
    assert reopen().reason() is None
    reopen().reset()
    assert reopen().reason() is None


def test_e17_a_pulled_latch_survives_restarts_until_it_is_reset(reopen: Reopen) -> None:
    reopen().pull("too wild")
    assert reopen().reason() == "too wild"
    reopen().reset()
    assert reopen().reason() is None
    reopen().pull("again")
    assert reopen().reason() == "again"


def test_e16_pulling_twice_keeps_the_first_reason(reopen: Reopen) -> None:
    reopen().pull("first")
    reopen().pull("second")
    assert reopen().reason() == "first"


def test_e16_a_latch_tells_that_somebody_pulled_it(reopen: Reopen) -> None:
    assert not reopen().was_pulled()
    reopen().pull("too wild")
    assert reopen().was_pulled()
    reopen().reset()
    assert not reopen().was_pulled()


def test_i9_a_latch_that_cannot_be_read_is_set_and_nobody_pulled_it(tmp_path: Path) -> None:
    (tmp_path / "no folder").write_text("a file, so that nothing below it can be looked at")
    latch = KillLatchFile(tmp_path / "no folder" / "kill.latch")
    assert latch.reason() is not None
    assert not latch.was_pulled()


def test_a_latch_without_a_reason_is_set(reopen: Reopen) -> None:
    reopen().pull("")
    assert reopen().reason() == "no reason was written"


def test_a_process_without_a_file_left_tells_a_latch_that_is_set_from_one_that_is_not(tmp_path: Path) -> None:
    latch, limits = KillLatchFile(tmp_path / "kill.latch"), resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        before = latch.reason()
        latch.pull("enough")
        after = latch.reason()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert before is None
    assert after is not None
    assert latch.reason() == "no reason was written"


def test_e16_a_full_disk_leaves_the_latch_set(tmp_path: Path) -> None:
    latch = KillLatchFile(tmp_path / "kill.latch")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))  # no file may have a byte
    try:
        latch.pull("enough")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (tmp_path / "kill.latch").stat().st_size == 0
    assert latch.reason() == "no reason was written"


def test_e16_where_no_file_can_be_made_the_one_of_the_session_is_the_latch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    latch, real = KillLatchFile(tmp_path / "home" / "kill.latch"), os.open

    def without_room(path: str, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_CREAT and not os.path.lexists(path):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, flags, mode)

    latch.prepare()
    assert latch.reason() is None
    with monkeypatch.context() as full:
        full.setattr(os, "open", without_room)
        latch.pull("enough")
        latch.pull("twice")
        latch.prepare()
    assert KillLatchFile(tmp_path / "home" / "kill.latch").was_pulled()
    latch.reset()
    assert not latch.was_pulled()


def test_what_cannot_be_read_counts_as_set(tmp_path: Path) -> None:
    (tmp_path / "kill.latch").mkdir()
    reason = KillLatchFile(tmp_path / "kill.latch").reason()
    assert reason is not None
    assert "cannot be read" in reason
    (tmp_path / "file").write_text("")
    assert KillLatchFile(tmp_path / "file" / "kill.latch").reason() is not None


def test_a_latch_that_could_not_be_set_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="NOT set"):
        KillLatchFile(tmp_path / "file" / "kill.latch").pull("enough")
    (tmp_path / "kill.latch").mkdir()
    with pytest.raises(StoreError, match="NOT set"):
        KillLatchFile(tmp_path / "kill.latch").pull("enough")


def test_e16_the_latch_is_durable_when_pull_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    KillLatchFile(tmp_path / "home" / "kill.latch").pull("enough")
    assert synced == ["kill.latch", "home"]

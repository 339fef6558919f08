"""What the nonce file does when the file, the disk or the lock is not as it should be."""

import asyncio
import errno
import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from filelock import FileLock

from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.nonce_file import mapped, marks
from genesis.adapters.nonce_file.counters import LEASE_US, Counter
from genesis.adapters.nonce_file.mapped import MappedNonces
from genesis.adapters.nonce_file.marks import PAGE, SLOT_BYTES, Marks, marks_from_slot, slot_from_marks
from genesis.adapters.nonce_file.opening import open_nonces, store_path
from genesis.domain.nonce import AHEAD_US_MAX
from genesis.ports.errors import ClockAhead, InputError, StoreError
from genesis.ports.secrets import Secret

KEY = Secret("the key of these tests, never on disk")
KINDS = pytest.mark.parametrize("share_memory", [True, False], ids=["mapped", "locked"])


def opened(folder: Path, clock: ManualClock, timeout_s: float = 5.0) -> MappedNonces:
    store = open_nonces(folder, KEY, clock, create=True, timeout_s=timeout_s)
    assert isinstance(store, MappedNonces)
    return store


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@KINDS
def test_e20_a_missing_store_is_refused_and_nothing_is_made(
    tmp_path: Path, clock: ManualClock, share_memory: bool
) -> None:
    with pytest.raises(StoreError, match="there is no nonce store for this key"):
        open_nonces(tmp_path, KEY, clock, share_memory=share_memory)
    assert list(tmp_path.iterdir()) == []


@KINDS
def test_e20_a_new_store_starts_above_the_journal_and_the_clock(
    tmp_path: Path, clock: ManualClock, share_memory: bool
) -> None:
    floor, cid_floor = clock.now_us() + 5_000_000, clock.now() * 16 + 99
    with pytest.raises(InputError, match="the floor was -1"):
        open_nonces(tmp_path, KEY, clock, create=True, floor=-1, share_memory=share_memory)
    store = open_nonces(tmp_path, KEY, clock, create=True, floor=floor, cid_floor=cid_floor, share_memory=share_memory)
    assert (store.take(), store.take_cid()) == (floor + 1, cid_floor + 1)
    store.close()


@KINDS
def test_a25_a_store_older_than_the_journal_is_lifted_above_it(
    tmp_path: Path, clock: ManualClock, share_memory: bool
) -> None:
    open_nonces(tmp_path, KEY, clock, create=True, share_memory=share_memory).close()
    floor = clock.now_us() + 7
    store = open_nonces(tmp_path, KEY, clock, floor=floor, share_memory=share_memory)
    assert store.take() == floor + 1
    store.close()


def test_a_floor_beyond_what_the_exchange_would_take_is_refused(tmp_path: Path, clock: ManualClock) -> None:
    with pytest.raises(ClockAhead, match="the counter stays"):
        open_nonces(tmp_path, KEY, clock, create=True, floor=clock.now_us() + 3_600_000_000)


def test_the_text_of_the_key_is_nowhere_on_disk_and_others_have_no_access(tmp_path: Path, clock: ManualClock) -> None:
    opened(tmp_path, clock).close()
    path = store_path(tmp_path, KEY)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    for each in tmp_path.rglob("*"):
        assert "the key of" not in str(each)
        assert each.is_dir() or b"the key of" not in each.read_bytes()


def test_two_keys_have_two_counters(tmp_path: Path, clock: ManualClock) -> None:
    one = opened(tmp_path, clock)
    other = open_nonces(tmp_path, Secret("another key"), clock, create=True)
    assert one.take() == other.take()
    one.close()
    other.close()


@KINDS
def test_the_file_of_another_key_is_refused(tmp_path: Path, clock: ManualClock, share_memory: bool) -> None:
    opened(tmp_path, clock).close()
    other = store_path(tmp_path, Secret("another key"))
    store_path(tmp_path, KEY).parent.rename(other.parent)
    with pytest.raises(StoreError, match="belong to another key"):
        open_nonces(tmp_path, Secret("another key"), clock, share_memory=share_memory)


def _replace(path: Path) -> None:
    copy = path.read_bytes()
    path.unlink()
    path.write_bytes(copy)
    path.chmod(0o600)


@pytest.mark.parametrize(
    "harm",
    [Path.unlink, _replace, lambda path: path.rename(path.with_name("away"))],
    ids=["deleted", "copied", "moved"],
)
def test_a27_e19_a_file_that_is_deleted_or_replaced_in_use_stops_the_store(
    tmp_path: Path, clock: ManualClock, harm: Callable[[Path], object]
) -> None:
    store = opened(tmp_path, clock)
    store.take()
    harm(store_path(tmp_path, KEY))
    clock.move(0.001)
    for call in (store.take, store.take_cid, lambda: store.raise_to(Counter.NONCE, clock.now_us() + 5)):
        with pytest.raises(StoreError, match="deleted or replaced while in use"):
            call()
    store.close()


def _shorten(path: Path) -> None:
    os.truncate(path, PAGE)


def _link(path: Path) -> None:
    path.rename(path.with_name("target"))
    path.symlink_to("target")


@pytest.mark.parametrize(
    ("harm", "reason"),
    [(_shorten, "4096 bytes"), (lambda path: path.chmod(0o660), "chmod 600"), (_link, "cannot be read and written")],
    ids=["short", "others may write", "link"],
)
@KINDS
def test_a18_a_file_that_is_not_ours_alone_is_refused_with_what_to_do(
    tmp_path: Path, clock: ManualClock, share_memory: bool, harm: Callable[[Path], None], reason: str
) -> None:
    opened(tmp_path, clock).close()
    path = store_path(tmp_path, KEY)
    harm(path)
    with pytest.raises(StoreError, match=reason) as refused:
        open_nonces(tmp_path, KEY, clock, share_memory=share_memory)
    assert str(path) in str(refused.value)


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="Not a directory"):
        open_nonces(tmp_path / "file" / "nonces", KEY, clock, create=True)


def test_a14_every_torn_write_of_a_slot_leaves_the_old_or_the_new_marks(tmp_path: Path, clock: ManualClock) -> None:
    opened(tmp_path, clock).close()
    path = store_path(tmp_path, KEY)
    key = marks.key_id(KEY)
    whole = path.read_bytes()
    old = marks_from_slot(key, whole[:SLOT_BYTES])
    assert old is not None
    new = Marks(old.sequence + 1, old.nonce + 5_000, old.cid + 70)
    slot = slot_from_marks(key, new)
    for offset, before in ((0, old), (PAGE, new)):
        for length in range(SLOT_BYTES + 1):
            torn = bytearray(whole)
            if offset:
                torn[:SLOT_BYTES] = slot
            torn[offset : offset + length] = slot[:length]
            path.write_bytes(torn)
            with path.open("r+b", buffering=0) as file:
                read = marks.read_marks(file.fileno(), path, key)
                assert read == (new if torn[offset : offset + SLOT_BYTES] == slot else before)
            assert path.read_bytes()[:SLOT_BYTES] == path.read_bytes()[PAGE : PAGE + SLOT_BYTES], "mended"


def test_any_damaged_byte_of_one_slot_loses_nothing_and_of_both_is_refused(tmp_path: Path, clock: ManualClock) -> None:
    store = opened(tmp_path, clock)
    store.take()
    store.close()
    path = store_path(tmp_path, KEY)
    key = marks.key_id(KEY)
    whole = path.read_bytes()
    newest = marks_from_slot(key, whole[:SLOT_BYTES])
    for place in range(SLOT_BYTES):
        for offsets in ((0,), (PAGE,), (0, PAGE)):
            rotten = bytearray(whole)
            for offset in offsets:
                rotten[offset + place] ^= 0x40
            path.write_bytes(rotten)
            with path.open("r+b", buffering=0) as file:
                if len(offsets) == 1:
                    assert marks.read_marks(file.fileno(), path, key) == newest
                else:
                    with pytest.raises(StoreError, match="both copies of the marks are damaged"):
                        marks.read_marks(file.fileno(), path, key)


@contextmanager
def another_boot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    boot = tmp_path / "boot"
    boot.write_text("11111111-2222-3333-4444-555555555555\n")
    with monkeypatch.context() as patch:
        patch.setattr(mapped, "BOOT_ID", boot)
        yield


def test_without_the_id_of_the_boot_shared_memory_is_refused(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapped, "BOOT_ID", tmp_path / "missing")
    with pytest.raises(StoreError, match="without shared memory"):
        opened(tmp_path, clock)
    open_nonces(tmp_path, KEY, clock, share_memory=False).close()


def test_after_a_power_cut_numbers_start_at_the_marks(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(tmp_path, clock)
    nonce, cid = store.take(), store.take_cid()
    store.close()
    with another_boot(tmp_path, monkeypatch):
        store = opened(tmp_path, clock)
        assert store.take() == nonce + LEASE_US + 1
        assert store.take_cid() == cid + LEASE_US // 1000 * 16 + 1
        store.close()


def test_a_power_cut_close_to_the_limit_costs_no_waiting_beyond_it(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(tmp_path, clock)
    store.raise_to(Counter.NONCE, clock.now_us() + AHEAD_US_MAX - 5)
    store.close()
    with another_boot(tmp_path, monkeypatch):
        store = opened(tmp_path, clock)
        clock.move(0.001)
        assert store.take() <= clock.now_us() + AHEAD_US_MAX
        store.close()


def test_numbers_go_on_without_a_gap_when_nothing_crashed(tmp_path: Path, clock: ManualClock) -> None:
    store = opened(tmp_path, clock)
    nonce, cid = store.take(), store.take_cid()
    store.close()
    assert (store.take(), store.take_cid()) == (nonce + 1, cid + 1)
    store.close()


def test_a_store_that_was_used_under_filelock_in_between_starts_at_the_marks(
    tmp_path: Path, clock: ManualClock
) -> None:
    store = opened(tmp_path, clock)
    store.take()
    store.close()
    plain = open_nonces(tmp_path, KEY, clock, share_memory=False)
    nonce, cid = plain.take(), plain.take_cid()
    store = opened(tmp_path, clock)
    assert store.take() > nonce
    assert store.take_cid() > cid
    store.close()


def test_live_counters_that_contradict_the_marks_stop_the_store(tmp_path: Path, clock: ManualClock) -> None:
    store = opened(tmp_path, clock)
    store.take()
    with store_path(tmp_path, KEY).open("r+b") as file:
        file.seek(marks.LIVE_OFFSET)
        file.write((clock.now_us() + 30_000_000).to_bytes(8, "little"))
    with pytest.raises(StoreError, match="contradict its marks"):
        store.take()
    store.close()


def test_a_lock_that_somebody_keeps_ends_in_an_error_and_not_in_waiting(tmp_path: Path, clock: ManualClock) -> None:
    store = opened(tmp_path, clock, timeout_s=0.01)
    with store_path(tmp_path, KEY).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(StoreError, match="another process has held the lock"):
            store.take()
    assert store.take() > 0
    store.close()


@pytest.mark.parametrize("name", ["open.lock", "nonces.lock"])
def test_a_filelock_that_somebody_keeps_ends_in_an_error(tmp_path: Path, clock: ManualClock, name: str) -> None:
    opened(tmp_path, clock).close()
    with (
        FileLock(store_path(tmp_path, KEY).with_name(name)),
        pytest.raises(StoreError, match="another process has held"),
    ):
        open_nonces(tmp_path, KEY, clock, create=True, share_memory=False, timeout_s=0.01)


def test_a_thread_that_keeps_the_store_ends_in_an_error(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(tmp_path, clock, timeout_s=0.01)
    sync, is_syncing, go_on = marks.sync, threading.Event(), threading.Event()

    def slow_sync(descriptor: int) -> None:
        is_syncing.set()
        assert go_on.wait(30.0)
        sync(descriptor)

    monkeypatch.setattr(marks, "sync", slow_sync)
    thread = threading.Thread(target=store.take)
    thread.start()
    assert is_syncing.wait(30.0)
    with pytest.raises(StoreError, match="another thread has held the store"):
        store.take()
    go_on.set()
    thread.join()
    store.close()


async def test_waiting_for_the_lock_of_another_process_does_not_stop_the_loop(
    tmp_path: Path, clock: ManualClock
) -> None:
    store = opened(tmp_path, clock)
    await store.next()
    with store_path(tmp_path, KEY).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        waiting = asyncio.create_task(store.next())
        for _ in range(10):
            await asyncio.sleep(0)
        assert not waiting.done()
    assert await waiting > 0
    store.close()


async def test_a_slow_disk_does_not_stop_the_loop(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(tmp_path, clock)
    sync, is_syncing, go_on = marks.sync, threading.Event(), threading.Event()

    def slow_sync(descriptor: int) -> None:
        is_syncing.set()
        assert go_on.wait(30.0)
        sync(descriptor)

    monkeypatch.setattr(marks, "sync", slow_sync)
    waiting = [asyncio.create_task(store.next()) for _ in range(3)]
    await asyncio.to_thread(is_syncing.wait, 30.0)
    assert not any(task.done() for task in waiting)
    go_on.set()
    assert len({await task for task in waiting}) == 3
    store.close()


class Failing:
    """Let the n-th call to the system fail with *number*; counts the calls when n is never reached."""

    def __init__(self, patch: pytest.MonkeyPatch, at: int, number: int) -> None:
        self.calls, self._at, self._number = 0, at, number
        for name in ("open", "lseek", "read", "write", "fdatasync", "fsync", "rename"):
            patch.setattr(os, name, self._wrapped(getattr(os, name)))

    def _wrapped(self, call: Callable[..., object]) -> Callable[..., object]:
        def counted(*args: object, **kwargs: object) -> object:
            self.calls += 1
            if self.calls == self._at:
                raise OSError(self._number, os.strerror(self._number), "somewhere")
            return call(*args, **kwargs)

        return counted


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES], ids=errno.errorcode.get)
@pytest.mark.parametrize("scenario", ["create", "take"])
@KINDS
def test_a16_a_failure_at_any_call_to_the_system_is_a_store_error_and_repeats_no_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share_memory: bool, scenario: str, number: int
) -> None:
    clock = ManualClock()
    at, reached = 0, True
    while reached:
        at += 1
        home = tmp_path / str(at)
        last = 0
        if scenario == "take":
            before = open_nonces(home, KEY, clock, create=True, share_memory=share_memory)
            last = before.take()
            before.close()
            clock.move(20.0)
        with monkeypatch.context() as patch:
            failing = Failing(patch, at, number)
            with suppress(StoreError):
                store = open_nonces(home, KEY, clock, create=scenario == "create", share_memory=share_memory)
                last = store.take()
                store.close()
            reached = failing.calls >= at
        after = open_nonces(home, KEY, clock, create=scenario == "create", share_memory=share_memory)
        assert after.take() > last
        after.close()
    assert at > 5


@KINDS
def test_a17_a_failed_sync_is_never_tried_again(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, share_memory: bool
) -> None:
    store = open_nonces(tmp_path, KEY, clock, create=True, share_memory=share_memory)
    before = store.take()
    clock.move(20.0)

    def broken_sync(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(marks, "sync", broken_sync)
        with pytest.raises(StoreError, match="No signed call is made"):
            store.take()
    for call in (store.take, store.take_cid):
        with pytest.raises(StoreError, match="Input/output error"):
            call()
    store.close()
    again = open_nonces(tmp_path, KEY, clock, share_memory=share_memory)
    assert again.take() > before
    again.close()


@KINDS
def test_a19_writes_that_take_one_byte_at_a_time_are_made_whole(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, share_memory: bool
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:1]))
    store = open_nonces(tmp_path, KEY, clock, create=True, share_memory=share_memory)
    first = store.take()
    store.close()
    again = open_nonces(tmp_path, KEY, clock, share_memory=share_memory)
    assert again.take() > first
    again.close()

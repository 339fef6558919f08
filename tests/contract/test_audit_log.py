"""An audit log keeps every entry that it acknowledged, in one chain, over restarts, crashes and full disks."""

import asyncio
import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from genesis.adapters.audit_log.file import AuditFile
from genesis.adapters.audit_log.reading import verify_file
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.monitor import MemoryMonitor
from genesis.domain.audit import BadLine, ChainHead
from genesis.domain.units import Mts
from genesis.ports.errors import StoreError, StoreFull


class FixedClock:
    """A clock that stands still."""

    def now(self) -> Mts:
        return Mts(1_700_000_000_000)

    def now_us(self) -> int:
        return 1_700_000_000_000_000

    def monotonic_s(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        del seconds


CLOCK = FixedClock()
MONITOR = MemoryMonitor(CLOCK, MemoryMetrics(), version="0", mode="paper")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "config_audit.log"


def log_in(path: Path) -> AuditFile:
    return AuditFile(path, CLOCK, MONITOR)


async def test_entries_are_numbered_and_chained_over_restarts(path: Path) -> None:
    receipts = [await log_in(path).append({"n": number}) for number in range(3)]
    assert [receipt.seq for receipt in receipts] == [1, 2, 3]
    assert verify_file(path) == ChainHead(3, receipts[-1].hash)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["previous"] for line in lines] == ["0" * 64, receipts[0].hash, receipts[1].hash]
    assert [line["entry"] for line in lines] == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert lines[0]["mts"] == CLOCK.now()


async def test_the_log_is_for_its_owner_alone(path: Path) -> None:
    await log_in(path).append({})
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_many_at_once_make_one_chain(path: Path) -> None:
    one, other = log_in(path), log_in(path)
    receipts = await asyncio.gather(*((one, other)[number % 2].append(number) for number in range(40)))
    assert sorted(receipt.seq for receipt in receipts) == list(range(1, 41))
    assert isinstance(verify_file(path), ChainHead)


PROCESS = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, {folder!r})
from test_audit_log import log_in
async def main():
    log = log_in(Path(sys.argv[1]))
    for number in range(25):
        await log.append([sys.argv[2], number])
asyncio.run(main())
"""


def test_processes_make_one_chain(path: Path) -> None:
    code = PROCESS.format(folder=str(Path(__file__).parent))
    found = [subprocess.Popen([sys.executable, "-c", code, str(path), name]) for name in ("a", "b", "c")]
    assert [process.wait(60) for process in found] == [0, 0, 0]
    head = verify_file(path)
    assert isinstance(head, ChainHead)
    assert head.seq == 75


async def test_a_tail_torn_at_any_byte_is_moved_away_and_the_chain_goes_on(path: Path) -> None:
    await log_in(path).append({"n": 1})
    await log_in(path).append({"n": 2})
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for cut in range(first, len(whole)):
        path.write_bytes(whole[:cut])
        receipt = await log_in(path).append({"n": 3})
        assert receipt.seq == 2
        assert isinstance(verify_file(path), ChainHead)
        torn = list(path.parent.glob("*.torn-*"))
        assert [file.read_bytes() for file in torn] == ([whole[first:cut]] if cut > first else [])
        for file in torn:
            file.unlink()
    assert MONITOR.dashboard().notes[-1].name == "audit.torn_line"


async def test_nothing_is_appended_to_a_broken_chain(path: Path) -> None:
    for number in range(3):
        await log_in(path).append(number)
    raw = path.read_bytes()
    for broken in (
        raw.replace(b'"entry":1', b'"entry":7'),
        raw[raw.index(b"\n") + 1 :],
        b"\x00" * 64 + b"\n" + raw,
        raw + b"\xff\xfe\n",
    ):
        path.write_bytes(broken)
        with pytest.raises(StoreError, match="line"):
            await log_in(path).append("x")
        assert path.read_bytes() == broken
        assert isinstance(verify_file(path), BadLine)


async def test_a_log_replaced_cut_or_removed_while_in_use_is_refused(path: Path) -> None:
    log = log_in(path)
    await log.append(1)
    await log.append(2)
    raw = path.read_bytes()
    path.write_bytes(raw[: raw.index(b"\n") + 1])
    with pytest.raises(StoreError, match="replaced or cut"):
        await log.append(3)
    other = path.with_name("other")
    other.write_bytes(raw)
    other.replace(path)
    with pytest.raises(StoreError, match="replaced or cut"):
        await log.append(3)
    path.unlink()
    with pytest.raises(StoreError, match="removed"):
        await log.append(3)
    assert not path.exists()


async def test_short_writes_are_completed(path: Path) -> None:
    log = AuditFile(path, CLOCK, MONITOR, write=lambda fd, raw: os.write(fd, raw[:7]))
    await log.append({"text": "x" * 100})
    assert isinstance(verify_file(path), ChainHead)


async def test_a_full_disk_leaves_the_chain_as_it_was_and_the_next_append_works(path: Path) -> None:
    await log_in(path).append(1)
    before = path.read_bytes()
    is_full = True

    def write(fd: int, raw: bytes) -> int:
        if is_full:
            os.write(fd, raw[:20])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(fd, raw)

    log = AuditFile(path, CLOCK, MONITOR, write=write)
    with pytest.raises(StoreFull, match="make room"):
        await log.append(2)
    assert path.read_bytes() == before
    is_full = False
    assert (await log.append(2)).seq == 2
    assert isinstance(verify_file(path), ChainHead)


async def test_after_a_failed_sync_nothing_is_written_until_a_restart(path: Path) -> None:
    await log_in(path).append(1)
    calls = 0

    def fsync(_: int) -> None:
        nonlocal calls
        calls += 1
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    log = AuditFile(path, CLOCK, MONITOR, fsync=fsync)
    for _ in range(3):
        with pytest.raises(StoreError, match=r"restart|Input/output"):
            await log.append(2)
    assert calls == 1
    assert (await log_in(path).append(3)).seq == 2


LIMITED = """
import asyncio, resource, signal, sys
from pathlib import Path
sys.path.insert(0, {folder!r})
from test_audit_log import log_in, StoreFull
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))
async def main():
    log = log_in(Path(sys.argv[1]))
    done = 0
    try:
        while True:
            await log.append("x" * 100)
            done += 1
    except StoreFull:
        print(done)
asyncio.run(main())
"""


def test_a_real_limit_of_the_file_size_loses_no_acknowledged_entry(path: Path) -> None:
    code = LIMITED.format(folder=str(Path(__file__).parent))
    ran = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=60)
    assert ran.stderr == ""
    head = verify_file(path)
    assert isinstance(head, ChainHead)
    assert head.seq == int(ran.stdout) > 2


async def test_a_folder_that_cannot_be_made_is_an_error_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    with pytest.raises(StoreError, match="logs"):
        await log_in(tmp_path / "logs" / "config_audit.log").append(1)


def test_a_log_that_is_not_there_cannot_be_verified(path: Path) -> None:
    with pytest.raises(StoreError, match="No such file"):
        verify_file(path)


async def test_the_whole_line_is_synced_before_the_receipt(path: Path) -> None:
    await log_in(path).append(1)
    synced: list[bytes] = []

    def fsync(_: int) -> None:
        synced.append(path.read_bytes())

    receipt = await AuditFile(path, CLOCK, MONITOR, fsync=fsync).append(2)
    assert receipt.hash.encode() in synced[-1]
    assert synced[-1] == path.read_bytes()


ENDLESS = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, {folder!r})
from test_audit_log import log_in
async def main():
    log = log_in(Path(sys.argv[1]))
    while True:
        print((await log.append("x" * 50)).seq, flush=True)
asyncio.run(main())
"""


def test_a_killed_process_loses_no_acknowledged_entry(path: Path) -> None:
    code = ENDLESS.format(folder=str(Path(__file__).parent))
    for acknowledged in (1, 2, 3, 5, 8, 13):
        with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            last = [int(process.stdout.readline()) for _ in range(acknowledged)][-1]
            process.kill()
        receipt = asyncio.run(log_in(path).append("after"))
        assert receipt.seq > last
        assert verify_file(path) == ChainHead(receipt.seq, receipt.hash)

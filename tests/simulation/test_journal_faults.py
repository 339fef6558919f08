"""A11-A18, E19, I26: real faults of a journal's files: nothing damaged is taken for whole, nothing full loses a row."""

import asyncio
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from genesis.adapters.journal_sqlite.reading import DamagedRow, read_journal, verify_journal
from genesis.adapters.journal_sqlite.writing import SqliteJournal
from genesis.adapters.memory.clock import ManualClock
from genesis.domain.events import Asked, OperatorAsked
from genesis.domain.journal.chain import BadRow, Head
from genesis.domain.journal.entries import FORMAT, RecordedEntry
from genesis.domain.units import Mts
from genesis.ports.errors import StoreError, StoreFull

ROWS = 40


def said(number: int) -> OperatorAsked:
    return OperatorAsked(Mts(number), Asked.HALT, "", f"entry {number}")


async def write(path: Path, count: int = ROWS, *, every: int = 10) -> Head:
    journal = SqliteJournal(path, ManualClock())
    for number in range(count):
        await journal.append(said(number))
        if number % every == every - 1:
            await journal.commit()
    await journal.close()
    return journal.head


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "j.sqlite"
    asyncio.run(write(path))
    return path


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    """A whole journal with its witness, to be broken."""
    for file in whole.parent.iterdir():
        shutil.copy(file, tmp_path)
    return tmp_path / whole.name


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


@pytest.mark.parametrize(
    ("statements", "seq"),
    [
        (["UPDATE entries SET payload = replace(payload, '17', '18') WHERE seq = 18"], 18),
        (["UPDATE entries SET written_us = written_us + 1 WHERE seq = 3"], 3),
        (["UPDATE entries SET kind = 'decision' WHERE seq = 40"], 40),
        (["UPDATE entries SET hash = zeroblob(32) WHERE seq = 1"], 1),
        (["UPDATE entries SET payload = CAST(payload AS BLOB) WHERE seq = 9"], 9),
        (["UPDATE entries SET payload = NULL WHERE seq = 9"], 9),
        (["DELETE FROM entries WHERE seq = 1"], 1),
        (["DELETE FROM entries WHERE seq = 20"], 20),
        (["DELETE FROM entries WHERE seq = 40"], 40),
        (["DELETE FROM entries WHERE seq > 7"], 8),
        (["DELETE FROM entries"], 1),
        (["INSERT INTO entries SELECT 41, written_us, kind, payload, hash FROM entries WHERE seq = 40"], 41),
        (["INSERT INTO entries SELECT 0, written_us, kind, payload, hash FROM entries WHERE seq = 1"], 1),
        (
            [
                "UPDATE entries SET seq = -1 WHERE seq = 5",
                "UPDATE entries SET seq = 5 WHERE seq = 6",
                "UPDATE entries SET seq = 6 WHERE seq = -1",
            ],
            5,
        ),
        (["CREATE TABLE more (a)"], 1),
        (["CREATE TRIGGER t AFTER INSERT ON entries BEGIN DELETE FROM entries WHERE seq = 1; END"], 1),
    ],
)
def test_i26_any_changed_dropped_or_reordered_row_is_found_and_the_journal_not_opened(
    copy: Path, statements: list[str], seq: int
) -> None:
    if "NULL" in statements[0]:
        change(copy, "PRAGMA writable_schema=ON", "UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '')")
    change(copy, *statements)
    found = verify_journal(copy)
    assert isinstance(found, BadRow)
    assert found.seq == seq
    with pytest.raises(StoreError, match="evidence"):
        SqliteJournal(copy, ManualClock())


def test_i26_a_journal_written_anew_with_a_right_chain_is_found_by_its_witness(copy: Path, tmp_path: Path) -> None:
    forged = tmp_path / "forged" / "j.sqlite"
    asyncio.run(write(forged, ROWS + 3))
    witness = copy.with_name("j.sqlite.witness").read_bytes()
    change(forged, "DELETE FROM entries WHERE seq > 38")
    forged.with_name("j.sqlite.witness").write_bytes(witness)
    assert isinstance(verify_journal(forged), BadRow)


def test_a12_no_flipped_byte_is_ever_read_as_another_row(whole: Path, copy: Path) -> None:
    entries = [entry for _, entry in read_journal(whole)]
    content = copy.read_bytes()
    chance = random.Random(3)
    found = 0
    for at in [*range(100), *chance.sample(range(len(content)), 400)]:
        damaged = bytearray(content)
        damaged[at] ^= 1 << chance.randrange(8)
        copy.write_bytes(damaged)
        try:
            verdict = verify_journal(copy)
        except StoreError:
            found += 1
            continue
        if isinstance(verdict, BadRow):
            found += 1
        else:  # a byte that holds nothing: a free one, or a counter
            assert [entry for _, entry in read_journal(copy)] == entries
    assert found > 100


@pytest.mark.parametrize("name", ["j.sqlite.witness"])
def test_a12_a_damaged_or_missing_witness_is_told(copy: Path, name: str) -> None:
    witness = copy.with_name(name)
    content = witness.read_bytes()
    for at in range(0, 100, 7):
        damaged = bytearray(content)
        damaged[at] ^= 1
        witness.write_bytes(damaged)
        try:
            assert isinstance(verify_journal(copy), BadRow)
        except StoreError as error:
            assert "witness" in str(error)  # noqa: PT017  # both answers are a no
    witness.unlink()
    with pytest.raises(StoreError, match="witness"):
        verify_journal(copy)
    with pytest.raises(StoreError, match="witness"):
        SqliteJournal(copy, ManualClock())


def test_e19_a_journal_that_is_gone_while_its_witness_is_there_is_not_begun_anew(copy: Path) -> None:
    copy.unlink()
    with pytest.raises(StoreError, match="is gone"):
        SqliteJournal(copy, ManualClock())
    assert not copy.exists()


@pytest.mark.parametrize("cut", [0, 1, 100, 4096, 5000, -1, -4096])
def test_a11_a_file_that_was_cut_is_never_taken_for_whole(copy: Path, cut: int) -> None:
    copy.write_bytes(copy.read_bytes()[:cut])
    with pytest.raises(StoreError):
        SqliteJournal(copy, ManualClock())
    try:
        assert isinstance(verify_journal(copy), BadRow)
    except StoreError as error:
        assert "not a journal" in str(error)  # noqa: PT017  # both answers are a no


def test_what_is_no_journal_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    change(path, "CREATE TABLE entries (a)")
    content = path.read_bytes()
    tmp_path.joinpath("other.sqlite.witness").write_bytes(b" " * 1024)
    for call in (lambda: SqliteJournal(path, ManualClock()), lambda: verify_journal(path)):
        with pytest.raises(StoreError, match="not a journal of Genesis"):
            call()
    assert path.read_bytes() == content


def test_e9_a_journal_of_a_newer_format_is_refused(copy: Path) -> None:
    change(copy, f"PRAGMA user_version={FORMAT + 1}")
    for call in (lambda: SqliteJournal(copy, ManualClock()), lambda: verify_journal(copy)):
        with pytest.raises(StoreError, match=f"format {FORMAT + 1}"):
            call()


def test_a15_a_full_database_says_so_and_loses_no_committed_row(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"

    async def fill() -> int:
        journal = SqliteJournal(path, ManualClock())
        journal._connection.execute("PRAGMA max_page_count=20")  # SQLite then answers as it does on a full disk
        committed = 0
        try:
            while True:
                await journal.append(said(committed))
                await journal.commit()
                committed += 1
        except StoreFull as error:
            assert "make room" in str(error)  # noqa: PT017  # the loop counts up to it
        with pytest.raises(StoreFull, match="opened again"):
            await journal.commit()
        await journal.append_reserved(said(-1))
        await journal.close()
        return committed

    committed = asyncio.run(fill())
    assert committed > 50
    asyncio.run(SqliteJournal(path, ManualClock()).close())
    assert [entry for _, entry in read_journal(path)] == [*map(said, range(committed)), said(-1)]


TMPFS = """
import asyncio, sys
from pathlib import Path
from tests.simulation.test_journal_faults import *
async def main(path):
    journal = SqliteJournal(path, ManualClock())
    committed = 0
    try:
        while True:
            await journal.append(said(committed))
            await journal.commit()
            committed += 1
    except StoreFull:
        await journal.append_reserved(said(-1))
        await journal.close()
    print(committed)
asyncio.run(main(Path(sys.argv[1])))
"""


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


@pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode != 0,
    reason="needs a mount namespace of its own for a small disk",
)
def test_a15_a_disk_that_is_really_full_takes_the_reserve_and_loses_no_committed_row(tmp_path: Path) -> None:
    script = (
        'mount -t tmpfs -o size=400k none "$1" && "$2" -c "$3" "$1/j/j.sqlite" && mkdir "$4" && cp -r "$1/j/." "$4"'
    )
    disk, kept = tmp_path / "disk", tmp_path / "kept"
    disk.mkdir()
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", disk, sys.executable, TMPFS, kept],
        env=environment(),
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    committed = int(done.stdout)
    assert committed > 20
    path = kept / "j.sqlite"
    asyncio.run(SqliteJournal(path, ManualClock()).close())
    assert [entry for _, entry in read_journal(path)] == [*map(said, range(committed)), said(-1)]


SYNCING = """
import asyncio, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tests.simulation.test_journal_faults import *
async def main(path):
    # One thread syncs, so that which call fails is the same every time: strace counts those of each thread by itself.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    committed = 0
    try:
        journal = SqliteJournal(path, ManualClock())
    except StoreError:
        print(committed)
        return
    for number in range(6):
        try:
            await journal.append(said(number))
            await journal.commit()
            committed += 1
        except StoreError:
            pass
    await journal.close()
    print(committed)
asyncio.run(main(Path(sys.argv[1])))
"""


@pytest.mark.skipif(
    shutil.which("strace") is None
    or subprocess.run(["strace", "-e", "trace=fsync", "true"], capture_output=True).returncode != 0,
    reason="needs strace, and the right to trace, to make a sync fail",
)
def test_a17_an_error_at_any_sync_poisons_and_no_sync_is_tried_again(tmp_path: Path) -> None:
    committed_before = set()
    program = (sys.executable, "-c", SYNCING)
    for nth in range(1, 10):
        path, log = tmp_path / str(nth) / "j.sqlite", tmp_path / f"{nth}.log"
        traced = ("-P", f"{path}-wal", "-e", "trace=fdatasync", "-e", f"inject=fdatasync:error=EIO:when={nth}")
        done = subprocess.run(
            ["strace", "-f", "-o", str(log), *traced, *program, str(path)],
            env=environment(),
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        committed = int(done.stdout)
        committed_before.add(committed)
        syncs = [line for line in log.read_text().splitlines() if "fdatasync(" in line]
        if committed < 6:  # else it failed in tidying up at the end, or was never reached
            # strace counts the calls of each thread by itself, so `nth` is not the number of them all.
            assert ["EIO" in line for line in syncs] == [False] * (len(syncs) - 1) + [True]
        asyncio.run(SqliteJournal(path, ManualClock()).close())
        kept = [entry for _, entry in read_journal(path)]
        # The row whose commit failed may be there or not; one that was acknowledged always is.
        assert kept in ([*map(said, range(committed))], [*map(said, range(committed + 1))])
        assert isinstance(verify_journal(path), Head)
    assert committed_before == {0, 1, 2, 3, 4, 5, 6}


def test_a18_a_folder_that_cannot_be_written_is_refused_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=r"file/j\.sqlite: .*check the folder"):
        SqliteJournal(tmp_path / "file" / "j.sqlite", ManualClock())


NOBODY = """
import os, sys
from pathlib import Path
from tests.simulation.test_journal_faults import *
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    SqliteJournal(Path(sys.argv[1]), ManualClock())
except StoreError as error:
    print(error)
"""


def test_a18_a_journal_of_another_owner_is_refused_and_left_alone(copy: Path) -> None:
    content = copy.read_bytes()
    for file in copy.parent.iterdir():
        file.chmod(0o444)
    copy.parent.chmod(0o555)
    try:
        done = subprocess.run(
            [sys.executable, "-c", NOBODY, copy],
            env=environment(),
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
        )
    finally:
        copy.parent.chmod(0o755)
    assert done.stderr == ""
    assert "check the folder, its owner and its permissions" in done.stdout or "Permission denied" in done.stdout
    assert copy.read_bytes() == content


async def test_a23_a_locked_database_poisons_instead_of_waiting_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genesis.adapters.journal_sqlite.writing.BUSY_S", 0.0)
    path = tmp_path / "j.sqlite"
    journal = SqliteJournal(path, ManualClock())
    await journal.append(said(1))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"):
            await journal.commit()
        other.execute("ROLLBACK")
    with pytest.raises(StoreError, match="locked"):
        await journal.commit()
    await journal.close()
    assert list(read_journal(path)) == []


async def test_a22_a_disk_that_takes_too_long_stops_the_writer_while_the_loop_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genesis.adapters.journal_sqlite.writing.COMMIT_TIMEOUT_S", 0.05)
    path = tmp_path / "j.sqlite"
    journal = SqliteJournal(path, ManualClock())
    await journal.append(said(1))
    turns = 0
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # the writer waits for it, as it would for a disk
        committing = asyncio.ensure_future(journal.commit())
        while not committing.done():
            turns += 1
            await asyncio.sleep(0)
        other.execute("ROLLBACK")
    assert turns > 10
    with pytest.raises(StoreError, match="its disk took more than"):
        await committing
    with pytest.raises(StoreError, match="then restart"):
        await journal.append(said(2))
    await journal.close()
    # What was late came after all, or not: both are true to what was said, for nothing was acknowledged.
    assert [entry for _, entry in read_journal(path)] in ([], [said(1)])


def test_a15_the_reserve_is_moved_once_however_often_the_move_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "j.sqlite"
    asyncio.run(write(path, 5))

    async def use_reserve() -> None:
        journal = SqliteJournal(path, ManualClock())
        await journal.append_reserved(said(100))
        await journal.append_reserved(said(101))
        await journal.close()

    asyncio.run(use_reserve())

    def killed() -> None:
        raise KeyboardInterrupt

    for _ in range(3):
        with monkeypatch.context() as patch:
            patch.setattr("genesis.adapters.journal_sqlite.reserve.Reserve.clear", lambda _: killed())
            with pytest.raises(KeyboardInterrupt):
                SqliteJournal(path, ManualClock())
    asyncio.run(SqliteJournal(path, ManualClock()).close())
    assert [entry for _, entry in read_journal(path)] == [*map(said, range(5)), said(100), said(101)]


def test_a_row_that_does_not_belong_stops_the_reader_where_it_stands(copy: Path) -> None:
    change(copy, "UPDATE entries SET payload = 'x' WHERE seq = 7")
    read: list[RecordedEntry] = []
    rows = read_journal(copy)
    with pytest.raises(DamagedRow, match="row 7"):
        read.extend(entry for _, entry in rows)
    assert len(read) == 6

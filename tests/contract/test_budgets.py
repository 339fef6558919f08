"""The contract of `Budgets`, in memory and in files: one minute for all, whoever dies, and no disk stops anyone."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.adapters.budget_files import FileBudgets
from genesis.adapters.memory.budgets import MemoryBudgets
from genesis.app.exchange_budgets import exchange_budgets
from genesis.domain.resilience import SHARES, Priority, Ration
from genesis.ports.budgets import Budgets

READS = Ration("platform_status", 30)
BUSY_S = 30.0
"""A machine that tests keep busy takes its time; what hangs is told apart where that is tested."""

Open = Callable[[], Budgets]
"""Opens the budgets as another process would."""


def file_budgets(folder: Path) -> FileBudgets:
    return FileBudgets(folder, BUSY_S, BUSY_S)


@pytest.fixture(params=["memory", "file"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    kept = MemoryBudgets()
    return (lambda: kept) if request.param == "memory" else lambda: file_budgets(tmp_path / "budgets")


def started(budgets: Budgets, now_s: float, priority: Priority = Priority.CANCEL, ration: Ration = READS) -> int:
    """Start as many as may start at this moment; return how many."""
    count = 0
    while not budgets.of(ration).start(now_s, priority):
        count += 1
    return count


def test_i35_d12_a_restart_within_the_minute_brings_no_new_budget(reopen: Open) -> None:
    assert started(reopen(), 100.0) == 30
    assert reopen().of(READS).start(130.0, Priority.CANCEL) == 30.0
    assert started(reopen(), 159.9) == 0
    assert started(reopen(), 160.0) == 30


def test_d12_what_one_program_downloads_leaves_the_cancels_of_another_their_share(reopen: Open) -> None:
    downloading, trading = reopen(), reopen()
    assert started(downloading, 0.0, Priority.HISTORY) == 15
    assert started(trading, 1.0, Priority.READ) == 22 - 15
    assert started(downloading, 1.0, Priority.HISTORY) == 0
    assert started(trading, 2.0, Priority.ORDER) == 27 - 22
    assert started(reopen(), 2.0, Priority.CANCEL) == 30 - 27


def test_d12_a_ban_that_one_sees_holds_for_all_and_is_never_shortened(reopen: Open) -> None:
    one, other = reopen(), reopen()
    assert other.of(READS).start(0.0, Priority.READ) == 0
    one.of(READS).block(1.0, 60.0)
    other.of(READS).block(2.0, 5.0)
    for priority in Priority:
        assert other.of(READS).start(11.0, priority) == 50.0
        assert reopen().of(READS).start(11.0, priority) == 50.0
    assert other.of(READS).start(61.0, Priority.READ) == 0


def test_each_ration_has_a_budget_of_its_own(reopen: Open) -> None:
    budgets = reopen()
    assert started(budgets, 0.0) == 30
    budgets.of(READS).block(0.0, 600.0)
    assert started(budgets, 0.0, ration=Ration("ticker", 90)) == 90
    assert started(reopen(), 0.0, ration=Ration("connections", 5, 16.0)) == 5
    assert reopen().of(Ration("connections", 5, 16.0)).start(1.0, Priority.CANCEL) == 15.0


ASKING = st.lists(
    st.tuples(st.integers(0, 3), st.floats(0, 30), st.sampled_from(Priority), st.booleans()), min_size=1, max_size=60
)


@pytest.mark.parametrize("kind", ["memory", "file"])
@given(limit=st.integers(1, 12), asking=ASKING)
def test_i35_no_window_sees_more_than_the_limit_whoever_asks(
    kind: str, limit: int, asking: list[tuple[int, float, Priority, bool]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, ration = tmp_path_factory.mktemp("law"), Ration("any", limit)
    kept = MemoryBudgets()
    make: Open = (lambda: kept) if kind == "memory" else lambda: file_budgets(folder)
    programs = [make() for _ in range(4)]
    now_s, starts = 1000.0, list[float]()
    for program, gap_s, priority, restarts in asking:
        now_s += gap_s
        if restarts:
            programs[program] = make()
        wait_s = programs[program].of(ration).start(now_s, priority)
        within = sum(at > now_s - 60.0 for at in starts)
        allowed = max(1, int(limit * SHARES[priority]))
        assert (wait_s == 0.0) == (within < allowed)  # neither too many, nor fewer than each may have
        if not wait_s:
            starts.append(now_s)
        else:
            until_s = now_s + wait_s - 60.0
            assert sum(at > until_s + 1e-6 for at in starts) < allowed <= sum(at > until_s - 1e-6 for at in starts)


PROGRAM = """
    import os, signal, sys, time
    from pathlib import Path
    from genesis.adapters.budget_files import FileBudgets
    from genesis.domain.resilience import Priority, Ration

    folder, is_killed = Path(sys.argv[1]), sys.argv[2] == "killed"
    budget = FileBudgets(folder, 30.0, 30.0).of(Ration("raced", 600))
    print("here", flush=True)
    sys.stdin.readline()
    count = 0
    while not budget.start(time.monotonic(), Priority.CANCEL):
        count += 1
        if is_killed and count == 20:
            break
    print(count, flush=True)
    if is_killed:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_i35_processes_that_race_share_one_budget_and_the_killed_take_theirs_along(tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM), str(tmp_path)]
    ways = ("", "killed", "", "killed")
    racing = [
        subprocess.Popen([*command, way], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for way in ways
    ]
    for each in racing:
        assert each.stdout is not None
        assert each.stdout.readline() == "here\n"
    for each in racing:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    counts = [int(each.communicate()[0]) for each in racing]
    assert [each.returncode for each in racing] == [-signal.SIGKILL if way else 0 for way in ways]
    assert sum(counts) == 600


# Where the file cannot be had


def damaged(path: Path) -> None:
    path.write_bytes(b"gbudget1" + bytes(range(200)))


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def one_bit_turned(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[60] ^= 1
    path.write_bytes(content)


def deleted(path: Path) -> None:
    path.unlink()


def a_folder_in_its_place(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_link_in_its_place(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.parent / "elsewhere")


@pytest.mark.parametrize(
    "harm", [damaged, cut_short, one_bit_turned, deleted, a_folder_in_its_place, a_link_in_its_place]
)
def test_d12_a_file_that_is_no_budget_stops_nobody_and_each_counts_its_own(
    harm: Callable[[Path], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own, other = file_budgets(tmp_path), file_budgets(tmp_path)
    for number in range(10):
        assert not own.of(READS).start(100.0 + number, Priority.CANCEL)
    harm(tmp_path / READS.name)
    assert not other.of(READS).start(115.0, Priority.CANCEL)
    assert started(own, 120.0) in (19, 20)  # what the other has counted is seen again where it could be written
    assert len(caplog.records) <= 2


def test_e16_a_disk_that_is_full_stops_nobody_and_what_was_not_written_is_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    own, other = file_budgets(tmp_path), file_budgets(tmp_path)
    assert not other.of(READS).start(99.0, Priority.CANCEL)
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        for number in range(10):
            assert not own.of(READS).start(100.0 + number, Priority.CANCEL)
        own.of(READS).block(110.0, 5.0)
    assert started(other, 111.0) == 29  # it cannot know better
    assert own.of(READS).start(112.0, Priority.CANCEL) > 3.0
    assert other.of(READS).start(112.0, Priority.CANCEL) > 3.0
    assert other.of(READS).start(168.0, Priority.CANCEL) == 1.0  # one of 109, and 29 of 111
    assert other.of(READS).start(169.0, Priority.CANCEL) == 0.0


def test_e16_a_disk_that_hangs_stops_nobody_and_what_it_missed_is_written_once_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, real = threading.Event(), os.pread

    def hang(descriptor: int, count: int, offset: int) -> bytes:
        answers.wait()
        return real(descriptor, count, offset)

    own = FileBudgets(tmp_path, BUSY_S, 0.01)
    with monkeypatch.context() as patch:
        patch.setattr(os, "pread", hang)
        for number in range(10):
            assert not own.of(READS).start(100.0 + number, Priority.CANCEL)
        own.of(READS).block(110.0, 5.0)
        assert own.of(READS).start(111.0, Priority.CANCEL) == 4.0
        answers.set()
    while not file_budgets(tmp_path).of(Ration("shared", 1)).start(112.0, Priority.CANCEL):
        pass  # the disk has not answered yet: each still counts its own
    assert own.of(READS).start(116.0, Priority.CANCEL) == 0.0
    assert started(file_budgets(tmp_path), 117.0) == 30 - 11


def test_a_folder_that_cannot_be_made_stops_nobody_and_is_named_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "budgets").write_text("in the way")
    budgets = exchange_budgets(tmp_path, "https://api.bitfinex.com/v2/")
    assert started(budgets, 5.0) == 30
    assert started(budgets, 5.0, ration=Ration("ticker", 90)) == 90
    budgets.of(READS).block(6.0, 300.0)
    assert budgets.of(READS).start(106.0, Priority.CANCEL) == 200.0
    (record,) = caplog.records
    assert "this process counts its own requests alone" in str(vars(record)["fields"])


def test_a_process_that_was_stopped_while_it_wrote_stops_nobody_else(tmp_path: Path) -> None:
    program = """
        import fcntl, os, sys
        held = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
        fcntl.flock(held, fcntl.LOCK_EX)
        print("held", flush=True)
        sys.stdin.read()
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / READS.name)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        budgets = FileBudgets(tmp_path, 0.0, BUSY_S)
        assert started(budgets, 7.0) == 30
        holder.communicate()
    assert file_budgets(tmp_path).of(READS).start(8.0, Priority.CANCEL) == 0.0, "nothing was written"
    assert budgets.of(READS).start(9.0, Priority.CANCEL) > 0.0
    assert file_budgets(tmp_path).of(READS).start(9.0, Priority.CANCEL) > 0.0, "it was written as soon as it could be"

"""E16, A16: whatever takes the threads of the event loop, what must not wait has its own; what hangs takes no other."""

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from genesis.adapters.alerts.destination import allow_list, destination
from genesis.adapters.alerts.posting import post
from genesis.adapters.audit_log.file import AuditFile
from genesis.adapters.audit_log.reading import read_entries
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.journal_sqlite.writing import SqliteJournal
from genesis.adapters.kill_latch_file import KillLatchFile
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.monitor import MemoryMonitor
from genesis.adapters.memory.session_view import MemorySessionView
from genesis.adapters.nonce_file.opening import open_nonces
from genesis.adapters.own_threads import OwnThreads
from genesis.app.operated_market import OperatorInbox
from genesis.app.session_operator import SessionOperator
from genesis.domain.events import TimePassed
from genesis.domain.units import Mts, Symbol
from genesis.ports.alerts import Undelivered
from genesis.ports.operator import Kill
from genesis.ports.secrets import Secret
from genesis.ports.session_view import Overview

CLOCK = SystemClock()


class Hanging:
    """Something slow, until it `answers`."""

    def __init__(self) -> None:
        self.answers = threading.Event()

    def wait(self) -> None:
        assert self.answers.wait(60)


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    slow = Hanging()
    yield slow
    slow.answers.set()


@pytest.fixture
async def _taken(hanging: Hanging) -> AsyncIterator[None]:
    """Let something slow have the only thread that the event loop has for everybody."""
    one_thread()
    work = asyncio.ensure_future(asyncio.to_thread(hanging.wait))
    await asyncio.sleep(0)
    yield
    hanging.answers.set()
    await work


def one_thread() -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))


def audit_of(home: Path, fsync: Callable[[int], None] = os.fsync) -> AuditFile:
    return AuditFile(
        home / "audit.log", CLOCK, MemoryMonitor(CLOCK, MemoryMetrics(), version="0", mode="paper"), fsync=fsync
    )


@pytest.mark.usefixtures("_taken")
async def test_the_journal_and_its_reserve_are_written_when_no_thread_of_the_loop_is_free(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.sqlite", CLOCK)
    async with asyncio.timeout(30):
        await journal.append(TimePassed(Mts(1)))
        await journal.commit()
        await journal.append_reserved(TimePassed(Mts(2)))
        await journal.close()


@pytest.mark.usefixtures("_taken")
async def test_numbers_are_given_when_no_thread_of_the_loop_is_free(tmp_path: Path) -> None:
    nonces = open_nonces(tmp_path, Secret("a key"), CLOCK, create=True)
    async with asyncio.timeout(30):
        above = await nonces.next()
        await nonces.bump(above + 10)
        assert await nonces.next() > above + 10
    nonces.close()


@pytest.mark.usefixtures("_taken")
async def test_e16_a_kill_sets_the_latch_when_no_thread_of_the_loop_is_free(tmp_path: Path) -> None:
    latch = KillLatchFile(tmp_path / "kill.latch")
    view = MemorySessionView(Overview(0, "paper", Symbol("tBTCUSD"), "1m", None))
    operator = SessionOperator(audit_of(tmp_path), latch, OperatorInbox(), view, CLOCK)
    async with asyncio.timeout(30):
        outcome = await operator.carry_out(Kill("get me out"), "ann")
    assert outcome.text == "killed: the session ends, and none starts until kill.reset"
    assert KillLatchFile(tmp_path / "kill.latch").reason() == "get me out"
    assert len(read_entries(tmp_path / "audit.log")) == 1


async def test_e16_an_audit_log_whose_disk_hangs_takes_no_thread_of_the_loop(tmp_path: Path, hanging: Hanging) -> None:
    one_thread()
    audit = audit_of(tmp_path, lambda _: hanging.wait())
    for _ in range(3):
        with suppress(TimeoutError):
            async with asyncio.timeout(0.01):
                await audit.append({"action": "security.refused"})
    async with asyncio.timeout(30):
        await asyncio.to_thread(lambda: None)
    hanging.answers.set()


async def test_f5_a_dead_name_server_takes_no_thread_of_the_loop(
    hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dead(*_: object, **__: object) -> None:
        hanging.wait()
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", dead)
    one_thread()
    where = destination("https://hooks.example.com/x", allow_list(["hooks.example.com"]))
    for _ in range(3):
        with pytest.raises(Undelivered, match="no answer within"):
            await post(where, "https://hooks.example.com/x", b"{}", total_s=0.01)
    async with asyncio.timeout(30):
        await asyncio.to_thread(lambda: None)
    hanging.answers.set()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nobody forks here")
def test_a_fork_has_threads_of_its_own() -> None:
    threads = OwnThreads("forked")
    assert asyncio.run(threads.run(os.getpid)) == os.getpid()
    child = os.fork()
    if child == 0:
        os._exit(0 if asyncio.run(threads.run(os.getpid)) == os.getpid() else 1)
    assert os.waitpid(child, 0)[1] == 0

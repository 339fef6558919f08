"""What an operator asks is one request of the core, and a kill waits for no disk."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from genesis.adapters.audit_log.file import AuditFile
from genesis.adapters.audit_log.reading import read_entries
from genesis.adapters.kill_latch_file import KillLatchFile
from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.kill_latch import MemoryKillLatch
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.monitor import MemoryMonitor
from genesis.adapters.memory.session_view import MemorySessionView
from genesis.app.audit import audit_log, config_authority
from genesis.app.operated_market import OperatorInbox
from genesis.app.session_operator import SessionOperator
from genesis.domain.config_history import document_hash
from genesis.domain.events import Asked, OperatorAsked
from genesis.domain.json_value import JsonObject
from genesis.domain.units import Mts, Symbol
from genesis.ports.errors import NotPossible, StoreError
from genesis.ports.kill import KillLatch
from genesis.ports.operator import ApplyConfig, CancelAll, Halt, Kill, Resume
from genesis.ports.session_view import Overview

CLOCK = ManualClock()
BTC = Symbol("tBTCUSD")


def operator_of(
    home: Path, latch: KillLatch, inbox: OperatorInbox, fsync: Callable[[int], None] = lambda _: None
) -> SessionOperator:
    monitor = MemoryMonitor(CLOCK, MemoryMetrics(), version="0", mode="paper")
    audit = AuditFile(home / "audit.log", CLOCK, monitor, fsync=fsync)
    view = MemorySessionView(Overview(0, "paper", Symbol("tBTCUSD"), "1m", None))
    return SessionOperator(audit, latch, inbox, view, CLOCK)


async def test_all_orders_are_cancelled_by_one_request_of_the_core(tmp_path: Path) -> None:
    inbox = OperatorInbox()
    inbox.open()
    asking = asyncio.ensure_future(operator_of(tmp_path, MemoryKillLatch(), inbox).carry_out(CancelAll("go"), "ann"))
    while (taken := inbox.next()) is None:
        await asyncio.to_thread(lambda: None)
    make, was_handled = taken
    assert make is not None
    assert make(Mts(1)) == OperatorAsked(Mts(1), Asked.CANCEL_ALL, "", "go")
    was_handled()
    assert (await asking).text == "done"
    assert inbox.next() is None


async def test_e16_a_kill_does_not_wait_for_a_disk_that_hangs_and_is_recorded_once_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genesis.app.session_operator.DISK_WITHIN_S", 0.05)
    answers = threading.Event()
    latch = KillLatchFile(tmp_path / "kill.latch")
    operator = operator_of(tmp_path, latch, OperatorInbox(), lambda _: wait_for(answers))
    outcome = await operator.carry_out(Kill("enough"), "ann")
    assert (outcome.audit_seq, latch.reason()) == (0, "enough")
    assert "once its disk answers" in outcome.text
    answers.set()
    while not read_entries(tmp_path / "audit.log"):
        await asyncio.to_thread(lambda: None)


async def test_a16_a_halt_waits_for_no_disk_and_says_what_is_not_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genesis.app.session_operator.DISK_WITHIN_S", 0.05)
    answers, inbox = threading.Event(), OperatorInbox()
    inbox.open()
    operator = operator_of(tmp_path, MemoryKillLatch(), inbox, lambda _: wait_for(answers))
    asking = asyncio.ensure_future(operator.carry_out(Halt("news"), "ann"))
    while (taken := inbox.next()) is None:
        await asyncio.to_thread(lambda: None)
    make, was_handled = taken
    assert make is not None
    assert make(Mts(1)) == OperatorAsked(Mts(1), Asked.HALT, "", "news")
    was_handled()
    outcome = await asking
    assert (outcome.audit_seq, outcome.text) == (0, "done; the audit log has it once its disk answers")
    answers.set()


async def test_a16_a_halt_that_cannot_be_recorded_is_done_and_a_resume_is_not(tmp_path: Path) -> None:
    (tmp_path / "audit.log").mkdir()
    inbox = OperatorInbox()
    inbox.open()
    operator = operator_of(tmp_path, MemoryKillLatch(), inbox)
    with pytest.raises(StoreError):
        await operator.carry_out(Resume("back"), "ann")
    assert inbox.next() is None
    asking = asyncio.ensure_future(operator.carry_out(Halt("news"), "ann"))
    while (taken := inbox.next()) is None:
        await asyncio.to_thread(lambda: None)
    taken[1]()
    assert "it is not in the audit log" in (await asking).text


async def test_the_audit_log_tells_which_document_was_asked_for_whether_it_was_applied_or_not(tmp_path: Path) -> None:
    monitor = MemoryMonitor(CLOCK, MemoryMetrics(), version="0", mode="paper")
    audit, view = audit_log(tmp_path, CLOCK, monitor), MemorySessionView(Overview(0, "paper", BTC, "1m", None))
    authority = config_authority(tmp_path, CLOCK, monitor, audit)
    operator = SessionOperator(audit, MemoryKillLatch(), OperatorInbox(), view, CLOCK, authority)
    wanted: JsonObject = {"dry_run": True, "max_drawdown_pct": 5}
    before = authority.current()
    await operator.carry_out(ApplyConfig("less risk", wanted, before.number, before.hash), "ann a-key")
    late: JsonObject = {"dry_run": True, "max_drawdown_pct": 7}
    with pytest.raises(NotPossible):
        await operator.carry_out(ApplyConfig("less still", late, before.number, before.hash), "ben a-key")
    entries = [each.entry for each in read_entries(tmp_path / "logs" / "config_audit.log")]
    asked = [each for each in entries if isinstance(each, dict) and each["action"] == "control.apply_config"]
    assert [each["hash"] for each in asked] == [document_hash(wanted), document_hash(late)]
    assert asked[0]["hash"] == authority.current().hash
    assert all("document" not in each for each in asked)


def wait_for(answers: threading.Event) -> None:
    assert answers.wait(60)


async def test_e16_a_session_is_killed_though_its_latch_hangs_on_its_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genesis.app.session_operator.DISK_WITHIN_S", 0.05)
    answers = threading.Event()
    monkeypatch.setattr("genesis.adapters.kill_latch_file.os.fsync", lambda _: wait_for(answers))
    latch = KillLatchFile(tmp_path / "kill.latch")
    outcome = await operator_of(tmp_path, latch, OperatorInbox()).carry_out(Kill("enough"), "ann")
    assert latch.reason() == "enough"
    assert "does not answer" in outcome.text
    answers.set()

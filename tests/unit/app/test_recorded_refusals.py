"""A command that was refused stands in the audit log as refused, so that it is not read as one that was done."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from genesis.adapters.audit_log.file import AuditFile
from genesis.adapters.audit_log.reading import read_entries
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.memory.kill_latch import MemoryKillLatch
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.monitor import MemoryMonitor
from genesis.app.recorded_refusals import RecordedRefusals
from genesis.ports.errors import NotPossible
from genesis.ports.operator import CancelAll, Halt
from tests.e2e.api_house import RecordingOperator


async def test_a_refusal_is_the_entry_after_the_command_and_a_command_that_was_done_has_none(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    monitor = MemoryMonitor(SystemClock(), MemoryMetrics(), version="0", mode="paper")
    audit = AuditFile(path, SystemClock(), monitor)
    inner = RecordingOperator(audit, MemoryKillLatch())
    operator = RecordedRefusals(inner, audit, monitor)
    await operator.carry_out(Halt("lunch"), "ann key-1")
    inner.is_refusing = True
    with pytest.raises(NotPossible):
        await operator.carry_out(CancelAll("all"), "ann key-2")
    done, asked, refused = [each.entry for each in read_entries(path)]
    assert isinstance(done, Mapping)
    assert isinstance(asked, Mapping)
    assert [done["command"], asked["command"]] == ["Halt", "CancelAll"]
    assert refused == {
        "action": "control.refused",
        "command": "control.cancel_all",
        "who": "ann",
        "key": "key-2",
        "reason": "not now",
    }

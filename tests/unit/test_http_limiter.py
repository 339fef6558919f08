"""What strangers may make of the session is bounded for all of them together, however many addresses they have."""

import json
from pathlib import Path

import pytest

from genesis.adapters.audit_log.file import AuditFile
from genesis.adapters.audit_log.reading import read_entries
from genesis.adapters.clock_system import SystemClock
from genesis.adapters.http.limiter import FAILURES_MAX, peer_of
from genesis.adapters.http.security_log import GUESSING_MAX, RECORDED_MAX, SecurityLog
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.monitor import MemoryMonitor
from genesis.domain.json_value import canonical_json


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("127.0.0.1", "127.9.8.7"),
        ("127.0.0.1", "::1"),
        ("2001:db8::1", "2001:db8::ffff:1"),
        ("::ffff:8.8.8.8", "8.8.8.8"),
    ],
)
def test_addresses_of_one_owner_are_one_peer(one: str, other: str) -> None:
    assert peer_of(one) == peer_of(other)


@pytest.mark.parametrize(("one", "other"), [("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8:0:1::1"), ("", "x")])
def test_others_are_others(one: str, other: str) -> None:
    assert peer_of(one) != peer_of(other)


@pytest.mark.parametrize("form", ["127.1.0.{}", "192.0.2.{}"])
async def test_no_number_of_addresses_fills_the_disk(tmp_path: Path, form: str) -> None:
    path = tmp_path / "audit.log"
    monitor = MemoryMonitor(SystemClock(), MemoryMetrics(), version="0", mode="paper")
    log = SecurityLog(AuditFile(path, SystemClock(), monitor, fsync=lambda _: None), monitor, SystemClock())
    for each in range(3 * GUESSING_MAX):
        for _ in range(FAILURES_MAX + 2):
            await log.failed("wrong_token", form.format(each))
    actions = [json.loads(canonical_json(each.entry))["action"] for each in read_entries(path)]
    assert 1 <= actions.count("security.guessing") <= GUESSING_MAX
    assert len(actions) <= RECORDED_MAX + GUESSING_MAX

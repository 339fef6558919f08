"""A monitor shows what it was told."""

import pytest

from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.monitor import MemoryMonitor
from genesis.domain.units import Mts


class SteppedClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.mts = 1_000
        self.seconds = 50.0

    def now(self) -> Mts:
        return Mts(self.mts)

    def now_us(self) -> int:
        return self.mts * 1_000

    def monotonic_s(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def monitor(clock: SteppedClock) -> MemoryMonitor:
    return MemoryMonitor(clock, MemoryMetrics(), version="0.1.0", mode="paper", notes_max=3)


def test_health_starts_without_an_event(monitor: MemoryMonitor) -> None:
    health = monitor.health()
    assert (health.status, health.version, health.mode) == ("starting", "0.1.0", "paper")
    assert health.last_event_mts is None


def test_uptime_is_monotonic_though_the_wall_clock_steps_back(monitor: MemoryMonitor, clock: SteppedClock) -> None:
    clock.mts -= 900
    clock.seconds += 7.5
    assert monitor.health().uptime_s == 7.5


def test_status_and_last_event_are_shown(monitor: MemoryMonitor) -> None:
    monitor.set_status("halted", "max drawdown")
    monitor.saw_event(Mts(42))
    health = monitor.health()
    assert (health.status, health.reason, health.last_event_mts) == ("halted", "max drawdown", 42)


def test_information_never_pushes_out_a_warning(monitor: MemoryMonitor) -> None:
    monitor.note("risk", "risk.refused", {"limit": "0.5"}, "warning")
    for number in range(10):
        monitor.note("market", "candle.closed", {"n": number})
    notes = monitor.dashboard().notes
    assert [note.seq for note in notes] == [1, 9, 10, 11]
    assert notes[0].name == "risk.refused"


def test_what_was_applied_is_never_pushed_out_by_what_happens_on_the_market(monitor: MemoryMonitor) -> None:
    monitor.note("config", "config.drift", {"path": "current.json"}, "error")
    monitor.note("config", "config.applied", {"version": 2})
    for number in range(10):
        monitor.note("market", "candle.closed", {"n": number})
    assert [note.name for note in monitor.dashboard().notes][:2] == ["config.drift", "config.applied"]


def test_a_note_keeps_what_its_fields_were(monitor: MemoryMonitor) -> None:
    fields = {"n": 1}
    monitor.note("system", "started", fields)
    fields["n"] = 2
    assert monitor.dashboard().notes[0].fields == {"n": 1}


def test_a_warning_that_comes_again_and_again_pushes_out_itself_alone(monitor: MemoryMonitor) -> None:
    monitor.note("order", "order.unknown", {"cid": 7}, "error")
    for number in range(10):
        monitor.note("config", "config.file_failed", {"reason": f"no room, {number} bytes left"}, "warning")
    monitor.note("order", "order.unknown", {"cid": 8}, "error")
    kept = [(note.name, note.fields) for note in monitor.dashboard().notes]
    assert kept == [
        ("order.unknown", {"cid": 7}),
        ("config.file_failed", {"reason": "no room, 9 bytes left"}),
        ("order.unknown", {"cid": 8}),
    ]

"""A running session follows the applied configuration: limits reach the core as events, from wherever they come."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.monitor import MemoryMonitor
from genesis.app.audit import applied_config, config_authority
from genesis.app.config_authority import Applied
from genesis.app.operated_market import OperatorInbox
from genesis.app.session_config import SessionConfig
from genesis.domain.events import Asked, Event, LimitsApplied, OperatorAsked
from genesis.domain.json_value import JsonObject
from genesis.domain.units import Mts, atoms

LOWER: JsonObject = {"dry_run": True, "risk": {"max_exposure": "500"}}
FIRST: JsonObject = {"name": "a", "strategy": "ema_cross", "cash": 1}
SECOND: JsonObject = {"name": "b", "strategy": "ema_cross", "cash": 1}
STRATEGIES: JsonObject = {"dry_run": True, "strategies": [FIRST, SECOND]}


class House:
    """A data directory with a session in it, whose stream takes what the inbox gives."""

    def __init__(self, home: Path) -> None:
        self.home, self.clock = home, ManualClock()
        self.monitor = MemoryMonitor(self.clock, MemoryMetrics(), version="0", mode="paper")
        self.inbox = OperatorInbox()
        self.heard: list[Event] = []

    def session(self) -> SessionConfig:
        authority = config_authority(self.home, self.clock, self.monitor)
        return SessionConfig(authority, self.inbox, self.monitor, self.clock)

    @asynccontextmanager
    async def trading(self) -> AsyncIterator[None]:
        wake = self.inbox.open()

        async def stream() -> None:
            while True:
                await wake.wait()
                wake.clear()
                while (found := self.inbox.next()) is not None:
                    make, was_handled = found
                    self.heard.append(make(Mts(1)))
                    was_handled()

        task = asyncio.create_task(stream())
        try:
            yield
        finally:
            task.cancel()
            self.inbox.close()

    async def apply_elsewhere(self, document: JsonObject) -> None:
        """Apply as a task of another process does."""
        other = config_authority(self.home, self.clock, self.monitor)
        result = await other.apply(document, other.current().number, who="task", reason="r")
        assert isinstance(result, Applied)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.chdir(tmp_path)
    return House(tmp_path / "home")


async def until(house: House, is_true: Callable[[], bool]) -> None:
    for _ in range(60):
        if is_true():
            return
        await house.clock.advance(1)
        await asyncio.to_thread(lambda: None)


async def test_i15_a_lowered_limit_reaches_the_core_once(house: House) -> None:
    session = house.session()
    async with house.trading():
        watching = asyncio.create_task(session.run())
        await house.apply_elsewhere(LOWER)
        await until(house, lambda: bool(house.heard))
        await until(house, lambda: len(house.heard) > 1)
        watching.cancel()
    (event,) = house.heard
    assert isinstance(event, LimitsApplied)
    assert event.limits.max_exposure == atoms(500)
    assert applied_config(house.home).risk.max_exposure == atoms(500)


async def test_a_strategy_is_switched_by_what_is_applied(house: House) -> None:
    await house.apply_elsewhere(STRATEGIES)
    session = house.session()
    async with house.trading():
        watching = asyncio.create_task(session.run())
        await house.apply_elsewhere({"dry_run": True, "strategies": [FIRST, {**SECOND, "enabled": False}]})
        await until(house, lambda: bool(house.heard))
        watching.cancel()
    (event,) = house.heard
    assert isinstance(event, OperatorAsked)
    assert (event.asked, event.target) == (Asked.STRATEGY_OFF, "b")


async def test_what_cannot_be_taken_is_an_alarm_and_counts_from_the_next_start(house: House) -> None:
    watching = asyncio.create_task(house.session().run())
    await house.apply_elsewhere(LOWER)
    await until(house, lambda: any(note.name == "config.not_taken" for note in house.monitor.dashboard().notes))
    watching.cancel()
    assert [note.name for note in house.monitor.dashboard().notes if note.severity == "error"] == ["config.not_taken"]
    assert applied_config(house.home).risk.max_exposure == atoms(500)

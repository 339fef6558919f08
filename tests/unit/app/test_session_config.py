"""A running session follows the applied configuration: limits reach the core as events, from wherever they come."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from filelock import FileLock

from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.monitor import MemoryMonitor
from genesis.adapters.memory.session_view import MemorySessionView
from genesis.app.audit import LOG, WITNESS, audit_log, closed_authority, config_authority
from genesis.app.config_authority import Applied
from genesis.app.config_basis import ConfigBasis, config_basis
from genesis.app.config_watch import ConfigWatch
from genesis.app.loop_pulse import LoopPulse
from genesis.app.operated_market import OperatedMarket, OperatorInbox
from genesis.app.session_config import SessionConfig
from genesis.app.session_feeding import SessionAbout, SessionFeeding
from genesis.domain.events import (
    Cancel,
    Event,
    LimitsApplied,
    LookUp,
    StrategyEnabled,
    StrategyLimitsApplied,
    TimePassed,
)
from genesis.domain.json_value import JsonObject, canonical_json
from genesis.domain.risk.gate import Approved
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.units import PPB, Mts, Ppb, Symbol, atoms
from genesis.ports.errors import InputError, StoreError
from genesis.ports.session_view import Overview

LOWER: JsonObject = {"dry_run": True, "risk": {"max_exposure": "500"}}
FIRST: JsonObject = {"name": "a", "strategy": "ema_cross", "cash": 1}
SECOND: JsonObject = {"name": "b", "strategy": "ema_cross", "cash": 1}
STRATEGIES: JsonObject = {"dry_run": True, "strategies": [FIRST, SECOND]}


class House:
    """A data directory with a session in it."""

    def __init__(self, home: Path) -> None:
        self.home, self.clock = home, ManualClock()
        self.monitor = MemoryMonitor(self.clock, MemoryMetrics(), version="0", mode="paper")
        self.inbox = OperatorInbox()

    def session(self, *strategies: str, basis: ConfigBasis | None = None) -> SessionConfig:
        basis = basis or config_basis(self.home, None)
        log = audit_log(self.home, self.clock, self.monitor)
        authority = closed_authority(self.home, self.clock, self.monitor, log)
        authority.open(basis.document, basis.version)
        self.authority = authority
        return SessionConfig(authority, strategies or ("main",), self.inbox, self.monitor, log.mark, self.clock)

    def file(self, document: JsonObject) -> Path:
        path = self.home.parent / "mine.json"
        path.write_text(canonical_json(document))
        return path

    async def apply_elsewhere(self, document: JsonObject) -> None:
        """Apply as a task of another process does."""
        other = config_authority(self.home, self.clock, self.monitor)
        result = await other.apply(document, other.current().number, who="task", reason="r")
        assert isinstance(result, Applied), result

    @property
    def log(self) -> Path:
        return self.home / LOG

    def told(self, severity: str = "error") -> list[str]:
        return [note.name for note in self.monitor.dashboard().notes if note.severity == severity]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.chdir(tmp_path)
    return House(tmp_path / "home")


async def heard(session: SessionConfig) -> Sequence[Event]:
    return [make(Mts(1)) for make in await session.news()] if session.has_news() else []


async def test_i15_a_lowered_limit_is_heard_at_the_next_look_and_once(house: House) -> None:
    session = house.session()
    assert await heard(session) == []
    await house.apply_elsewhere(LOWER)
    (event,) = await heard(session)
    assert isinstance(event, LimitsApplied)
    assert event.limits.max_exposure == atoms(500)
    assert not session.has_news()
    assert config_basis(house.home, None).config.risk.max_exposure == atoms(500)


async def test_i15_the_limits_of_strategies_are_heard_and_only_of_those_that_run(house: House) -> None:
    await house.apply_elsewhere(STRATEGIES)
    session = house.session("b")
    lower: JsonObject = {"max_drawdown_pct": 5}
    await house.apply_elsewhere({"dry_run": True, "strategies": [{**FIRST, **lower}, {**SECOND, **lower, "size": 1}]})
    limits = RiskLimits(max_drawdown=Ppb(PPB // 20))
    assert await heard(session) == [StrategyLimitsApplied(Mts(1), "b", limits)]


async def test_i15_the_guards_of_a_single_strategy_are_heard(house: House) -> None:
    session = house.session()
    await house.apply_elsewhere({"dry_run": True, "max_daily_loss": 7})
    assert await heard(session) == [StrategyLimitsApplied(Mts(1), "main", RiskLimits(max_daily_loss=atoms(7)))]


async def test_a_strategy_is_switched_by_what_is_applied(house: House) -> None:
    await house.apply_elsewhere(STRATEGIES)
    session = house.session("a", "b")
    await house.apply_elsewhere({"dry_run": True, "strategies": [FIRST, {**SECOND, "enabled": False}]})
    assert await heard(session) == [StrategyEnabled(Mts(1), "b", is_enabled=False)]


async def test_what_was_applied_between_the_plan_and_the_session_is_heard(house: House) -> None:
    basis = config_basis(house.home, None)
    await house.apply_elsewhere(LOWER)
    assert len(await heard(house.session(basis=basis))) == 1


async def test_a_session_with_a_file_of_its_own_takes_what_changes_touch(house: House) -> None:
    await house.apply_elsewhere({"dry_run": True, "risk": {"max_positions": 9}})
    own = house.file({"dry_run": False, "risk": {"max_exposure": "100"}})
    session = house.session(basis=config_basis(house.home, own))
    assert await heard(session) == []  # what was in force before is not what the session was given
    await house.apply_elsewhere({"dry_run": True, "risk": {"max_positions": 2}})
    (event,) = await heard(session)
    assert isinstance(event, LimitsApplied)
    assert (event.limits.max_exposure, event.limits.max_positions) == (atoms(100), 2)


async def test_e3_an_edit_of_the_file_that_a_session_runs_with_is_told_and_changes_nothing(house: House) -> None:
    own = house.file(LOWER)
    basis = config_basis(house.home, own)
    session = house.session(basis=basis)
    watching = asyncio.create_task(
        ConfigWatch(house.authority, house.clock, house.monitor, basis.source, basis.hash).run()
    )
    async with asyncio.timeout(60):
        await turned(house)
        assert house.told() == []
        house.file({"dry_run": False})
        await turned(house)
    watching.cancel()
    assert house.told() == ["config.drift"]
    assert await heard(session) == []


async def turned(house: House) -> None:
    """Let a watch look twice, however long its threads take."""
    for _ in range(2):
        await house.clock.advance(1)
        while house.clock.next_wake_s() is None:
            await asyncio.to_thread(lambda: None)


async def test_a_log_that_cannot_be_read_is_told_once_and_what_is_known_stays(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = house.session()

    async def fails() -> None:
        raise StoreError("the disk is gone")

    await house.apply_elsewhere(LOWER)
    with monkeypatch.context() as broken:
        broken.setattr(house.authority, "refresh", fails)
        assert [await session.news(), await session.news()] == [[], []]
    assert house.told() == ["config.unreadable"]


async def test_a_file_with_problems_begins_nothing(house: House) -> None:
    with pytest.raises(InputError, match="dry_run"):
        config_basis(house.home, house.file({}))


class OneEvent:
    """A market with one event, which comes when it is let."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    async def events(self) -> AsyncIterator[Event]:
        await self.go_on.wait()
        yield TimePassed(Mts(5))

    def request_quote(self, symbol: Symbol, orders: int) -> None:
        del symbol, orders

    def submit(self, order: Approved) -> None:
        del order

    def cancel(self, cancel: Cancel) -> None:
        del cancel

    def look_up(self, wanted: LookUp) -> None:
        del wanted

    def wake_at(self, mts: Mts) -> None:
        del mts


def operated(house: House, market: OneEvent) -> AsyncIterator[Event]:
    about = SessionAbout("paper", Symbol("tBTCUSD"), "1m", {}, {})
    view = MemorySessionView(Overview(0, "paper", Symbol("tBTCUSD"), "1m", None))
    return OperatedMarket(
        market, house.inbox, SessionFeeding(view, about, house.clock), LoopPulse(house.clock), house.session()
    ).events()


async def test_i15_what_is_durable_counts_before_the_next_event_of_the_market(house: House) -> None:
    market = OneEvent()
    stream = operated(house, market)
    coming = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    await house.apply_elsewhere(LOWER)
    market.go_on.set()
    assert isinstance(await coming, LimitsApplied)
    assert [event async for event in stream] == [TimePassed(Mts(5))]


async def test_i15_a_lowered_limit_counts_while_another_process_holds_the_audit_lock(house: House) -> None:
    market = OneEvent()
    stream = operated(house, market)
    await house.apply_elsewhere(LOWER)
    market.go_on.set()
    with FileLock(f"{house.log}.lock"):  # as a task that was stopped in the middle, and lives on
        assert isinstance(await anext(stream), LimitsApplied)
        assert [event async for event in stream] == [TimePassed(Mts(5))]
    assert house.told() == []


async def test_i15_a_line_that_is_not_durable_yet_does_not_count_and_is_not_forgotten(house: House) -> None:
    session = house.session()
    await house.apply_elsewhere({"dry_run": True, "risk": {"max_exposure": "900"}})
    assert len(await heard(session)) == 1
    witness = house.home / WITNESS
    before = witness.read_bytes()
    await house.apply_elsewhere(LOWER)
    after = witness.read_bytes()
    witness.write_bytes(before)  # the writer has written its line, and not come back from the disk
    with FileLock(f"{house.log}.lock"):
        assert await heard(session) == []
        assert await heard(session) == []
    witness.write_bytes(after)
    assert isinstance((await heard(session))[0], LimitsApplied)
    assert house.told() == []


async def test_a_disk_that_hangs_does_not_hold_the_market_up(house: House) -> None:
    market = OneEvent()
    stream = operated(house, market)
    await house.apply_elsewhere(LOWER)
    kept = house.log.with_name("kept")
    house.log.rename(kept)
    os.mkfifo(house.log)  # opening it waits until somebody writes: what a network disk does that is gone
    market.go_on.set()
    assert await anext(stream) == TimePassed(Mts(5))
    writer = await asyncio.to_thread(os.open, house.log, os.O_WRONLY)
    kept.rename(house.log)
    os.close(writer)
    assert [event async for event in stream] == []


async def test_i15_who_waits_for_the_session_knows_that_it_has_the_limit(house: House) -> None:
    stream = operated(house, OneEvent())
    coming = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    await house.apply_elsewhere(LOWER)
    settled = asyncio.ensure_future(house.inbox.settle())
    assert isinstance(await coming, LimitsApplied)
    assert not settled.done()
    following = asyncio.ensure_future(anext(stream))
    assert await settled
    following.cancel()


async def test_what_the_watch_finds_wakes_a_quiet_session(house: House) -> None:
    stream = operated(house, OneEvent())
    coming = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    await house.apply_elsewhere(LOWER)
    await house.authority.refresh()
    assert isinstance(await coming, LimitsApplied)

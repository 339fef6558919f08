"""A session whose trading loop stands still says so, for the thread that serves HTTP lives on."""

import asyncio
import sqlite3
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from genesis.adapters.journal_sqlite.writing import SqliteJournal
from genesis.adapters.memory.candle_market import CandleMarket
from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.kill_latch import MemoryKillLatch
from genesis.adapters.memory.session_view import MemorySessionView
from genesis.app.backtest import RunObserver
from genesis.app.config_basis import config_basis
from genesis.app.loop_pulse import STALLED_S, LoopPulse
from genesis.app.operated_market import OperatedMarket, OperatorInbox
from genesis.app.session_feeding import SessionAbout, SessionFeeding, empty_overview
from genesis.app.trade import Recording, trade_recorded
from genesis.app.wiring import SessionSystem, build_session
from genesis.domain.candle import Candle
from genesis.domain.core import one_desk
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.instrument import spot_instrument
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.statistics.record import Recorder
from genesis.domain.strategy.features import volume
from genesis.domain.units import Mts, Symbol, atoms

ABOUT = SessionAbout("paper", Symbol("tBTCUSD"), "1m", {}, {})
SETTINGS = DeskSettings(spot_instrument(Symbol("tBTCUSD")), volume)


def asked(url: str) -> tuple[int, dict[str, Any]]:
    """Return what /health answers; this holds up whoever calls, as anything does that does not await."""
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=20) as response:
            return response.status, msgspec.json.decode(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, msgspec.json.decode(error.read())


def page(url: str) -> str:
    """Return what /metrics answers, and hold up as `asked` does."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=20) as response:
        text: bytes = response.read()
        return text.decode()


@asynccontextmanager
async def session(home: Path) -> AsyncIterator[SessionSystem]:
    """Serve a session whose loop is the caller's."""
    system = build_session(SETTINGS.instrument, atoms(1), ABOUT, home, "127.0.0.1", 0, config_basis(home, None))
    system.server.bind()
    async with asyncio.TaskGroup() as tasks:
        parts = [tasks.create_task(part.run()) for part in (system.server, system.watching)]
        await asyncio.sleep(0)
        yield system
        for part in parts:
            part.cancel()


async def test_health_is_503_while_the_loop_is_held_up_and_200_when_it_turns_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genesis.app.loop_pulse.STALLED_S", 0.05)
    async with session(tmp_path) as system:
        status, body = asked(system.server.url)
        while status == 200:  # this is the trading loop, and it is here all the time
            status, body = asked(system.server.url)
        assert (status, body["status"]) == (503, "stalled")
        assert 'genesis_status{status="stalled"} 1.0' in page(system.server.url)
        status, body = await asyncio.to_thread(asked, system.server.url)
        while status != 200:
            status, body = await asyncio.to_thread(asked, system.server.url)
        assert body["status"] == "starting"


async def candles() -> AsyncIterator[list[Candle]]:
    yield [Candle(Mts(60_000 * at), 100.0, 102.0, 99.0, 101.0, 1.0) for at in range(3)]


async def test_a_session_whose_disk_does_not_come_back_stands_still_though_its_loop_turns(tmp_path: Path) -> None:
    clock, path = ManualClock(), tmp_path / "journal" / "1.sqlite"
    pulse, journal = LoopPulse(clock), SqliteJournal(path, clock)
    feeding = SessionFeeding(MemorySessionView(empty_overview(ABOUT)), ABOUT, clock)
    market = OperatedMarket(CandleMarket(SETTINGS.instrument, Costs(), candles()), OperatorInbox(), feeding, pulse)
    core = one_desk(SETTINGS, atoms(10_000))
    feeding.begin(core)
    observer = RunObserver(Recorder(SETTINGS.instrument, atoms(10_000), None))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # no commit of the journal ends until this does
    trading = asyncio.ensure_future(trade_recorded(core, market, observer, Recording(journal, MemoryKillLatch())))
    pulse.beat()
    while pulse.at_event_since_s is None:
        await asyncio.to_thread(lambda: None)
    clock.move(STALLED_S)
    pulse.beat()
    assert pulse.stalled_s() == STALLED_S
    other.execute("ROLLBACK")
    other.close()
    await trading
    assert pulse.stalled_s() == 0.0
    await journal.close()

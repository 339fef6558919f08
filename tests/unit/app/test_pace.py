"""The pace of a paper session, on a clock that the test moves."""

import asyncio
from decimal import Decimal

import pytest

from genesis.adapters.memory.clock import ManualClock
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.adapters.memory.monitor import MemoryMonitor
from genesis.app.backtest import Terms
from genesis.app.paper import Pace, paced, run_paper
from genesis.app.session_observer import SessionObserver
from genesis.domain.candle import Candle, Candles
from genesis.domain.core import one_desk
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.instrument import spot_instrument
from genesis.domain.simulation.market_orders import costs_from_bps
from genesis.domain.statistics.record import Recorder
from genesis.domain.strategy.shipped import ema_cross
from genesis.domain.units import Mts, Symbol, atoms
from genesis.ports.errors import StoreError

CORE = DeskSettings(spot_instrument(Symbol("tBTCUSD")), ema_cross.build())
TERMS = Terms(CORE, costs_from_bps(Decimal(20), Decimal(1)), atoms(10_000))


def observer() -> SessionObserver:
    metrics = MemoryMetrics()
    monitor = MemoryMonitor(ManualClock(), metrics, version="0", mode="paper")
    return SessionObserver(Recorder(CORE.instrument, TERMS.cash), metrics, monitor)


def _candles(*minutes: int) -> Candles:
    return Candles.from_rows(Candle(Mts(60_000 * minute), 1.0, 1.0, 1.0, 1.0, 1.0) for minute in minutes)


async def test_candles_come_when_market_time_has_reached_them_and_gaps_last() -> None:
    clock = ManualClock()
    arrivals: list[tuple[float, int]] = []

    async def listen() -> None:
        async for batch in paced(_candles(1, 2, 5), Pace(60.0), clock):
            arrivals.extend((clock.monotonic_s(), candle.mts // 60_000) for candle in batch)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(listen())
        await clock.advance(10.0)
    assert arrivals == [(0.0, 1), (1.0, 2), (4.0, 5)]


async def test_full_speed_hands_on_all_candles_and_lets_others_run() -> None:
    clock = ManualClock()
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await clock.sleep(0)

    beside = asyncio.ensure_future(others())
    batches = [batch async for batch in paced(_candles(*range(1, 2502)), Pace(None), clock)]
    beside.cancel()
    assert [len(batch) for batch in batches] == [1000, 1000, 501]
    assert turns >= 2


async def test_the_failure_of_any_part_ends_the_session() -> None:
    class Broken:
        async def run(self) -> None:
            raise StoreError("the disk is gone")

    with pytest.raises(ExceptionGroup) as caught:
        await run_paper(
            one_desk(TERMS.desk, TERMS.cash), TERMS, _candles(1, 2), Pace(1.0), ManualClock(), observer(), [Broken()]
        )
    assert caught.group_contains(StoreError)


async def test_what_runs_beside_a_session_ends_with_it() -> None:
    ended: list[bool] = []

    class Beside:
        async def run(self) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(True)

    core = one_desk(TERMS.desk, TERMS.cash)
    await run_paper(core, TERMS, _candles(1, 2), Pace(None), ManualClock(), observer(), [Beside()])
    assert core.equity == TERMS.cash
    assert ended == [True]

"""A backtest over the wire: the same candles in lock-step, through sockets and the matching engine, decide the same."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve

from genesis.adapters.clock_system import SystemClock
from genesis.adapters.memory.candles import MemoryCandles
from genesis.adapters.memory.metrics import MemoryMetrics
from genesis.app.backtest import RunObserver, Terms, run_event
from genesis.app.market_data import Wanted, market_data
from genesis.app.paper import Pace
from genesis.app.paper_wire import WireHouse, trade_over_wire, wired_market
from genesis.domain.candle import Candles, Timeframe, resample
from genesis.domain.core import CoreSettings, TradingCore
from genesis.domain.instrument import spot_instrument
from genesis.domain.ledger import Ledger
from genesis.domain.link import LinkState
from genesis.domain.order import Cid
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.simulation.market_orders import costs_from_bps
from genesis.domain.simulation.synthetic import synthetic_candles
from genesis.domain.statistics.record import Record, Recorder, decision_hash
from genesis.domain.strategy.shipped import SHIPPED
from genesis.domain.units import PPB, Ppb, Symbol, atoms

REAL = Path(__file__).parents[3] / "shared" / "data" / "tETHUSD-1m-2018.csv.gz"


class Listener:
    """Notes what the connections did."""

    def __init__(self) -> None:
        self.links: list[LinkState] = []
        self.round_trips: list[float] = []

    def link(self, state: LinkState) -> None:
        self.links.append(state)

    def round_trip(self, seconds: float) -> None:
        self.round_trips.append(seconds)


def over_the_wire(terms: Terms, candles: Candles, timeframe: Timeframe, listener: Listener) -> Record:
    async def run() -> Record:
        recorder = Recorder(terms.core.instrument, terms.cash, None)
        core = TradingCore(terms.core, Ledger(terms.cash))
        house = WireHouse(SystemClock(), MemoryMetrics(), listener)
        async with wired_market(terms, candles, timeframe, Pace(None), house) as wired:
            await trade_over_wire(core, wired, RunObserver(recorder))
        return recorder.finish(core.ledger.cash, core.ledger.position(terms.core.instrument.symbol), core.refusals)

    return asyncio.run(run())


def terms_of(
    strategy: str, *, symbol: str = "tBTCUSD", slippage_bps: str = "1", limits: RiskLimits | None = None
) -> Terms:
    expression = SHIPPED[strategy].build()
    settings = CoreSettings(spot_instrument(Symbol(symbol)), expression, 1.0, limits or RiskLimits())
    return Terms(settings, costs_from_bps(Decimal(20), Decimal(slippage_bps)), atoms(10_000))


def without_ids(record: Record) -> Record:
    """The client order ids come from a store over the wire, and are counted in a backtest."""
    return evolve(record, fills=tuple(fill._replace(cid=Cid(0)) for fill in record.fills))


def assert_parity(terms: Terms, candles: Candles, timeframe: Timeframe = Timeframe.M1) -> Record:
    listener = Listener()
    wired, backtest = over_the_wire(terms, candles, timeframe, listener), run_event(terms, candles).record
    assert decision_hash(wired) == decision_hash(backtest)
    assert without_ids(wired) == without_ids(backtest)
    assert len(listener.round_trips) == len(backtest.fills)
    assert {state.link.value for state in listener.links} == {"open"}
    return wired


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("strategy", SHIPPED)
def test_lock_step_over_the_wire_makes_the_decisions_of_the_backtest(seed: int, strategy: str) -> None:
    assert assert_parity(terms_of(strategy), synthetic_candles(seed, 0.5)).fills


def test_guards_slippage_and_coarser_candles_keep_the_parity() -> None:
    hours = resample(synthetic_candles(4, 10), Timeframe.H1)
    limits = RiskLimits(Ppb(PPB // 2), Ppb(PPB // 100), atoms(50))
    record = assert_parity(terms_of("ema_cross", slippage_bps="37.123", limits=limits), hours, Timeframe.H1)
    assert record.fills
    assert record.alerts


@pytest.mark.skipif(not REAL.exists(), reason="the real candles are not beside the checkout")
def test_real_candles_with_their_gaps_keep_the_parity() -> None:
    candles = market_data([str(REAL)], Wanted(), MemoryCandles()).candles
    assert assert_parity(terms_of("rsi_reversion", symbol="tETHUSD"), candles[:600]).fills


def test_without_slippage_the_book_still_has_its_smallest_spread() -> None:
    terms, candles = terms_of("rsi_reversion", slippage_bps="0"), synthetic_candles(1, 0.3)
    wired, backtest = over_the_wire(terms, candles, Timeframe.M1, Listener()), run_event(terms, candles).record
    away = [
        (there.price - here.price) * here.side.sign for there, here in zip(wired.fills, backtest.fills, strict=True)
    ]
    assert set(away) == {1}

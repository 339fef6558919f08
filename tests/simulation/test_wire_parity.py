"""A backtest over the wire: the same candles in lock-step, through sockets and the matching engine, decide the same."""

from pathlib import Path

import pytest
from attrs import evolve

from genesis.adapters.memory.candles import MemoryCandles
from genesis.app.backtest import Terms, run_event
from genesis.app.market_data import Wanted, market_data
from genesis.app.paper_venue import paper_venue
from genesis.domain.candle import DAY_MS, Candle, Candles, Timeframe, resample
from genesis.domain.order import Cid
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.simulation.synthetic import synthetic_candles
from genesis.domain.statistics.record import Record, decision_hash
from genesis.domain.strategy.shipped import SHIPPED
from genesis.domain.units import PPB, Mts, Ppb, atoms
from genesis.ports.errors import InputError
from tests.simulation.wire_house import Listener, over_the_wire, terms_of

REAL = Path(__file__).parents[3] / "shared" / "data" / "tETHUSD-1m-2018.csv.gz"


def without_ids(record: Record) -> Record:
    """The client order ids come from a store over the wire, and are counted in a backtest."""
    return evolve(record, fills=tuple(fill._replace(cid=Cid(0)) for fill in record.fills))


def assert_parity(terms: Terms, candles: Candles, timeframe: Timeframe = Timeframe.M1) -> Record:
    listener = Listener()
    wired, backtest = over_the_wire(terms, candles, listener, timeframe), run_event(terms, candles).record
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
    wired, backtest = over_the_wire(terms, candles, Listener()), run_event(terms, candles).record
    away = [
        (there.price - here.price) * here.side.sign for there, here in zip(wired.fills, backtest.fills, strict=True)
    ]
    assert set(away) == {1}


def test_weeks_that_begin_on_another_day_are_refused_before_anything_runs() -> None:
    weeks = Candles.from_rows(Candle(Mts(7 * DAY_MS * at), 1.0, 1.0, 1.0, 1.0, 1.0) for at in range(1, 4))
    with pytest.raises(InputError, match="--over memory"):
        paper_venue(terms_of("ema_cross"), weeks, Timeframe.W1)

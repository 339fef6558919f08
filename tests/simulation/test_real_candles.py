"""Both engines on all the real candles there are: the same decisions, and the same equity at every close."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from genesis.adapters.memory.candles import MemoryCandles
from genesis.app.backtest import Terms, run_columnar, run_event
from genesis.app.market_data import Wanted, market_data
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.instrument import spot_instrument
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.simulation.market_orders import costs_from_bps
from genesis.domain.simulation.synthetic import synthetic_candles
from genesis.domain.statistics.record import decision_hash
from genesis.domain.statistics.summary import summarise
from genesis.domain.strategy.shipped import SHIPPED
from genesis.domain.units import PPB, Atoms, Ppb, Symbol, atoms

SHARED = Path(__file__).parents[3] / "shared" / "data"
SERIES = sorted(SHARED.glob("*.csv.gz"))
COSTS = costs_from_bps(Decimal(20), Decimal(1))


def assert_engines_agree(terms: Terms, name: str) -> None:
    candles = market_data([name], Wanted(), MemoryCandles()).candles
    by_columns, by_events = run_columnar(terms, candles), run_event(terms, candles)
    assert decision_hash(by_columns.record) == decision_hash(by_events.record)
    assert np.array_equal(by_columns.equity, by_events.equity)
    assert summarise(by_columns.record) == summarise(by_events.record)
    assert len(by_columns.record.fills) > 10


@pytest.mark.slow
@pytest.mark.skipif(not SERIES, reason="the real candles are not beside the checkout")
@pytest.mark.parametrize("path", SERIES, ids=lambda path: path.name)
def test_engines_agree_at_every_close_of_real_candles(path: Path) -> None:
    symbol = Symbol(path.name.split("-")[0])
    limits = RiskLimits(Ppb(PPB // 2), Ppb(PPB * 9 // 10), Atoms(atoms(5000)))
    core = DeskSettings(spot_instrument(symbol), SHIPPED["ema_cross"].build(), 0.05, limits)
    assert_engines_agree(Terms(core, COSTS, atoms(10_000)), str(path))


@pytest.mark.parametrize("strategy", SHIPPED)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_engines_agree_on_synthetic_markets(strategy: str, seed: int) -> None:
    core = DeskSettings(spot_instrument(Symbol("tBTCUSD")), SHIPPED[strategy].build())
    assert len(synthetic_candles(seed, 3)) > 1000
    assert_engines_agree(Terms(core, COSTS, atoms(10_000)), f"synthetic:{seed}:3")

"""Runs on made candles, for whoever tests a report."""

import numpy as np

from genesis.app.backtest import Engine, Terms, run_columnar
from genesis.app.backtest_result import BacktestResult, DataDescription
from genesis.domain.candle import Candles, Timeframe, rows_sha256
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.instrument import spot_instrument
from genesis.domain.risk.guards import RiskLimits
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.shipped import ema_cross
from genesis.domain.units import Ppb, Symbol, atoms

START = 1_483_228_800_000  # 2017-01-01
HOUR_MS = 3_600_000


def wavy_candles(count: int, seed: int = 1, step_ms: int = HOUR_MS) -> Candles:
    """Return candles of a random walk on a wave, with a gap in the middle; prices have two decimals."""
    generator = np.random.default_rng(seed)
    drift = np.sin(np.arange(count + 1) / 12.0) * 0.006 + generator.normal(0.0, 0.006, count + 1)
    prices = np.round(1000.0 * np.exp(np.cumsum(drift)), 2)
    opens, closes = prices[:-1], prices[1:]
    mts = START + step_ms * (np.arange(count) + 3 * (np.arange(count) > count // 2))
    return Candles(
        mts,
        opens,
        np.round(np.maximum(opens, closes) * 1.002, 2),
        np.round(np.minimum(opens, closes) * 0.998, 2),
        closes,
        np.round(generator.uniform(0.1, 9.0, count), 4),
    )


def terms_of(
    strategy: Expr | None = None,
    costs: Costs | None = None,
    limits: RiskLimits | None = None,
    amount_min: str = "0.0001",
) -> Terms:
    """Return the terms of a run with 10 000 USD."""
    instrument = spot_instrument(Symbol("tBTCUSD"), atoms(amount_min))
    expression = ema_cross.build() if strategy is None else strategy
    settings = DeskSettings(instrument, expression, 1.0, limits or RiskLimits())
    return Terms(settings, costs or Costs(), atoms(10_000))


def result_of(
    terms: Terms,
    candles: Candles,
    *,
    strategy: str = "ema_cross",
    files: tuple[str, ...] = ("wave.csv",),
    is_synthetic: bool = False,
) -> BacktestResult:
    """Return the result of a columnar run on hourly candles."""
    gaps = candles.gaps(Timeframe.H1)
    data = DataDescription(
        symbol="tBTCUSD",
        timeframe="1h",
        files=files,
        rows=len(candles),
        first_mts=int(candles.mts[0]) if len(candles) else None,
        last_mts=int(candles.mts[-1]) if len(candles) else None,
        gaps=len(gaps),
        missing=sum(gap.missing for gap in gaps),
        sha256=rows_sha256(candles),
        is_synthetic=is_synthetic,
        notes=(),
    )
    params = {"fast": 12, "slow": 26}
    return BacktestResult(strategy, params, data, terms, Engine.COLUMNAR.value, run_columnar(terms, candles), 0.25)


TIGHT = RiskLimits(max_drawdown=Ppb(50_000_000))
"""A guard that any run breaches: 5 %."""

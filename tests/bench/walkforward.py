"""Walk-forward over a million one-minute candles: 20 windows of 200 combinations, rolling and anchored, two threads."""

from collections.abc import Mapping
from time import perf_counter, process_time
from typing import Final

import numpy as np
from attrs import evolve

from genesis.app.backtest import Terms
from genesis.app.backtest_result import DataDescription
from genesis.app.research import terms_of_options
from genesis.app.research_options import AccountOptions
from genesis.app.strategies import StrategyOrigin
from genesis.app.sweep import SweepPlan
from genesis.app.walkforward import walk_forward
from genesis.domain.candle import DAY_MS, Candles
from genesis.domain.statistics.walk_forward import Schedule, windows_of
from genesis.domain.strategy.shipped import ema_cross
from genesis.domain.strategy.space import space_of
from genesis.domain.units import Symbol
from tests.bench._turns import report
from tests.bench.backtest import million

WINDOWS: Final = 20
COMBINATIONS: Final = {"fast": "5:24", "slow": "50:140:10"}
TRAIN_DAYS: Final = 200


def plan_of(candles: Candles) -> SweepPlan:
    """Return the plan of 200 combinations."""
    terms: Terms = terms_of_options(Symbol("tBTCUSD"), ema_cross.build(), AccountOptions())
    space = space_of(ema_cross, COMBINATIONS)
    data = DataDescription("tBTCUSD", "1m", (), len(candles), None, None, 0, 0, "", False, ())
    return SweepPlan(ema_cross, StrategyOrigin("ema_cross"), space, (), space.whole(), terms, data)


def measure() -> Mapping[str, Mapping[str, object]]:
    """Return the figures."""
    candles, market = million()
    # A candle every minute, so that a million of them are as many days anywhere.
    candles = evolve(candles, mts=np.arange(len(candles), dtype=np.int64) * 60_000 + 1_483_228_800_000)
    days = len(candles) // 1440
    plan = plan_of(candles)
    figures: dict[str, dict[str, object]] = {"market": {"candles": len(candles), "of": market}}
    for name, is_anchored in (("rolling", False), ("anchored", True)):
        test_days = (days - TRAIN_DAYS) // WINDOWS
        schedule = Schedule(TRAIN_DAYS * DAY_MS, test_days * DAY_MS, DAY_MS, 0, is_anchored)
        windows = windows_of(int(candles.mts[0]), int(candles.mts[-1]), schedule)[:WINDOWS]
        begin, cpu = perf_counter(), process_time()
        found = walk_forward(plan, candles, windows, "sharpe", 2, lambda _done, _total: None)
        figures[name] = {
            "windows": len(found.judged),
            "combinations": found.trials,
            "s": round(perf_counter() - begin, 2),
            "cpu_s": round(process_time() - cpu, 2),
        }
    return figures


def main() -> None:
    """Print the figures."""
    report("walkforward", measure)


if __name__ == "__main__":
    main()

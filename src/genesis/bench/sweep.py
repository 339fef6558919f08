"""Backtests a second of a sweep: 500 EMA crosses over 100 000 candles, from parameters to the figures of every run.

Run as `python -m genesis.bench.sweep`. One JSON line a round. A synthetic market; the share of the machine that other
work takes shows as CPU seconds that are less than workers × wall seconds.
"""

import argparse
import json
import sys
from itertools import product
from statistics import median
from time import perf_counter, process_time
from typing import Final

from genesis.app.backtest import Terms
from genesis.app.sweeper import Sweeper
from genesis.domain.candle import Candles
from genesis.domain.core import CoreSettings
from genesis.domain.instrument import spot_instrument
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.simulation.synthetic import synthetic_candles
from genesis.domain.statistics.sweep_figures import sweep_figures
from genesis.domain.strategy.shipped import ema_cross
from genesis.domain.units import Symbol, atoms

COMBINATIONS: Final = tuple(product(range(5, 25), range(30, 155, 5)))


def once(candles: Candles, workers: int) -> tuple[float, float, int]:
    """Return wall seconds, CPU seconds and all fills of one sweep."""
    terms = Terms(CoreSettings(spot_instrument(Symbol("tBTCUSD")), ema_cross.build()), Costs(), atoms(1_000_000))
    wall, cpu = perf_counter(), process_time()
    with Sweeper(candles, terms, workers) as sweeper:
        outcomes = sweeper.run(ema_cross.express({"fast": fast, "slow": slow}) for fast, slow in COMBINATIONS)
        assert outcomes is not None
        figures = sweep_figures(outcomes, terms.cash, len(candles))
    return perf_counter() - wall, process_time() - cpu, int(figures["fills"].sum())


def main() -> None:
    """Measure, and print one JSON line a round and one of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candles", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    candles = synthetic_candles(1, options.candles / 1_250)[: options.candles]
    once(candles, options.workers)
    rates = []
    for _ in range(options.rounds):
        wall, cpu, fills = once(candles, options.workers)
        rates.append(len(COMBINATIONS) / wall)
        row = {"bench": "sweep", "runs": len(COMBINATIONS), "candles": len(candles), "fills": fills}
        line = {**row, "wall_s": round(wall, 4), "cpu_s": round(cpu, 4), "backtests_s": round(rates[-1])}
        sys.stdout.write(json.dumps(line) + "\n")
    figures = {"median": round(median(rates)), "most": round(max(rates)), "unit": "backtests/s"}
    sys.stdout.write(json.dumps({"bench": "sweep", "workers": options.workers, **figures}) + "\n")


if __name__ == "__main__":
    main()

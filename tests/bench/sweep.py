"""Backtests a second of a sweep: 500 EMA crosses over 100 000 candles, from parameters to the figures of every run.

CPU microseconds a run stand beside the rate: on a machine that does other work the rate says little. With one thread
and with two, in turns, over a synthetic market.
"""

from collections.abc import Callable
from functools import partial
from itertools import product
from statistics import median
from time import process_time
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
from tests.bench._turns import in_turn, report

COMBINATIONS: Final = tuple(product(range(5, 25), range(30, 155, 5)))
CANDLES: Final = 100_000
ROUNDS: Final = 9


def once(candles: Candles, workers: int, cpu_s: list[float]) -> None:
    """Make one sweep, and note the CPU seconds that it took."""
    terms = Terms(CoreSettings(spot_instrument(Symbol("tBTCUSD")), ema_cross.build()), Costs(), atoms(1_000_000))
    begin = process_time()
    with Sweeper(candles, terms, workers) as sweeper:
        outcomes = sweeper.run(ema_cross.express({"fast": fast, "slow": slow}) for fast, slow in COMBINATIONS)
        assert outcomes is not None
        sweep_figures(outcomes, terms.cash, len(candles))
    cpu_s.append(process_time() - begin)


def main() -> None:
    """Print the figures."""
    candles = synthetic_candles(1, CANDLES / 1_250)[:CANDLES]
    cpu_s: dict[str, list[float]] = {"1 thread": [], "2 threads": []}
    cases: dict[str, Callable[[], object]] = {
        name: partial(once, candles, workers, cpu_s[name]) for workers, name in enumerate(cpu_s, 1)
    }
    figures: dict[str, dict[str, object]] = {}
    for name, seconds in in_turn(cases, ROUNDS).items():
        rates = [len(COMBINATIONS) / each for each in seconds]
        micros = median(cpu_s[name][1:]) / len(COMBINATIONS) * 1e6
        figures[name] = {
            "median_backtests_s": round(median(rates)),
            "most_backtests_s": round(max(rates)),
            "cpu_us_a_run": round(micros, 1),
        }
    report("sweep", figures)


if __name__ == "__main__":
    main()

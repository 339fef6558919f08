"""Backtests a second of a sweep: 500 EMA crosses over 100 000 candles, from parameters to the figures of every run.

With one thread, with two, and by vectorbt where it is installed (on a fifth of the combinations, for it takes its
time), in turns over a synthetic market. CPU microseconds a run stand beside the rate: on a machine that does other work
the rate says little. Sampled runs are held against the event engine, and a sweep of 100 000 runs against its ceiling of
memory, in a process of its own and down to the Parquet files.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Final

from genesis.app.backtest import Terms, run_event
from genesis.app.sweep import with_expression
from genesis.app.sweeper import Sweeper
from genesis.domain.candle import Candles
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.instrument import spot_instrument
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.simulation.sweep import Outcomes
from genesis.domain.simulation.synthetic import synthetic_candles
from genesis.domain.statistics.sweep_figures import sweep_figures
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.shipped import ema_cross
from genesis.domain.units import Symbol, atoms
from tests.bench._peers import COMBINATIONS, FEW, peer
from tests.bench._turns import in_turn, report

SAMPLED: Final = (0, 137, 499)
CANDLES: Final = 100_000
ROUNDS: Final = 7
TERMS: Final = Terms(DeskSettings(spot_instrument(Symbol("tBTCUSD")), ema_cross.build()), Costs(), atoms(1_000_000))
LARGE: Final = ("--param", "fast=2:250", "--param", "slow=251:652", "--workers", "2", "--json")

Figures = dict[str, object]


def crossing(fast: int, slow: int) -> Expr:
    """Return the expression of one combination."""
    return ema_cross.express({"fast": fast, "slow": slow})


def once(candles: Candles, workers: int, cpu_s: list[float]) -> Outcomes:
    """Make one sweep, and note the CPU seconds that it took."""
    begin = process_time()
    with Sweeper(candles, TERMS, workers) as sweeper:
        outcomes = sweeper.run(crossing(*each) for each in COMBINATIONS)
        assert outcomes is not None
        sweep_figures(outcomes, TERMS.cash, len(candles))
    cpu_s.append(process_time() - begin)
    return outcomes


def rates(seconds: list[float], runs: int) -> Figures:
    """Return the median and the most runs a second."""
    every = [runs / each for each in seconds]
    return {"median_backtests_s": round(median(every), 1), "most_backtests_s": round(max(every), 1)}


def equal_to_events(candles: Candles, outcomes: Outcomes) -> Figures:
    """Run some combinations by the event engine, and return whether fills and final equity are the same."""
    same = 0
    for at in SAMPLED:
        record = run_event(with_expression(TERMS, crossing(*COMBINATIONS[at])), candles).record
        same += record.final_equity == outcomes.final_equity[at] and len(record.fills) == outcomes.fills[at]
    return {"sampled": len(SAMPLED), "equal": int(same)}


def large_sweep(folder: Path) -> Figures:
    """Run `sweep` with 100 000 combinations in a fresh process; return its rate and its peak memory."""
    program = (
        "import atexit, sys\n"
        "from genesis.app.cli import main\n"
        "def peak():\n"
        "    line = next(line for line in open('/proc/self/status') if line.startswith('VmHWM'))\n"
        "    print(line.split()[1], file=sys.stderr)\n"
        "atexit.register(peak)\n"
        "main()\n"
    )
    words = ("sweep", f"synthetic:1:{CANDLES // 1440}", *LARGE)
    begin = perf_counter()
    environment = {**os.environ, "GENESIS_HOME": str(folder)}
    command = [sys.executable, "-c", program, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    runs = json.loads(done.stdout)["runs"]
    rate, peak_kib = runs / (perf_counter() - begin), int(done.stderr.split()[-1])
    return {"runs": runs, "backtests_s": round(rate), "peak_mib": round(peak_kib / 1024)}


def measure(rounds: int = ROUNDS) -> dict[str, Figures]:
    """Return all figures."""
    candles = synthetic_candles(1, CANDLES / 1_250)[:CANDLES]
    cpu_s: dict[str, list[float]] = {"1 thread": [], "2 threads": []}
    cases: dict[str, Callable[[], object]] = {
        name: partial(once, candles, workers, cpu_s[name]) for workers, name in enumerate(cpu_s, 1)
    }
    vectorbt = peer("vectorbt sweep", candles)
    if vectorbt is not None:
        cases["vectorbt"] = vectorbt
    seconds = in_turn(cases, rounds)
    figures: dict[str, Figures] = {}
    for name, noted in cpu_s.items():
        micros = median(noted[1:]) / len(COMBINATIONS) * 1e6
        figures[name] = {**rates(seconds[name], len(COMBINATIONS)), "cpu_us_a_run": round(micros, 1)}
    if vectorbt is None:
        figures["vectorbt"] = {"peer": "vectorbt is not installed"}
    else:
        times = median(seconds["vectorbt"]) / len(FEW) / (median(seconds["2 threads"]) / len(COMBINATIONS))
        figures["vectorbt"] = {**rates(seconds["vectorbt"], len(FEW)), "times_slower_than_2_threads": round(times)}
    figures["event engine"] = equal_to_events(candles, once(candles, 2, []))
    if Path("/proc/self/status").exists():
        with tempfile.TemporaryDirectory() as folder:
            figures["large sweep"] = large_sweep(Path(folder))
    return figures


def main() -> None:
    """Print the figures."""
    report("sweep", measure)


if __name__ == "__main__":
    main()

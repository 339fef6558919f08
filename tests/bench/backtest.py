"""An EMA cross 12/26 over a million minutes: columns and events beside their peers, peak memory, and whole commands.

Real candles are read from `../shared/data` where that folder is; else a seeded random walk takes their place, and the
figure that needs files is left out. A peer that is not installed is left out, too, and named. vectorbt trades at the
close that decides and knows no integer money: it does less.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np

from genesis.adapters.memory.candle_market import CandleMarket
from genesis.app.backtest import RunObserver
from genesis.app.trade import trade
from genesis.domain.candle import Candle, Candles
from genesis.domain.core import one_desk
from genesis.domain.desk_settings import DeskSettings
from genesis.domain.instrument import spot_instrument
from genesis.domain.risk.guards import OnBreach, RiskLimits
from genesis.domain.simulation.columnar import Walk, walk
from genesis.domain.simulation.market_orders import Costs
from genesis.domain.simulation.portfolio import Portfolio, PortfolioRun, run_columns
from genesis.domain.statistics.record import Recorder
from genesis.domain.strategy import columns
from genesis.domain.strategy.features import adx, atr, clip, close, ema, rsi, sma, where
from genesis.domain.units import PPB, Atoms, Ppb, Symbol, atoms
from tests.bench._peers import peer
from tests.bench._turns import in_turn, report
from tests.bench.indicators import walk as random_walk

_FOLDERS: Final = [parent / "shared" / "data" for parent in Path(__file__).parents[3:]]
DATA: Final = next((folder for folder in _FOLDERS if folder.is_dir()), _FOLDERS[0])
FILES: Final = ("tBTCUSD-1m-2017.csv.gz", "tBTCUSD-1m-2018.csv.gz")
COMMAND: Final = (sys.executable, "-c", "from genesis.app.cli import main; main()")
STRATEGY: Final = where(ema(close, 12) > ema(close, 26), 1.0, 0.0)
INSTRUMENT: Final = spot_instrument(Symbol("tBTCUSD"))
CASH: Final = atoms(10_000)
SIZE: Final = 0.01
"""A hundredth of the account a trade, so that a thousand days of fees leave something to trade with."""
OPEN: Final = RiskLimits()
GUARDED: Final = RiskLimits(Ppb(PPB), Ppb(PPB - 1), Atoms(10**17), OnBreach.REDUCE_ONLY, cool_down_losses=1_000_000)
"""Every guard on, none ever breached."""

INSTRUMENTS: Final = 10
FEATURES: Final = where(
    (ema(close, 12) > ema(close, 26)) & (rsi(close, 14) < 70.0) & (adx(14).adx > 20.0) & (close > sma(close, 200)),
    clip(0.01 / (atr(14) / close), 0.0, 1.0),
    0.0,
)
"""Six features: two EMAs, RSI, ADX, SMA and ATR."""
WATCHED: Final = RiskLimits(
    Ppb(PPB // 5), Ppb(PPB - 1), Atoms(10**17), OnBreach.REDUCE_ONLY, cool_down_losses=1_000_000
)

Figures = dict[str, object]


def million() -> tuple[Candles, str]:
    """Return a million candles, and what they are."""
    if all((DATA / name).exists() for name in FILES):
        import polars as pl

        frame = pl.concat([pl.read_csv(DATA / name, infer_schema_length=None) for name in FILES])[:1_000_000]
        floats = (frame[name].cast(pl.Float64).to_numpy() for name in ("open", "high", "low", "close", "volume"))
        return Candles(frame["mts"].to_numpy(), *floats), "tBTCUSD 2017-2018"
    made = random_walk(1_000_000)
    opens = np.concatenate((made["close"][:1], made["close"][:-1]))
    mts = made["mts"].astype(np.int64)
    return Candles(mts, opens, made["high"], made["low"], made["close"], made["volume"]), "random walk"


def columnar(candles: Candles, limits: RiskLimits) -> Walk:
    """Run from columns in memory to fills and equity."""
    return walk(columns.evaluate(STRATEGY, candles), candles, INSTRUMENT, Costs(), limits, SIZE, CASH)


def events(candles: Candles) -> Recorder:
    """Run the trading core candle by candle, all guards on."""

    async def feed() -> AsyncIterator[Candles]:
        yield candles

    recorder = Recorder(INSTRUMENT, CASH)
    core = one_desk(DeskSettings(INSTRUMENT, STRATEGY, SIZE, GUARDED), CASH)
    asyncio.run(trade(core, CandleMarket(INSTRUMENT, Costs(), feed()), RunObserver(recorder)))
    return recorder


def portfolio(candles: Candles) -> Callable[[], PortfolioRun]:
    """Return a run of ten instruments on one cash, six features and every guard on; each begins a little later."""
    rows = len(candles) // 2
    parts = [candles[at * 1000 : at * 1000 + rows] for at in range(INSTRUMENTS)]
    desks = tuple(
        DeskSettings(spot_instrument(Symbol(f"tA{at:02d}USD")), FEATURES, SIZE, WATCHED, f"desk {at}")
        for at in range(INSTRUMENTS)
    )
    whole = Portfolio(desks, Costs(), CASH, WATCHED)
    return lambda: run_columns(whole, parts)


def compared(own: Callable[[], object], candles: Candles, name: str, runs: int) -> Figures:
    """Return medians and candles a second, and how many times quicker than the peer called *name*."""
    beside, rows = peer(name, candles), len(candles)
    seconds = in_turn({"own": own} if beside is None else {"own": own, name: beside}, runs)
    figures: Figures = {
        "ms": round(median(seconds["own"]) * 1e3, 2),
        "ms_min": round(min(seconds["own"]) * 1e3, 2),
        "candles_per_s": round(rows / median(seconds["own"])),
    }
    if beside is None:
        return {**figures, "peer": f"{name} is not installed"}
    return {**figures, f"{name}_ms": round(median(seconds[name]) * 1e3, 2), "times_quicker": _ratio(seconds, name)}


def _ratio(seconds: dict[str, list[float]], name: str) -> float:
    return round(median(seconds[name]) / median(seconds["own"]), 2)


def peak_mib(candles: Candles, folder: Path) -> Figures:
    """Return the peak memory of a fresh process that runs the columns, candles and compiled code included.

    Linux says it of the process alone as VmHWM; `ru_maxrss` would carry over what this one held when it forked.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return {"mib": "only Linux tells"}
    for name in Candle._fields:
        np.save(folder / f"{name}.npy", getattr(candles, name))
    script = (
        "import sys\n"
        "import numpy as np\n"
        "from genesis.domain.candle import Candle, Candles\n"
        "from tests.bench.backtest import OPEN, columnar\n"
        "candles = Candles(*(np.load(f'{sys.argv[1]}/{name}.npy') for name in Candle._fields))\n"
        "columnar(candles, OPEN)\n"
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=True)
    return {"mib": round(int(done.stdout) / 1024, 1)}


def commands(folder: Path, runs: int) -> dict[str, Figures]:
    """Return the seconds that whole commands take in fresh processes."""
    environment = {**os.environ, "GENESIS_HOME": str(folder)}

    def command(*arguments: str) -> None:
        subprocess.run([*COMMAND, *arguments], capture_output=True, check=True, env=environment)

    cases: dict[str, Callable[[], None]] = {"genesis --help": lambda: command("--help")}
    if all((DATA / name).exists() for name in FILES):
        command("data.import", *(str(DATA / name) for name in FILES))
        cases["backtest, Parquet to JSON"] = lambda: command("backtest", "--strategy", "ema_cross", "--json")
    seconds = in_turn(cases, runs)
    return {name: {"s": round(median(times), 3), "s_min": round(min(times), 3)} for name, times in seconds.items()}


def measure(rows: int = 1_000_000, runs: int = 9) -> dict[str, Figures]:
    """Return all figures; the events and backtesting.py take a fifth of the candles, for they take their time."""
    candles, market = million()
    candles, few = candles[:rows], candles[: rows // 5]
    figures: dict[str, Figures] = {"market": {"candles": len(candles), "of": market}}
    figures["columnar"] = compared(lambda: columnar(candles, OPEN), candles, "vectorbt", runs)
    guarded = in_turn({"own": lambda: columnar(candles, GUARDED)}, runs)["own"]
    figures["columnar, all guards"] = {"ms": round(median(guarded) * 1e3, 2), "ms_min": round(min(guarded) * 1e3, 2)}
    spread = in_turn({"own": portfolio(candles)}, 3)["own"]
    ten: Figures = {
        "s": round(median(spread), 3),
        "s_min": round(min(spread), 3),
        "candles": INSTRUMENTS * (len(candles) // 2),
    }
    figures["portfolio of 10, 6 features, all guards"] = ten
    figures["events, all guards"] = compared(lambda: events(few), few, "backtesting.py", 3)
    with tempfile.TemporaryDirectory() as folder:
        figures["peak of columnar"] = peak_mib(candles, Path(folder))
        figures.update(commands(Path(folder), 3))
    return figures


def main() -> None:
    """Print the figures."""
    report("backtest", measure)


if __name__ == "__main__":
    main()

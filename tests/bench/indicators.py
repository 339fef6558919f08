"""Nanoseconds a candle of every indicator: batch, beside TA-Lib where it is installed and has the same, and streaming.

Own and peer take turns call by call: their ratio is the result. Both allocate their outputs. The market is a seeded
random walk.
"""

import importlib
from collections.abc import Callable, Mapping
from functools import partial
from statistics import median
from types import ModuleType
from typing import Final

import numpy as np

from genesis.domain.candle import Floats
from genesis.domain.indicators.adx import adx
from genesis.domain.indicators.catalog import INDICATORS
from genesis.domain.indicators.indicator import Indicator
from tests.bench._turns import in_turn, report

Columns = Mapping[str, Floats]
Peer = Callable[[ModuleType, Columns], object]
Figures = dict[str, float]

PEERS: Final[Mapping[str, Peer]] = {
    "ema": lambda talib, c: talib.EMA(c["x"], 20),
    "sma": lambda talib, c: talib.SMA(c["x"], 20),
    "deviation": lambda talib, c: talib.STDDEV(c["x"], 20),
    "bollinger": lambda talib, c: talib.BBANDS(c["x"], 20, 2.0, 2.0),
    "macd": lambda talib, c: talib.MACD(c["x"], 12, 26, 9),
    "rsi": lambda talib, c: talib.RSI(c["x"], 14),
    "atr": lambda talib, c: talib.ATR(c["high"], c["low"], c["close"], 14),
    "adx": lambda talib, c: [
        function(c["high"], c["low"], c["close"], 14) for function in (talib.ADX, talib.PLUS_DI, talib.MINUS_DI)
    ],
    "adx alone": lambda talib, c: talib.ADX(c["high"], c["low"], c["close"], 14),
    "donchian": lambda talib, c: (talib.MAX(c["high"], 20), talib.MIN(c["low"], 20)),
    "rolling_high": lambda talib, c: talib.MAX(c["x"], 20),
    "rolling_low": lambda talib, c: talib.MIN(c["x"], 20),
    "obv": lambda talib, c: talib.OBV(c["close"], c["volume"]),
}
"""The same work in TA-Lib, at the defaults of the catalog."""


def walk(rows: int, seed: int = 1) -> Columns:
    """Return a random walk of one-minute candles by the names of the inputs of indicators."""
    noise = np.random.default_rng(seed)
    close = 8_000.0 * np.exp(np.cumsum(noise.normal(scale=0.0005, size=rows)))
    return {
        "x": close,
        "y": close * np.exp(noise.normal(scale=0.001, size=rows)),
        "open": np.concatenate((close[:1], close[:-1])),
        "close": close,
        "high": close * (1.0 + noise.exponential(0.0003, size=rows)),
        "low": close * (1.0 - noise.exponential(0.0003, size=rows)),
        "volume": noise.exponential(3.0, size=rows),
        "mts": np.arange(rows, dtype=np.float64) * 60_000.0,
    }


def batch(own: Callable[[], object], peer: Callable[[], object] | None, rows: int, runs: int) -> Figures:
    """Return medians and minima in ns a candle, and the ratio of the medians (below 1: quicker than the peer)."""
    seconds = in_turn({"own": own} if peer is None else {"own": own, "talib": peer}, runs)
    figures = {}
    for name, times in seconds.items():
        figures[f"{name}_ns"] = round(median(times) / rows * 1e9, 3)
        figures[f"{name}_ns_min"] = round(min(times) / rows * 1e9, 3)
    if peer is not None:
        figures["ratio"] = round(median(seconds["own"]) / median(seconds["talib"]), 3)
        figures["ratio_min"] = round(min(seconds["own"]) / min(seconds["talib"]), 3)
    return figures


def streaming(indicator: Indicator, columns: Columns, rows: int, runs: int) -> float:
    """Return the median ns of one plain Python step, the loop around it included."""
    inputs = list(zip(*(columns[name][:rows].tolist() for name in indicator.inputs), strict=True))

    def steps() -> None:
        step, parameters = indicator.step, indicator.defaults
        state = indicator.start(*parameters)
        for row in inputs:
            state, _ = step(state, *row, *parameters)

    return round(median(in_turn({"own": steps}, runs)["own"]) / rows * 1e9, 1)


def measure(rows: int = 1_000_000, runs: int = 15, stream_rows: int = 50_000) -> dict[str, Figures]:
    """Return the figures of every indicator of the catalog; without TA-Lib, own ones only."""
    try:
        talib: ModuleType | None = importlib.import_module("talib")
    except ImportError:
        talib = None
    columns = walk(rows)

    def compared(name: str, own: Callable[[], object]) -> Figures:
        if talib is None or name not in PEERS:
            return batch(own, None, rows, runs)
        return batch(own, partial(PEERS[name], talib, columns), rows, runs)

    figures: dict[str, Figures] = {}
    for indicator in INDICATORS:
        arguments: list[Floats | float] = [*(columns[name] for name in indicator.inputs), *indicator.defaults]
        figures[indicator.name] = compared(indicator.name, partial(indicator.batch, *arguments))
        figures[indicator.name]["step_ns"] = streaming(indicator, columns, min(rows, stream_rows), 3)
    figures["adx alone"] = compared("adx alone", partial(adx, columns["high"], columns["low"], columns["close"], 14))
    return figures


def main() -> None:
    """Print the figures."""
    report("indicators", measure)


if __name__ == "__main__":
    main()

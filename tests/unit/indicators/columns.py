"""Columns to feed indicators with: generated markets, the real candles of the shared folder, and what to compare by."""

from pathlib import Path

import numpy as np

from genesis.domain.candle import Floats
from genesis.domain.indicators.indicator import Indicator, Output, State

REAL_CANDLES = sorted((Path(__file__).parents[4] / "shared" / "data").glob("*-1m-*.csv.gz"))
"""Files of real one-minute candles, where the folder beside the checkout is there."""


def market(length: int, seed: int = 1) -> dict[str, Floats]:
    """A random walk with low <= close <= high, ten minutes a candle, by the names of the inputs of indicators."""
    noise = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(noise.normal(scale=0.01, size=length)))
    return {
        "x": close,
        "y": close * np.exp(noise.normal(scale=0.02, size=length)),
        "open": np.concatenate((close[:1], close[:-1])),
        "close": close,
        "high": close * (1.0 + noise.exponential(0.005, size=length)),
        "low": close * (1.0 - noise.exponential(0.005, size=length)),
        "volume": noise.exponential(3.0, size=length) + 0.01,
        "mts": np.arange(length, dtype=np.float64) * 600_000.0 + 1_483_228_800_000.0,
    }


def real_market(path: Path) -> dict[str, Floats]:
    """The columns of a file of candles in the order of Bitfinex: mts, open, close, high, low, volume."""
    mts, opened, close, high, low, volume = np.loadtxt(path, delimiter=",", skiprows=1, unpack=True)
    prices = {"x": close, "y": opened, "open": opened, "close": close, "high": high, "low": low}
    return {**prices, "volume": volume, "mts": mts}


def of(indicator: Indicator, columns: dict[str, Floats]) -> list[Floats]:
    """The input columns of *indicator*."""
    return [np.ascontiguousarray(columns[name]) for name in indicator.inputs]


def values(output: Output) -> tuple[float, ...]:
    return output if isinstance(output, tuple) else (output,)


def stream(indicator: Indicator, columns: list[Floats], parameters: tuple[float, ...]) -> list[Floats]:
    """What a live session gets: one plain Python step a row."""
    state: State = indicator.start(*parameters)
    rows = []
    for row in zip(*(column.tolist() for column in columns), strict=True):
        state, output = indicator.step(state, *row, *parameters)
        rows.append(values(output))
    if not rows:
        return [np.empty(0) for _ in indicator.outputs]
    return [np.array(column, dtype=np.float64) for column in zip(*rows, strict=True)]


def bits(column: Floats) -> list[int]:
    """The numbers of a column as the integers of their bits: NaN equals NaN, and 0.0 is not -0.0."""
    return [int(number) for number in column.view(np.int64)]


def same_bits(one: Floats, other: Floats) -> bool:
    return bool(np.array_equal(one.view(np.int64), other.view(np.int64)))

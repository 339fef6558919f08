"""Kill an import at every kind of moment and at many bytes; print one JSON line a kill. Run as a program, in a folder.

A program of its own, for only a process that has not used polars yet may be forked.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import filelock  # noqa: F401  # imported once here, not in every fork
import polars as pl  # noqa: F401

from genesis.adapters import candles_parquet
from genesis.domain.candle import MINUTE_MS, Candle, Candles, Timeframe, rows_sha256
from genesis.domain.candle_series import CandleSource
from genesis.domain.units import Mts, Symbol
from tests.simulation.deaths import die_at_byte, in_child

SYMBOL = Symbol("tBTCUSD")


def part(minutes: range) -> Candles:
    return Candles.from_rows(Candle(Mts(at * MINUTE_MS), 1.0 + at, 2.0 + at, 1.0, 1.5, at / 7) for at in minutes)


def add(root: Path, minutes: range) -> None:
    candles = part(minutes)
    source = CandleSource(str(minutes), len(candles), rows_sha256(candles))
    candles_parquet.ParquetCandles(root).add(SYMBOL, Timeframe.M1, candles, source)


def die_around(name: str, call: int, *, after: bool) -> None:
    """Kill this process before or after the numbered call of `os.name`."""
    real = getattr(os, name)
    calls = 0

    def dying(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == call and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result: object = real(*arguments)
        if calls == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(os, name, dying)


def die_adding(prepare: Callable[[], None], root: Path, minutes: range) -> None:
    prepare()
    add(root, minutes)


def main(folder: Path) -> None:
    old, new = folder / "old", folder / "new"
    first, second = range(3000), range(2900, 6000)
    in_child(partial(add, old, first))
    in_child(partial(add, new, first))
    in_child(partial(add, new, second))
    name = "tBTCUSD-1m.parquet"
    before, after = (old / name).read_bytes(), (new / name).read_bytes()
    moments: list[tuple[str, Callable[[], None]]] = [
        (f"byte {limit}", partial(die_at_byte, limit)) for limit in range(0, len(after), len(after) // 100)
    ]
    for call, number in (("fsync", 1), ("replace", 1), ("fsync", 2)):
        for late in (False, True):
            moment = f"{'after' if late else 'before'} {call} {number}"
            moments.append((moment, partial(die_around, call, number, after=late)))
    for moment, prepare in moments:
        killed = in_child(partial(die_adding, prepare, old, second))
        content = (old / name).read_bytes()
        state = "old" if content == before else "new" if content == after else "neither"
        print(json.dumps({"moment": moment, "signal": killed, "state": state}))
        (old / name).write_bytes(before)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

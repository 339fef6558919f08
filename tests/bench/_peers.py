"""Peers that do the same work, each in a process of its own.

Peers want other versions of numpy and numba than Genesis has: `GENESIS_PEERS` names the Python of an environment that
has them, as `python -m venv peers && peers/bin/pip install vectorbt backtesting` makes it; without it, ours is asked.
This file is the program there, too, so it imports nothing of Genesis: a line in, the work once, a line out.
"""

import atexit
import importlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np

NAMES: Final = ("mts", "open", "high", "low", "close", "volume")


class Peer:
    """A call of it does the work once, in the other process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        atexit.register(self.close)

    def __call__(self) -> None:
        """Do the work, and wait for it."""
        assert self._process.stdin is not None
        self._process.stdin.write("again\n")
        self._process.stdin.flush()
        said = self._said()
        if said != "done":
            raise RuntimeError(f"the peer ended: {said}")

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def is_there(self) -> bool:
        """Whether the peer is installed."""
        return self._said() == "ready"

    def _said(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def peer(name: str, candles: object) -> Peer | None:
    """Return the work called *name* over *candles*, or None where its library is not installed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "candles.npz"
        np.savez(path, **{each: getattr(candles, each) for each in NAMES})
        # Isolated: beside this file lie modules that are named as some of the standard library are.
        command = [os.environ.get("GENESIS_PEERS", sys.executable), "-I", __file__, name, str(path)]
        pipe = subprocess.PIPE
        found = Peer(subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL))
        return found if found.is_there() else None


def crosses(candles: Mapping[str, Any], spans: Sequence[tuple[int, int]], cash: float) -> Callable[[], object]:
    """Return EMA crosses over *candles* in vectorbt, all *spans* at once."""
    vbt: Any = importlib.import_module("vectorbt")  # Any: it has no annotations
    pandas: Any = importlib.import_module("pandas")  # Any: its annotations are not installed here
    vbt.settings.caching["enabled"] = False
    prices = pandas.Series(candles["close"], index=pandas.to_datetime(candles["mts"], unit="ms"))

    def run() -> object:
        fast, slow = (vbt.MA.run(prices, list(each), ewm=True) for each in zip(*spans, strict=True))
        entries, exits = fast.ma_crossed_above(slow), fast.ma_crossed_below(slow)
        made = vbt.Portfolio.from_signals(prices, entries, exits, init_cash=cash, fees=0.002, freq="1min")
        return made.final_value()

    return run


def one_cross(candles: Mapping[str, Any]) -> Callable[[], object]:
    """Return one EMA cross over *candles* in backtesting.py."""
    library: Any = importlib.import_module("backtesting")  # Any: it has no annotations
    pandas: Any = importlib.import_module("pandas")  # Any: its annotations are not installed here
    index = pandas.to_datetime(candles["mts"], unit="ms")
    frame = pandas.DataFrame({name.capitalize(): candles[name] for name in NAMES[1:]}, index=index)

    def average(values: object, span: int) -> object:
        return pandas.Series(values).ewm(span=span, adjust=False).mean().to_numpy()

    class Cross(library.Strategy):  # type: ignore[misc]  # its base is Any, as above
        def init(self) -> None:
            self.fast = self.I(average, self.data.Close, 12)
            self.slow = self.I(average, self.data.Close, 26)

        def next(self) -> None:
            is_above = self.fast[-1] > self.slow[-1]
            if is_above and not self.position:
                self.buy(size=1)
            elif self.position and not is_above:
                self.position.close()

    return lambda: library.Backtest(frame, Cross, cash=1_000_000, commission=0.002, finalize_trades=True).run()


COMBINATIONS: Final = tuple(product(range(5, 25), range(30, 155, 5)))
FEW: Final = COMBINATIONS[::5]
WORK: Final[Mapping[str, Callable[[Mapping[str, Any]], Callable[[], object]]]] = {
    "vectorbt sweep": lambda candles: crosses(candles, FEW, 1_000_000.0),
    "vectorbt": lambda candles: crosses(candles, [(12, 26)], 10_000.0),
    "backtesting.py": one_cross,
}


def serve(name: str, path: str) -> None:
    """Do the work once for each line of standard input."""
    said = sys.stdout
    sys.stdout = sys.stderr  # a progress bar must not be taken for an answer
    try:
        work = WORK[name](dict(np.load(path)))
    except ImportError:
        print("missing", file=said, flush=True)
        return
    print("ready", file=said, flush=True)
    for _ in sys.stdin:
        work()
        print("done", file=said, flush=True)


if __name__ == "__main__":
    serve(*sys.argv[1:])

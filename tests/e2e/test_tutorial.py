"""The commands of the tutorial, in its order, on small candles under the names that it uses."""

import gzip
import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
from attrs import evolve

from genesis.domain.candle import Candles
from genesis.domain.simulation.synthetic import synthetic_candles

TEXT = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text(encoding="utf-8")
HOUR_MS = 3_600_000
START_MTS = 1_483_228_800_000
HOURS = 2 * 365 * 24


def write(path: Path, candles: Candles) -> None:
    names = ("mts", "open", "close", "high", "low", "volume")
    rows = zip(*(getattr(candles, name).tolist() for name in names), strict=True)
    path.write_bytes(gzip.compress(("\n".join(",".join(map(repr, row)) for row in rows) + "\n").encode()))


def test_the_tutorial_can_be_followed_from_its_first_command_to_its_last(tmp_path: Path) -> None:
    made = synthetic_candles(3, HOURS / 1_200)[:HOURS]
    candles = evolve(made, mts=START_MTS + np.arange(HOURS, dtype=np.int64) * HOUR_MS)
    write(tmp_path / "tBTCUSD-1m-2017.csv.gz", candles[: HOURS // 2])
    write(tmp_path / "tBTCUSD-1m-2018.csv.gz", candles[HOURS // 2 :])
    environment = {**os.environ, "GENESIS_HOME": str(tmp_path / "var")}
    lines = [line.removeprefix("$ ") for line in TEXT.splitlines() if line.startswith("$ ")]
    assert len(lines) == 8
    for line in lines:
        name, *words = shlex.split(line)
        assert name == "genesis"
        command = [sys.executable, "-c", "from genesis.app.cli import main; main()", *words]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"{line}: {done.stderr or done.stdout}"
    for page in ("backtest.html", "sweep.html", "walk.html"):
        assert (tmp_path / page).stat().st_size > 1_000_000

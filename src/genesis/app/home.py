"""The data directory: where all state lives."""

import os
from pathlib import Path


def home() -> Path:
    """Return the data directory: `GENESIS_HOME`, or `./var`. It need not exist yet."""
    return Path(os.environ.get("GENESIS_HOME") or "var")


def candle_folder() -> Path:
    """Return the folder of the candle archive."""
    return home() / "candles"

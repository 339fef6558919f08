"""The data directory: where all state lives."""

from pathlib import Path

from genesis.app.settings import load_settings


def home() -> Path:
    """Return the data directory: `GENESIS_HOME`, or `./var`. It need not exist yet."""
    return load_settings().home


def candle_folder() -> Path:
    """Return the folder of the candle archive."""
    return home() / "candles"

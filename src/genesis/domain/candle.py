"""Candles as the exchange publishes them, one at a time and in columns.

Market data is `float64`: the JSON number of the wire, whose shortest text is what was sent. An interval without a trade has
no candle, so gaps are data. Source: Bitfinex documentation, "Candles".
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from attrs import frozen

from genesis.domain.units import Mts

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MINUTE_MS: Final = 60_000


class Candle(NamedTuple):
    """One interval that had a trade; *mts* is its start."""

    mts: Mts
    open: float
    high: float
    low: float
    close: float
    volume: float


@frozen(eq=False)
class Candles:
    """Candles as columns of equal length, strictly rising in *mts*; the arrays are read-only."""

    mts: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.mts)

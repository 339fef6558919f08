"""How much the prices of candles change when an instrument's decimals take them."""

from typing import Final

import numpy as np

from genesis.domain.candle import Candles
from genesis.domain.instrument import PRICE_UNITS_MAX

_NOISE: Final = 1e-14
"""A price that fits comes back within some bits of 53; one that does not is off by 1e-10 and more."""


def price_rounding(candles: Candles, price_decimals: int) -> float:
    """Return the largest change, as a fraction of the price, that rounding makes to an open or close; 0.0 for none.

    Prices too large for the decimals are left out: they are refused where they are used.
    """
    scale = 10.0**price_decimals
    largest = 0.0
    for column in (candles.open, candles.close):
        prices = column[column <= PRICE_UNITS_MAX / scale]
        if len(prices):
            largest = max(largest, float(np.abs(np.rint(prices * scale) / scale / prices - 1.0).max()))
    return largest if largest > _NOISE else 0.0

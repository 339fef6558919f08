"""All indicators, for the contract suite and for the nodes of strategy expressions."""

from typing import Final

from genesis.domain.indicators.ema import EMA
from genesis.domain.indicators.indicator import Indicator

INDICATORS: Final[tuple[Indicator, ...]] = (EMA,)

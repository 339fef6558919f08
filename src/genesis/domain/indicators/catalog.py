"""All indicators, for the contract suite and for the nodes of strategy expressions."""

from typing import Final

from genesis.domain.indicators.adx import ADX
from genesis.domain.indicators.atr import ATR
from genesis.domain.indicators.bollinger import BOLLINGER
from genesis.domain.indicators.day_vwap import DAY_VWAP
from genesis.domain.indicators.deviation import DEVIATION
from genesis.domain.indicators.donchian import DONCHIAN
from genesis.domain.indicators.ema import EMA
from genesis.domain.indicators.indicator import Indicator
from genesis.domain.indicators.macd import MACD
from genesis.domain.indicators.obv import OBV
from genesis.domain.indicators.rolling_high import ROLLING_HIGH
from genesis.domain.indicators.rolling_low import ROLLING_LOW
from genesis.domain.indicators.rsi import RSI
from genesis.domain.indicators.sma import SMA
from genesis.domain.indicators.supertrend import SUPERTREND
from genesis.domain.indicators.vwap import VWAP

INDICATORS: Final[tuple[Indicator, ...]] = (
    EMA,
    SMA,
    DEVIATION,
    BOLLINGER,
    MACD,
    RSI,
    ATR,
    ADX,
    SUPERTREND,
    DONCHIAN,
    ROLLING_HIGH,
    ROLLING_LOW,
    VWAP,
    DAY_VWAP,
    OBV,
)

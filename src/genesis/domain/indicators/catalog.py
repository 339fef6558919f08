"""All indicators, for the contract suite and for the nodes of strategy expressions."""

from typing import Final

from genesis.domain.indicators.adx import ADX
from genesis.domain.indicators.aroon import AROON
from genesis.domain.indicators.atr import ATR
from genesis.domain.indicators.bollinger import BOLLINGER
from genesis.domain.indicators.cci import CCI
from genesis.domain.indicators.clock import CLOCK
from genesis.domain.indicators.cmo import CMO
from genesis.domain.indicators.correlation import BETA, CORRELATION
from genesis.domain.indicators.day_vwap import DAY_VWAP
from genesis.domain.indicators.dema import DEMA
from genesis.domain.indicators.deviation import DEVIATION
from genesis.domain.indicators.donchian import DONCHIAN
from genesis.domain.indicators.drawdown import DRAWDOWN, ULCER
from genesis.domain.indicators.ema import EMA
from genesis.domain.indicators.ew_deviation import EW_DEVIATION
from genesis.domain.indicators.heikin_ashi import HEIKIN_ASHI
from genesis.domain.indicators.hma import HMA
from genesis.domain.indicators.ichimoku import ICHIMOKU
from genesis.domain.indicators.indicator import Indicator
from genesis.domain.indicators.kama import EFFICIENCY, KAMA
from genesis.domain.indicators.keltner import KELTNER
from genesis.domain.indicators.logarithm import LOGARITHM, SQUARE_ROOT
from genesis.domain.indicators.macd import MACD
from genesis.domain.indicators.memory import BARS_SINCE, CUMULATIVE, LATCH, STEPPED, VALUE_WHEN
from genesis.domain.indicators.moments import KURTOSIS, SKEW
from genesis.domain.indicators.money_flow import AD_LINE, CHAIKIN_FLOW, MFI
from genesis.domain.indicators.obv import OBV
from genesis.domain.indicators.past import LOG_RETURNS, MOMENTUM, RETURNS
from genesis.domain.indicators.rank import PERCENTILE, RANK
from genesis.domain.indicators.regression import REGRESSION
from genesis.domain.indicators.rma import RMA
from genesis.domain.indicators.rolling_high import ROLLING_HIGH
from genesis.domain.indicators.rolling_low import ROLLING_LOW
from genesis.domain.indicators.rolling_sum import ROLLING_SUM
from genesis.domain.indicators.rsi import RSI
from genesis.domain.indicators.sar import SAR
from genesis.domain.indicators.sma import SMA
from genesis.domain.indicators.stochastic import STOCH_RSI, STOCHASTIC, WILLIAMS_R
from genesis.domain.indicators.supertrend import SUPERTREND
from genesis.domain.indicators.tema import TEMA, TRIX
from genesis.domain.indicators.true_range import TRUE_RANGE
from genesis.domain.indicators.ultimate import ULTIMATE
from genesis.domain.indicators.volatility import GARMAN_KLASS, PARKINSON, REALISED_VOLATILITY
from genesis.domain.indicators.vortex import VORTEX
from genesis.domain.indicators.vwap import VWAP
from genesis.domain.indicators.vwma import VWMA
from genesis.domain.indicators.wma import WMA
from genesis.domain.indicators.z_score import Z_SCORE

AVERAGES: Final = (EMA, SMA, WMA, HMA, DEMA, TEMA, RMA, KAMA, VWMA, VWAP, DAY_VWAP)
MOMENTA: Final = (
    *(RSI, MACD, MOMENTUM, RETURNS, LOG_RETURNS, CCI, STOCHASTIC, STOCH_RSI, WILLIAMS_R, CMO, TRIX, ULTIMATE),
    *(AROON, EFFICIENCY),
)
TRENDS: Final = (ADX, VORTEX, SUPERTREND, SAR, ICHIMOKU, HEIKIN_ASHI, REGRESSION)
CHANNELS: Final = (BOLLINGER, KELTNER, DONCHIAN, ROLLING_HIGH, ROLLING_LOW)
VOLATILITIES: Final = (
    *(ATR, TRUE_RANGE, DEVIATION, EW_DEVIATION, REALISED_VOLATILITY, PARKINSON, GARMAN_KLASS, DRAWDOWN, ULCER),
)
FLOWS: Final = (OBV, MFI, AD_LINE, CHAIKIN_FLOW)
STATISTICS: Final = (Z_SCORE, RANK, PERCENTILE, SKEW, KURTOSIS, CORRELATION, BETA, ROLLING_SUM)
TRANSFORMS: Final = (LOGARITHM, SQUARE_ROOT, CUMULATIVE, LATCH, STEPPED, BARS_SINCE, VALUE_WHEN, CLOCK)

INDICATORS: Final[tuple[Indicator, ...]] = (
    *(*AVERAGES, *MOMENTA, *TRENDS, *CHANNELS, *VOLATILITIES, *FLOWS, *STATISTICS, *TRANSFORMS),
)

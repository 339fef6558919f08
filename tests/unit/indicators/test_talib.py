"""EMA, RSI, ATR, ADX, +DI and -DI are TA-Lib's, first index and all; so are SMA, the deviation, extremes and OBV."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import talib

from genesis.domain.candle import Floats
from genesis.domain.indicators.adx import adx, directional_movement
from genesis.domain.indicators.atr import atr
from genesis.domain.indicators.catalog import INDICATORS
from genesis.domain.indicators.ema import ema
from genesis.domain.indicators.obv import obv
from genesis.domain.indicators.rolling_high import rolling_high
from genesis.domain.indicators.rolling_low import rolling_low
from genesis.domain.indicators.rsi import rsi
from genesis.domain.indicators.sma import sma
from tests.unit.indicators.columns import REAL_CANDLES, market, of, real_market, same_bits, stream

Columns = dict[str, Floats]
Answer = tuple[Floats, ...]

PERIODS = (2, 3, 14, 50)
RELATIVE = 1e-9


def agree(ours: Answer, theirs: Answer) -> None:
    for own, their in zip(ours, theirs, strict=True):
        assert np.array_equal(np.isnan(own), np.isnan(their))
        np.testing.assert_allclose(own, their, rtol=RELATIVE, atol=0.0, equal_nan=True)


SOURCES: list[Path | None] = [*REAL_CANDLES] or [None]


@pytest.fixture(scope="module", params=SOURCES, ids=lambda path: path.stem if path else "generated")
def candles(request: pytest.FixtureRequest) -> Columns:
    path: Path | None = request.param
    return real_market(path) if path else market(50_000)


COMPARISONS: dict[str, Callable[[Columns, int], tuple[Answer, Answer]]] = {
    "ema": lambda c, n: ((ema(c["close"], n),), (talib.EMA(c["close"], n),)),
    "rsi": lambda c, n: ((rsi(c["close"], n),), (talib.RSI(c["close"], n),)),
    "atr": lambda c, n: (
        (atr(c["high"], c["low"], c["close"], n),),
        (talib.ATR(c["high"], c["low"], c["close"], n),),
    ),
    "adx": lambda c, n: (
        directional_movement(c["high"], c["low"], c["close"], n),
        (
            talib.ADX(c["high"], c["low"], c["close"], n),
            talib.PLUS_DI(c["high"], c["low"], c["close"], n),
            talib.MINUS_DI(c["high"], c["low"], c["close"], n),
        ),
    ),
    "sma": lambda c, n: ((sma(c["close"], n),), (talib.SMA(c["close"], n),)),
    "rolling_high": lambda c, n: ((rolling_high(c["high"], n),), (talib.MAX(c["high"], n),)),
    "rolling_low": lambda c, n: ((rolling_low(c["low"], n),), (talib.MIN(c["low"], n),)),
    "obv": lambda c, _: ((obv(c["close"], c["volume"]),), (talib.OBV(c["close"], c["volume"]),)),
}


@pytest.mark.parametrize("name", ["ema", "rsi", "atr", "adx", "sma", "rolling_high", "rolling_low"])
@pytest.mark.parametrize("period", PERIODS)
def test_values_are_those_of_talib(candles: Columns, name: str, period: int) -> None:
    agree(*COMPARISONS[name](candles, period))


def test_a_short_series_has_the_same_first_index() -> None:
    whole = market(60)
    for length in range(1, 60):
        cut = {name: column[:length] for name, column in whole.items()}
        for name in ("ema", "rsi", "atr", "adx"):
            agree(*COMPARISONS[name](cut, 14))


@pytest.mark.parametrize("name", ["ema", "rsi", "atr", "adx"])
@pytest.mark.parametrize("period", PERIODS)
def test_a_market_that_stands_still_is_as_in_talib(name: str, period: int) -> None:
    walk = market(300)
    # No longer, for then the fading means of a period of 2 come near 1e-308, where numbers lose their digits.
    flat = {each: np.full(600, column[-1]) for each, column in walk.items()}
    flat["high"] = flat["low"] = flat["close"]
    later = {each: np.concatenate((walk[each], flat[each], walk[each] * 1.5)) for each in walk}
    agree(*COMPARISONS[name](later, period))
    agree(*COMPARISONS[name](flat, period))


def test_the_rsi_of_a_flat_series_is_zero_and_so_are_the_directions() -> None:
    flat = np.full(100, 8_000.0)
    assert set(rsi(flat, 14)[14:]) == {0.0}
    for column in directional_movement(flat, flat, flat, 14):
        assert set(column[27:]) == {0.0}


@pytest.mark.parametrize("name", ["ema", "rsi", "atr", "adx"])
def test_candles_whose_range_does_not_move_are_as_in_talib(name: str) -> None:
    still = np.full(200, 100.0)
    agree(*COMPARISONS[name]({"close": still, "high": still + 1.0, "low": still - 1.0}, 14))


def test_the_average_directional_index_alone_has_the_same_bits(candles: Columns) -> None:
    row = candles["high"], candles["low"], candles["close"]
    assert same_bits(adx(*row, 14), directional_movement(*row, 14)[0])


def test_on_balance_volume_is_that_of_talib_up_to_the_rounding_of_its_running_sum(candles: Columns) -> None:
    (own,), (their,) = COMPARISONS["obv"](candles, 0)
    traded = float(np.sum(candles["volume"]))
    np.testing.assert_allclose(own, their, rtol=0.0, atol=1e-9 * traded)


def test_streaming_equals_batch_to_the_bit_on_these_candles(candles: Columns) -> None:
    tail = {name: column[-4_000:] for name, column in candles.items()}
    for indicator in INDICATORS:
        columns = of(indicator, tail)
        batch = indicator.batch(*columns, *indicator.defaults)
        for streamed, column in zip(stream(indicator, columns, indicator.defaults), batch, strict=True):
            assert same_bits(streamed, column), indicator.name

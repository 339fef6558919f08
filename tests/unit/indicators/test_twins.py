"""Indicators against twins written plainly: every window taken anew, summed without rounding error."""

import math
from collections.abc import Callable
from itertools import accumulate

import numpy as np
import pytest

from genesis.domain.candle import Floats
from genesis.domain.indicators.atr import atr
from genesis.domain.indicators.bollinger import bollinger
from genesis.domain.indicators.day_vwap import day_vwap
from genesis.domain.indicators.deviation import deviation
from genesis.domain.indicators.donchian import donchian
from genesis.domain.indicators.ema import ema
from genesis.domain.indicators.macd import macd
from genesis.domain.indicators.obv import obv
from genesis.domain.indicators.rolling_high import rolling_high
from genesis.domain.indicators.rolling_low import rolling_low
from genesis.domain.indicators.sma import sma
from genesis.domain.indicators.supertrend import supertrend
from genesis.domain.indicators.vwap import vwap
from tests.unit.indicators.columns import market, same_bits

MILLION = 1_000_000
PERIODS = (1, 2, 3, 20, 333)


def windows(period: int, fold: Callable[[Floats], float], values: Floats) -> Floats:
    out = np.full(len(values), np.nan)
    for i in range(period - 1, len(values)):
        out[i] = fold(values[i - period + 1 : i + 1])
    return out


def mean(window: Floats) -> float:
    return math.fsum(window) / len(window)


def spread(window: Floats) -> float:
    middle = mean(window)
    return math.sqrt(math.fsum((x - middle) ** 2 for x in window.tolist()) / len(window))


def close_to(own: Floats, plain: Floats) -> None:
    np.testing.assert_allclose(own, plain, rtol=1e-9, atol=0.0, equal_nan=True)


@pytest.mark.parametrize("period", PERIODS)
def test_the_moving_average_is_the_mean_of_each_window(period: int) -> None:
    close = market(2_000)["close"]
    close_to(sma(close, period), windows(period, mean, close))


@pytest.mark.parametrize("period", PERIODS)
def test_the_deviation_is_that_of_each_window(period: int) -> None:
    close = market(2_000)["close"]
    close_to(deviation(close, period), windows(period, spread, close))


@pytest.mark.parametrize("period", PERIODS)
def test_extremes_are_those_of_each_window(period: int) -> None:
    close = market(2_000)["close"]
    assert same_bits(rolling_high(close, period), windows(period, lambda window: float(np.max(window)), close))
    assert same_bits(rolling_low(close, period), windows(period, lambda window: float(np.min(window)), close))


@pytest.mark.parametrize("period", PERIODS)
def test_bollinger_bands_lie_around_the_moving_average(period: int) -> None:
    close = market(2_000)["close"]
    upper, middle, lower = bollinger(close, period, 2.5)
    assert same_bits(middle, sma(close, period))
    close_to(upper, windows(period, lambda window: mean(window) + 2.5 * spread(window), close))
    close_to(lower, windows(period, lambda window: mean(window) - 2.5 * spread(window), close))


@pytest.mark.parametrize("period", PERIODS)
def test_the_channel_runs_along_highs_and_lows(period: int) -> None:
    candles = market(2_000)
    upper, middle, lower = donchian(candles["high"], candles["low"], period)
    assert same_bits(upper, rolling_high(candles["high"], period))
    assert same_bits(lower, rolling_low(candles["low"], period))
    close_to(middle, (upper + lower) / 2.0)


@pytest.mark.parametrize("period", PERIODS)
def test_the_volume_weighted_price_is_that_of_each_window(period: int) -> None:
    candles = market(2_000)
    high, low, close, volume = (candles[name] for name in ("high", "low", "close", "volume"))
    turnover = windows(period, math.fsum, (high + low + close) / 3.0 * volume)
    close_to(vwap(high, low, close, volume, period), turnover / windows(period, math.fsum, volume))


def test_a_window_without_volume_has_no_price() -> None:
    price = np.full(6, 100.0)
    volume = np.array([0.0, 0.0, 0.0, 2.0, 0.0, 0.0])
    assert np.isnan(vwap(price, price, price, volume, 2)).tolist() == [True, True, True, False, False, True]


def test_the_price_of_the_day_begins_anew_at_midnight() -> None:
    candles = market(1_000)
    mts, high, low, close, volume = (candles[name] for name in ("mts", "high", "low", "close", "volume"))
    plain = []
    for i in range(len(mts)):
        rows = [k for k in range(i + 1) if int(mts[k]) // 86_400_000 == int(mts[i]) // 86_400_000]
        turnover = math.fsum((high[k] + low[k] + close[k]) / 3.0 * volume[k] for k in rows)
        plain.append(turnover / math.fsum(volume[k] for k in rows))
    close_to(day_vwap(mts, high, low, close, volume), np.array(plain))


def test_the_convergence_line_is_the_difference_of_two_averages() -> None:
    close = market(2_000)["close"]
    line, signal_line, histogram = macd(close, 12, 26, 9)
    assert same_bits(line, ema(close, 12) - ema(close, 26))
    assert same_bits(signal_line[25:], ema(line[25:], 9))
    assert same_bits(histogram, line - signal_line)


def test_the_exponential_average_is_a_weighted_sum_of_its_past() -> None:
    close = market(400)["close"]
    period = 10
    weight = 2.0 / (period + 1)
    plain = np.full(len(close), np.nan)
    for i in range(period - 1, len(close)):
        ages = [weight * (1.0 - weight) ** (i - k) * close[k] for k in range(period, i + 1)]
        plain[i] = math.fsum([*ages, (1.0 - weight) ** (i - period + 1) * mean(close[:period])])
    close_to(ema(close, period), plain)


def test_a_chain_begins_at_the_first_value_of_its_input() -> None:
    close = market(200)["close"]
    once = ema(close, 10)
    assert same_bits(ema(once, 5)[9:], ema(once[9:], 5))


def test_fast_has_to_be_below_slow() -> None:
    with pytest.raises(ValueError, match="fast must be below slow"):
        macd(market(10)["close"], 26, 26, 9)


def test_on_balance_volume_counts_with_the_direction_of_the_close() -> None:
    close = np.array([5.0, 6.0, 6.0, 4.0, 7.0])
    assert obv(close, np.array([1.0, 2.0, 4.0, 8.0, 16.0])).tolist() == [1.0, 3.0, 3.0, -5.0, 11.0]


def test_supertrend_follows_its_definition() -> None:
    candles = market(3_000, seed=7)
    high, low, close = candles["high"], candles["low"], candles["close"]
    reach = 3.0 * atr(high, low, close, 10)
    ceiling, floor = (high + low) / 2.0 + reach, (high + low) / 2.0 - reach
    line, direction = np.full(3_000, np.nan), np.full(3_000, np.nan)
    for i in range(10, 3_000):
        if i > 10:  # a band moves towards the price only, unless the last close was beyond it
            if close[i - 1] <= ceiling[i - 1]:
                ceiling[i] = min(ceiling[i], ceiling[i - 1])
            if close[i - 1] >= floor[i - 1]:
                floor[i] = max(floor[i], floor[i - 1])
        was_up = i > 10 and direction[i - 1] > 0.0
        is_up = close[i] >= floor[i] if was_up else close[i] > ceiling[i]
        direction[i] = 1.0 if is_up else -1.0
        line[i] = floor[i] if is_up else ceiling[i]
    own_line, own_direction = supertrend(high, low, close, 10, 3.0)
    assert same_bits(own_direction, direction)
    close_to(own_line, line)
    assert {-1.0, 1.0} <= set(own_direction[10:].tolist())


def test_windows_do_not_drift_over_a_million_candles() -> None:
    """Prices of a million with steps of a cent: a running sum of squares has no digit left here."""
    cents = np.cumsum(np.random.default_rng(3).integers(-1, 2, size=MILLION))
    values: Floats = cents.astype(np.float64) * 0.01 + 1e6
    last = values[-1_020:]
    close_to(sma(values, 20)[-1_000:], windows(20, mean, last)[-1_000:])
    moving = np.array([len(set(last[i - 19 : i + 1].tolist())) > 1 for i in range(20, 1_020)])
    close_to(deviation(values, 20)[-1_000:][moving], windows(20, spread, last)[-1_000:][moving])


def test_a_huge_value_leaves_no_trace_once_it_has_left_the_window() -> None:
    tame = market(500)
    wild = {name: np.concatenate((np.full(50, 1e18), column)) for name, column in tame.items()}
    for windowed in (sma, deviation, rolling_high, rolling_low):
        close_to(windowed(wild["close"], 20)[69:], windowed(tame["close"], 20)[19:])
    prices = [vwap(each["high"], each["low"], each["close"], each["volume"], 20) for each in (wild, tame)]
    close_to(prices[0][69:], prices[1][19:])


def test_a_window_that_does_not_move_has_no_deviation_at_all() -> None:
    values = np.concatenate((market(100)["close"], np.full(100, 0.1)))
    assert set(deviation(values, 20)[119:].tolist()) == {0.0}


def test_a_million_volumes_add_up_exactly() -> None:
    noise = np.random.default_rng(5)
    atoms = noise.integers(1, 10**12, size=MILLION)
    turns = np.concatenate(([1], noise.integers(-1, 2, size=MILLION - 1)))
    exact = np.array(list(accumulate((atoms * turns).tolist())), dtype=np.float64)
    own = obv(np.cumsum(turns).astype(np.float64), atoms.astype(np.float64) * 2.0**-26)
    np.testing.assert_array_equal(own, exact * 2.0**-26)

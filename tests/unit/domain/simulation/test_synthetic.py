"""The synthetic market: the same on every machine, possible as candles, and like a market where it should be."""

from itertools import islice

import numpy as np
import pytest

from genesis.domain.candle import DAY_MS, MINUTE_MS, Candles, Floats, Timeframe, rows_sha256
from genesis.domain.candle_check import RawCandles, check
from genesis.domain.simulation.synthetic import SYNTHETIC_START, synthetic_candles, synthetic_market
from genesis.domain.units import Mts, atoms


@pytest.fixture(scope="module")
def month() -> Candles:
    return synthetic_candles(seed=7, days=30)


def minute_returns(candles: Candles) -> Floats:
    returns: Floats = np.diff(np.log(candles.close))[np.diff(candles.mts) == MINUTE_MS]
    return returns


def test_a_seed_gives_these_candles_on_every_machine() -> None:
    expected = "2b497b21df81ca180805a75d6780a6fb6d300af0da2e9bd6268019049550d7f7"
    assert rows_sha256(synthetic_candles(seed=1, days=2)) == expected


def test_another_seed_is_another_market() -> None:
    assert rows_sha256(synthetic_candles(seed=8, days=1)) != rows_sha256(synthetic_candles(seed=7, days=1))


def test_a_shorter_market_is_the_beginning_of_a_longer_one(month: Candles) -> None:
    short = synthetic_candles(seed=7, days=2.5)
    assert list(short) == list(month.between(None, SYNTHETIC_START + round(2.5 * DAY_MS)))
    assert list(islice(synthetic_market(seed=7), 100)) == list(short)[:100]


def test_every_candle_passes_the_check_for_files(month: Candles) -> None:
    columns = (month.mts, month.open, month.high, month.low, month.close, month.volume)
    assert check(RawCandles(*columns, np.arange(len(month))), Timeframe.M1).findings == ()


@pytest.mark.parametrize("price", [0.000_031, 8.05, 966.6, 42_000.0, 3_456_789.0])
def test_prices_have_five_significant_digits_and_volumes_eight_decimals(price: float) -> None:
    for candle in synthetic_candles(seed=3, days=0.5, price=price):
        for number in (candle.open, candle.high, candle.low, candle.close):
            assert number == float(f"{number:.5g}")
        assert atoms(f"{candle.volume:.8f}") > 0
        assert candle.volume == float(f"{candle.volume:.8f}")


def test_returns_have_fat_tails(month: Candles) -> None:
    returns = minute_returns(month)
    deviations = returns - returns.mean()
    assert (deviations**4).mean() / (deviations**2).mean() ** 2 > 5


def test_volatility_clusters_and_returns_do_not_repeat(month: Candles) -> None:
    returns = minute_returns(month)
    sizes = np.abs(returns)
    for lag in (1, 10, 60):
        assert np.corrcoef(sizes[:-lag], sizes[lag:])[0, 1] > 0.1
        assert abs(np.corrcoef(returns[:-lag], returns[lag:])[0, 1]) < 0.1


def test_some_minutes_have_no_trade_and_some_hours_have_none(month: Candles) -> None:
    gaps = month.gaps(Timeframe.M1)
    missing = sum(gap.missing for gap in gaps)
    assert 0.02 < missing / (30 * 1440) < 0.25
    assert max(gap.missing for gap in gaps) >= 60


def test_calm_and_stormy_days_differ() -> None:
    market = synthetic_candles(seed=7, days=60)
    days = [market.between(at, at + DAY_MS) for at in range(SYNTHETIC_START, SYNTHETIC_START + 60 * DAY_MS, DAY_MS)]
    deviations = sorted(float(minute_returns(day).std()) for day in days)
    assert deviations[-1] > 3 * deviations[0]


@pytest.mark.parametrize(
    ("days", "start", "price", "seed"),
    [
        (0.0, 0, 1.0, 1),
        (-1.0, 0, 1.0, 1),
        (float("nan"), 0, 1.0, 1),
        (1.0, 1, 1.0, 1),
        (1.0, 0, 0.0, 1),
        (1.0, 0, 1.0, -1),
    ],
)
def test_an_impossible_market_is_refused(days: float, start: int, price: float, seed: int) -> None:
    with pytest.raises(ValueError, match=r"synthetic|seed"):
        synthetic_candles(seed, days, Mts(start), price)

"""Each indicator against TA-Lib where it has the same, and else against its definition, written plainly."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import talib

from genesis.domain.candle import Floats
from genesis.domain.indicators.catalog import INDICATORS
from genesis.domain.indicators.logarithm import natural_logarithm
from tests.unit.indicators.columns import market, of

Columns = dict[str, Floats]
Oracle = Callable[[Columns], tuple[Floats, ...]]

PERIODS = (1, 2, 3, 14, 33)
BY_NAME = {each.name: each for each in INDICATORS}


def ours(name: str, columns: Columns, *parameters: float) -> tuple[Floats, ...]:
    indicator = BY_NAME[name]
    return indicator.batch(*of(indicator, columns), *parameters)


def agree(own: Floats, oracle: Floats, scale: float = 0.0) -> None:
    """They are known at the same rows, and equal to 1e-9 of the value, or of *scale* where values cancel."""
    assert np.array_equal(np.isnan(own), np.isnan(oracle))
    np.testing.assert_allclose(own, oracle, rtol=1e-9, atol=1e-9 * scale, equal_nan=True)


def windows(columns: Columns, names: str, period: int, fold: Callable[..., float]) -> Floats:
    rows = np.column_stack([columns[name] for name in names.split()])
    out = np.full(len(rows), np.nan)
    for end in range(period, len(rows) + 1):
        out[end - 1] = fold(*rows[end - period : end].T)
    return out


def mean(values: Floats) -> float:
    return math.fsum(values) / len(values)


def shifted(values: Floats, by: int) -> Floats:
    return np.concatenate((np.full(by, np.nan), values[: len(values) - by]))


TALIB: dict[str, Callable[[Columns, int], Floats | tuple[Floats, ...]]] = {
    "wma": lambda c, n: talib.WMA(c["x"], n),
    "dema": lambda c, n: talib.DEMA(c["x"], n),
    "tema": lambda c, n: talib.TEMA(c["x"], n),
    "trix": lambda c, n: talib.TRIX(c["x"], n),
    "kama": lambda c, n: talib.KAMA(c["x"], n),
    "momentum": lambda c, n: talib.MOM(c["x"], n),
    "returns": lambda c, n: talib.ROCP(c["x"], n),
    "cci": lambda c, n: talib.CCI(c["high"], c["low"], c["close"], n),
    "williams_r": lambda c, n: talib.WILLR(c["high"], c["low"], c["close"], n),
    "mfi": lambda c, n: talib.MFI(c["high"], c["low"], c["close"], c["volume"], n),
    "cmo": lambda c, n: talib.CMO(c["x"], n),
    "aroon": lambda c, n: (*talib.AROON(c["high"], c["low"], n)[::-1], talib.AROONOSC(c["high"], c["low"], n)),
    "correlation": lambda c, n: talib.CORREL(c["x"], c["y"], n),
    "rolling_sum": lambda c, n: talib.SUM(c["x"], n),
    "regression": lambda c, n: (
        talib.LINEARREG_SLOPE(c["x"], n),
        talib.LINEARREG_INTERCEPT(c["x"], n),
        talib.LINEARREG(c["x"], n),
    ),
}
SCALES = {"regression": 1e2, "correlation": 1.0, "momentum": 1.0, "returns": 1.0, "trix": 1.0, "cci": 1e2, "mfi": 1.0}
"""Where TA-Lib itself subtracts what is nearly equal."""


@pytest.mark.parametrize("name", TALIB)
@pytest.mark.parametrize("period", [2, 3, 14, 50])
def test_values_are_those_of_talib(name: str, period: int) -> None:
    columns = market(3_000, seed=5)
    theirs = TALIB[name](columns, period)
    for own, their in zip(
        ours(name, columns, period), theirs if isinstance(theirs, tuple) else (theirs,), strict=False
    ):
        agree(own, their, SCALES.get(name, 0.0))


def test_oscillators_of_several_periods_are_those_of_talib() -> None:
    c = market(3_000, seed=6)
    row = c["high"], c["low"], c["close"]
    k, d = ours("stochastic", c, 14, 3, 5)
    their_k, their_d = talib.STOCH(*row, fastk_period=14, slowk_period=3, slowd_period=5)
    agree(d, their_d, 1.0)
    known = ~np.isnan(their_k)  # it keeps %K back until there is a %D
    np.testing.assert_allclose(k[known], their_k[known], rtol=1e-9)
    k, d = ours("stoch_rsi", c, 14, 10, 3)
    their_k, their_d = talib.STOCHRSI(c["x"], 14, 10, 3)
    agree(d, their_d, 1.0)
    known = ~np.isnan(their_k)
    np.testing.assert_allclose(k[known], their_k[known], rtol=1e-9, atol=1e-9)
    agree(ours("ultimate", c, 7, 14, 28)[0], talib.ULTOSC(*row, 7, 14, 28))


@pytest.mark.parametrize(("acceleration", "maximum"), [(0.02, 0.2), (0.1, 0.1), (0.3, 0.2)])
@pytest.mark.parametrize("seed", range(8))
def test_the_parabolic_stop_is_that_of_talib(acceleration: float, maximum: float, seed: int) -> None:
    c = market(2_000, seed)
    line, direction = ours("sar", c, acceleration, maximum)
    agree(line, talib.SAR(c["high"], c["low"], acceleration, maximum))
    assert set(direction[1:]) == {1.0, -1.0}
    # Below the lows on the way up, above the highs on the way down.
    assert (np.where(direction[1:] > 0, c["low"][1:] - line[1:], line[1:] - c["high"][1:]) >= 0).all()


def test_single_rows_are_those_of_talib() -> None:
    c = market(3_000, seed=7)
    row = c["high"], c["low"], c["close"]
    agree(ours("true_range", c)[0], talib.TRANGE(*row))
    agree(ours("ad_line", c)[0], talib.AD(*row, c["volume"]), float(c["volume"].sum()))
    np.testing.assert_array_equal(ours("sqrt", c)[0], np.sqrt(c["x"]))


@pytest.mark.parametrize("name", ["cci", "williams_r", "mfi", "cmo", "correlation"])
def test_a_market_that_stands_still_is_as_in_talib(name: str) -> None:
    flat = {each: np.full(200, 50.0) for each in market(1)}
    theirs = TALIB[name](flat, 14)
    assert not isinstance(theirs, tuple)
    agree(ours(name, flat, 14)[0], theirs)


PLAIN: dict[str, Callable[[Columns, int], Floats]] = {
    "z_score": lambda c, n: windows(c, "x", n, lambda x: (x[-1] - mean(x)) / x.std() if x.std() > 0 else 0.0),
    "rank": lambda c, n: windows(c, "x", n, lambda x: (np.sum(x < x[-1]) + (np.sum(x == x[-1]) + 1) / 2) / len(x)),
    "skew": lambda c, n: windows(
        c, "x", n, lambda x: float(np.mean((x - x.mean()) ** 3) / x.std() ** 3) if x.std() > 0 else 0.0
    ),
    "kurtosis": lambda c, n: windows(
        c, "x", n, lambda x: float(np.mean((x - x.mean()) ** 4) / x.std() ** 4 - 3) if x.std() > 0 else 0.0
    ),
    "beta": lambda c, n: windows(
        c, "x y", n, lambda x, y: float(np.mean((x - x.mean()) * (y - y.mean())) / y.var()) if y.var() > 0 else 0.0
    ),
    "chaikin_flow": lambda c, n: windows(
        c,
        "high low close volume",
        n,
        lambda h, low, close, v: math.fsum(((close - low) - (h - close)) / (h - low) * v) / math.fsum(v),
    ),
    "vwma": lambda c, n: windows(c, "x volume", n, lambda x, v: math.fsum(x * v) / math.fsum(v)),
    "efficiency": lambda c, n: windows(c, "x", n + 1, lambda x: abs(x[-1] - x[0]) / math.fsum(abs(np.diff(x)))),
    "realised_volatility": lambda c, n: windows(c, "x", n + 1, lambda x: math.sqrt(mean(np.diff(np.log(x)) ** 2))),
    "parkinson": lambda c, n: windows(
        c, "high low", n, lambda h, low: math.sqrt(mean(np.log(h / low) ** 2) / (4 * math.log(2)))
    ),
    "garman_klass": lambda c, n: windows(
        c,
        "open high low close",
        n,
        lambda o, h, low, close: math.sqrt(
            max(mean(np.log(h / low) ** 2 / 2 - (2 * math.log(2) - 1) * np.log(close / o) ** 2), 0.0)
        ),
    ),
    "log_returns": lambda c, n: np.log(c["x"] / shifted(c["x"], n)),
    "rma": lambda c, n: _wilder(c["x"], n),
    "hma": lambda c, n: _hull(c["x"], n),
}


def _wilder(values: Floats, period: int) -> Floats:
    out = np.full(len(values), np.nan)
    out[period - 1] = mean(values[:period])
    for i in range(period, len(values)):
        out[i] = (out[i - 1] * (period - 1) + values[i]) / period
    return out


def _hull(values: Floats, period: int) -> Floats:
    def weighed(series: Floats, n: int) -> Floats:
        weights = np.arange(1.0, n + 1)
        return windows({"x": series}, "x", n, lambda x: math.fsum(x * weights) / weights.sum())

    return weighed(2 * weighed(values, max(period // 2, 1)) - weighed(values, period), math.isqrt(period))


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("period", PERIODS)
def test_values_are_those_of_the_definition(name: str, period: int) -> None:
    columns = market(600, seed=8)
    agree(ours(name, columns, period)[0], PLAIN[name](columns, period), 1.0 if name != "parkinson" else 0.0)


@pytest.mark.parametrize("period", [1, 2, 3, 14, 33])
@pytest.mark.parametrize("percent", [0.5, 25.0, 50.0, 90.0, 100.0])
def test_percentiles_are_those_of_numpy(period: int, percent: float) -> None:
    columns = market(600, seed=9)
    columns["x"] = np.round(columns["x"], 0)  # many equals
    plain = windows(columns, "x", period, lambda x: float(np.percentile(x, percent)))
    agree(ours("percentile", columns, period, percent)[0], plain)


def test_r_squared_is_the_squared_correlation_with_time() -> None:
    columns = market(600, seed=10)
    plain = windows(columns, "x", 20, lambda x: float(np.corrcoef(np.arange(20), x)[0, 1] ** 2))
    agree(ours("regression", columns, 20)[3], plain, 1.0)


def test_channels_and_lines_are_made_of_what_they_say() -> None:
    c = market(600, seed=11)
    upper, middle, lower = ours("keltner", c, 20, 1.5)
    span = talib.ATR(c["high"], c["low"], c["close"], 20)
    agree(middle, talib.EMA(c["close"], 20))
    agree(upper, talib.EMA(c["close"], 20) + 1.5 * span)
    agree(lower, talib.EMA(c["close"], 20) - 1.5 * span)

    def middle_of(n: int) -> Floats:
        return windows(c, "high low", n, lambda high, low: float(high.max() + low.min()) / 2)

    conversion, base, leading_a, leading_b = ours("ichimoku", c, 9, 26, 52)
    agree(conversion, middle_of(9))
    agree(base, middle_of(26))
    agree(leading_a, (middle_of(9) + middle_of(26)) / 2)
    agree(leading_b, middle_of(52))


def test_the_vortex_is_movement_of_the_true_range() -> None:
    c = market(600, seed=12)
    spans = talib.TRANGE(c["high"], c["low"], c["close"])
    moves = {
        "up": abs(c["high"] - shifted(c["low"], 1)),
        "down": abs(c["low"] - shifted(c["high"], 1)),
        "span": spans,
    }
    for own, name in zip(ours("vortex", c, 14), ("up", "down"), strict=True):
        agree(own, windows(moves, f"{name} span", 14, lambda move, span: math.fsum(move) / math.fsum(span)))


def test_heikin_ashi_candles_follow_their_recursion() -> None:
    c = market(300, seed=13)
    opened, closed = ours("heikin_ashi", c)
    np.testing.assert_allclose(closed, (c["open"] + c["high"] + c["low"] + c["close"]) / 4, rtol=1e-12)
    expected = [(c["open"][0] + c["close"][0]) / 2]
    for close in closed[:-1]:
        expected.append((expected[-1] + close) / 2)
    agree(opened, np.array(expected))


def test_drawdowns_are_shares_of_the_peak() -> None:
    c = market(600, seed=14)
    peak = np.maximum.accumulate(c["x"])
    agree(ours("drawdown", c)[0], (peak - c["x"]) / peak, 1.0)
    fall = 100 * (1 - c["x"] / windows(c, "x", 14, np.max))
    plain = windows({"x": fall}, "x", 14, lambda x: math.sqrt(mean(x**2)))
    agree(ours("ulcer", c, 14)[0], plain, 1.0)


def test_the_exponential_deviation_follows_its_recursion() -> None:
    x = market(300, seed=15)["x"]
    weights = [(1 - 2 / 21) ** k for k in range(300)]
    expected = np.full(300, np.nan)
    for i in range(19, 300):
        # The first input stands for all before it: it has the weight that is left.
        known = np.array([*(2 / 21 * w for w in weights[:i]), weights[i]])
        values = x[i::-1]
        centre = math.fsum(known * values)
        expected[i] = math.sqrt(math.fsum(known * (values - centre) ** 2))
    agree(ours("ew_deviation", {"x": x}, 20)[0], expected)


def test_what_is_remembered() -> None:
    on = np.array([0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0])
    off = np.array([0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0])
    assert ours("latch", {"x": on, "y": off})[0].tolist() == [0, 1, 1, 0, 0, 0, 1]
    np.testing.assert_equal(ours("bars_since", {"x": on})[0], [math.nan, 0, 1, 2, 0, 1, 0])
    wandering = np.array([0.0, 0.2, 0.3, 0.1, -0.2, 0.0])
    assert ours("stepped", {"x": wandering}, 0.3)[0].tolist() == [0.0, 0.0, 0.3, 0.3, -0.2, -0.2]
    values = np.arange(7.0) * 10
    np.testing.assert_equal(ours("value_when", {"x": on, "y": values})[0], [math.nan, 10, 10, 10, 40, 40, 60])
    assert ours("cumulative", {"x": values})[0].tolist() == np.cumsum(values).tolist()


def test_the_clock_is_utc_and_weeks_begin_on_monday() -> None:
    # 2017-08-01 was a Tuesday; 1970-01-01 a Thursday.
    mts = np.array([1_501_545_600_000.0, 1_501_545_600_000.0 + 86_399_999, 0.0])
    hour, weekday = ours("clock", {"mts": mts})
    assert hour.tolist() == [0, 23, 0]
    assert weekday.tolist() == [1, 1, 3]


def test_the_logarithm_is_within_a_unit_in_the_last_place() -> None:
    numbers = np.concatenate(
        (
            np.random.default_rng(1).uniform(0.5, 2.0, 20_000),
            np.exp(np.random.default_rng(2).uniform(-700, 700, 20_000)),
            [5e-324, 1.0, 1.7e308, 1.0 - 2**-53, 1.0 + 2**-52],
        )
    )
    for number in numbers.tolist():
        exact = math.log(number)
        assert abs(natural_logarithm(number) - exact) <= math.ulp(exact)
    assert natural_logarithm(1.0) == 0.0
    assert all(math.isnan(natural_logarithm(bad)) for bad in (0.0, -1.0, math.inf, math.nan))

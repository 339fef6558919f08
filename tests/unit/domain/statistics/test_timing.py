"""Skill of timing: random positions have none in any market, and who knows tomorrow has it in any."""

import gzip
import math
from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.domain.candle import DAY_MS, Candles, Floats
from genesis.domain.fill import Fill
from genesis.domain.instrument import spot_instrument
from genesis.domain.order import Cid, Side
from genesis.domain.statistics.significance import deflated_sharpe, moments, probabilistic_sharpe
from genesis.domain.statistics.timing import Timing, exposures_of, timing_of
from genesis.domain.strategy.columns import evaluate
from genesis.domain.strategy.expression import Expr
from genesis.domain.strategy.features import close, ema, minimum, rolling_high, where
from genesis.domain.units import Mts, Price, Symbol, atoms
from tests.unit.domain.statistics.walks import candles_of, driven_by_prices, judged, random_exposures

DATA = Path(__file__).parents[5] / "shared" / "data"
NOMINAL = 0.05
STUDIES = 400
RULES = [
    pytest.param(where(ema(close, fast) > ema(close, slow), 1.0, 0.0), per_day, id=f"ema {fast} {slow} of {per_day}")
    for fast, slow, per_day in ((5, 20, 1), (10, 40, 1), (10, 40, 24), (50, 200, 24))
] + [
    pytest.param(where(close < ema(close, period), 1.0, 0.0), per_day, id=f"dips below {period} of {per_day}")
    for period, per_day in ((30, 1), (60, 1), (100, 1), (30, 24), (800, 24))
]


def bitcoin(*years: int) -> Floats:
    """Return the returns of days of real candles."""
    returns = []
    for year in years:
        with gzip.open(DATA / f"tBTCUSD-1m-{year}.csv.gz", "rt") as lines:
            next(lines)
            ends = {int(mts) // DAY_MS: float(close) for mts, _, close, _ in (line.split(",", 3) for line in lines)}
        closes = np.array(list(ends.values()))
        returns.append(closes[1:] / closes[:-1] - 1.0)
    return np.concatenate(returns)


def believed_of(generator: np.random.Generator, market: Floats | None, drift: float, studies: int, trials: int) -> int:
    """Return how many of *studies* believe the best of *trials* strategies that are in the market at random."""
    believed = 0
    for _ in range(studies):
        returns = generator.normal(drift, 0.03, 365) if market is None else market
        terms = generator.uniform((0.05, 1.0, 0.1), (0.95, 30.0, 1.0), (trials, 3))
        found = [judged(returns, random_exposures(generator, len(returns), *each)) for each in terms.tolist()]
        believed += any(each is not None and each.belief(trials) > 1.0 - NOMINAL for each in found)
    return believed


def margin(studies: int) -> float:
    return NOMINAL + 3.0 * math.sqrt(NOMINAL * (1.0 - NOMINAL) / studies)


@pytest.mark.parametrize("drift", [-0.01, 0.0, 0.004, 0.02])
@pytest.mark.parametrize(("studies", "trials"), [(400, 1), (60, 20)])
def test_random_timing_is_significant_no_more_often_than_the_nominal_rate_in_any_drift(
    drift: float, studies: int, trials: int
) -> None:
    generator = np.random.Generator(np.random.PCG64(21))
    assert believed_of(generator, None, drift, studies, trials) / studies <= margin(studies)


@pytest.mark.skipif(not DATA.exists(), reason="the real candles are not beside the checkout")
@pytest.mark.parametrize("years", [(2017,), (2018,), (2017, 2018)])
def test_random_timing_of_bitcoin_is_significant_no_more_often_than_the_nominal_rate(years: tuple[int, ...]) -> None:
    generator, market = np.random.Generator(np.random.PCG64(22)), bitcoin(*years)
    for studies, trials in ((400, 1), (60, 20)):
        assert believed_of(generator, market, 0.0, studies, trials) / studies <= margin(studies)


@pytest.mark.parametrize("drift", [-0.002, 0.0, 0.004])
@pytest.mark.parametrize(("rule", "per_day"), RULES)
def test_strategies_of_prices_alone_are_significant_at_the_nominal_rate(drift: float, rule: Expr, per_day: int) -> None:
    generator = np.random.Generator(np.random.PCG64(27))
    found = [driven_by_prices(generator, drift, rule, per_day) for _ in range(STUDIES)]
    scores = [NormalDist().inv_cdf(each.belief()) for each in found if each is not None]
    assert sum(each > NormalDist().inv_cdf(1.0 - NOMINAL) for each in scores) / STUDIES <= margin(STUDIES)
    assert 0.6 < float(np.std(scores)) < 1.1, "the error is what these ratios vary by, and more for few positions"
    assert abs(float(np.mean(scores))) < 0.3


FALL = 1.0 - close / rolling_high(close, 100)
STEPS = (
    where(FALL > 0.05, 0.25, 0.0)
    + where(FALL > 0.1, 0.25, 0.0)
    + where(FALL > 0.15, 0.25, 0.0)
    + where(FALL > 0.2, 0.25, 0.0)
)
LADDERS = [
    pytest.param(STEPS, id="steps"),
    pytest.param(minimum(FALL / 0.6, 1.0), id="as deep as the fall"),
    pytest.param(where(close < ema(close, 200), 1.0, 0.0), id="below the mean of 200 days"),
]


@pytest.mark.parametrize("rule", LADDERS)
def test_who_remembers_a_fall_for_long_is_significant_hardly_more_often(rule: Expr) -> None:
    """Exposure comes and goes about its mean, and the returns that decided it are remembered all the same.

    One in a hundred more than the nominal rate is what is left: the deeper a fall becomes, the less it weighs.
    """
    generator = np.random.Generator(np.random.PCG64(33))
    drifts = np.repeat((-0.002, 0.0, 0.004), STUDIES).tolist()
    found = [driven_by_prices(generator, drift, rule, 1, 300) for drift in drifts]
    believed = sum(each is not None and each.belief() > 1.0 - NOMINAL for each in found)
    assert believed / len(found) <= margin(len(found)) + 0.01


@pytest.mark.parametrize("length", [20.0, 60.0])
def test_long_positions_at_random_times_are_significant_at_the_nominal_rate(length: float) -> None:
    generator, believed = np.random.Generator(np.random.PCG64(28)), 0
    for _ in range(STUDIES):
        market = generator.normal(0.0, 0.03, 365)
        found = judged(market, random_exposures(generator, 365, 0.5, length, 1.0))
        believed += found is not None and found.belief() > 1.0 - NOMINAL
    assert believed / STUDIES <= margin(STUDIES)


@pytest.mark.parametrize("per_day", [1, 24])
def test_who_buys_dips_that_come_back_is_found(per_day: int) -> None:
    """A market whose days take back a third of the day before, and a rule that buys below its mean of a few days."""
    generator, found = np.random.Generator(np.random.PCG64(29)), 0
    for _ in range(40):
        noise = generator.normal(0.0, 0.03 / math.sqrt(per_day), 730 * per_day)
        back = np.concatenate((np.zeros(per_day), noise[:-per_day])) / 3.0
        candles = candles_of(noise - back)
        wanted = np.nan_to_num(evaluate(where(close < ema(close, 3 * per_day), 1.0, 0.0), candles))
        held = np.concatenate(([0.0], wanted[:-1]))
        own = np.prod((1.0 + held * (noise - back)).reshape(730, per_day), axis=1) - 1.0
        timing = timing_of(own.tolist(), evolve(candles, mts=candles.mts // per_day), held)
        found += timing is not None and timing.belief() > 0.95
    assert found >= 36


def of_hours(generator: np.random.Generator, held: Sequence[int], skill: float) -> Timing | None:
    """Time so many hours of each day, better than by chance by *skill*."""
    market = generator.normal(0.0, 0.03 / math.sqrt(24), (len(held), 24))
    exposures = np.zeros_like(market)
    for day, hours in enumerate(held):
        seen = skill * market[day] + generator.normal(0.0, 0.03 / math.sqrt(24), 24)
        exposures[day, np.argsort(-seen)[:hours]] = 1.0
    own = np.prod(1.0 + exposures * market, axis=1) - 1.0
    candles = candles_of(market.ravel())
    return timing_of(own.tolist(), evolve(candles, mts=candles.mts // 24), exposures.ravel())


@pytest.mark.parametrize("later", [7, 12, 18])
def test_skill_within_days_is_found_however_exposure_of_days_moves(later: int) -> None:
    """Two thousand round trips a year say much, also where the mean of their days hardly ever changes."""
    generator, held = np.random.Generator(np.random.PCG64(31)), [6] * 182 + [later] * 183
    skilled = [of_hours(generator, held, 0.3) for _ in range(20)]
    assert all(each is not None and each.belief(200) > 0.95 for each in skilled)
    by_chance = [of_hours(generator, held, 0.0) for _ in range(STUDIES)]
    assert sum(each is not None and each.belief() > 1.0 - NOMINAL for each in by_chance) / STUDIES <= margin(STUDIES)


def test_luck_of_others_does_not_grow_with_what_a_run_earned() -> None:
    held = [6] * 182 + [12] * 183
    runs = [of_hours(np.random.Generator(np.random.PCG64(32)), held, skill) for skill in (0.0, 0.3, 1.0)]
    ratios = [each.luck(200) / each.error for each in runs if each is not None]
    assert len(ratios) == 3
    assert max(ratios) < 1.2 * min(ratios)


def test_against_cash_alone_random_timing_of_a_rising_market_looks_like_skill() -> None:
    generator = np.random.Generator(np.random.PCG64(23))
    market = generator.normal(0.008, 0.03, 365)
    exposures = [random_exposures(generator, 365, 0.5, 5.0, 1.0) for _ in range(100)]
    known = [moments((each * market).tolist()) for each in exposures]
    assert sum(each is not None and probabilistic_sharpe(each) > 0.95 for each in known) > 80
    assert any(each is not None and deflated_sharpe(each, 5) > 0.95 for each in known)
    timed = [judged(market, each) for each in exposures]
    assert sum(each is not None and each.belief() > 0.95 for each in timed) <= 100 * margin(100)


@settings(max_examples=30)
@given(st.floats(-0.01, 0.02), st.floats(0.2, 1.0), st.integers(0, 2**31))
def test_who_knows_tomorrow_a_little_is_found_in_any_drift_at_any_size(drift: float, size: float, seed: int) -> None:
    generator = np.random.Generator(np.random.PCG64(seed))
    market = generator.normal(drift, 0.03, 730)
    knows = generator.random(730) < 0.5  # of half of the days; on the others it tosses a coin
    right = market > np.median(market)
    exposures = size * np.where(knows, right, generator.random(730) < 0.5)
    found = judged(market, exposures)
    assert found is not None
    assert found.exposure == pytest.approx(exposures.mean())
    assert found.belief(300) > 0.99
    wrong = judged(market, size - exposures)
    assert wrong is not None
    assert wrong.belief() < 0.01


def test_costs_stay_with_the_strategy() -> None:
    generator = np.random.Generator(np.random.PCG64(25))
    market = generator.normal(0.004, 0.03, 365)
    exposures = random_exposures(generator, 365, 0.5, 3.0, 1.0)
    free, paid = judged(market, exposures), judged(market, exposures, 0.001)
    assert free is not None
    assert paid is not None
    assert paid.sharpe < free.sharpe
    assert paid.belief() < free.belief()
    assert [paid.belief(trials) for trials in (1, 10, 1000)] == sorted(
        (paid.belief(trials) for trials in (1, 10, 1000)), reverse=True
    )


def test_nothing_is_said_of_who_is_always_or_hardly_ever_invested() -> None:
    market = np.random.Generator(np.random.PCG64(26)).normal(0.0, 0.03, 365)
    assert judged(market, np.ones(365)) is None
    assert judged(market, np.zeros(365)) is None
    assert judged(market, np.where(np.arange(365) == 7, 1.0, 0.0)) is None
    assert judged(np.zeros(365), np.where(np.arange(365) % 2 == 0, 1.0, 0.0)) is None


def test_an_exposure_is_the_share_of_equity_that_is_held_at_a_close() -> None:
    instrument = spot_instrument(Symbol("tBTCUSD"))
    candles = candles_of(np.array([0.0, 0.1, 0.0, 0.5]))
    held = atoms("0.998")
    fills = (
        Fill(Mts(DAY_MS), instrument.symbol, Cid(1), Side.BUY, atoms(1), Price(1), atoms("0.002")),
        Fill(Mts(3 * DAY_MS), instrument.symbol, Cid(2), Side.SELL, atoms("0.998"), Price(1), atoms(1)),
    )
    equity = np.array([10**12, 10**12, 2 * 10**12, 10**12], dtype=np.int64)
    assert exposures_of(fills, candles, equity).tolist() == pytest.approx(
        [0.0, held * 1100.0 / 1e12, held * 1100.0 / 2e12, 0.0]
    )
    short = (Fill(Mts(0), instrument.symbol, Cid(1), Side.SELL, atoms(1), Price(1), atoms("0.2")),)
    assert exposures_of(short, candles, equity, on_margin=True)[0] == pytest.approx(-0.1)


def test_days_without_a_candle_are_days_without_a_return() -> None:
    weekly = candles_of(np.array([0.1, -0.1] * 20))
    weekly = Candles(7 * weekly.mts, weekly.open, weekly.high, weekly.low, weekly.close, weekly.volume)
    exposures = np.where(np.arange(40) % 3 == 0, 1.0, 0.0)
    returns = np.zeros(7 * 39 + 1)
    returns[::7] = exposures * np.array([0.1, -0.1] * 20)
    found = timing_of(returns.tolist(), weekly, exposures)
    assert found is not None
    assert 0.0 < found.belief() < 0.95

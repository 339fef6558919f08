"""Significance by the published formulas, computed here in another way; and luck that is called luck."""

import math
from fractions import Fraction

import numpy as np
import pytest

from genesis.domain.statistics.monte_carlo import bootstrapped_growths, shuffled_drawdowns, spread
from genesis.domain.statistics.significance import (
    Moments,
    Variance,
    deflated_sharpe,
    expected_best_sharpe,
    luck_of_best,
    moments,
    probabilistic_sharpe,
    student,
    student_quantile,
    together,
)


def normal_cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def normal_quantile(p: float) -> float:
    low, high = -40.0, 40.0
    for _ in range(200):
        middle = (low + high) / 2.0
        low, high = (middle, high) if normal_cdf(middle) < p else (low, middle)
    return low


def test_moments_are_those_of_their_definition_in_fractions() -> None:
    returns = [0.01, -0.02, 0.005, 0.03, -0.01, 0.0]
    exact = [Fraction(each) for each in returns]
    mean = sum(exact, Fraction(0)) / len(exact)
    second, third, fourth = (sum(((each - mean) ** k for each in exact), Fraction(0)) / len(exact) for k in (2, 3, 4))
    known = moments(returns)
    assert known is not None
    assert known.sharpe == pytest.approx(float(mean) / math.sqrt(float(second * 6 / 5)), rel=1e-12)
    assert known.skewness == pytest.approx(float(third) / float(second) ** 1.5, rel=1e-12)
    assert known.kurtosis == pytest.approx(float(fourth / second**2), rel=1e-12)


def test_nothing_is_said_of_returns_that_do_not_vary() -> None:
    assert moments([0.01]) is None
    assert moments([0.5, 0.5, 0.5]) is None


def test_the_example_of_the_paper_comes_out() -> None:
    # "The Deflated Sharpe Ratio", the numerical example: variance 1/2, five years of 250 days, a ratio of 2.5 a year.
    known = Moments(1250, 2.5 / math.sqrt(250.0), -3.0, 10.0)
    deviation = math.sqrt(0.5 / 250.0)
    assert expected_best_sharpe(deviation, 100) == pytest.approx(0.1132, abs=5e-5)
    for trials, belief in ((100, 0.9004), (46, 0.9505)):
        luck = expected_best_sharpe(deviation, trials)
        assert probabilistic_sharpe(known, luck) == pytest.approx(belief, abs=5e-5)


@pytest.mark.parametrize("trials", [2, 10, 500, 100_000])
def test_the_best_of_luck_is_the_published_formula(trials: int) -> None:
    gamma = -sum(math.exp(-x) * math.log(x) * 1e-3 for x in np.arange(5e-4, 40.0, 1e-3))
    expected = (1.0 - gamma) * normal_quantile(1.0 - 1.0 / trials)
    expected += gamma * normal_quantile(1.0 - 1.0 / (trials * math.e))
    assert expected_best_sharpe(0.3, trials) == pytest.approx(0.3 * expected, rel=2e-3)


def test_more_trials_make_the_same_result_less_believable() -> None:
    known = Moments(400, 0.12, 0.0, 3.0)
    beliefs = [deflated_sharpe(known, trials) for trials in (1, 10, 100, 1000)]
    assert beliefs == sorted(beliefs, reverse=True)
    assert beliefs[0] == probabilistic_sharpe(known)


def test_random_strategies_look_significant_no_more_often_than_the_nominal_rate() -> None:
    generator = np.random.Generator(np.random.PCG64(11))
    studies, trials, days = 400, 25, 250
    alone = deflated = 0
    for _ in range(studies):
        returns = generator.normal(0.0, 0.02, (trials, days))
        ratios = returns.mean(axis=1) / returns.std(axis=1, ddof=1)
        alone += probabilistic_sharpe(moments(returns[0].tolist()) or Moments(2, 0.0, 0.0, 3.0)) > 0.95
        best = moments(returns[ratios.argmax()].tolist())
        assert best is not None
        deflated += deflated_sharpe(best, trials) > 0.95
    # Nominally 5 %: with 400 studies, three deviations above it are 8.3 %.
    assert 0.02 <= alone / studies <= 0.083
    assert deflated / studies <= 0.083
    # Without deflation the best of 25 looks significant in most studies: this is what the benchmark is for.
    assert luck_of_best(days, trials) * math.sqrt(days) > normal_quantile(0.95)


def test_a_search_that_converges_on_noise_is_believed_no_more_often_than_the_nominal_rate() -> None:
    generator = np.random.Generator(np.random.PCG64(12))
    studies, days, size = 200, 250, 256
    believed = {16: 0, 32: 0, 128: 0}
    for _ in range(studies):
        # Combinations beside one another trade nearly alike, as those of a grid of parameters do.
        noise = generator.normal(0.0, 0.02, (size + 8, days))
        grid = np.lib.stride_tricks.sliding_window_view(noise, 8, axis=0).mean(axis=2)[:size]
        ratios = grid.mean(axis=1) / grid.std(axis=1, ddof=1)
        tried = generator.permutation(size)[:16].tolist()
        for trials in believed:
            while len(tried) < trials:  # from the best so far outwards, as an optimiser that learns proposes them
                best = max(tried, key=lambda each: ratios[each])
                tried.append(min(set(range(size)) - set(tried), key=lambda each: abs(each - best)))
            found = moments(grid[max(tried, key=lambda each: ratios[each])].tolist())
            assert found is not None
            believed[trials] += deflated_sharpe(found, size) > 0.95
    assert max(believed.values()) / studies <= 0.05 + 3.0 * math.sqrt(0.05 * 0.95 / studies)


def test_shuffled_trades_keep_the_sum_and_meet_both_extremes() -> None:
    returns = [0.1, -0.1, 0.2, -0.2]
    drawdowns = shuffled_drawdowns(returns, 2000, seed=1)
    assert drawdowns.max() == pytest.approx(1.0 - 0.9 * 0.8)
    assert drawdowns.min() == pytest.approx(0.2)
    assert (drawdowns == shuffled_drawdowns(returns, 2000, seed=1)).all()
    assert (drawdowns != shuffled_drawdowns(returns, 2000, seed=2)).any()


def test_the_bootstrap_of_independent_returns_has_the_error_of_the_mean() -> None:
    returns = np.random.Generator(np.random.PCG64(5)).normal(0.001, 0.02, 1000)
    logs = np.log(bootstrapped_growths(returns, 4000, 1.0, seed=3))
    assert logs.mean() == pytest.approx(np.log1p(returns).sum(), abs=0.03)
    assert logs.std() == pytest.approx(returns.std() * math.sqrt(1000), rel=0.05)
    low, median, high = spread(logs)
    assert low < median < high


def test_a_history_loses_when_it_ends_below_its_start_although_it_earns_on_average() -> None:
    growths = bootstrapped_growths([0.5, -0.4] * 50, 2000, 1.0, seed=3)  # a mean of 5 %, and 0.9 a pair
    assert np.mean(growths < 1.0) > 0.8
    assert (bootstrapped_growths([0.0, 0.0], 10, 1.0, seed=3) == 1.0).all(), "nothing ventured is no loss"
    assert bootstrapped_growths([-1.0], 3, 1.0, seed=3).tolist() == [0.0, 0.0, 0.0]


def test_blocks_keep_what_follows_one_another_together() -> None:
    returns = np.repeat(np.random.Generator(np.random.PCG64(5)).normal(0.0, 0.02, 100), 10)
    alone, blocks = (np.log(bootstrapped_growths(returns, 2000, block, seed=3)).std() for block in (1.0, 50.0))
    assert blocks > 2.0 * alone


@pytest.mark.parametrize(
    ("returns", "draws", "block"), [([], 10, 1.0), ([0.1], 0, 1.0), ([0.1], 1, 0.5), ([math.nan], 1, 1.0)]
)
def test_what_cannot_be_drawn_is_refused(returns: list[float], draws: int, block: float) -> None:
    with pytest.raises(ValueError, match="least"):
        bootstrapped_growths(returns, draws, block, seed=0)


@pytest.mark.parametrize(
    ("freedom", "value"), [(1, 6.3138), (2, 2.9200), (3, 2.3534), (5, 2.0150), (8, 1.8595), (30, 1.6973), (120, 1.6577)]
)
def test_student_knows_the_printed_quantiles(freedom: int, value: float) -> None:
    # Source: M. Abramowitz and I. Stegun, "Handbook of Mathematical Functions" (1964), table 26.10, of 0.95.
    assert student(value, freedom) == pytest.approx(0.95, abs=2e-5)
    assert student(-value, freedom) == pytest.approx(0.05, abs=2e-5)
    assert student(0.0, freedom) == 0.5


@pytest.mark.parametrize("freedom", [1, 2, 9, 300])
@pytest.mark.parametrize("probability", [0.5, 0.6, 0.95, 0.999])
def test_a_quantile_of_student_is_where_he_has_that_probability(freedom: int, probability: float) -> None:
    assert student(student_quantile(probability, freedom), freedom) == pytest.approx(probability, abs=1e-9)


def test_the_best_of_many_is_farther_off_where_little_was_measured() -> None:
    lucks = [expected_best_sharpe(1.0, 100, freedom) for freedom in (2, 10, 100, 700)]
    assert lucks == sorted(lucks, reverse=True)
    assert lucks[-1] == pytest.approx(expected_best_sharpe(1.0, 100), rel=1e-2)


@pytest.mark.parametrize(
    ("parts", "freedom"),
    [
        (((1.0, 7), (0.0, 300)), 7),
        (((0.0, 1), (2.0, 300)), 300),
        (((1.0, 10), (1.0, 10)), 20),
        (((0.0, 1),), 1),
        (((5.1e-07, 7),), 7),
    ],
)
def test_freedom_is_that_of_what_an_error_is_made_of(parts: tuple[tuple[float, int], ...], freedom: int) -> None:
    total = math.fsum(value for value, _ in parts)
    assert together([Variance(*each) for each in parts]) == Variance(total, freedom)

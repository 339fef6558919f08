"""How many independent trials many that are alike are worth."""

import numpy as np
import pytest

from genesis.domain.statistics.alike import alike, mean_correlation

GENERATOR = np.random.Generator(np.random.PCG64(31))
ONE = GENERATOR.normal(0.0, 0.03, 500)


def test_a_trial_made_many_times_is_one() -> None:
    found = mean_correlation(np.outer(np.linspace(0.1, 3.0, 50), ONE))
    assert found == pytest.approx(1.0)
    assert alike(1.0, 50) == (1.0, 1.0)


def test_trials_that_have_nothing_in_common_all_count() -> None:
    found = mean_correlation(GENERATOR.normal(0.0, 0.03, (40, 2_000)))
    assert found is not None
    assert found < 0.01
    assert alike(found, 40).trials > 39.5


def test_the_mean_is_that_of_every_pair() -> None:
    returns = 0.6 * ONE + GENERATOR.normal(0.0, 0.02, (12, 500))
    every = np.asarray(np.corrcoef(returns))
    mean = float(np.mean([every[i, j] for i in range(12) for j in range(i)]))
    assert mean_correlation(returns) == pytest.approx(mean, rel=1e-12)
    assert alike(mean, 1_000).trials == pytest.approx(mean + (1.0 - mean) * 1_000)


def test_runs_that_never_move_say_nothing() -> None:
    still = np.zeros((3, 500))
    assert mean_correlation(still) is None
    assert mean_correlation(np.vstack((still, ONE))) is None
    assert mean_correlation(np.vstack((still, ONE, ONE))) == mean_correlation(np.vstack((ONE, ONE)))


def test_opposites_count_as_independent_and_no_more() -> None:
    assert mean_correlation(np.vstack((ONE, -ONE))) == 0.0
    assert alike(0.0, 2) == (0.0, 2.0)

"""How many independent trials many that are alike are worth."""

import numpy as np
import pytest

from genesis.domain.statistics.alike import alike

GENERATOR = np.random.Generator(np.random.PCG64(31))
ONE = GENERATOR.normal(0.0, 0.03, 500)


def test_a_trial_made_many_times_is_one() -> None:
    found = alike(np.outer(np.linspace(0.1, 3.0, 50), ONE), 50)
    assert found is not None
    assert found.correlation == pytest.approx(1.0)
    assert found.trials == pytest.approx(1.0)


def test_trials_that_have_nothing_in_common_all_count() -> None:
    found = alike(GENERATOR.normal(0.0, 0.03, (40, 2_000)), 40)
    assert found is not None
    assert found.correlation < 0.01
    assert found.trials > 39.5


def test_the_mean_is_that_of_every_pair() -> None:
    returns = 0.6 * ONE + GENERATOR.normal(0.0, 0.02, (12, 500))
    every = np.asarray(np.corrcoef(returns))
    mean = float(np.mean([every[i, j] for i in range(12) for j in range(i)]))
    found = alike(returns, 1_000)
    assert found is not None
    assert found.correlation == pytest.approx(mean, rel=1e-12)
    assert found.trials == pytest.approx(mean + (1.0 - mean) * 1_000)


def test_runs_that_never_move_say_nothing() -> None:
    still = np.zeros((3, 500))
    assert alike(still, 3) is None
    assert alike(np.vstack((still, ONE)), 4) is None
    assert alike(np.vstack((still, ONE, ONE)), 5) == alike(np.vstack((ONE, ONE)), 5)


def test_opposites_count_as_independent_and_no_more() -> None:
    found = alike(np.vstack((ONE, -ONE)), 2)
    assert found is not None
    assert found == (0.0, 2.0)

"""The distribution of round trips, by laws and by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.domain.statistics.summary import RoundTrip
from genesis.domain.statistics.trade_distribution import BINS, trade_distribution
from genesis.domain.units import Atoms, Mts


def trips_of(profits: list[int]) -> list[RoundTrip]:
    return [RoundTrip(Mts(n), Mts(3 * n + 1), Atoms(1000), Atoms(1000 + each)) for n, each in enumerate(profits)]


def test_the_figures_are_those_that_a_person_would_count() -> None:
    found = trade_distribution(trips_of([100, -50, -10, 20, -5, 0]))
    assert found is not None
    assert (found.count, found.wins, found.longest_losing_streak) == (6, 2, 2)
    assert (found.best, found.worst) == (0.1, -0.05)
    assert found.mean == pytest.approx(0.055 / 6)
    assert found.median == pytest.approx(-0.0025)
    assert found.mean_win == pytest.approx(0.06)
    assert found.mean_loss == pytest.approx(-0.065 / 3)
    assert (found.held_median, found.held_mean) == (6, 6)


@given(st.lists(st.integers(-1000, 5000), min_size=1, max_size=80))
def test_every_round_trip_is_in_one_bin_and_no_bin_straddles_zero(profits: list[int]) -> None:
    found = trade_distribution(trips_of(profits))
    assert found is not None
    assert sum(each.trips for each in found.bins) == len(profits)
    assert len(found.bins) <= BINS + 3
    assert all(each.low >= 0.0 or each.high <= 0.0 for each in found.bins)
    for left, right in zip(found.bins, found.bins[1:], strict=False):
        assert left.high == pytest.approx(right.low)


@given(st.lists(st.integers(-1000, 5000), min_size=1, max_size=80))
def test_the_bins_tell_losses_from_the_rest(profits: list[int]) -> None:
    found = trade_distribution(trips_of(profits))
    assert found is not None
    losers = sum(each.trips for each in found.bins if each.low < 0.0)
    if any(each.low >= 0.0 for each in found.bins) and any(each.low < 0.0 for each in found.bins):
        assert losers == sum(each < 0 for each in profits)


def test_one_extraordinary_trip_does_not_press_the_others_into_one_bin() -> None:
    found = trade_distribution(trips_of([*range(-100, 100), *range(-100, 100), 900_000]))
    assert found is not None
    assert sum(each.trips > 0 for each in found.bins) >= 20
    assert found.best == 900.0


def test_nothing_has_no_distribution() -> None:
    assert trade_distribution([]) is None


def test_a_trip_that_cost_nothing_returns_nothing() -> None:
    found = trade_distribution([RoundTrip(Mts(0), Mts(1), Atoms(0), Atoms(0))])
    assert found is not None
    assert (found.best, found.worst, found.mean_win, found.mean_loss) == (0.0, 0.0, None, None)

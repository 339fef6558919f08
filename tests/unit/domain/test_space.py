"""The combinations of a sweep are those that were asked for, and the same for everyone."""

from itertools import product

import pytest

from genesis.domain.strategy.shipped import ema_cross, rsi_reversion
from genesis.domain.strategy.space import Axis, Space, space_of
from genesis.domain.strategy.specification import BadStrategy


def test_a_range_includes_both_ends_and_the_last_axis_varies_quickest() -> None:
    space = space_of(ema_cross, {"fast": "5:7", "slow": "30:40:5"})
    every = [space.at(index) for index in space.whole().tolist()]
    assert every == [{"fast": fast, "slow": slow} for fast, slow in product((5, 6, 7), (30, 35, 40))]


def test_decimal_steps_are_exact_and_values_come_once() -> None:
    space = space_of(rsi_reversion, {"low": "0.1:0.7:0.1", "period": "14, 7,14"})
    assert [axis.values for axis in space.axes] == [(14, 7), (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7), (70.0,)]


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"speed": "1"}, "no parameter 'speed'"),
        ({"fast": "9:5:1"}, "low <= high"),
        ({"fast": "5:9:0"}, "step > 0"),
        ({"fast": "5:9:-1"}, "step > 0"),
        ({"fast": "5:9:1:1"}, "low:high:step"),
        ({"fast": "5:nan:1"}, "not a finite number"),
        ({"fast": "5:9:0.5"}, "whole number"),
        ({"fast": "0:9"}, "from 1 to 5000"),
        ({"fast": "5,six"}, "whole number"),
        ({"fast": ""}, "whole number"),
    ],
)
def test_an_axis_that_is_none_is_refused_in_words(given: dict[str, str], complaint: str) -> None:
    with pytest.raises(BadStrategy, match=complaint):
        space_of(ema_cross, given)


def test_a_range_of_floats_needs_its_step() -> None:
    with pytest.raises(BadStrategy, match="low:high:step"):
        space_of(rsi_reversion, {"low": "10:20"})


def test_a_random_part_is_distinct_reproducible_and_nearly_even() -> None:
    space = Space((Axis("a", tuple(range(100))), Axis("b", tuple(range(1000)))))
    drawn = space.sample(20_000, seed=7)
    assert len(set(drawn.tolist())) == 20_000
    assert (drawn == space.sample(20_000, seed=7)).all()
    assert (drawn != space.sample(20_000, seed=8)).any()
    assert abs(drawn.mean() / 49_999.5 - 1.0) < 0.01
    assert space.sample(10**6, seed=1).tolist() == space.whole().tolist()


def test_a_grid_beyond_all_bounds_is_refused() -> None:
    space = Space(tuple(Axis(str(each), tuple(range(1000))) for each in range(4)))
    with pytest.raises(BadStrategy, match="try --random"):
        space.whole()
    assert len(space.sample(50, seed=0)) == 50

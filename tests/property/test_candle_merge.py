"""Merging two runs of candles: the plain oracle is a dictionary."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.domain.candle import Candle, Candles
from genesis.domain.candle_merge import ConflictingCandles, merge
from genesis.domain.units import Mts

RUNS = st.dictionaries(st.integers(0, 30), st.sampled_from([1.0, 2.0]), max_size=25)


def candles(run: dict[int, float]) -> Candles:
    return Candles.from_rows(Candle(Mts(at), 3.0, 4.0, 0.5, price, 1.0) for at, price in sorted(run.items()))


@given(RUNS, RUNS)
def test_all_candles_of_both_are_there_once_and_the_newer_wins(old: dict[int, float], new: dict[int, float]) -> None:
    merged = merge(candles(old), candles(new), newer_wins=True)
    assert list(merged.candles) == list(candles({**old, **new}))
    both = old.keys() & new.keys()
    assert merged.added == len(new) - len(both)
    assert merged.identical == sum(old[at] == new[at] for at in both)
    assert merged.replaced == sum(old[at] != new[at] for at in both)


@given(RUNS, RUNS)
def test_a_conflict_is_refused_with_the_first_pair_and_their_number(
    old: dict[int, float], new: dict[int, float]
) -> None:
    conflicts = sorted(at for at in old.keys() & new.keys() if old[at] != new[at])
    if not conflicts:
        assert merge(candles(old), candles(new)).replaced == 0
        return
    with pytest.raises(ConflictingCandles) as refused:
        merge(candles(old), candles(new))
    assert refused.value.count == len(conflicts)
    assert (refused.value.old.mts, refused.value.new.mts) == (conflicts[0], conflicts[0])
    assert (refused.value.old.close, refused.value.new.close) == (old[conflicts[0]], new[conflicts[0]])

"""Drawdowns against a plain loop."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from genesis.domain.statistics.drawdowns import Drawdown, deepest_drawdowns, drawdown_series
from genesis.domain.statistics.record import drawdown_from
from genesis.domain.units import Mts

equities = st.lists(st.integers(0, 10**14), max_size=60)


def plain(equity: list[int], cash: int) -> tuple[list[float], list[Drawdown]]:
    """The series, and every passage from peak to recovery in order of time."""
    series, passages, peak = [], [], cash
    begun: tuple[int, int, float] | None = None
    for row, value in enumerate(equity):
        peak = max(peak, value)
        lost = drawdown_from(peak, value)
        series.append(lost)
        if lost > 0.0:
            if begun is None:
                begun = (max(row - 1, 0), row, lost)
            elif lost > begun[2]:
                begun = (begun[0], row, lost)
        elif begun is not None:
            passages.append(Drawdown(Mts(begun[0]), Mts(begun[1]), Mts(row), begun[2]))
            begun = None
    if begun is not None:
        passages.append(Drawdown(Mts(begun[0]), Mts(begun[1]), None, begun[2]))
    return series, passages


@given(equities, st.integers(1, 10**14))
def test_drawdowns_equal_a_plain_loop(equity: list[int], cash: int) -> None:
    values = np.array(equity, dtype=np.int64)
    series, passages = plain(equity, cash)
    assert drawdown_series(values, cash).tolist() == series
    ranked = sorted(passages, key=lambda each: -each.depth)
    assert list(deepest_drawdowns(np.arange(len(values)), values, cash)) == ranked[:5]


def test_an_account_that_never_fell_has_no_drawdown() -> None:
    assert deepest_drawdowns(np.arange(3), np.array([10, 10, 12]), 10) == ()


def test_an_account_that_never_had_anything_lost_nothing() -> None:
    assert drawdown_series(np.array([0, 0]), 0).tolist() == [0.0, 0.0]

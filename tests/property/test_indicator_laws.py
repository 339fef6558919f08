"""Laws of all indicators, over columns that no market would make."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.domain.candle import Floats
from genesis.domain.indicators.catalog import INDICATORS
from genesis.domain.indicators.indicator import Indicator
from tests.unit.indicators.columns import same_bits, stream

ODD = (math.nan, math.inf, -math.inf, 0.0, -0.0, 1e-300, 5e-324, 1e100, -1e100)
NUMBERS = st.one_of(
    st.floats(-1e6, 1e6),
    st.integers(-3, 3).map(float),  # ties
    st.sampled_from(ODD),
)
TIMES = st.one_of(st.integers(0, 4 * 10**12).map(float), st.sampled_from((math.nan, 86_399_999.0, 86_400_000.0)))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Indicator, list[Floats], tuple[float, ...]]:
    indicator = draw(st.sampled_from(INDICATORS))
    length = draw(st.integers(0, 60))
    columns = [
        np.array(
            draw(st.lists(TIMES if name == "mts" else NUMBERS, min_size=length, max_size=length)), dtype=np.float64
        )
        for name in indicator.inputs
    ]
    whole = sorted(draw(st.lists(st.integers(1, 12), min_size=3, max_size=3, unique=True)))
    parameters = tuple(
        draw(st.floats(0.1, 5.0)) if isinstance(default, float) else number
        for default, number in zip(indicator.defaults, whole, strict=False)
    )
    return indicator, columns, parameters


@given(cases())
@settings(max_examples=300, deadline=None)
def test_streaming_equals_batch_to_the_bit(case: tuple[Indicator, list[Floats], tuple[float, ...]]) -> None:
    indicator, columns, parameters = case
    batch = indicator.batch(*columns, *parameters)
    for streamed, column in zip(stream(indicator, columns, parameters), batch, strict=True):
        assert same_bits(streamed, column)


@given(cases())
@settings(max_examples=300, deadline=None)
def test_rows_with_holes_count_as_if_they_were_not_there(
    case: tuple[Indicator, list[Floats], tuple[float, ...]],
) -> None:
    indicator, columns, parameters = case
    whole = np.isfinite(np.array(columns)).all(axis=0)
    with_holes = indicator.batch(*columns, *parameters)
    without = indicator.batch(*(column[whole] for column in columns), *parameters)
    for column, plain in zip(with_holes, without, strict=True):
        assert np.isnan(column[~whole]).all()
        assert same_bits(column[whole], plain)


@given(cases(), st.integers(0, 60))
@settings(max_examples=300, deadline=None)
def test_the_future_changes_nothing(case: tuple[Indicator, list[Floats], tuple[float, ...]], cut: int) -> None:
    indicator, columns, parameters = case
    whole = indicator.batch(*columns, *parameters)
    early = indicator.batch(*(column[:cut] for column in columns), *parameters)
    for column, prefix in zip(whole, early, strict=True):
        assert same_bits(column[:cut], prefix)


@given(cases())
@settings(max_examples=300, deadline=None)
def test_a_step_is_repeatable_with_other_inputs_in_between(
    case: tuple[Indicator, list[Floats], tuple[float, ...]],
) -> None:
    indicator, columns, parameters = case
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    straight = stream(indicator, columns, parameters)
    state = indicator.start(*parameters)
    for i, row in enumerate(rows):
        for forming in rows[-3:]:
            indicator.step(state, *forming, *parameters)
        state, output = indicator.step(state, *row, *parameters)
        numbers = output if isinstance(output, tuple) else (output,)
        assert same_bits(np.array(numbers), np.array([column[i] for column in straight]))

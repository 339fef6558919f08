"""What every indicator promises, held against each one of the catalog."""

import copy
import math
import pickle
import subprocess
import sys
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from genesis.domain.candle import Floats
from genesis.domain.indicators.catalog import INDICATORS
from genesis.domain.indicators.indicator import PERIOD_MAX, Indicator, State
from tests.unit.indicators.columns import bits, stream, values
from tests.unit.indicators.columns import market as generated

LENGTH = 300


@pytest.fixture(params=INDICATORS, ids=lambda indicator: indicator.name)
def indicator(request: pytest.FixtureRequest) -> Indicator:
    chosen: Indicator = request.param
    return chosen


def market(names: tuple[str, ...], length: int = LENGTH, seed: int = 1) -> list[Floats]:
    columns = generated(length, seed)
    return [columns[name] for name in names]


def test_the_catalog_has_each_name_once() -> None:
    names = [indicator.name for indicator in INDICATORS]
    assert len(names) == len(set(names))


def test_the_description_names_everything_once(indicator: Indicator) -> None:
    assert len(indicator.defaults) == len(indicator.parameters)
    assert len(indicator.warm_up(*indicator.defaults)) == len(indicator.outputs)
    names = indicator.inputs + indicator.outputs + indicator.parameters
    assert len(set(names)) == len(names)


def test_another_process_finds_the_very_same_by_its_pickle(indicator: Indicator) -> None:
    assert pickle.loads(pickle.dumps(indicator)) is indicator


def test_streaming_equals_batch_to_the_bit(indicator: Indicator) -> None:
    columns = market(indicator.inputs)
    batch = indicator.batch(*columns, *indicator.defaults)
    for streamed, column in zip(stream(indicator, columns, indicator.defaults), batch, strict=True):
        assert bits(streamed) == bits(column)


def test_nothing_before_the_warm_up_and_something_after(indicator: Indicator) -> None:
    columns = market(indicator.inputs)
    batch = indicator.batch(*columns, *indicator.defaults)
    for column, warm_up in zip(batch, indicator.warm_up(*indicator.defaults), strict=True):
        assert np.isnan(column[:warm_up]).all()
        assert np.isfinite(column[warm_up:]).all()


def test_cutting_off_the_future_changes_nothing_in_the_past(indicator: Indicator) -> None:
    columns = market(indicator.inputs)
    whole = indicator.batch(*columns, *indicator.defaults)
    for length in (0, 1, 2, 33, 34, 35, LENGTH - 1):
        cut = indicator.batch(*(column[:length] for column in columns), *indicator.defaults)
        for short, long in zip(cut, whole, strict=True):
            assert bits(short) == bits(long[:length])


def test_the_last_input_is_replaceable(indicator: Indicator) -> None:
    columns = market(indicator.inputs)
    wrong = [column.tolist() for column in market(indicator.inputs, seed=2)]
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    state: State = indicator.start(*indicator.defaults)
    straight = stream(indicator, columns, indicator.defaults)
    for i, row in enumerate(rows):
        for forming in ([column[i] for column in wrong], [math.nan] * len(row), [2.0 * x for x in row]):
            indicator.step(state, *forming, *indicator.defaults)
        state, output = indicator.step(state, *row, *indicator.defaults)
        assert bits(np.array(values(output))) == [bits(column)[i] for column in straight]


def test_a_deep_copy_of_a_state_goes_its_own_way(indicator: Indicator) -> None:
    columns = market(indicator.inputs)
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    state: State = indicator.start(*indicator.defaults)
    for row in rows[:150]:
        state, _ = indicator.step(state, *row, *indicator.defaults)
    copied: State = copy.deepcopy(state)
    for row in rows[100:]:
        state, _ = indicator.step(state, *row, *indicator.defaults)
    output = None
    for row in rows[150:]:
        copied, output = indicator.step(copied, *row, *indicator.defaults)
    assert output is not None
    expected = [column[-1] for column in indicator.batch(*columns, *indicator.defaults)]
    assert bits(np.array(values(output))) == bits(np.array(expected))


@pytest.mark.parametrize("hole", [math.nan, math.inf, -math.inf])
def test_a_row_with_a_hole_gives_nan_and_leaves_the_state(indicator: Indicator, hole: float) -> None:
    clean = market(indicator.inputs)
    expected = indicator.batch(*clean, *indicator.defaults)
    rows_with_hole = (0, 1, 20, 21, 150, LENGTH)
    for holed in range(len(clean)):
        columns = [np.insert(column, rows_with_hole, 50.0) for column in clean]
        at = np.isin(np.arange(len(columns[0])), [row + k for k, row in enumerate(rows_with_hole)])
        columns[holed][at] = hole
        for column, plain in zip(indicator.batch(*columns, *indicator.defaults), expected, strict=True):
            assert np.isnan(column[at]).all()
            assert bits(column[~at]) == bits(plain)


def test_two_at_once_equal_one_after_the_other_to_the_bit(indicator: Indicator) -> None:
    columns = tuple(market(indicator.inputs))
    other = tuple(parameter + 3 for parameter in indicator.defaults)
    both = indicator.batch_of_two(columns, indicator.defaults, other)
    for batch, parameters in zip(both, (indicator.defaults, other), strict=True):
        for column, alone in zip(batch, indicator.batch(*columns, *parameters), strict=True):
            assert bits(column) == bits(alone)


def test_empty_columns_give_empty_columns(indicator: Indicator) -> None:
    batch = indicator.batch(*([] for _ in indicator.inputs), *indicator.defaults)
    assert [len(column) for column in batch] == [0] * len(indicator.outputs)


def test_columns_that_are_shorter_than_the_warm_up_give_nan(indicator: Indicator) -> None:
    length = min(indicator.warm_up(*indicator.defaults))
    for column in indicator.batch(*market(indicator.inputs, length), *indicator.defaults):
        assert np.isnan(column).all()


def test_columns_of_another_type_are_converted(indicator: Indicator) -> None:
    columns = [np.round(column) for column in market(indicator.inputs)]
    expected = indicator.batch(*columns, *indicator.defaults)
    strided: list[npt.ArrayLike] = [np.repeat(column, 2)[::2] for column in columns]
    whole: list[npt.ArrayLike] = [column.astype(np.int64) for column in columns]
    lists: list[npt.ArrayLike] = [column.tolist() for column in columns]
    for other in (strided, whole, lists):
        for column, plain in zip(indicator.batch(*other, *indicator.defaults), expected, strict=True):
            assert bits(column) == bits(plain)


def test_inputs_are_left_as_they_were(indicator: Indicator) -> None:
    columns = market(indicator.inputs)
    for column in columns:
        column.flags.writeable = False
    indicator.batch(*columns, *indicator.defaults)
    for column, fresh in zip(columns, market(indicator.inputs), strict=True):
        assert bits(column) == bits(fresh)


def test_columns_of_different_lengths_are_refused(indicator: Indicator) -> None:
    columns = market(indicator.inputs)
    if len(columns) == 1:
        return  # one column has nothing to differ from
    with pytest.raises(ValueError, match="one length"):
        indicator.batch(columns[0][:-1], *columns[1:], *indicator.defaults)


def test_columns_of_text_and_tables_are_refused(indicator: Indicator) -> None:
    columns = market(indicator.inputs)
    with pytest.raises(ValueError, match="must hold numbers"):
        indicator.batch(["1.0"] * LENGTH, *columns[1:], *indicator.defaults)
    with pytest.raises(ValueError, match="one column"):
        indicator.batch(columns[0].reshape(-1, 2), *columns[1:], *indicator.defaults)


def test_a_wrong_number_of_arguments_is_refused(indicator: Indicator) -> None:
    with pytest.raises(ValueError, match=f"{indicator.name} takes"):
        indicator.batch(*market(indicator.inputs), *indicator.defaults, 1)


@pytest.mark.parametrize("bad", [0, -1, PERIOD_MAX + 1, math.nan, math.inf, -1.0, None, "14", True])
def test_a_bad_parameter_is_refused_by_name(indicator: Indicator, bad: object) -> None:
    for k, name in enumerate(indicator.parameters):
        if isinstance(indicator.defaults[k], float) and bad in (PERIOD_MAX + 1, "14"):
            continue  # as a float these are large and readable
        parameters: list[object] = list(indicator.defaults)
        parameters[k] = bad
        with pytest.raises(ValueError, match=name):
            indicator.start(*parameters)
        with pytest.raises(ValueError, match=name):
            indicator.batch(*market(indicator.inputs), *parameters)  # type: ignore[arg-type]  # wrong on purpose


def test_the_shortest_parameters_work(indicator: Indicator) -> None:
    columns = market(indicator.inputs)
    parameters = tuple(k + 1 for k in range(len(indicator.parameters)))
    batch = indicator.batch(*columns, *parameters)
    for streamed, column, warm_up in zip(
        stream(indicator, columns, parameters), batch, indicator.warm_up(*parameters), strict=True
    ):
        assert bits(streamed) == bits(column)
        assert np.isnan(column[:warm_up]).all()
        assert np.isfinite(column[warm_up:]).all()


def test_a_longer_period_warms_up_no_sooner(indicator: Indicator) -> None:
    if not indicator.parameters:
        return  # its warm-up is a constant
    lengths = [indicator.warm_up(n, *indicator.defaults[1:]) for n in range(2, 8)]
    assert all(a <= b for shorter, longer in pairwise(lengths) for a, b in zip(shorter, longer, strict=True))


def test_streaming_does_not_import_numba() -> None:
    script = (
        "import sys\n"
        "from genesis.domain.indicators.catalog import INDICATORS\n"
        "for i in INDICATORS:\n"
        "    state = i.start(*i.defaults)\n"
        "    for k in range(50):\n"
        "        state, _ = i.step(state, *[100.0 + k] * len(i.inputs), *i.defaults)\n"
        "assert 'numba' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

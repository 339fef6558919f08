"""Expressions as values: structure, text, warm-up and refusals."""

import math

import pytest

from genesis.domain.strategy.expression import Constant, Expr, Field, Indicated, Lagged, nodes
from genesis.domain.strategy.features import KEEP, adx, bollinger, clip, close, crosses_above, ema, lag, volume, where


def test_expressions_that_print_alike_are_equal_and_hash_alike() -> None:
    first, second = (where(ema(close, 12) > ema(close, 26), 1.0, KEEP) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    assert str(first) == "where((ema(close, 12) > ema(close, 26)), 1.0, KEEP)"
    assert first != where(ema(close, 12) > ema(close, 26), 1.0, 0.0)
    assert Constant(0.0) != Constant(-0.0)


def test_a_sub_expression_appears_once_in_the_graph() -> None:
    mean = ema(close, 12)
    graph = nodes((mean > close) & (mean > lag(mean)))
    assert graph.count(mean) == 1
    assert graph.index(close) < graph.index(mean) < len(graph) - 1


def test_warm_up_adds_along_the_longest_path() -> None:
    assert close.warm_up == 0
    assert ema(close, 12).warm_up == 11
    assert ema(ema(close, 12), 5).warm_up == 15
    assert (ema(close, 3) + lag(ema(close, 12), 4)).warm_up == 15
    assert adx(14).adx.warm_up == 27
    assert adx(14).plus_di.warm_up == 14


def test_outputs_of_one_indicator_share_its_computation() -> None:
    bands = bollinger(close, 20, 2.0)
    assert isinstance(bands.upper, Indicated)
    assert isinstance(bands.lower, Indicated)
    assert bands.upper.computation == bands.lower.computation
    assert str(bands.lower) == "bollinger(close, 20, 2.0).lower"


def test_an_expression_has_no_truth_of_its_own() -> None:
    with pytest.raises(TypeError, match="where"):
        bool(close > volume)
    with pytest.raises(TypeError, match="lag"):
        list(close)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: lag(close, -1), "future"),
        (lambda: Lagged(close, -2), "future"),
        (lambda: Field("bid"), "no field"),
        (lambda: ema(close, 0), "period"),
        (lambda: clip(close, 2, 1), "lowest"),
        (lambda: clip(close, math.nan, 1), "lowest"),
    ],
)
def test_what_makes_no_sense_is_refused_when_it_is_written(build: "object", said: str) -> None:
    assert callable(build)
    with pytest.raises(ValueError, match=said):
        build()


def test_crosses_reads_as_two_comparisons_a_candle_apart() -> None:
    assert str(crosses_above(close, 5)) == "((close > 5.0) & (lag(5.0, 1) >= lag(close, 1)))"


def test_numbers_on_either_side_are_lifted() -> None:
    left: Expr = 2 - close / 4
    assert str(left) == "(2.0 - (close / 4.0))"
    assert str(-(1 + close) * 3) == "(-(1.0 + close) * 3.0)"

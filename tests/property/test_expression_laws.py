"""One expression, two speeds: columns and streaming give the same bits, and neither sees the future."""

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.domain.candle import Candle, Candles, Floats
from genesis.domain.strategy import features
from genesis.domain.strategy.columns import evaluate, evaluate_all
from genesis.domain.strategy.expression import Constant, Expr, lifted
from genesis.domain.strategy.features import close, high, lag, low, open_, volume
from genesis.domain.strategy.streaming import Evaluator
from genesis.domain.units import Mts

prices = st.floats(0.01, 1e6, allow_nan=False)


def coarser(expression: Expr) -> Expr:
    """Return *expression* over coarser candles, unless a part of it is so already: those do not nest."""
    return expression if re.search(r"\bon\(", str(expression)) else features.on("5m", expression)


@st.composite
def candles(draw: st.DrawFn, most: int = 60) -> Candles:
    rows = draw(st.lists(st.tuples(prices, prices, prices, prices, st.floats(0.0, 1e6)), max_size=most))
    steps = draw(st.lists(st.integers(1, 5), min_size=len(rows), max_size=len(rows)))
    mts = np.cumsum(steps, dtype=np.int64) * 60_000 if rows else np.empty(0, dtype=np.int64)
    return Candles.from_rows(
        Candle(Mts(int(at)), opened, max(opened, top, bottom, closed), min(opened, top, bottom, closed), closed, size)
        for at, (opened, top, bottom, closed, size) in zip(mts, rows, strict=True)
    )


leaves: st.SearchStrategy[Expr] = st.one_of(
    st.sampled_from([open_, high, low, close, volume]),
    st.sampled_from([0.0, -0.0, 1.0, -2.5, 1e-300, 1e300, math.nan]).map(Constant),
)


def _grown(children: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    pairs = st.tuples(children, children)
    return st.one_of(
        pairs.map(lambda p: p[0] + p[1]),
        pairs.map(lambda p: p[0] - p[1]),
        pairs.map(lambda p: p[0] * p[1]),
        pairs.map(lambda p: p[0] / p[1]),
        pairs.map(lambda p: p[0] > p[1]),
        pairs.map(lambda p: p[0] <= p[1]),
        pairs.map(lambda p: p[0] & p[1]),
        pairs.map(lambda p: p[0] | p[1]),
        pairs.map(lambda p: features.minimum(*p)),
        pairs.map(lambda p: features.maximum(*p)),
        pairs.map(lambda p: features.crosses_above(*p)),
        pairs.map(lambda p: features.crosses_below(*p)),
        children.map(lambda c: -c),
        children.map(abs),
        children.map(lambda c: ~c),
        children.map(features.held),
        pairs.map(lambda p: features.latch(*p)),
        pairs.map(lambda p: features.value_when(*p)),
        pairs.map(lambda p: features.correlation(p[0], p[1], 4)),
        children.map(features.bars_since),
        st.tuples(children, st.integers(1, 5)).map(lambda t: features.percentile(t[0], t[1], 70.0)),
        children.map(coarser),
        st.tuples(children, children, children).map(lambda t: features.where(*t)),
        st.tuples(children, st.integers(0, 4)).map(lambda t: lag(*t)),
        st.tuples(children, st.integers(1, 5)).map(lambda t: features.ema(*t)),
        st.tuples(children, st.integers(1, 5)).map(lambda t: features.sma(*t)),
        st.tuples(children, st.integers(1, 5)).map(lambda t: features.rsi(*t)),
        st.tuples(children, st.integers(1, 5)).map(lambda t: features.bollinger(*t).upper),
        st.integers(1, 4).map(lambda n: features.adx(n).minus_di),
        st.integers(1, 4).map(lambda n: features.supertrend(n).direction),
        st.just(features.day_vwap()),
        st.tuples(children, st.floats(-5, 5), st.floats(0, 5)).map(lambda t: features.clip(t[0], t[1], t[1] + t[2])),
    )


expressions = st.recursive(leaves, _grown, max_leaves=8)


def _streamed(root: Expr, series: Candles) -> Floats:
    evaluator = Evaluator(root)
    return np.array([evaluator.step(candle) for candle in series], dtype=np.float64)


def _bits(values: Floats) -> "list[int]":
    canonical = np.where(np.isnan(values), np.nan, values)  # one NaN is as good as another
    return list(np.ascontiguousarray(canonical).view(np.int64))


@settings(max_examples=300)
@given(expressions, candles())
def test_streaming_and_columns_agree_to_the_bit(root: Expr, series: Candles) -> None:
    assert _bits(_streamed(root, series)) == _bits(evaluate(root, series))


@given(expressions, candles(), st.integers(0, 60))
def test_the_future_changes_nothing_in_the_past(root: Expr, series: Candles, cut: int) -> None:
    assert _bits(evaluate(root, series)[:cut]) == _bits(evaluate(root, series[:cut]))


@given(st.lists(expressions, min_size=1, max_size=3), candles(), st.integers(0, 60))
def test_who_begins_late_knows_all_that_was_before(roots: list[Expr], series: Candles, first: int) -> None:
    late = evaluate_all(roots, series, first=first)
    assert [_bits(each) for each in late] == [_bits(evaluate(root, series)[first:]) for root in roots]


@given(candles())
def test_nothing_is_known_during_the_warm_up_of_plain_indicators(series: Candles) -> None:
    for root in (features.ema(close, 3), features.rsi(close, 4), features.adx(2).adx, features.donchian(5).lower):
        assert np.isnan(evaluate(root, series)[: root.warm_up]).all()


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        (lifted(1.0) / lifted(0.0), math.nan),
        (Constant(math.nan) > 1.0, math.nan),
        (features.where(Constant(math.nan), 1.0, 2.0), math.nan),
        (features.where(lifted(0.0), math.nan, 2.0), 2.0),
        (features.minimum(math.nan, 1.0), math.nan),
        (lifted(2.0) & lifted(0.0), 0.0),
        (lifted(2.0) | lifted(0.0), 1.0),
        (~lifted(2.0), 0.0),
        (abs(lifted(-2.0)), 2.0),
    ],
)
def test_what_is_not_known_stays_unknown(root: Expr, expected: float) -> None:
    series = Candles.from_rows([Candle(Mts(0), 1.0, 1.0, 1.0, 1.0, 1.0)])
    np.testing.assert_equal(evaluate(root, series)[0], expected)
